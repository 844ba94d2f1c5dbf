//! Comparing fixed text, and sweeping over a line: by wide words, of which the compiler makes vector instructions.

/// Fixed text up to this length is compared in whole words.
const WIDE: usize = 32;
/// Bytes that are counted in one byte's width, which must not run over: whole vectors, of any width up to 64.
const BLOCK: usize = 192;

/// A text that every line of a format has.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fixed {
    text: Vec<u8>,
    words: [u64; WIDE / 8],
    /// Ones where the text is, zeros behind it.
    masks: [u64; WIDE / 8],
}

impl Fixed {
    pub(super) fn new(text: Vec<u8>) -> Self {
        let words_of = |byte: &dyn Fn(usize) -> u8| {
            std::array::from_fn(|word| u64::from_le_bytes(std::array::from_fn(|at| byte(word * 8 + at))))
        };
        let words = words_of(&|at| text.get(at).copied().unwrap_or(0));
        let masks = words_of(&|at| if at < text.len() { u8::MAX } else { 0 });
        Self { text, words, masks }
    }

    /// What stands behind the text, if `line` begins with it.
    pub(super) fn strip<'a>(&self, line: &'a [u8]) -> Option<&'a [u8]> {
        let Some(begin) = line.first_chunk::<WIDE>().filter(|_| self.text.len() <= WIDE) else {
            return line.strip_prefix(self.text.as_slice());
        };
        let (begin, _) = begin.as_chunks::<8>();
        let differs = begin.iter().zip(&self.words).zip(&self.masks);
        let differs = differs
            .fold(0, |differs, ((&found, word), mask)| differs | (u64::from_le_bytes(found) ^ word) & mask);
        if differs == 0 { line.get(self.text.len()..) } else { None }
    }
}

/// What a text is made of, as far as it tells whether a value is harmless.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sweep {
    /// How many backslashes and quotes there are.
    pub(super) specials: usize,
    /// The least byte.
    pub(super) least: u8,
}

impl Sweep {
    pub(super) fn of(text: &[u8]) -> Self {
        let mut sweep = Self { specials: 0, least: u8::MAX };
        for block in text.chunks(BLOCK) {
            let specials = block.iter().fold(0_u8, |count, &byte| count.wrapping_add(is_special(byte)));
            sweep.specials += usize::from(specials);
            sweep.least = block.iter().fold(sweep.least, |least, &byte| least.min(byte));
        }
        sweep
    }
}

fn is_special(byte: u8) -> u8 {
    u8::from(byte == b'\\') | u8::from(byte == b'"')
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
    fn a_sweep_sees_every_byte_of_a_text_of_any_length() {
        for length in [1, 15, 16, 17, 64, 191, 192, 193, 300, 9_000] {
            let plain = vec![b'"'; length];
            assert_eq!(Sweep::of(&plain), Sweep { specials: length, least: b'"' });
            for at in [0, length / 2, length - 1] {
                let mut text = plain.clone();
                text[at] = 1;
                assert_eq!(Sweep::of(&text), Sweep { specials: length - 1, least: 1 }, "{length} {at}");
            }
        }
    }
}
