//! What a text says once its escapes are read: percent-encoding, JSON's `\u0061`, a log's `\x61`, XML's `&#97;`.

/// The text with its escapes read, `None` where it has none. One level: what is encoded twice is decoded once.
pub(super) fn decoded(text: &str) -> Option<String> {
    if !text.contains(['%', '\\', '&']) {
        return None;
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    let mut found = false;
    while let Some(character) = rest.chars().next() {
        if let Some((byte_or_char, length)) = escape(rest) {
            match byte_or_char {
                Escaped::Byte(byte) => out.push(byte),
                Escaped::Char(character) => {
                    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                }
            }
            found = true;
            rest = rest.get(length..).unwrap_or_default();
        } else {
            out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            rest = rest.get(character.len_utf8()..).unwrap_or_default();
        }
    }
    found.then(|| String::from_utf8_lossy(&out).into_owned())
}

enum Escaped {
    Byte(u8),
    Char(char),
}

/// The escape that stands here, and its length.
fn escape(text: &str) -> Option<(Escaped, usize)> {
    let hex = |from: usize, to: usize| {
        let digits =
            text.get(from..to).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        u32::from_str_radix(digits, 16).ok()
    };
    let byte = |from| hex(from, from + 2).and_then(|code| u8::try_from(code).ok()).map(Escaped::Byte);
    let bytes = text.as_bytes();
    match (bytes.first()?, bytes.get(1)?) {
        (b'%', _) => Some((byte(1)?, 3)),
        (b'\\', b'x') => Some((byte(2)?, 4)),
        (b'\\', b'u') => Some((Escaped::Char(char::from_u32(hex(2, 6)?)?), 6)),
        (b'\\', b'n' | b't' | b'r') => Some((Escaped::Byte(b' '), 2)),
        (b'\\', sign @ (b'"' | b'/' | b'\\')) => Some((Escaped::Byte(*sign), 2)),
        (b'&', _) => entity(text),
        _ => None,
    }
}

fn entity(text: &str) -> Option<(Escaped, usize)> {
    const MAX_BYTES: usize = 10;
    let near = text.get(..text.floor_char_boundary(MAX_BYTES))?;
    let end = near.find(';')?;
    let name = near.get(1..end)?;
    let code = match name {
        "amp" => u32::from('&'),
        "quot" => u32::from('"'),
        "apos" => u32::from('\''),
        "lt" => u32::from('<'),
        "gt" => u32::from('>'),
        _ => match name.strip_prefix("#x") {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => name.strip_prefix('#')?.parse().ok()?,
        },
    };
    Some((Escaped::Char(char::from_u32(code)?), end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_escape_is_read_once_and_what_is_none_stays() {
        for (text, out) in [
            ("%74oken%3Dab", Some("token=ab")),
            ("a%2520b", Some("a%20b")),
            (r"\u0074oken\x3dab\n", Some("token=ab ")),
            ("a&amp;b&#61;c&#x3d;d", Some("a&b=c=d")),
            (r#"\"a\" \\ \/"#, Some(r#""a" \ /"#)),
            ("100 % of it, 5%é, %zz, & so on", None),
            ("%", None),
            ("plain", None),
        ] {
            assert_eq!(decoded(text).as_deref(), out, "{text}");
        }
        assert_eq!(decoded("%ff").as_deref(), Some("\u{fffd}"));
    }
}
