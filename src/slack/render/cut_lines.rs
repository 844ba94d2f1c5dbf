//! The lines of a stranger's text, made harmless and limited in number.

use crate::slack::escape::{Dialect, escape, escape_within, units};

/// What the mark of a cut takes, at most.
const MAX_MARK: usize = 40;

/// The text line by line, cut where it is longer than `max` [`units`] or `max_lines`.
pub(super) fn cut_lines(text: &str, max: usize, max_lines: usize, dialect: Dialect) -> Vec<String> {
    let text = text.trim_end();
    let mut lines = Vec::new();
    if text.is_empty() {
        return lines;
    }
    let mut missing = text.chars().count();
    let mut room = max;
    for line in text.split('\n') {
        missing = missing.saturating_sub(line.chars().count() + 1);
        let line = line.trim_end_matches('\r');
        let whole = escape(line, dialect);
        let kept_free = if missing > 0 { MAX_MARK } else { 0 };
        let is_last = missing > 0 && lines.len() + 1 == max_lines;
        let after = room.checked_sub(units(&whole) + 1).filter(|after| !is_last && *after >= kept_free);
        let Some(after) = after else {
            lines.push(escape_within(line, missing, dialect, room));
            break;
        };
        room = after;
        lines.push(whole);
    }
    lines
}
