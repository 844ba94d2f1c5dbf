//! The notification of an alarm's notice, or of a topic's text.
//!
//! Names, descriptions, reasons and texts are strangers'. The longest of them are cut, and the cut is marked.

use super::color::{Color, Severity};
use super::context::place;
use super::text::{Stranger, Text};
use super::{Cell, Detail, Evidence, Lines, Notification, Row, Section, Style, footer};
use crate::alarm::{AlarmNotice, NoticeKind, TopicText};
use crate::console_links;
use crate::incident::Context;
use crate::words;

/// The longest statements of a summary: what kind of news it is and where from, the alarm's name (CloudWatch allows 255)
/// or the text's subject, and what happened; with a contributor, its attributes before that.
const MAX_PARTS: [usize; 3] = [260, 300, 380];
const MAX_PARTS_OF_FOUR: [usize; 4] = [60, 300, 300, 270];
/// The longest description. CloudWatch allows 1,024 characters.
const MAX_ABOUT: usize = 1_500;
/// The longest text of a topic, and the most lines of it.
const MAX_TEXT: usize = 2_500;
const MAX_TEXT_LINES: usize = 40;
/// What a topic's text comes from.
const FROM_TOPIC: &str = "Message from topic ";

/// An alarm's first notice, with what is known of the errors behind it, or its recovery.
#[must_use]
pub fn of_alarm<'a>(
    notice: &'a AlarmNotice,
    evidence: Option<Evidence<'a>>,
    style: &'a Style,
    now_ms: i64,
    id: &'a str,
    detail: Detail,
) -> Notification<'a> {
    let max = if notice.heading.len() > MAX_PARTS.len() { MAX_PARTS_OF_FOUR.as_slice() } else { &MAX_PARTS };
    let parts = notice.heading.iter().zip(max).filter(|(part, _)| !part.is_empty());
    let summary = parts.map(|(part, max)| Text::of_stranger(part, *max)).collect();
    let severity = match notice.kind {
        NoticeKind::FirstNotice { .. } => Severity::Danger,
        NoticeKind::Recovery { .. } | NoticeKind::BelatedNotice { .. } => Severity::Good,
    };
    let section = Section {
        color: Color::or(style, severity),
        rows: notice.note.map(|note| -> Row<'_> { vec![Cell::of(note)] }).into_iter().collect(),
        about: about(notice),
        footer: alarm_footer(notice, style, now_ms),
        ..Section::default()
    };
    let mut notification = Notification::of_section(summary, section, style, id);
    if let Some(evidence) = evidence {
        evidence.add_to(&mut notification, detail);
    }
    notification
}

/// A topic's message that is no alarm: all of it is shown as text, whatever it pretends to be.
#[must_use]
pub fn of_topic_text<'a>(text: &'a TopicText, style: &'a Style, id: &'a str) -> Notification<'a> {
    let [max_source, max_subject, _] = MAX_PARTS;
    let source = match text.topic_name.as_str() {
        "" => Text::of("Message from an SNS topic"),
        name => Text::of(FROM_TOPIC).stranger(name, max_source - FROM_TOPIC.len()),
    };
    let subject = text.subject.as_deref().filter(|subject| !subject.is_empty());
    let subject = subject.map(|subject| Text::of_stranger(subject, max_subject));
    let section = Section {
        color: Color::or(style, Severity::Unknown),
        lines: Lines::Stranger { text: &text.text, max: MAX_TEXT, max_lines: MAX_TEXT_LINES },
        ..Section::default()
    };
    Notification::of_section([source].into_iter().chain(subject).collect(), section, style, id)
}

fn alarm_footer(notice: &AlarmNotice, style: &Style, now_ms: i64) -> Vec<Text<'static>> {
    let mut context = Context::default();
    if let Some(account) = &notice.account {
        context.note_account(account);
    }
    let changed_ms = notice.changed_at_ms;
    let (from_ms, to_ms, since) = match notice.kind {
        NoticeKind::FirstNotice { since_ms } => (since_ms, since_ms, "since "),
        NoticeKind::BelatedNotice { since_ms, until_ms } => (since_ms, until_ms, ""),
        NoticeKind::Recovery { began_ms } => (began_ms.unwrap_or(changed_ms), changed_ms, ""),
    };
    let insights = || {
        let (start_ms, end_ms) = notice.window_ms?;
        let log_groups = log_groups(notice, style)?;
        let region = notice.region.as_ref()?;
        // The window's end is the first moment that it does not hold.
        let last_ms = end_ms.saturating_sub(1);
        let asking = |query| {
            footer::link(region.logs_insights_asking(query, &log_groups, start_ms, last_ms), "Logs Insights")
        };
        match &notice.query {
            Some(query) => asking(query).or_else(|| asking(console_links::ALL_LINES)),
            None => footer::link(region.logs_insights(&log_groups, start_ms, last_ms), "Logs Insights"),
        }
    };
    [
        footer::days(from_ms, to_ms),
        Some(format!("{since}{}", words::span(from_ms, to_ms)).into()),
        footer::late(changed_ms, now_ms),
        notice.alarm_url.clone().and_then(|url| footer::link(url, "alarm")),
        insights(),
    ]
    .into_iter()
    .flatten()
    .chain(place(context.accounts(), notice.region.as_ref()))
    .collect()
}

/// The log groups that the alarm itself names, or else those that the operator named. Those are the function's
/// neighbours: an alarm of another Region says nothing of them.
fn log_groups<'a>(notice: &'a AlarmNotice, style: &'a Style) -> Option<Vec<&'a str>> {
    if !notice.log_groups.is_empty() {
        return Some(notice.log_groups.iter().map(String::as_str).collect());
    }
    let is_elsewhere = style.region.is_some() && style.region != notice.region;
    let named = style.log_groups_of(&notice.alarm);
    (!is_elsewhere && !named.is_empty()).then_some(named)
}

/// The description in one line. A recovery needs none: the first notice had it. Where we have words of our own, they
/// stand in its place.
fn about(notice: &AlarmNotice) -> Option<Stranger<'static>> {
    if notice.note.is_some() || matches!(notice.kind, NoticeKind::Recovery { .. }) {
        return None;
    }
    let about = notice.about.as_ref()?.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(Stranger { text: about.into(), max: MAX_ABOUT })
}
