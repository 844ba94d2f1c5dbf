//! The lines of a log are made by one format: learn it from a line, and know the next by it.
//!
//! A [`Template`] recognises a line without parsing it, be it escaped, as it stands in a batch, or plain, as it stands
//! alone. It is exact: what it recognises the plain reader would read as the same access log, and
//! what is different in any way (an escape, a control character, another order, other white space) it leaves to the
//! plain reader.

use std::ops::Range;

use super::fixed::Fixed;
use super::learning::Learning;
use crate::access_log::fields::{self, ASKED_BY_RULES, CAUSES, KIND, NAMES, Name, Path, TOP_LEVEL};
use crate::access_log::json;
use crate::access_log::redact::may_hold_secret;
use crate::json::ends::{number_length, text_length};

/// The fixed text of a flat JSON object, and where its values stand.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Template {
    pub(super) head: Fixed,
    pub(super) parts: Vec<Part>,
    /// The key of each value.
    pub(super) keys: Vec<String>,
    /// A key may be the name of a secret.
    pub(super) names_secrets: bool,
    /// By how many bytes a line is shorter without its escapes, and without white space at its end.
    pub(super) escapes: usize,
    /// Which part gives the value of what makes lines alike, the status among it.
    pub(super) kind: Vec<(Name, usize)>,
    /// And of what rules ask besides.
    pub(super) asked_by_rules: Vec<(Name, usize)>,
    /// And of what may give the cause, in the order in which it is asked.
    pub(super) causes: Vec<(Name, usize)>,
    /// All of these but the status, one behind the other.
    pub(super) fields: Vec<(Name, usize)>,
    pub(super) status: usize,
}

/// A value, and the fixed text behind it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// A text ends at a quote, which belongs to what follows; a number where its digits end.
    pub(super) is_text: bool,
    pub(super) behind: Fixed,
}

/// Where the values of the last recognised line stand. Used again and again, so that a line costs no allocation.
#[derive(Debug, Clone, Default)]
pub(super) struct Values {
    pub(super) ranges: Vec<Range<usize>>,
}

impl Template {
    /// Learns the format of a line; `None` where it is no flat JSON object of texts and whole numbers with its own
    /// status.
    pub(super) fn learn(line: &str) -> Option<Self> {
        json::read(line)?;
        let Learning { fixed, values, .. } = Learning::of(line)?;
        let mut winners: [Option<(u8, usize)>; NAMES.len()] = [None; NAMES.len()];
        for (index, (key, _)) in values.iter().enumerate() {
            let Some((name, rank)) = fields::meaning(&Path::default().down(key)) else { continue };
            let winner = winners.get_mut(name as usize)?;
            // Of two statuses the plain reader takes the worse one.
            if name == Name::Status && winner.is_some_and(|(best, _)| best == rank) {
                return None;
            }
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
            names.iter().filter_map(part).collect::<Vec<_>>()
        };
        let (kind, asked_by_rules, causes) = (parts_of(&KIND), parts_of(&ASKED_BY_RULES), parts_of(&CAUSES));
        let mut fields = [kind.as_slice(), &asked_by_rules, &causes].concat();
        fields.retain(|(name, _)| *name != Name::Status);
        let fixed = std::iter::once(&head).chain(parts.iter().map(|part| &part.behind));
        let escapes = fixed.map(Fixed::escapes).sum();
        let keys: Vec<String> = values.iter().map(|(key, _)| (*key).to_owned()).collect();
        let names_secrets = keys.iter().any(|key| may_hold_secret(key));
        Some(Self { head, parts, keys, names_secrets, escapes, kind, asked_by_rules, causes, fields, status })
    }

    /// The length of the line at the beginning of `text`, if it is of this format; `text` goes on with what ends the
    /// line. Notes in `values` where its values stand.
    ///
    /// `ESCAPED` says that it is a line as it stands in a batch: its quotes are escaped, and a quote ends it. Another
    /// is a line as it was logged, without white space at its end; what ends it, the caller knows.
    pub(super) fn recognise<const ESCAPED: bool>(&self, text: &[u8], values: &mut Values) -> Option<usize> {
        let strip = |fixed: &Fixed, text| if ESCAPED { &fixed.escaped } else { &fixed.plain }.strip(text);
        let end_of_text = if ESCAPED { b'\\' } else { b'"' };
        if values.ranges.len() != self.parts.len() {
            values.ranges.resize(self.parts.len(), 0..0);
        }
        let mut rest = strip(&self.head, text)?;
        let mut ranges = values.ranges.iter_mut();
        for part in &self.parts {
            let start = text.len() - rest.len();
            let length = if part.is_text { text_length(rest, end_of_text)? } else { number_length(rest)? };
            *ranges.next()? = start..start + length;
            rest = strip(&part.behind, rest.get(length..)?)?;
        }
        let ends = !ESCAPED || rest.first() == Some(&b'"');
        ends.then(|| text.len() - rest.len())
    }
}
