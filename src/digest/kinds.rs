//! Lines that differ in nothing that rules and groups ask: what is told of the first is known of the rest.
//!
//! A flood is many lines of few kinds. It changes nothing of what is told: a kind is everything that decides.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::access_log::formats::Known;
use crate::access_log::{Cause, StatusClass};
use crate::rules::RuleIndex;

/// Kinds that are known at a time; more than a section has groups.
const MAX_KINDS: usize = 256;
/// The longest kind that is kept, in bytes: a stranger chooses how long a path is.
const MAX_BYTES: usize = 512;
/// Parts the cause from the fields before it; no field has this number.
const CAUSE: u8 = u8::MAX;

/// The kinds of line that a batch told so far, each by its bytes.
#[derive(Debug, Default)]
pub(super) struct Kinds {
    told: HashMap<Box<[u8]>, Told, FixedState>,
    /// That of the line at hand; its space is used again and again.
    kind: Vec<u8>,
    last_cause: LastCause,
}

/// What the last cause told of the fault: in a flood most lines say the same.
#[derive(Debug, Default)]
struct LastCause {
    text: String,
    tells_of_a_malformed_answer: bool,
}

/// Where lines of one kind are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Told {
    /// The rule that took them.
    pub(super) rule: Option<RuleIndex>,
    pub(super) class: StatusClass,
    /// Position of their section.
    pub(super) section: usize,
    /// Position of their group in it; `None` where there was no room for one.
    pub(super) group: Option<usize>,
}

impl Kinds {
    /// Where lines of the kind of this one are told, if one was told before.
    pub(super) fn told(&mut self, known: Known<'_>, line: &[u8], cause: Option<&Cause<'_>>) -> Option<Told> {
        if self.told.is_empty() {
            return None;
        }
        self.write(known, line, cause);
        self.told.get(self.kind.as_slice()).copied()
    }

    /// Remembers where a line was told without its text, for those of its kind that follow.
    ///
    /// Only where rules decide by kind, and no field is masked.
    pub(super) fn remember(&mut self, known: Known<'_>, line: &[u8], cause: Option<&Cause<'_>>, told: Told) {
        self.write(known, line, cause);
        if self.told.len() < MAX_KINDS && self.kind.len() <= MAX_BYTES {
            self.told.insert(self.kind.as_slice().into(), told);
        }
    }

    /// A cause's words are no part of a kind, since they may name each request; what they tell of the fault is.
    fn write(&mut self, known: Known<'_>, line: &[u8], cause: Option<&Cause<'_>>) {
        self.kind.clear();
        known.write_kind(line, &mut self.kind);
        let Some(cause) = cause else { return };
        if self.last_cause.text != cause.text {
            self.last_cause.text.clear();
            self.last_cause.text.push_str(&cause.text);
            self.last_cause.tells_of_a_malformed_answer = cause.tells_of_a_malformed_answer();
        }
        self.kind.extend([CAUSE, cause.source as u8, self.last_cause.tells_of_a_malformed_answer.into()]);
    }
}
