//! One line of a recording, judged.

use std::sync::Arc;

use crate::access_log::fast_path::OwnedRecognised;
use crate::access_log::{Status, StatusClass};
use crate::deliveries::{Names, Runs};

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Ok,
    Error(Status),
    Unreadable,
}

/// One line, judged.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) at_ms: i64,
    /// Position of its recording among the sources.
    pub(super) source: usize,
    pub(super) number: u64,
    /// How many lines it stands for: of one time, and all the same but for their numbers.
    pub(super) lines: u64,
    /// Where it begins a run: how much the number of the next line is above its own, 0 or 1.
    pub(super) number_step: u8,
    pub(super) kind: Kind,
    pub(super) is_salvaged: bool,
    /// Whether the metric filter matches it.
    pub(super) is_matched: bool,
    pub(super) names: Arc<Names>,
    /// What it says where it is an error.
    pub(super) error: Option<Box<ErrorLine>>,
}

/// What an error line says.
#[derive(Debug)]
pub(super) struct ErrorLine {
    /// Unique: CloudWatch's, or made of source and number.
    pub(super) id: String,
    pub(super) text: String,
    /// What is known of the text, where it was recognised.
    pub(super) recognised: Option<OwnedRecognised>,
    /// The value of its `extractedFields`, raw JSON; empty where it has none.
    pub(super) extracted_fields: Vec<u8>,
}

impl Runs for Line {
    fn split(&mut self, lines: usize) -> Self {
        let first = Self { names: Arc::clone(&self.names), error: None, ..*self };
        self.number += u64::from(self.number_step) * lines as u64;
        first
    }
}

impl Line {
    /// Whether the next line belongs to the run of so many that begins with this one; if so, it notes the step of numbers.
    pub(super) fn joins(&mut self, lines: usize, next: &Self) -> bool {
        let is_like = self.kind == Kind::Ok
            && self.kind == next.kind
            && (self.source, self.is_salvaged, self.is_matched)
                == (next.source, next.is_salvaged, next.is_matched)
            && Arc::ptr_eq(&self.names, &next.names);
        let step = match next.number.checked_sub(self.number) {
            Some(step @ 0..=1) if lines == 1 => u8::from(step == 1),
            _ => self.number_step,
        };
        let joins = is_like && next.number == self.number + u64::from(step) * lines as u64;
        if joins {
            self.number_step = step;
        }
        joins
    }

    /// What it takes up beside itself.
    pub(super) fn bytes(&self) -> usize {
        self.error.as_ref().map_or(0, |error| {
            let recognised = error.recognised.as_ref().map_or(0, OwnedRecognised::bytes);
            size_of::<ErrorLine>()
                + error.id.capacity()
                + error.text.capacity()
                + error.extracted_fields.capacity()
                + recognised
        })
    }

    /// Its text where it is an error.
    pub(super) fn text(&self) -> &str {
        self.error.as_ref().map_or("", |error| &error.text)
    }
}

impl Kind {
    pub(super) fn of(status: Status) -> Self {
        if status.class() == StatusClass::Ok { Self::Ok } else { Self::Error(status) }
    }
}
