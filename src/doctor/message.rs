//! The test message: what it says in Slack.
//!
//! It mentions nobody, and has no finding in it.

use super::finding::{Report, Verdict};
use crate::notification::{Color, Notification, Section, Severity, Text};
use crate::words::{day, minute};

/// The test message of a run.
#[must_use]
pub fn test_message(report: &Report) -> Notification<'static> {
    let (color, found) = match (report.count(Verdict::Bad), report.count(Verdict::Warning)) {
        (0, 0) => (Severity::Good, "nothing to mend".to_owned()),
        (bad, warnings) => (Severity::Warning, format!("{bad} bad, {warnings} to look at")),
    };
    let at = format!("{} {} UTC", day(report.now_ms), minute(report.now_ms));
    let from = format!("statuswatch doctor --post · {}", report.region);
    let section = Section {
        color: Color::Severity(color),
        footer: vec![Text::of(at), Text::of(from)],
        ..Section::default()
    };
    Notification {
        summary: vec![
            Text::of("Test message"),
            Text::of("this is where errors will be shown"),
            Text::of_stranger(report.function.clone(), 100),
            Text::of(found),
        ],
        sections: vec![section],
        ..Notification::default()
    }
}
