//! The report's parts beside the picture and the messages.

use maud::{Markup, html};

use super::{clean, message};
use crate::alarm::phrases;
use crate::backtest::{
    AgainstFigures, AlarmFigures, Backtest, BlindSpots, DELIVERY_MS, HOUR_MS, NoisyGroup, PlanFigures,
    SentMessage, SlackFigures, Suggestion, Warning, advice, alarm_notes, notices, verdict,
};
use crate::words::{count, day, duration, minute, number, span};

/// Changes of state in the table.
const MAX_CHANGES: usize = 100;
/// Messages of a list that are open from the start.
const OPEN_MESSAGES: usize = 10;

/// A table that may be wider or longer than its place: it scrolls by keyboard, too.
pub(super) fn scroll(label: &str, table: &Markup) -> Markup {
    html! { div.scroll tabindex="0" role="region" aria-label=(label) { (table) } }
}

/// One sentence that begins with its number, then what it does not say.
pub(super) fn summary(found: &Backtest) -> Markup {
    let (lines, slack) = (&found.lines, &found.slack);
    let sentence = verdict(found);
    let (messages, rest) = sentence.split_once(' ').unwrap_or_default();
    let rare = [
        (lines.unreadable, "unreadable"),
        (lines.salvaged, "salvaged from broken JSON"),
        (lines.without_time, "without a time, left out"),
    ];
    html! {
        section aria-label="In short" {
            p.verdict { strong.number { (messages) } " " (rest) }
            dl.figures {
                @if let Some(hour) = slack.worst_hour.filter(|hour| hour.messages < slack.messages) {
                    (figure(hour.messages, &format!("of them in the worst hour, {}", hour_of(hour.from.0))))
                }
                (figure(lines.received, if lines.received == 1 { "line" } else { "lines" }))
                (figure(lines.ok, "ok"))
                (figure(lines.client_errors, "4xx"))
                (figure(lines.server_errors, "5xx"))
                @for (n, what) in rare { @if n > 0 { (figure(n, what)) } }
            }
            @if !found.suggestions.is_empty() {
                h2 { "What to try" }
                ul { @for suggestion in &found.suggestions { li { @match suggestion {
                    Suggestion::Filter { .. } => {
                        "No alarm would see some of the errors: why, and what to do, is among the "
                        a href="#blind" { "blind spots" } "."
                    }
                    Suggestion::Rule { rule, .. } => {
                        (clean(&advice(suggestion, found)))
                        pre tabindex="0" { (clean(&rule.to_string())) }
                    }
                    Suggestion::Threshold { .. } => (clean(&advice(suggestion, found))),
                } } } }
            }
        }
    }
}

fn figure(value: u64, what: &str) -> Markup {
    html! { div { dt { (what) } dd { (number(value)) } } }
}

/// The hour from its beginning, in UTC: `3 Nov 2026, 08:00 to 09:00 UTC`.
fn hour_of(from_ms: i64) -> String {
    format!("{}, {} to {} UTC", day(from_ms), minute(from_ms), minute(from_ms + HOUR_MS))
}

pub(super) fn slack(slack: &SlackFigures) -> Markup {
    html! {
        section aria-labelledby="groups" {
            h2 #groups { "Who makes the noise" }
            p { "Errors that messages show: " (number(slack.shown)) "; that they only count: " (number(slack.counted))
                @if slack.ignored > 0 { "; that rules leave out: " (number(slack.ignored)) }
                @if slack.duplicate > 0 { "; that came twice: " (number(slack.duplicate)) }
                "." }
            (groups("The noisiest groups", &slack.noisiest))
            (scroll("Rules", &html! { table {
                caption { "Rules, and the lines they took" }
                thead { tr { th scope="col" { "Rule" } th scope="col" { "Action" } th.n scope="col" { "Lines" } } }
                tbody { @for rule in &slack.rules {
                    tr { th scope="row" { (clean(&rule.rule)) } td { (rule.action) }
                        td.n { (number(rule.hits)) @if rule.hits == 0 { " (takes nothing)" } } }
                } }
            } }))
        }
    }
}

fn groups(caption: &str, groups: &[NoisyGroup]) -> Markup {
    if groups.is_empty() {
        return html! { p.faint { (caption) ": none." } };
    }
    scroll(
        caption,
        &html! { table {
            caption { (caption) }
            thead { tr { th scope="col" { "Status" } th scope="col" { "Route" } th.n scope="col" { "Lines" } } }
            tbody { @for group in groups {
                tr { td { (group.status) } th scope="row" { code { (clean(&group.route)) } } td.n { (number(group.lines)) } }
            } }
        } },
    )
}

pub(super) fn against(own: &SlackFigures, other: &AgainstFigures) -> Markup {
    html! {
        section aria-labelledby="against" {
            h2 #against { "With the other rules" }
            p { (count(other.slack.messages, "message")) " instead of " (number(own.messages)) "; "
                (count(other.added, "line")) " would be added, " (number(other.gone)) " would go." }
            @if other.added > 0 { (groups("Would be added", &other.added_groups)) }
            @if other.gone > 0 { (groups("Would go", &other.gone_groups)) }
        }
    }
}

pub(super) fn alarm(alarm: &AlarmFigures) -> Markup {
    let changes = &alarm.transitions;
    html! {
        section aria-labelledby="alarm" {
            h2 #alarm { "The alarm" }
            @for note in alarm_notes(alarm) { p { (note) } }
            (scroll("Thresholds", &html! { table {
                caption { "The alarm's own threshold (bold) and others beside it" }
                thead { tr {
                    th.n scope="col" { "Threshold" } th.n scope="col" { "Alarms" } th.n scope="col" { "Recoveries" }
                    th.n scope="col" { @if alarm.notices_per_day.is_some() { "Notices a day" } @else { "Notices" } } th.n scope="col" { "Time in ALARM" } th.n scope="col" { "First error to notice" }
                } }
                tbody { @for row in &alarm.thresholds {
                    tr class=[row.is_current.then_some("current")] {
                        th.n scope="row" { (phrases::exact_number(row.threshold)) }
                        td.n { (number(row.alarms)) } td.n { (number(row.recoveries)) }
                        td.n { (notices(row)) }
                        td.n { @if row.alarms > 0 { (duration(row.in_alarm_ms)) } @else { "–" } }
                        td.n { @if let (Some(median), Some(longest)) = (row.median_delay_ms, row.longest_delay_ms) {
                            (duration(median)) ", at most " (duration(longest)) } @else { "–" } }
                    }
                } }
            } }))
            details {
                summary { (count(changes.len() as u64, "change")) " of state" }
                (scroll("Changes of state", &html! { table {
                    thead { tr { th scope="col" { "When" } th scope="col" { "From" } th scope="col" { "To" } th.n scope="col" { "Value" } } }
                    tbody { @for change in changes.iter().take(MAX_CHANGES) {
                        tr { th scope="row" { (day(change.at.0)) " " (span(change.at.0, change.at.0)) } td { (change.from) } td { (change.to) }
                            td.n { (change.value.map_or_else(|| "no data".to_owned(), phrases::number)) } }
                    } }
                } }))
                @if changes.len() > MAX_CHANGES { p.faint { "The first " (MAX_CHANGES) "; --json has all." } }
            }
        }
    }
}

pub(super) fn blind_spots(blind: &BlindSpots) -> Markup {
    html! {
        section aria-labelledby="blind" {
            h2 #blind { "Blind spots" }
            p { "The metric filter " code { (clean(&blind.pattern)) }
                @if blind.lines == 0 { " sees every error that it asks for." } @else { " does not see these error lines." } }
            @for reason in &blind.reasons {
                div.callout {
                    p { b { (count(reason.lines, "line")) " · " (reason.reason) } ": " (clean(&reason.found)) }
                    p { "Fix: " (clean(&reason.fix)) }
                    p.faint { (clean(&reason.source)) ", line " (reason.line) ":" }
                    pre tabindex="0" { (clean(&reason.example)) }
                }
            }
            @if blind.not_asked_for > 0 { p { (count(blind.not_asked_for, "error line")) " rightly not matched: the pattern asks for others." } }
            @if blind.false_hits > 0 { p { (count(blind.false_hits, "line")) " without an error matched." } }
        }
    }
}

/// The messages of the worst hour and how each other incident began, on lines and of the alarm, in the order of time.
pub(super) fn messages(found: &Backtest) -> Markup {
    let (slack, alarm) = (&found.slack, &found.alarm);
    let mut told: Vec<&SentMessage> = slack.told.iter().chain(&alarm.told).collect();
    told.sort_by_key(|told| told.at);
    let hour_of_first = || told.first().map(|told| told.at.0 - told.at.0.rem_euclid(HOUR_MS));
    let worst = slack.worst_hour.map(|hour| hour.from.0).or_else(hour_of_first);
    let is_worst =
        |told: &&SentMessage| worst.is_some_and(|from| (from..from + HOUR_MS).contains(&told.at.0));
    let (worst_told, others): (Vec<&SentMessage>, Vec<&SentMessage>) = told.into_iter().partition(is_worst);
    let are_all = (slack.told.len() + alarm.told.len()) as u64 == slack.messages + alarm.notices;
    let left_out = slack.worst_hour.map_or(0, |hour| {
        let kept = slack.told.iter().filter(is_worst).count() as u64;
        hour.messages.saturating_sub(kept)
    });
    html! {
        section aria-labelledby="messages" {
            h2 #messages { "The messages" }
            @match (worst, are_all) {
                (None, _) => p { "None." },
                (Some(_), true) => p.faint { "All of them, as Slack would show them." },
                (Some(_), false) => p.faint { "As Slack would show them: those of the worst hour, and how the other incidents began." },
            }
            @if let Some(from) = worst {
                @if !others.is_empty() { h3 { "The worst hour: " (hour_of(from)) } }
                (list(&worst_told))
                @if left_out > 0 { p.faint { (count(left_out, "further message")) " of this hour." } }
            }
            @if !others.is_empty() {
                h3 { @if are_all { "The others" } @else { "How the others began" } }
                (list(&others))
            }
        }
    }
}

/// The first of them open, the others to be opened.
fn list(told: &[&SentMessage]) -> Markup {
    let (open, others) = told.split_at(told.len().min(OPEN_MESSAGES));
    html! {
        ol.messages { @for told in open { (in_list(told)) } }
        @if !others.is_empty() {
            details {
                summary { (count(others.len() as u64, "further message")) }
                ol.messages start=(open.len() + 1) { @for told in others { (in_list(told)) } }
            }
        }
    }
}

fn in_list(told: &SentMessage) -> Markup {
    html! { li { p.faint { (day(told.at.0)) " " (span(told.at.0, told.at.0)) } (message::message(&told.message)) } }
}

pub(super) fn settings(found: &Backtest) -> Markup {
    let alarm = serde_json::to_string_pretty(&found.alarm.settings).unwrap_or_default();
    html! {
        section aria-labelledby="settings" {
            h2 #settings { "Settings" }
            h3 { "Metric filter" }
            pre tabindex="0" { (clean(&found.blind_spots.pattern)) }
            h3 { "Alarm" }
            pre tabindex="0" { (clean(&alarm)) }
            h3 { "Model" }
            p { "What a log stream logs within " (duration(DELIVERY_MS.unsigned_abs())) " is one delivery; " (model(&found.plan))
                "; a tick every minute. CloudWatch evaluates the alarm up to two minutes later than the end of a minute, which is taken here." }
            h3 { "Inputs" }
            ul { @for source in &found.sources { li { code { (clean(source)) } } } }
        }
    }
}

/// How the function was taken to be deployed, in words.
fn model(plan: &PlanFigures) -> String {
    let PlanFigures { notify, state, concurrency, burst, spacing_seconds, follow_ups } = plan;
    let of_each =
        if *state == "table" { "one state table for all of them" } else { "each with its own memory" };
    let whose = if *state == "table" { "together" } else { "each" };
    let told = match *notify {
        "every" => "every delivery is notified".to_owned(),
        _ => format!("incidents are notified, with follow-ups after {follow_ups}"),
    };
    format!(
        "{}, {of_each}; {whose} {burst} posts at once and then one every {spacing_seconds} s; {told}",
        count(*concurrency as u64, "container")
    )
}

pub(super) fn warnings(warnings: &[Warning]) -> Markup {
    html! {
        @if !warnings.is_empty() {
            section aria-labelledby="warnings" {
                h2 #warnings { "Warnings" }
                ul { @for warning in warnings {
                    li { (clean(&warning.source)) @if let Some(line) = warning.line { ", line " (line) } ": "
                        (clean(&warning.what)) @if warning.count > 1 { " (" (count(warning.count, "line")) ")" } }
                } }
            }
        }
    }
}
