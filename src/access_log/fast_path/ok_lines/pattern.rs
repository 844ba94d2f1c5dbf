//! What stands between the words of a line, each byte of it the same in every line or within a range, compared sixteen
//! bytes at a time on every kind of machine.

use wide::u8x16;

use super::kind::{Range, is_month};

/// Bytes that are looked at together.
const LANES: usize = 16;

/// The least and the greatest byte at each place of a text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Pattern {
    ranges: Vec<Range>,
    halves: [Half; 2],
    /// Where a month's name stands.
    month: Option<usize>,
}

#[derive(Debug, PartialEq, Eq)]
struct Half {
    least: u8x16,
    /// By how much a byte may be more.
    most: u8x16,
}

impl Default for Half {
    fn default() -> Self {
        Self::of(&[], 0)
    }
}

impl Half {
    /// Any byte fits behind the ranges.
    fn of(ranges: &[Range], start: usize) -> Self {
        let range = |at| ranges.get(start + at).copied().unwrap_or([0, u8::MAX]);
        Self {
            least: u8x16::new(std::array::from_fn(|at| range(at)[0])),
            most: u8x16::new(std::array::from_fn(|at| range(at)[1] - range(at)[0])),
        }
    }

    #[inline]
    fn fits(&self, found: &[u8; LANES]) -> u8x16 {
        let above = u8x16::new(*found) - self.least;
        above.min(self.most).simd_eq(above)
    }
}

impl Pattern {
    /// The longest pattern, in bytes.
    pub(super) const MAX: usize = 2 * LANES;

    pub(super) fn new(ranges: Vec<Range>, month: Option<usize>) -> Self {
        Self { halves: [Half::of(&ranges, 0), Half::of(&ranges, LANES)], ranges, month }
    }

    /// What stands behind the pattern, if `text` begins with it.
    #[inline]
    pub(super) fn strip<'t>(&self, text: &'t [u8]) -> Option<&'t [u8]> {
        let length = self.ranges.len();
        let behind = text.get(length..)?;
        match *self.ranges.as_slice() {
            [] => return Some(text),
            [[least, most]] => {
                let is_it = text.first().is_some_and(|first| (least..=most).contains(first));
                return is_it.then_some(behind);
            }
            _ => {}
        }
        let [low, high] = &self.halves;
        let fits = if length <= LANES
            && let Some(begin) = text.first_chunk()
        {
            low.fits(begin)
        } else if let Some(begin) = text.first_chunk::<{ Self::MAX }>()
            && let ([first, second], _) = begin.as_chunks()
        {
            low.fits(first) & high.fits(second)
        } else {
            let at =
                |start| std::array::from_fn(|place| text.get(start + place).copied().unwrap_or_default());
            low.fits(&at(0)) & high.fits(&at(LANES))
        };
        let is_month = |at: usize| text.get(at..).is_some_and(is_month);
        (fits.all() && self.month.is_none_or(is_month)).then_some(behind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_beyond_its_range_is_found_at_every_place_whatever_follows() {
        for length in 0..=Pattern::MAX {
            let pattern = Pattern::new(vec![[b'2', b'7']; length], None);
            for more in 0..40 {
                let mut text = [vec![b'5'; length], vec![b'y'; more]].concat();
                assert_eq!(pattern.strip(&text), Some(vec![b'y'; more].as_slice()), "{length} {more}");
                for at in 0..length {
                    for (byte, fits) in
                        [(b'1', false), (b'2', true), (b'7', true), (b'8', false), (0xb5, false)]
                    {
                        text[at] = byte;
                        assert_eq!(pattern.strip(&text).is_some(), fits, "{length} {more} {at} {byte}");
                    }
                    assert_eq!(pattern.strip(&text[..at]), None, "{length} {more} {at}");
                    text[at] = b'5';
                }
            }
        }
    }

    #[test]
    fn a_month_is_asked_for_its_name() {
        let pattern = Pattern::new(vec![[b' ', b'~']; 20], Some(4));
        for (name, is_month) in [("Jan", true), ("Dec", true), ("Jax", false), ("nov", false)] {
            let text = format!("[18/{name}/2020:05:28:56");
            assert_eq!(pattern.strip(text.as_bytes()).is_some(), is_month, "{name}");
        }
    }
}
