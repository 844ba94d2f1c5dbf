//! A line's bytes by sixteen, on every kind of machine: comparing fixed text, and finding where a value ends.

use wide::u8x16;

use crate::json;

/// Bytes that are looked at together.
const LANES: usize = 16;
/// Fixed text up to this length is compared without a loop.
const WIDE: usize = 2 * LANES;

/// A text that every line of a format has.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fixed {
    text: Vec<u8>,
    /// The same without escapes.
    plain: String,
    halves: [Half; 2],
}

/// Half of a text, and ones where the text is.
#[derive(Debug, PartialEq, Eq)]
struct Half {
    bytes: u8x16,
    mask: u8x16,
}

impl Half {
    fn differs(&self, found: [u8; LANES]) -> u8x16 {
        (u8x16::new(found) ^ self.bytes) & self.mask
    }
}

impl Fixed {
    pub(super) fn new(text: Vec<u8>) -> Self {
        let half = |start: usize| {
            let lanes = |byte: &dyn Fn(&u8) -> u8| {
                u8x16::new(std::array::from_fn(|at| text.get(start + at).map_or(0, byte)))
            };
            Half { bytes: lanes(&|&byte| byte), mask: lanes(&|_| u8::MAX) }
        };
        let mut plain = String::new();
        json::unescape(&text, &mut plain);
        Self { halves: [half(0), half(LANES)], text, plain }
    }

    /// White space at a line's end is not shown.
    pub(super) fn end_the_line(&mut self) {
        self.plain.truncate(self.plain.trim_end().len());
    }

    /// By how many bytes it is shorter without its escapes.
    pub(super) fn escapes(&self) -> usize {
        self.text.len() - self.plain.len()
    }

    /// What the text says.
    pub(super) fn plain(&self) -> &str {
        &self.plain
    }

    /// What stands behind the text, if `line` begins with it.
    #[inline]
    pub(super) fn strip<'a>(&self, line: &'a [u8]) -> Option<&'a [u8]> {
        let length = self.text.len();
        match (line.first_chunk::<WIDE>(), length <= WIDE) {
            (Some(begin), true) => {
                let ([low, high], _) = begin.as_chunks() else { return None };
                let differs = self.halves[0].differs(*low) | self.halves[1].differs(*high);
                if differs == u8x16::ZERO { line.get(length..) } else { None }
            }
            _ => line.strip_prefix(self.text.as_slice()),
        }
    }
}

/// The length of a text without escapes, at the beginning of `line`, that ends at a backslash.
///
/// `None` where it ends otherwise: at a bare quote, at a control character, or not at all.
pub(super) fn text_length(line: &[u8]) -> Option<usize> {
    let mut length = 0;
    let mut rest = line;
    while let Some((&bytes, behind)) = rest.split_first_chunk::<LANES>() {
        let ends = ends_of(u8x16::new(bytes));
        if ends != 0 {
            length += ends.trailing_zeros() as usize;
            return (line.get(length) == Some(&b'\\')).then_some(length);
        }
        length += LANES;
        rest = behind;
    }
    let end = rest.iter().position(|&byte| byte < b' ' || byte == b'"' || byte == b'\\')?;
    (rest.get(end) == Some(&b'\\')).then_some(length + end)
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
    fn a_text_is_found_at_the_beginning_only_whatever_follows() {
        for length in 0..40 {
            let text = vec![b'x'; length];
            let fixed = Fixed::new(text.clone());
            for more in 0..40 {
                let mut line = [text.as_slice(), &vec![b'y'; more]].concat();
                assert_eq!(fixed.strip(&line), Some(vec![b'y'; more].as_slice()), "{length} {more}");
                if let Some(last) = length.checked_sub(1) {
                    line[last] = b'z';
                    assert_eq!(fixed.strip(&line), None, "{length} {more}");
                    assert_eq!(fixed.strip(&line[..last]), None, "{length} {more}");
                }
            }
        }
    }

    #[test]
    fn a_value_ends_at_a_backslash_and_at_nothing_else() {
        for before in 0..20 {
            for behind in 0..20 {
                for byte in 0..=u8::MAX {
                    let line =
                        [&vec![0xe9; before], [byte].as_slice(), &vec![b'!'; behind], b"\\\""].concat();
                    let expected = match byte {
                        b'\\' => Some(before),
                        b'"' | 0..b' ' => None,
                        _ => Some(before + 1 + behind),
                    };
                    assert_eq!(text_length(&line), expected, "{before} {behind} {byte}");
                }
            }
        }
        assert_eq!(text_length(b"no end"), None);
        assert_eq!(text_length(b"no end in many more"), None);
    }
}
