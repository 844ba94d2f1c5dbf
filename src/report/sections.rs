//! The report's parts beside the picture and the messages.

use maud::{Markup, html};

use super::{clean, message};
use crate::alarm::words as alarm_words;
use crate::backtest::{
    AgainstFigures, AlarmFigures, Backtest, BlindSpots, DELIVERY_MS, NoisyGroup, PlanFigures, SlackFigures,
    Suggestion, Told, Warning, advice, lasted, notices, verdict,
};
use crate::words::{count, day, duration, number, span};

/// Changes of state in the table.
const MAX_CHANGES: usize = 100;
/// Messages that are open from the start.
const OPEN_MESSAGES: usize = 10;

/// A table that may be wider or longer than its place: it scrolls by keyboard, too.
pub(super) fn scroll(label: &str, table: &Markup) -> Markup {
    html! { div.scroll tabindex="0" role="region" aria-label=(label) { (table) } }
}

pub(super) fn summary(found: &Backtest) -> Markup {
    let lines = &found.lines;
    html! {
        section aria-label="In short" {
            p.verdict { (verdict(found)) }
            dl.figures {
                (figure(&number(found.slack.messages), &format!("messages to Slack in {}", lasted(found))))
                @if let Some(per_day) = found.slack.messages_per_day { (figure(&alarm_words::number(per_day), "messages a day")) }
                @if let Some(hour) = found.slack.worst_hour {
                    (figure(&number(hour.messages), &format!("in the worst hour, {} {}", day(hour.from.0), span(hour.from.0, hour.from.0))))
                }
                (figure(&number(found.alarm.notices), &format!("notices of the alarm in {}", lasted(found))))
                @if let Some(per_day) = found.alarm.notices_per_day { (figure(&alarm_words::number(per_day), "notices a day")) }
                (figure(&number(found.blind_spots.lines), "error lines that the alarm does not see"))
            }
            p { (count(lines.received, "line")) ": " (number(lines.ok)) " ok, " (number(lines.client_errors)) " × 4xx, "
                (number(lines.server_errors)) " × 5xx, " (number(lines.unreadable)) " unreadable, "
                (number(lines.salvaged)) " salvaged from broken JSON, " (number(lines.without_time)) " without a time and left out." }
            @if !found.suggestions.is_empty() {
                h2 { "What to try" }
                ul { @for suggestion in &found.suggestions { li {
                    (clean(&advice(suggestion, found)))
                    @if let Suggestion::Rule { rule, .. } = suggestion { pre tabindex="0" { (clean(&rule.to_string())) } }
                } } }
            }
        }
    }
}

fn figure(value: &str, what: &str) -> Markup {
    html! { div { dt { (what) } dd { (value) } } }
}

pub(super) fn slack(slack: &SlackFigures) -> Markup {
    html! {
        section aria-labelledby="groups" {
            h2 #groups { "Who makes the noise" }
            p { (count(slack.matched, "error")) " told: " (number(slack.shown)) " shown, " (number(slack.counted)) " counted; "
                (number(slack.ignored)) " left out by rules, " (number(slack.duplicate)) " came twice." }
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
            (scroll("Thresholds", &html! { table {
                caption { "The alarm's own threshold (bold) and others beside it" }
                thead { tr {
                    th.n scope="col" { "Threshold" } th.n scope="col" { "Alarms" } th.n scope="col" { "Recoveries" }
                    th.n scope="col" { @if alarm.notices_per_day.is_some() { "Notices a day" } @else { "Notices" } } th.n scope="col" { "Time in ALARM" } th.n scope="col" { "First error to notice" }
                } }
                tbody { @for row in &alarm.thresholds {
                    tr class=[row.is_current.then_some("current")] {
                        th.n scope="row" { (alarm_words::exact_number(row.threshold)) }
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
                            td.n { (change.value.map_or_else(|| "no data".to_owned(), alarm_words::number)) } }
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
            p { (count(blind.lines, "error line")) " that the metric filter " code { (clean(&blind.pattern)) } " does not see." }
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

/// The lines' messages and the alarm's notices, in the order of time.
pub(super) fn messages(found: &Backtest) -> Markup {
    let (slack, alarm) = (&found.slack, &found.alarm);
    let mut told: Vec<&Told> = slack.told.iter().chain(&alarm.told).collect();
    told.sort_by_key(|told| told.at);
    let (open, others) = told.split_at(told.len().min(OPEN_MESSAGES));
    html! {
        section aria-labelledby="messages" {
            h2 #messages { "The messages" }
            @if told.is_empty() { p { "None." } }
            @else {
                p.faint { "As Slack would show them: " (first_of(slack.told.len(), slack.messages, "message")) " on lines and "
                    (first_of(alarm.told.len(), alarm.notices, "notice")) " of the alarm." }
            }
            ol.messages { @for told in open { (in_list(told)) } }
            @if !others.is_empty() {
                details {
                    summary { (count(others.len() as u64, "further message")) }
                    ol.messages start=(open.len() + 1) { @for told in others { (in_list(told)) } }
                }
            }
        }
    }
}

fn first_of(kept: usize, all: u64, noun: &str) -> String {
    if kept as u64 == all { count(all, noun) } else { format!("the first {kept} of {}", count(all, noun)) }
}

fn in_list(told: &Told) -> Markup {
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
        "every" => "every delivery is told".to_owned(),
        _ => format!("incidents are told, with follow-ups after {follow_ups}"),
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
