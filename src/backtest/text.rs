//! What a backtest came to, as text for a terminal: 100 columns wide, or as wide as the terminal where that is less.
//!
//! Text of strangers (routes, lines, names) has its control characters replaced. It never prints.

mod page;

use super::figures::{
    AgainstFigures, AlarmFigures, Backtest, BlindSpots, NoisyGroup, RuleHits, SlackFigures, StateChange,
    Suggestion, ThresholdFigures,
};
use crate::alarm::phrases;
use crate::slack::terminal::Canvas;
use crate::words::{count, day, duration, harmless, number, span};
use page::{Page, Paint, dotted, tied};

/// Changes of state that are listed; `--json` has all.
const MAX_LISTED: usize = 20;
/// Kinds of messages in the order in which an incident has them.
const KINDS: [&str; 6] = ["delivery", "opening", "escalation", "new_group", "follow_up", "over"];
const MAX_EXAMPLE_CHARS: usize = 88;

/// The figures in words.
#[must_use]
pub fn text(found: &Backtest, canvas: &Canvas) -> String {
    let mut page = Page::new(canvas);
    heading(&mut page, found);
    in_short(&mut page, found);
    slack(&mut page, &found.slack, found);
    if let Some(figures) = &found.against {
        against(&mut page, &found.slack, figures);
    }
    alarm(&mut page, &found.alarm, found);
    blind_spots(&mut page, &found.blind_spots);
    page.finish()
}

fn heading(page: &mut Page, found: &Backtest) {
    page.line(&format!("{} · {} ({})", sources(&found.sources), period(found), lasted(found)));
    let lines = &found.lines;
    let mut parts = vec![
        count(lines.received, "line"),
        format!("{} ok", number(lines.ok)),
        format!("{} × 4xx", number(lines.client_errors)),
        format!("{} × 5xx", number(lines.server_errors)),
    ];
    let rare = [
        (lines.unreadable, "unreadable"),
        (lines.salvaged, "salvaged from broken JSON"),
        (lines.without_time, "without a time, left out"),
    ];
    parts.extend(rare.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{} {what}", number(*n))));
    page.line(&dotted(&parts));
}

fn in_short(page: &mut Page, found: &Backtest) {
    page.blank();
    let verdict = page.paint(Paint::Bold, &verdict(found));
    page.hanging(&verdict, 2);
    for suggestion in &found.suggestions {
        let lead = page.paint(Paint::Bold, "try:");
        page.hanging(&format!("  {lead} {}", harmless(&advice(suggestion, found))), 7);
        if let Suggestion::Rule { rule, .. } = suggestion {
            page.hanging(&format!("       {}", members(rule)), 8);
        }
    }
}

/// A JSON object that may go on behind a comma: what is copied from several lines is the same object.
fn members(object: &serde_json::Value) -> String {
    let fields = object.as_object().into_iter().flatten();
    let members: Vec<String> =
        fields.map(|(name, value)| format!("\"{name}\":{value}").replace(' ', "\u{a0}")).collect();
    format!("{{{}}}", members.join(", "))
}

/// All of it in one sentence.
pub(crate) fn verdict(found: &Backtest) -> String {
    let (slack, alarm, blind) = (&found.slack, &found.alarm, &found.blind_spots);
    let lines = &found.lines;
    // Of a day it would be the same number once more.
    let a_day = |n: u64, per_day: Option<f64>| {
        let per_day = per_day.map(phrases::number).filter(|per_day| *per_day != number(n));
        per_day.map_or_else(String::new, |per_day| format!(", {per_day} a day"))
    };
    let mentions = match slack.mentions {
        0 => String::new(),
        mentions => format!(", {} of them with a mention", number(mentions)),
    };
    let errors = lines.client_errors + lines.server_errors;
    let asked_for = errors.saturating_sub(blind.not_asked_for);
    let missed = match blind.lines {
        0 if blind.not_asked_for == 0 => "the metric filter misses no error line".to_owned(),
        0 if asked_for == 0 => format!("the metric filter asks for none of {}", count(errors, "error line")),
        0 => format!(
            "the metric filter asks for {} of {} and misses none of these",
            number(asked_for),
            count(errors, "error line")
        ),
        missed => format!("the metric filter misses {} of {}", number(missed), count(errors, "error line")),
    };
    format!(
        "{} to Slack in {}{}{mentions}; {} of the alarm{}; {missed}.",
        count(slack.messages, "message"),
        lasted(found),
        a_day(slack.messages, slack.messages_per_day),
        count(alarm.notices, "notice"),
        a_day(alarm.notices, alarm.notices_per_day),
    )
}

/// A suggestion in words.
pub(crate) fn advice(suggestion: &Suggestion, found: &Backtest) -> String {
    match suggestion {
        Suggestion::Rule { messages, saves, .. } => format!(
            "put this rule first, and {} of {} {} saved: {} {} left",
            number(*saves),
            count(found.slack.messages, "message"),
            is_or_are(*saves),
            number(*messages),
            is_or_are(*messages),
        ),
        Suggestion::Threshold { threshold, notices_per_day } => format!(
            "a threshold of {} makes {} {} a day instead of {}",
            phrases::exact_number(*threshold),
            phrases::number(*notices_per_day),
            if phrases::number(*notices_per_day) == "1" { "notice" } else { "notices" },
            found.alarm.notices_per_day.map(phrases::number).unwrap_or_default()
        ),
        Suggestion::Filter { lines, .. } => {
            format!(
                "no alarm would see {}: why, and what to do, is among the blind spots",
                count(*lines, "error line")
            )
        }
    }
}

fn is_or_are(n: u64) -> &'static str {
    if n == 1 { "is" } else { "are" }
}

fn sources(names: &[String]) -> String {
    match names {
        [name] => harmless(name),
        names => count(names.len() as u64, "input"),
    }
}

fn slack(page: &mut Page, slack: &SlackFigures, found: &Backtest) {
    page.blank();
    let often = often(slack.messages, "message", slack.messages_per_day, found);
    let name = page.paint(Paint::Bold, "SLACK");
    page.line(&format!("{name}  {}{}", tied(&often), worst(slack)));
    let mut kinds: Vec<String> = KINDS
        .iter()
        .filter_map(|kind| Some((kind, slack.by_kind.get(kind)?)))
        .map(|(kind, n)| format!("{} {}", number(*n), kind.replace('_', "-")))
        .collect();
    if !kinds.is_empty() {
        kinds.extend(besides(slack.mentions, "with a mention"));
        page.line(&format!("  {}", dotted(&kinds)));
    }
    if let Some(destinations) = &slack.by_destination {
        let parts: Vec<String> =
            destinations.iter().map(|(name, messages)| format!("{name} {}", number(*messages))).collect();
        page.line(&format!("  by destination: {}", dotted(&parts)));
    }
    if let Some(threads) = &slack.threads {
        let mut parts = vec![
            format!("{} in the channel", number(threads.parents)),
            format!("{} in threads", number(threads.replies)),
        ];
        parts.extend(besides(threads.replies_in_channel, "of these in both"));
        parts.extend(Some(count(threads.updates, "update")).filter(|_| threads.updates > 0));
        page.line(&format!("  with a bot token: {}", dotted(&parts)));
    }
    let shown = format!("{} shown, {} counted", number(slack.shown), number(slack.counted));
    let mut parts = vec![format!("{} notified: {shown}", count(slack.matched, "error"))];
    parts.extend(besides(slack.copied, "copied for a further destination"));
    parts.extend(besides(slack.ignored, "left out by rules"));
    parts.extend(besides(slack.duplicate, "came twice"));
    page.line(&format!("  {}", dotted(&parts)));
    rules(page, &slack.rules);
    if !slack.noisiest.is_empty() {
        page.line("  noisiest groups:");
        groups(page, &slack.noisiest);
    }
}

fn rules(page: &mut Page, rules: &[RuleHits]) {
    let width = rules.iter().map(|rule| rule.rule.chars().count()).max().unwrap_or_default();
    for rule in rules {
        let nothing =
            if rule.hits == 0 { page.paint(Paint::Yellow, "  (takes nothing)") } else { String::new() };
        let (name, hits) = (harmless(&rule.rule), number(rule.hits));
        let line = format!("  rule {name:width$}  {:6}  {hits:>9}{nothing}", rule.action);
        if page.fits(&line) {
            page.line(&line);
        } else {
            page.line(&format!("  rule {name}: {} {hits}{nothing}", rule.action));
        }
    }
}

/// So many of them: a day, or, where it is no whole day, in all.
fn often(n: u64, noun: &str, per_day: Option<f64>, found: &Backtest) -> String {
    match per_day {
        Some(per_day) => format!("{}, {} a day", count(n, noun), phrases::number(per_day)),
        None => format!("{} in {}", count(n, noun), lasted(found)),
    }
}

/// From when to when the recording is: `3 Nov 2026, 08:00:02 to 09:29:59 UTC`, with both days where they differ.
pub(crate) fn period(found: &Backtest) -> String {
    let (first, last) = (found.first.0, found.last.0);
    if day(first) == day(last) {
        return format!("{}, {}", day(first), span(first, last));
    }
    let from = span(first, first);
    let from = from.strip_suffix(" UTC").unwrap_or(&from);
    format!("{} {from} to {} {}", day(first), day(last), span(last, last))
}

/// How long it is from the first line to the last.
pub(crate) fn lasted(found: &Backtest) -> String {
    duration(crate::words::elapsed_ms(found.first.0, found.last.0))
}

fn worst(slack: &SlackFigures) -> String {
    slack.worst_hour.map_or_else(String::new, |hour| {
        let from = hour.from.0;
        let at = tied(&format!("{} {}:", day(from), span(from, from)));
        format!("; worst hour {at} {}", number(hour.messages))
    })
}

fn besides(n: u64, what: &str) -> Option<String> {
    (n > 0).then(|| format!("{} {what}", number(n)))
}

fn groups(page: &mut Page, groups: &[NoisyGroup]) {
    for NoisyGroup { status, route, lines } in groups {
        let paint = if *status >= 500 { Paint::Red } else { Paint::Yellow };
        let route = cut(&harmless(route), page.width().saturating_sub(21)).replace(' ', "\u{a0}");
        page.line(&format!("    {:>9} × {} {route}", number(*lines), page.paint(paint, &status.to_string())));
    }
}

fn against(page: &mut Page, own: &SlackFigures, figures: &AgainstFigures) {
    page.blank();
    let other = &figures.slack;
    let name = page.paint(Paint::Bold, "OTHER RULES");
    let a_day = match (other.messages_per_day, own.messages_per_day) {
        (Some(other), Some(own)) => {
            format!(": {} a day instead of {}", phrases::number(other), phrases::number(own))
        }
        _ => String::new(),
    };
    let messages = count(other.messages, "message");
    page.line(&format!("{name}  {messages} instead of {}{a_day}{}", number(own.messages), worst(other)));
    page.line(&format!("  would be added: {}", count(figures.added, "line")));
    groups(page, &figures.added_groups);
    page.line(&format!("  would go: {}", count(figures.gone, "line")));
    groups(page, &figures.gone_groups);
    for rule in other.rules.iter().filter(|rule| rule.hits == 0) {
        page.line(&format!("  rule \"{}\" takes nothing", harmless(&rule.rule)));
    }
}

fn alarm(page: &mut Page, alarm: &AlarmFigures, found: &Backtest) {
    page.blank();
    let setting = |name: &str| {
        let value = alarm.settings.get(name);
        value.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).unwrap_or_default()
    };
    let name = page.paint(Paint::Bold, "ALARM");
    page.line(&format!("{name}  {}", often(alarm.notices, "notice", alarm.notices_per_day, found)));
    page.line(&format!(
        "  {} {} {} over {} s, {} of {}, missing data {}",
        setting("Statistic"),
        comparison(&setting("ComparisonOperator")),
        threshold_of(alarm),
        setting("Period"),
        setting("DatapointsToAlarm"),
        setting("EvaluationPeriods"),
        setting("TreatMissingData"),
    ));
    for note in alarm_notes(alarm) {
        page.hanging(&format!("  {note}"), 2);
    }
    changes(page, &alarm.transitions);
    if alarm.late_lines > 0 {
        page.line(&format!(
            "  {} came a day or more out of order and are in no datapoint",
            count(alarm.late_lines, "line")
        ));
    }
    thresholds(page, alarm);
    let note = "CloudWatch evaluates up to two minutes later than the end of a minute, which is taken here.";
    page.line(&format!("  {}", page.paint(Paint::Dim, note)));
}

/// What the settings say beside the evaluation: whom the alarm notifies, and what its metric counts.
pub(crate) fn alarm_notes(alarm: &AlarmFigures) -> Vec<String> {
    let mut notes = Vec::new();
    if alarm.settings.get("ActionsEnabled").is_some() {
        notes.push(
            "its actions are disabled (ActionsEnabled is false), so it notifies nobody; the table is of an alarm whose \
             actions are enabled"
                .to_owned(),
        );
    }
    if let Some(metric) = alarm.settings.get("MetricName").and_then(serde_json::Value::as_str) {
        let class = if metric.starts_with('4') { "4xx" } else { "5xx" };
        notes.push(format!(
            "it counts every {class}, as API Gateway does for {metric}, and not what the metric filter matches"
        ));
    }
    notes
}

/// A table, or where the page is too narrow for it, a line each.
fn changes(page: &mut Page, all: &[StateChange]) {
    let listed = || all.iter().take(MAX_LISTED);
    let widest =
        |name: fn(&StateChange) -> &str| listed().map(|change| name(change).len()).max().unwrap_or_default();
    let (from, to) = (widest(|change| change.from), widest(|change| change.to));
    let is_table = listed().all(|change| page.fits(&change_row(page, change, from, to)));
    for change in listed() {
        if is_table {
            page.line(&change_row(page, change, from, to));
        } else {
            let row = change_row(page, change, 0, 0);
            let parts: Vec<String> =
                row.split("  ").map(str::trim).filter(|part| !part.is_empty()).map(tied).collect();
            page.line(&format!("  {}", parts.join("  ")));
        }
    }
    if let Some(more) = all.len().checked_sub(MAX_LISTED).filter(|more| *more > 0) {
        page.line(&format!("  and {} (--json has all)", count(more as u64, "further change")));
    }
}

/// One change, its states in columns so wide.
fn change_row(page: &Page, change: &StateChange, from: usize, to: usize) -> String {
    let state = |name: &str, width: usize| {
        let padded = format!("{name:width$}");
        match name {
            "ALARM" => page.paint(Paint::Red, &padded),
            "OK" => page.paint(Paint::Green, &padded),
            _ => padded,
        }
    };
    let at = format!("{} {}", day(change.at.0), span(change.at.0, change.at.0));
    let value = change.value.map_or_else(|| "no data".to_owned(), phrases::number);
    let delay =
        change.delay_ms.map(|ms| format!("  {} after the first error", duration(ms))).unwrap_or_default();
    format!("  {at}  {} → {}  {value:>7}{delay}", state(change.from, from), state(change.to, to))
}

fn threshold_of(alarm: &AlarmFigures) -> String {
    let current = alarm.thresholds.iter().find(|figures| figures.is_current);
    current.map(|figures| phrases::exact_number(figures.threshold)).unwrap_or_default()
}

/// A table, or where the page is too narrow for it, a sentence each.
fn thresholds(page: &mut Page, alarm: &AlarmFigures) {
    let column = if alarm.notices_per_day.is_some() { "notices a day" } else { "      notices" };
    let heading = format!("  threshold   alarms  recoveries  {column}  time in ALARM  first error to notice");
    let rows: Vec<String> = alarm.thresholds.iter().map(threshold_row).collect();
    let is_table = rows.iter().chain([&heading]).all(|row| page.fits(row));
    if is_table {
        page.line(&heading);
    }
    for (figures, row) in alarm.thresholds.iter().zip(rows) {
        let text = if is_table { row } else { threshold_sentence(figures) };
        let text = if figures.is_current { page.paint(Paint::Bold, &text) } else { text };
        page.hanging(&text, 4);
    }
}

fn threshold_row(figures: &ThresholdFigures) -> String {
    let mark = if figures.is_current { '>' } else { ' ' };
    let in_alarm = if figures.alarms == 0 { "-".to_owned() } else { duration(figures.in_alarm_ms) };
    format!(
        "{mark} {:>9}  {:>7}  {:>10}  {:>13}  {in_alarm:>13}  {}",
        phrases::exact_number(figures.threshold),
        number(figures.alarms),
        number(figures.recoveries),
        notices(figures),
        delays(figures).unwrap_or_else(|| "-".to_owned()),
    )
}

fn threshold_sentence(figures: &ThresholdFigures) -> String {
    let mark = if figures.is_current { '>' } else { ' ' };
    let notices = match figures.notices_per_day {
        Some(per_day) => format!("{} a day", phrases::number(per_day)),
        None => number(figures.alarms + figures.recoveries),
    };
    let mut parts = vec![
        count(figures.alarms, "alarm"),
        format!(
            "{} {}",
            number(figures.recoveries),
            if figures.recoveries == 1 { "recovery" } else { "recoveries" }
        ),
        format!("notices {notices}"),
    ];
    if figures.alarms > 0 {
        parts.push(format!("{} in ALARM", duration(figures.in_alarm_ms)));
    }
    parts.extend(delays(figures).map(|delays| format!("first error to notice {delays}")));
    let parts: Vec<String> = parts.iter().map(|part| tied(part)).collect();
    format!("{mark} threshold {}: {}", phrases::exact_number(figures.threshold), parts.join(", "))
}

fn delays(figures: &ThresholdFigures) -> Option<String> {
    let (median, longest) = (figures.median_delay_ms?, figures.longest_delay_ms?);
    Some(format!("{}, at most {}", duration(median), duration(longest)))
}

/// What stands in the column of notices: a day, or in all where it is no whole day.
pub(crate) fn notices(figures: &ThresholdFigures) -> String {
    let all = number(figures.alarms + figures.recoveries);
    figures.notices_per_day.map_or(all, phrases::number)
}

/// The operator's own words for a comparison.
fn comparison(operator: &str) -> &str {
    match operator {
        "GreaterThanOrEqualToThreshold" => "at least",
        "GreaterThanThreshold" => "more than",
        "LessThanOrEqualToThreshold" => "at most",
        "LessThanThreshold" => "less than",
        other => other,
    }
}

fn blind_spots(page: &mut Page, blind: &BlindSpots) {
    page.blank();
    let name = page.paint(Paint::Bold, "BLIND SPOTS");
    let lines = count(blind.lines, "error line");
    page.line(&format!("{name}  {lines} that the metric filter does not see"));
    page.line(&format!("  {}", harmless(&blind.pattern)));
    for reason in &blind.reasons {
        let lines = count(reason.lines, "line");
        page.line(&format!("  {lines} · {}: {}", reason.reason, harmless(&reason.found)));
        page.hanging(&format!("    fix: {}", harmless(&reason.fix)), 9);
        page.line(&format!("    {}, line {}:", harmless(&reason.source), reason.line));
        let chars = MAX_EXAMPLE_CHARS.min(page.width().saturating_sub(4));
        let example = cut(&harmless(&reason.example), chars).replace(' ', "\u{a0}");
        page.line(&format!("    {}", page.paint(Paint::Dim, &example)));
    }
    if blind.not_asked_for > 0 {
        let lines = count(blind.not_asked_for, "error line");
        page.line(&format!("  {lines} rightly not matched: the pattern asks for others"));
    }
    if blind.false_hits > 0 {
        page.line(&format!("  {} without an error matched", count(blind.false_hits, "line")));
    }
}

fn cut(text: &str, chars: usize) -> String {
    if text.chars().count() <= chars {
        return text.to_owned();
    }
    text.chars().take(chars.saturating_sub(1)).chain(['…']).collect()
}
