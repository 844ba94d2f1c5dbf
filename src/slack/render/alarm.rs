//! The notice of an alarm, or a topic's text, in; the one message that tells it, out.
//!
//! Names, descriptions, reasons and texts are strangers'. The longest of them are cut, and the cut is marked.

use super::context::place;
use super::footer::{self, Item};
use super::form::{Bar, Cell, Layout};
use super::{Rendered, Style, heading};
use crate::alarm::{AlarmNotice, Telling, TopicText};
use crate::console;
use crate::incident::Context;
use crate::slack::escape::{Dialect, cut_mrkdwn, escape, escape_within, units};
use crate::slack::message::MAX_FALLBACK;
use crate::words;

/// The longest pieces of a heading, in characters as Slack counts them: what kind of news it is and where from, the
/// alarm's name (CloudWatch allows 255) or the text's subject, and what happened; with a contributor, its attributes
/// before that. Together with the longest lead-in they stay below the limit of a heading.
const MAX_PIECES: [usize; 3] = [260, 300, 380];
const MAX_PIECES_OF_FOUR: [usize; 4] = [60, 300, 300, 270];
/// The longest description. CloudWatch allows 1,024 characters.
const MAX_ABOUT: usize = 1_500;
/// The longest text of a topic, and the most lines of it.
const MAX_TEXT: usize = 2_500;
const MAX_TEXT_LINES: usize = 40;
/// What the mark of a cut takes, at most.
const MAX_MARK: usize = 40;
/// Nobody knows how bad it is what a topic's text says.
const NEUTRAL: &str = "#808080";

/// An alarm's first notice, or its recovery.
#[must_use]
pub fn render_alarm(notice: &AlarmNotice, style: &Style, now_ms: i64, id: &str) -> Rendered {
    let pieces: Vec<&str> = notice.heading.iter().map(String::as_str).collect();
    let color = match notice.telling {
        Telling::FirstNotice { .. } => "danger",
        Telling::Recovery { .. } | Telling::BelatedNotice { .. } => "good",
    };
    let footer = footer::mrkdwn(&alarm_footer(notice, style, now_ms, id));
    Rendered::without_lines(style, id, |form| {
        let mut layout = layout(&pieces, color, footer.clone(), style);
        // One line break parts it from the rest where there is text alone.
        let room = form.room(&form.draw(layout.clone(), style)).units.saturating_sub(1);
        if let Some(bar) = layout.bars.first_mut() {
            bar.rows = about(notice, form.dialect(), MAX_ABOUT.min(room))
                .map(|about| vec![Cell::new(about)])
                .into_iter()
                .collect();
        }
        layout
    })
}

/// A topic's message that is no alarm: all of it is shown as text, whatever it pretends to be.
#[must_use]
pub fn render_topic_text(text: &TopicText, style: &Style, id: &str) -> Rendered {
    let source = match text.topic_name.as_str() {
        "" => "Message from an SNS topic".to_owned(),
        name => format!("Message from topic {name}"),
    };
    let pieces = [source.as_str(), text.subject.as_deref().unwrap_or_default()];
    let footer = footer::mrkdwn(&[Item::Words(id.to_owned())]);
    Rendered::without_lines(style, id, |form| {
        let mut layout = layout(&pieces, NEUTRAL, footer.clone(), style);
        if let Some(bar) = layout.bars.first_mut() {
            bar.lines = lines(&text.text, form.dialect());
        }
        layout
    })
}

/// A heading of these pieces over one bar.
fn layout(pieces: &[&str], color: &str, footer: String, style: &Style) -> Layout {
    let piece = |(piece, max): (&&str, usize)| escape_within(piece, 0, Dialect::Mrkdwn, max);
    let max = if pieces.len() > MAX_PIECES.len() { MAX_PIECES_OF_FOUR.as_slice() } else { &MAX_PIECES };
    let summary = heading::join(pieces.iter().zip(max.iter().copied()).map(piece).collect());
    let bar = Bar {
        color: Some(style.color.clone().unwrap_or_else(|| color.to_owned())),
        fallback: cut_mrkdwn(&summary, MAX_FALLBACK),
        footer,
        ..Bar::default()
    };
    Layout::of_bar(&summary, bar, style)
}

fn alarm_footer(notice: &AlarmNotice, style: &Style, now_ms: i64, id: &str) -> Vec<Item> {
    let mut context = Context::default();
    if let Some(account) = &notice.account {
        context.note_account(account);
    }
    let changed_ms = notice.changed_at_ms;
    let (from_ms, to_ms, since) = match notice.telling {
        Telling::FirstNotice { since_ms } => (since_ms, since_ms, "since "),
        Telling::BelatedNotice { since_ms, until_ms } => (since_ms, until_ms, ""),
        Telling::Recovery { began_ms } => (began_ms.unwrap_or(changed_ms), changed_ms, ""),
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
            Some(query) => asking(query).or_else(|| asking(console::ALL_LINES)),
            None => footer::link(region.logs_insights(&log_groups, start_ms, last_ms), "Logs Insights"),
        }
    };
    [
        footer::days(from_ms, to_ms),
        Some(Item::Words(format!("{since}{}", words::span(from_ms, to_ms)))),
        footer::late(changed_ms, now_ms),
        notice.alarm_url.clone().and_then(|url| footer::link(url, "alarm")),
        insights(),
    ]
    .into_iter()
    .flatten()
    .chain(place(context.accounts(), notice.region.as_ref()))
    .chain([Item::Words(id.to_owned())])
    .collect()
}

/// The log groups that the alarm itself names, or else those that the operator named. Those are the function's
/// neighbours: an alarm of another Region says nothing of them.
fn log_groups<'a>(notice: &'a AlarmNotice, style: &'a Style) -> Option<Vec<&'a str>> {
    if !notice.log_groups.is_empty() {
        return Some(notice.log_groups.iter().map(String::as_str).collect());
    }
    let is_elsewhere = style.region.is_some() && style.region != notice.region;
    let named = style.log_groups.names();
    (!is_elsewhere && !named.is_empty()).then_some(named)
}

/// Our own words, or else the description in one line. A recovery needs none: the first notice told it.
fn about(notice: &AlarmNotice, dialect: Dialect, max: usize) -> Option<String> {
    if let Some(note) = notice.note {
        return Some(escape_within(note, 0, dialect, max)).filter(|note| !note.is_empty());
    }
    if let Telling::Recovery { .. } = notice.telling {
        return None;
    }
    let about = notice.about.as_ref()?.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(escape_within(&about, 0, dialect, max)).filter(|about| !about.is_empty())
}

/// The text line by line, cut where it is too long.
fn lines(text: &str, dialect: Dialect) -> Vec<String> {
    let text = text.trim_end();
    let mut lines = Vec::new();
    if text.is_empty() {
        return lines;
    }
    let mut missing = text.chars().count();
    let mut room = MAX_TEXT;
    for line in text.split('\n') {
        missing = missing.saturating_sub(line.chars().count() + 1);
        let line = line.trim_end_matches('\r');
        let whole = escape(line, dialect);
        let kept_free = if missing > 0 { MAX_MARK } else { 0 };
        let is_last = missing > 0 && lines.len() + 1 == MAX_TEXT_LINES;
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
