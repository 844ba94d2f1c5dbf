//! The lines of a log are made by one format: learn it from a line, and know the next by it.
//!
//! A [`Template`] recognises a line in its escaped form, as it stands in the batch, without unescaping or parsing it.
//! It is exact: what it recognises the plain reader would read as the same access log, and what is different in any way
//! (an escape, a control character, another order, other white space) it leaves to the plain reader.

mod fixed;
mod learning;

use std::ops::Range;

use fixed::{Fixed, text_length};
use learning::Learning;

use super::AccessLog;
use super::fields::{self, ASKED_BY_RULES, KIND, NAMES, Name, Path, TOP_LEVEL, Value};

/// The fixed text of a flat JSON object, and where its values stand.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Template {
    head: Fixed,
    parts: Vec<Part>,
    /// By how many bytes a line is shorter without its escapes, and without white space at its end.
    escapes: usize,
    /// Which part gives the value of what makes lines alike, the status among it.
    kind: Vec<(Name, usize)>,
    /// And of what rules ask besides.
    asked_by_rules: Vec<(Name, usize)>,
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
#[derive(Debug, Default)]
pub(crate) struct Values {
    ranges: Vec<Range<usize>>,
}

impl Template {
    /// Learns the format of a line; `None` where it is no flat JSON object of texts and whole numbers with its own
    /// status.
    pub(crate) fn learn(line: &str) -> Option<Self> {
        super::json::read(line)?;
        let Learning { fixed, values, .. } = Learning::of(line)?;
        let mut winners: [Option<(u8, usize)>; NAMES.len()] = [None; NAMES.len()];
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
        let mut fixed = fixed.into_iter().map(Fixed::new);
        let head = fixed.next()?;
        let mut parts: Vec<Part> =
            values.iter().zip(fixed).map(|(&(_, is_text), behind)| Part { is_text, behind }).collect();
        parts.last_mut()?.behind.end_the_line();
        let parts_of = |names: &[Name]| {
            let part = |&name: &Name| Some((name, winners.get(name as usize)?.as_ref()?.1));
            names.iter().filter_map(part).collect()
        };
        let (kind, asked_by_rules) = (parts_of(&KIND), parts_of(&ASKED_BY_RULES));
        let fixed = std::iter::once(&head).chain(parts.iter().map(|part| &part.behind));
        let escapes = fixed.map(Fixed::escapes).sum();
        Some(Self { head, parts, escapes, kind, asked_by_rules, status })
    }

    /// The length of the line at the beginning of `text`, if it is of this format; `text` goes on with the quote that
    /// ends the line. Notes in `values` where its values stand.
    pub(crate) fn recognise(&self, text: &[u8], values: &mut Values) -> Option<usize> {
        if values.ranges.len() != self.parts.len() {
            values.ranges.resize(self.parts.len(), 0..0);
        }
        let mut rest = self.head.strip(text)?;
        let mut ranges = values.ranges.iter_mut();
        for part in &self.parts {
            let start = text.len() - rest.len();
            let length = if part.is_text { text_length(rest)? } else { number_length(rest)? };
            *ranges.next()? = start..start + length;
            rest = part.behind.strip(rest.get(length..)?)?;
        }
        (rest.first() == Some(&b'"')).then(|| text.len() - rest.len())
    }

    /// Whether a recognised line has a status below 400. Its text is what was recognised.
    pub(crate) fn is_ok(&self, text: &[u8], values: &Values) -> bool {
        let status = values.ranges.get(self.status).and_then(|range| text.get(range.clone()));
        matches!(status, Some([b'1'..=b'3', b'0'..=b'9', b'0'..=b'9']))
    }

    /// A recognised line as an access log, in so far as rules and groups ask for it; `None` where it is none.
    pub(crate) fn access_log<'a>(&self, text: &'a str, values: &Values) -> Option<AccessLog<'a>> {
        let mut log = AccessLog::of(fields::status(self.value(self.status, text, values)?)?);
        for &(name, index) in self.kind.iter().chain(&self.asked_by_rules) {
            fields::fill(&mut log, name, self.value(index, text, values)?);
        }
        Some(log)
    }

    #[inline]
    fn value<'a>(&self, index: usize, text: &'a str, values: &Values) -> Option<Value<'a>> {
        let value = text.get(values.ranges.get(index)?.clone())?;
        Some(if self.parts.get(index)?.is_text { Value::Plain(value) } else { Value::Bare(value) })
    }

    /// Appends what makes recognised lines alike, whatever their format: [`KIND`].
    pub(crate) fn write_kind(&self, text: &[u8], values: &Values, kind: &mut Vec<u8>) {
        for &(name, index) in &self.kind {
            let value = values.ranges.get(index).and_then(|range| text.get(range.clone()));
            // No value has a control character, so that a name's number cannot be taken for a part of one.
            kind.push(name as u8);
            kind.extend_from_slice(value.unwrap_or_default());
        }
    }

    /// How many bytes a recognised line has without its escapes, which are all in the fixed text.
    pub(crate) fn plain_length(&self, escaped_length: usize) -> usize {
        escaped_length.saturating_sub(self.escapes)
    }

    /// A recognised line without its escapes.
    pub(crate) fn plain(&self, text: &str, values: &Values) -> String {
        let mut plain = String::with_capacity(self.plain_length(text.len()));
        plain.push_str(self.head.plain());
        for (part, range) in self.parts.iter().zip(&values.ranges) {
            plain.push_str(text.get(range.clone()).unwrap_or_default());
            plain.push_str(part.behind.plain());
        }
        plain
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
