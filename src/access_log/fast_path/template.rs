//! The lines of a log are made by one format: learn it from a line, and know the next by it.
//!
//! A [`Template`] recognises a line without parsing it, be it escaped, as it stands in a batch, or plain, as it stands
//! alone. It is exact: what it recognises the plain reader would read as the same access log, and
//! what is different in any way (a control character, another order, other white space) it leaves to the plain reader.

use std::ops::Range;

use super::fixed::Fixed;
use super::learning::{Learning, Member, MemberKind};
use crate::access_log::fields::{self, ASKED_BY_RULES, CAUSES, KIND, NAMES, Name, OTHER_WORD, Path};
use crate::access_log::json;
use crate::access_log::redact::may_hold_secret;
use crate::json::ends::{bare_length, escaped_text_length, text_length};

/// The fixed text of a JSON object, nested or not, and where its values stand.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Template {
    pub(super) head: Fixed,
    pub(super) parts: Vec<Part>,
    /// The keys that lead to each value.
    pub(super) paths: Vec<Vec<String>>,
    /// And to each object within the object.
    pub(super) objects: Vec<Vec<String>>,
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
    /// A text ends at a quote, which belongs to what follows; a number or a word where its characters end.
    pub(super) is_text: bool,
    pub(super) behind: Fixed,
}

/// Where the values of the last recognised line stand. Used again and again, so that a line costs no allocation.
#[derive(Debug, Clone, Default)]
pub(super) struct Values {
    pub(super) ranges: Vec<Range<usize>>,
    /// Whether a text among them holds an escape of the line's own.
    pub(super) has_escapes: bool,
}

impl Template {
    /// Learns the format of a line; `None` where it is no JSON object of texts, numbers, words and such objects with a
    /// status that needs nothing beside it.
    pub(super) fn learn(line: &str) -> Option<Self> {
        json::read(line)?;
        let Learning { fixed, members, .. } = Learning::of(line)?;
        let (objects, values): (Vec<_>, Vec<_>) =
            members.iter().partition(|member| member.kind == MemberKind::Object);
        let winners = winners(&members)?;
        let (rank, status) = (*winners.get(Name::Status as usize)?)?;
        if rank == OTHER_WORD {
            return None;
        }
        let mut fixed = fixed.into_iter().map(Fixed::new);
        let head = fixed.next()?;
        let part =
            |(member, behind): (&&Member<'_>, _)| Part { is_text: member.kind == MemberKind::Text, behind };
        let mut parts: Vec<Part> = values.iter().zip(fixed).map(part).collect();
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
        let names_secrets =
            members.iter().any(|member| member.path.last().is_some_and(|key| may_hold_secret(key)));
        let [paths, objects] =
            [values, objects].map(|members| members.into_iter().map(Member::owned_path).collect());
        Some(Self {
            head,
            parts,
            paths,
            objects,
            names_secrets,
            escapes,
            kind,
            asked_by_rules,
            causes,
            fields,
            status,
        })
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
        values.has_escapes = false;
        let mut rest = strip(&self.head, text)?;
        let mut ranges = values.ranges.iter_mut();
        for part in &self.parts {
            let start = text.len() - rest.len();
            let length = if part.is_text { text_length(rest, end_of_text) } else { bare_length(rest) };
            let plain = length.and_then(|length| Some((length, strip(&part.behind, rest.get(length..)?)?)));
            let (length, behind) = match plain {
                Some(found) => found,
                None if part.is_text => {
                    values.has_escapes = true;
                    let length = escaped_text_length::<ESCAPED>(rest)?;
                    (length, strip(&part.behind, rest.get(length..)?)?)
                }
                None => return None,
            };
            *ranges.next()? = start..start + length;
            rest = behind;
        }
        let ends = !ESCAPED || rest.first() == Some(&b'"');
        ends.then(|| text.len() - rest.len())
    }
}

/// Which value gives each name's, and its rank, as [`fields::Fields`] chooses; `None` where an object hides
/// the status, or there are two.
fn winners(members: &[Member<'_>]) -> Option<[Option<(u8, usize)>; NAMES.len()]> {
    let mut winners: [Option<(u8, usize)>; NAMES.len()] = [None; NAMES.len()];
    let mut values = 0;
    for member in members {
        let path = member.path.iter().fold(Path::default(), |path, key| path.down(key));
        let index = values;
        values += usize::from(member.kind != MemberKind::Object);
        let Some((name, rank)) = fields::meaning(&path) else { continue };
        if member.kind == MemberKind::Object {
            // Below any other name an object means nothing.
            if name == Name::Status {
                return None;
            }
            continue;
        }
        let winner = winners.get_mut(name as usize)?;
        // Of two statuses the plain reader takes the worse one.
        if name == Name::Status && winner.is_some_and(|(best, _)| best == rank) {
            return None;
        }
        if winner.is_none_or(|(best, _)| rank <= best) {
            *winner = Some((rank, index));
        }
    }
    Some(winners)
}

impl Member<'_> {
    fn owned_path(&self) -> Vec<String> {
        self.path.iter().map(|key| (*key).to_owned()).collect()
    }
}
