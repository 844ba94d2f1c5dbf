//! The lines of a log are made by one format: learn it from a line, and know the next by it.
//!
//! A [`Template`] recognises a line in its escaped form, as it stands in the batch, without unescaping or parsing it.
//! It is exact: what it recognises the plain reader would read as the same access log, and what is different in any way
//! (an escape, a control character, another order, other white space) it leaves to the plain reader.

mod fixed;
mod learning;

use std::ops::Range;

use fixed::{Fixed, Sweep};
use learning::{Learning, MAX_FIELDS};

use super::AccessLog;
use super::fields::{self, NAMES, Name, Path, TOP_LEVEL, Value};

/// The fixed text of a flat JSON object, and where its values stand.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Template {
    head: Fixed,
    parts: Vec<Part>,
    /// Backslashes and quotes of the fixed text. A line that has more has some in its values.
    specials: usize,
    /// Which part gives the value of each name.
    winners: [Option<usize>; NAMES],
    status: usize,
}

/// A value, and the fixed text behind it.
#[derive(Debug, PartialEq, Eq)]
struct Part {
    /// A text ends at an escaped quote, which belongs to what follows; a number where its digits end.
    is_text: bool,
    behind: Fixed,
}

/// Where the values of the last recognised line stand. Used again and again, so that a line costs no allocation.
#[derive(Debug)]
pub(crate) struct Values {
    places: [Place; MAX_FIELDS],
}

#[derive(Debug, Clone, Copy, Default)]
struct Place {
    start: usize,
    length: usize,
}

impl Default for Values {
    fn default() -> Self {
        Self { places: [Place::default(); MAX_FIELDS] }
    }
}

impl Values {
    fn range(&self, index: usize) -> Option<Range<usize>> {
        self.places.get(index).map(|place| place.start..place.start + place.length)
    }
}

impl Template {
    /// Learns the format of a line; `None` where it is no flat JSON object of texts and whole numbers with its own
    /// status.
    pub(crate) fn learn(line: &str) -> Option<Self> {
        super::json::read(line)?;
        let Learning { fixed, values, .. } = Learning::of(line)?;
        let mut winners: [Option<(u8, usize)>; NAMES] = [None; NAMES];
        for (index, (key, _)) in values.iter().enumerate() {
            let Some((name, rank)) = fields::meaning(&Path::default().down(key)) else { continue };
            let winner = winners.get_mut(name as usize)?;
            if winner.is_none_or(|(best, _)| rank <= best) {
                *winner = Some((rank, index));
            }
        }
        let (rank, status) = (*winners.get(Name::Status as usize)?)?;
        if rank != TOP_LEVEL {
            return None;
        }
        let specials = fixed.iter().map(|text| Sweep::of(text).specials).sum();
        let mut fixed = fixed.into_iter().map(Fixed::new);
        let head = fixed.next()?;
        let parts =
            values.iter().zip(fixed).map(|(&(_, is_text), behind)| Part { is_text, behind }).collect();
        let winners = winners.map(|winner| winner.map(|(_, index)| index));
        Some(Self { head, parts, specials, winners, status })
    }

    /// The length of the line at the beginning of `text`, if it is of this format; `text` goes on with the quote that
    /// ends the line. Notes in `values` where its values stand.
    pub(crate) fn recognise(&self, text: &[u8], values: &mut Values) -> Option<usize> {
        let mut rest = self.head.strip(text)?;
        for (part, place) in self.parts.iter().zip(&mut values.places) {
            place.start = text.len() - rest.len();
            // Most values are as long as in the line before. A wrong guess is found out by the sweep at the end.
            if part.is_text
                && let Some(behind) = rest.get(place.length..).and_then(|behind| part.behind.strip(behind))
            {
                rest = behind;
                continue;
            }
            place.length = if part.is_text { memchr::memchr(b'\\', rest)? } else { number_length(rest)? };
            rest = part.behind.strip(rest.get(place.length..)?)?;
        }
        let length = text.len() - rest.len();
        let Sweep { specials, least } = Sweep::of(text.get(..length)?);
        (rest.first() == Some(&b'"') && specials == self.specials && least >= b' ').then_some(length)
    }

    /// Whether a recognised line has a status below 400. Its text is what was recognised.
    pub(crate) fn is_ok(&self, text: &[u8], values: &Values) -> bool {
        let status = values.range(self.status).and_then(|range| text.get(range));
        matches!(status, Some([b'1'..=b'3', b'0'..=b'9', b'0'..=b'9']))
    }

    /// A recognised line as an access log; `None` where it has to be read the plain way.
    pub(crate) fn access_log<'a>(&self, text: &'a [u8], values: &Values) -> Option<AccessLog<'a>> {
        // A value that is not UTF-8 reads as U+FFFD: the plain reader does that.
        let text = std::str::from_utf8(text).ok()?;
        fields::access_log(|name| {
            let index = (*self.winners.get(name as usize)?)?;
            let value = text.get(values.range(index)?)?;
            Some(if self.parts.get(index)?.is_text { Value::Text(value) } else { Value::Bare(value) })
        })
    }
}

/// Length of a whole number as JSON writes it, without a sign.
fn number_length(text: &[u8]) -> Option<usize> {
    let length = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    match (length, text.first()) {
        (0, _) | (2.., Some(b'0')) => None,
        _ => Some(length),
    }
}
