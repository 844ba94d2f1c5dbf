//! What the messages of a snoozed incident say of the snooze.

use super::text::Text;
use super::{Cell, Notification, Row};
use crate::incident::Snooze;
use crate::words;

/// What a parent says while the snooze goes on: `snoozed until 07:30 UTC, still counted`.
pub(super) fn going_on(snooze: &Snooze, now_ms: i64) -> Row<'static> {
    vec![Cell::bold(Text::of(format!("snoozed until {}, still counted", end(snooze, now_ms))))]
}

impl Notification<'_> {
    /// The same notification with how many errors came while its incident was snoozed: for the first one after that.
    #[must_use]
    pub fn after_snooze(mut self, snooze: &Snooze, now_ms: i64) -> Self {
        let errors = words::count(snooze.lines, "error");
        let note = format!("{errors} came while it was snoozed until {}", end(snooze, now_ms));
        if let Some(last) = self.sections.last_mut() {
            last.notes.push(vec![Cell::of(note)]);
        }
        self
    }
}

/// When it ends or ended, with its day where that is another one.
fn end(snooze: &Snooze, now_ms: i64) -> String {
    format!("{} UTC", words::minute_beside(snooze.until_ms, now_ms))
}
