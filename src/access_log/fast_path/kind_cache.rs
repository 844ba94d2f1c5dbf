//! Lines that differ in nothing that rules and groups ask for: what became of the first is known of the rest.
//!
//! A flood is many lines of few kinds. It changes no answer: a kind is everything that decides.

use std::borrow::Cow;
use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::Recognised;
use crate::access_log::Cause;
use crate::access_log::redact::Redaction;

/// Kinds that are known at a time; more than a section has groups.
const MAX_KINDS: usize = 256;
/// The longest kind that is kept, in bytes: a stranger chooses how long a path is.
const MAX_BYTES: usize = 512;
/// Parts the cause from the fields before it; no field has this number.
const CAUSE: u8 = u8::MAX;

/// What became of each kind of line so far.
#[derive(Debug)]
pub(crate) struct KindCache<T> {
    outcomes: HashMap<Box<[u8]>, T, FixedState>,
    /// That of the line at hand; its space is used again and again.
    kind: Vec<u8>,
    last_cause: LastCause,
}

/// What the last cause told of the fault: in a flood most lines say the same.
#[derive(Debug, Default)]
struct LastCause {
    text: String,
    tells_of_a_malformed_answer: bool,
    /// What is shown of another one, where something in it is masked.
    shown: (String, Option<String>),
}

impl<T> Default for KindCache<T> {
    fn default() -> Self {
        Self { outcomes: HashMap::default(), kind: Vec::new(), last_cause: LastCause::default() }
    }
}

impl<T: Copy> KindCache<T> {
    /// Whether no kind is remembered yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.outcomes.is_empty()
    }

    /// What became of a line of the kind of this one, if that was remembered.
    pub(crate) fn outcome(
        &mut self,
        recognised: Recognised<'_>,
        line: &[u8],
        cause: Option<&Cause<'_>>,
    ) -> Option<T> {
        self.write(recognised, line, cause);
        self.outcomes.get(self.kind.as_slice()).copied()
    }

    /// Remembers what became of a line, for those of its kind that follow.
    ///
    /// Only where rules decide by kind, and no field is masked.
    pub(crate) fn remember(
        &mut self,
        recognised: Recognised<'_>,
        line: &[u8],
        cause: Option<&Cause<'_>>,
        outcome: T,
    ) {
        self.write(recognised, line, cause);
        if self.outcomes.len() < MAX_KINDS && self.kind.len() <= MAX_BYTES {
            self.outcomes.insert(self.kind.as_slice().into(), outcome);
        }
    }

    /// What is shown of a cause.
    pub(crate) fn shown<'a>(&'a mut self, cause: &'a Cause<'_>, redaction: &Redaction) -> &'a str {
        let (text, shown) = &mut self.last_cause.shown;
        if *text != cause.text {
            text.clear();
            text.push_str(&cause.text);
            *shown = match redaction.text(&cause.text) {
                Cow::Owned(masked) => Some(masked),
                Cow::Borrowed(_) => None,
            };
        }
        shown.as_deref().unwrap_or(&cause.text)
    }

    /// A cause's words are no part of a kind, since they may name each request; what they tell of the fault is.
    fn write(&mut self, recognised: Recognised<'_>, line: &[u8], cause: Option<&Cause<'_>>) {
        self.kind.clear();
        recognised.write_kind(line, &mut self.kind);
        let Some(cause) = cause else { return };
        if self.last_cause.text != cause.text {
            self.last_cause.text.clear();
            self.last_cause.text.push_str(&cause.text);
            self.last_cause.tells_of_a_malformed_answer = cause.tells_of_a_malformed_answer();
        }
        self.kind.extend([CAUSE, cause.source as u8, self.last_cause.tells_of_a_malformed_answer.into()]);
    }
}
