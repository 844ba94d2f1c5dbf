//! A concrete path in, a path out that is the same for all requests of one kind.
//!
//! Numbers, UUIDs and long hexadecimal words become `{id}`; the query string is dropped.

/// From this many hexadecimal digits on, with a digit among them, a part of a path is an id.
const LONG_HEX_CHARS: usize = 16;

/// Appends `path` with its ids replaced.
pub(super) fn mask_ids(path: &str, out: &mut String) {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    for (number, part) in path.split('/').enumerate() {
        if number > 0 {
            out.push('/');
        }
        out.push_str(if is_id(part) { "{id}" } else { part });
    }
}

fn is_id(part: &str) -> bool {
    let has_digit = part.bytes().any(|byte| byte.is_ascii_digit());
    if !has_digit {
        return false;
    }
    let is_number = part.bytes().all(|byte| byte.is_ascii_digit());
    let is_long_hex = part.len() >= LONG_HEX_CHARS && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_number || is_long_hex || is_uuid(part)
}

/// 8-4-4-4-12 hexadecimal digits (RFC 9562).
fn is_uuid(part: &str) -> bool {
    let lengths = part.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && part.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}
