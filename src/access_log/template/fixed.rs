//! A line's bytes by words of eight, whatever the machine: comparing fixed text, and finding where a value ends.

use crate::json;

/// Fixed text up to this length is compared in whole words.
const WIDE: usize = 32;
const HALF: usize = WIDE / 2;

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
    word: u128,
    mask: u128,
}

impl Half {
    fn differs(&self, found: &[u8; HALF]) -> u128 {
        (u128::from_le_bytes(*found) ^ self.word) & self.mask
    }
}

impl Fixed {
    pub(super) fn new(text: Vec<u8>) -> Self {
        let half = |start: usize| {
            let word = |byte: &dyn Fn(&u8) -> u8| {
                u128::from_le_bytes(std::array::from_fn(|at| text.get(start + at).map_or(0, byte)))
            };
            Half { word: word(&|&byte| byte), mask: word(&|_| u8::MAX) }
        };
        let mut plain = String::new();
        json::unescape(&text, &mut plain);
        Self { halves: [half(0), half(HALF)], text, plain }
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
    pub(super) fn strip<'a>(&self, line: &'a [u8]) -> Option<&'a [u8]> {
        let length = self.text.len();
        match (line.first_chunk::<WIDE>(), length <= WIDE) {
            (Some(begin), true) => {
                let ([low, high], _) = begin.as_chunks::<HALF>() else { return None };
                let differs = self.halves[0].differs(low) | self.halves[1].differs(high);
                if differs == 0 { line.get(length..) } else { None }
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
    while let Some((&word, behind)) = rest.split_first_chunk::<8>() {
        let ends = ends_of(u64::from_le_bytes(word));
        if ends != 0 {
            length += ends.trailing_zeros() as usize / 8;
            return (line.get(length) == Some(&b'\\')).then_some(length);
        }
        length += 8;
        rest = behind;
    }
    let end = rest.iter().position(|&byte| byte < b' ' || byte == b'"' || byte == b'\\')?;
    (rest.get(end) == Some(&b'\\')).then_some(length + end)
}

/// The highest bit of each byte that is a quote, a backslash or a control character.
///
/// Of several the lowest is told exactly; a byte above it may be marked in error, since subtraction borrows.
/// Formula: "Determine if a word has a byte less than n", Sean Eron Anderson, Bit Twiddling Hacks.
fn ends_of(word: u64) -> u64 {
    let below = |word: u64, byte: u8| word.wrapping_sub(every(byte)) & !word;
    let ends = below(word ^ every(b'"'), 1) | below(word ^ every(b'\\'), 1) | below(word, b' ');
    ends & every(0x80)
}

/// This byte in each place of a word.
const fn every(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
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
