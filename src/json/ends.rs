//! Where a value without escapes ends, found sixteen bytes at a time on every kind of machine.
//!
//! For those who know what kind of value stands there; it parses nothing else.

use wide::u8x16;

/// Bytes that are looked at together.
const LANES: usize = 16;

/// The length of a text without escapes, at the beginning of `line`, that ends at `end`: a backslash where the text's
/// own quotes are escaped, else a quote.
///
/// `None` where it ends otherwise: at the other of the two, at a control character, or not at all.
#[inline]
pub(crate) fn text_length(line: &[u8], end: u8) -> Option<usize> {
    let length = special(line)?;
    (line.get(length) == Some(&end)).then_some(length)
}

/// Where the first quote, backslash or control character is.
#[inline]
fn special(line: &[u8]) -> Option<usize> {
    let mut length = 0;
    let mut rest = line;
    while let Some((&bytes, behind)) = rest.split_first_chunk::<LANES>() {
        let ends = ends_of(u8x16::new(bytes));
        if ends != 0 {
            return Some(length + ends.trailing_zeros() as usize);
        }
        length += LANES;
        rest = behind;
    }
    let found = rest.iter().position(|&byte| byte < b' ' || byte == b'"' || byte == b'\\')?;
    Some(length + found)
}

/// The length of a text, at the beginning of `line`, up to its closing quote, which is escaped itself where `ESCAPED`
/// says that the line stands in a string.
///
/// `None` where an escape in it is none of JSON's, where it holds a control character, and where it does not end. In a
/// string each of its backslashes and quotes stands behind a backslash, and nothing else does.
#[cold]
pub(crate) fn escaped_text_length<const ESCAPED: bool>(line: &[u8]) -> Option<usize> {
    let mut rest = line;
    loop {
        rest = rest.get(special(rest)?..)?;
        rest = match (ESCAPED, rest) {
            (false, [b'"', ..]) | (true, [b'\\', b'"', ..]) => return Some(line.len() - rest.len()),
            (false, [b'\\', b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', behind @ ..])
            | (
                true,
                [b'\\', b'\\', b'\\', b'"' | b'\\', behind @ ..]
                | [b'\\', b'\\', b'/' | b'b' | b'f' | b'n' | b'r' | b't', behind @ ..],
            ) => behind,
            (false, [b'\\', b'u', digits @ ..]) | (true, [b'\\', b'\\', b'u', digits @ ..]) => {
                let (code, behind) = digits.split_first_chunk::<4>()?;
                code.iter().all(u8::is_ascii_hexdigit).then_some(behind)?
            }
            _ => return None,
        };
    }
}

/// Length of a number, `true`, `false` or `null` as JSON writes it.
#[inline]
pub(crate) fn bare_length(text: &[u8]) -> Option<usize> {
    match (number_length(text), text) {
        (Some(length), _) if !matches!(text.get(length), Some(b'.' | b'e' | b'E')) => Some(length),
        _ => other_bare_length(text),
    }
}

#[cold]
fn other_bare_length(text: &[u8]) -> Option<usize> {
    let is_part = |byte: &&u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'E' | b'+' | b'-' | b'.');
    let length = text.iter().take_while(is_part).count();
    let bare = std::str::from_utf8(text.get(..length)?).ok()?;
    (matches!(bare, "true" | "false" | "null") || super::is_number(bare)).then_some(length)
}

/// Length of a whole number as JSON writes it, without a sign.
pub(crate) fn number_length(text: &[u8]) -> Option<usize> {
    let length = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    match (length, text.first()) {
        (0, _) | (2.., Some(b'0')) => None,
        _ => Some(length),
    }
}

/// A bit for each byte that is a quote, a backslash or a control character, the first byte's lowest.
fn ends_of(bytes: u8x16) -> u32 {
    let is = |byte: u8| bytes.simd_eq(u8x16::splat(byte));
    let is_control = bytes.min(u8x16::splat(b' ' - 1)).simd_eq(bytes);
    (is(b'"') | is(b'\\') | is_control).to_bitmask()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_with_escapes_ends_at_its_closing_quote_in_a_string_and_alone() {
        for (text, expected) in [
            (r#"a\"b\\" c"#, Some(6)),
            (r#"\/\b\f\n\r\t\u12aF" c"#, Some(18)),
            (r#"" "#, Some(0)),
            (r#"a\x""#, None),
            (r#"\u12g4""#, None),
            (r"\u12", None),
            ("a\tb\"", None),
            (r"a\", None),
            ("a", None),
        ] {
            assert_eq!(escaped_text_length::<false>(text.as_bytes()), expected, "{text}");
            let in_string = serde_json::Value::from(text).to_string();
            let length = escaped_text_length::<true>(&in_string.as_bytes()[1..]);
            let length =
                length.map(|length| serde_json::from_str::<String>(&format!("{}\"", &in_string[..=length])));
            let length = length.map(|length| length.unwrap().len());
            assert_eq!(length, expected, "{text}");
        }
        // These could be written otherwise in a string: they are left to others.
        for text in [r#"a\/b\""#, r#"a\u0041\""#, r#"a\\\/b\""#] {
            assert_eq!(escaped_text_length::<true>(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_bare_value_ends_where_json_says() {
        for (text, expected) in [
            ("0,", Some(1)),
            ("12}", Some(2)),
            ("-1.5e+3 ", Some(7)),
            ("1.5", Some(3)),
            ("null,", Some(4)),
            ("true", Some(4)),
            ("01", None),
            ("1.", None),
            ("nul", None),
            ("nullx", None),
            ("\"1\"", None),
            ("", None),
        ] {
            assert_eq!(bare_length(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn a_value_ends_at_its_end_and_at_nothing_else() {
        for (end, other) in [(b'\\', b'"'), (b'"', b'\\')] {
            for before in 0..20 {
                for behind in 0..20 {
                    for byte in 0..=u8::MAX {
                        let line =
                            [&vec![0xe9; before], [byte].as_slice(), &vec![b'!'; behind], &[end]].concat();
                        let expected = match byte {
                            _ if byte == end => Some(before),
                            _ if byte == other || byte < b' ' => None,
                            _ => Some(before + 1 + behind),
                        };
                        assert_eq!(text_length(&line, end), expected, "{before} {behind} {byte}");
                    }
                }
            }
            assert_eq!(text_length(b"no end", end), None);
            assert_eq!(text_length(b"no end in many more", end), None);
        }
    }
}
