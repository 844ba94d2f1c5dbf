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
    let mut length = 0;
    let mut rest = line;
    while let Some((&bytes, behind)) = rest.split_first_chunk::<LANES>() {
        let ends = ends_of(u8x16::new(bytes));
        if ends != 0 {
            length += ends.trailing_zeros() as usize;
            return (line.get(length) == Some(&end)).then_some(length);
        }
        length += LANES;
        rest = behind;
    }
    let found = rest.iter().position(|&byte| byte < b' ' || byte == b'"' || byte == b'\\')?;
    (rest.get(found) == Some(&end)).then_some(length + found)
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
