//! The text that every line of a format has, compared sixteen bytes at a time on every kind of machine.

use wide::u8x16;

use crate::json;

/// Bytes that are looked at together.
const LANES: usize = 16;
/// Fixed text up to this length is compared without a loop.
const WIDE: usize = 2 * LANES;

/// A text that every line of a format has, as it stands in a batch and as it was logged.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fixed {
    pub(super) escaped: Prefix,
    pub(super) plain: Prefix,
}

impl Fixed {
    /// `escaped` is the text as it stands in a batch.
    pub(super) fn new(escaped: String) -> Self {
        let mut plain = String::new();
        json::unescape(escaped.as_bytes(), &mut plain);
        Self { escaped: Prefix::new(escaped), plain: Prefix::new(plain) }
    }

    /// White space at a line's end is not shown.
    pub(super) fn end_the_line(&mut self) {
        self.plain = Prefix::new(self.plain.text.trim_end().to_owned());
    }

    /// By how many bytes it is shorter without its escapes.
    pub(super) fn escapes(&self) -> usize {
        self.escaped.text.len() - self.plain.text.len()
    }
}

/// A text that a line may begin with.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Prefix {
    text: String,
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

impl Prefix {
    pub(super) fn new(text: String) -> Self {
        let half = |start: usize| {
            let lanes = |byte: &dyn Fn(&u8) -> u8| {
                let bytes = text.as_bytes();
                u8x16::new(std::array::from_fn(|at| bytes.get(start + at).map_or(0, byte)))
            };
            Half { bytes: lanes(&|&byte| byte), mask: lanes(&|_| u8::MAX) }
        };
        Self { halves: [half(0), half(LANES)], text }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
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
            _ => line.strip_prefix(self.text.as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_at_the_beginning_only_whatever_follows() {
        for length in 0..40 {
            let text = "x".repeat(length);
            let fixed = Prefix::new(text.clone());
            for more in 0..40 {
                let mut line = [text.as_bytes(), &vec![b'y'; more]].concat();
                assert_eq!(fixed.strip(&line), Some(vec![b'y'; more].as_slice()), "{length} {more}");
                for at in 0..length {
                    line[at] = b'z';
                    assert_eq!(fixed.strip(&line), None, "{length} {more} {at}");
                    assert_eq!(fixed.strip(&line[..at]), None, "{length} {more} {at}");
                    line[at] = b'x';
                }
            }
        }
    }
}
