//! What a backtest came to, as text for a terminal of 100 columns.
//!
//! Text of strangers (routes, lines, names) has its control characters replaced. It never prints.

use std::fmt::Write as _;

use super::figures::{
    AgainstFigures, AlarmFigures, Backtest, BlindSpots, NoisyGroup, SlackFigures, Suggestion,
    ThresholdFigures,
};
use crate::alarm::words as alarm_words;
use crate::words::{count, day, duration, number, span};

const WIDTH: usize = 100;
/// Changes of state that are listed; `--json` has all.
const MAX_LISTED: usize = 20;
/// Kinds of messages in the order in which an incident has them.
const KINDS: [&str; 6] = ["delivery", "opening", "escalation", "new_group", "follow_up", "over"];
const MAX_EXAMPLE_CHARS: usize = 88;

/// The figures in words.
#[must_use]
pub fn text(found: &Backtest) -> String {
    let mut out = String::new();
    heading(&mut out, found);
    in_short(&mut out, found);
    slack(&mut out, &found.slack, found);
    if let Some(figures) = &found.against {
        against(&mut out, &found.slack, figures);
    }
    alarm(&mut out, &found.alarm, found);
    blind_spots(&mut out, &found.blind_spots);
    out
}

/// Writing to a `String` does not fail.
macro_rules! line {
    ($out:expr) => { $out.push('\n') };
    ($out:expr, $($arguments:tt)*) => {{ let _ = writeln!($out, $($arguments)*); }};
}

fn heading(out: &mut String, found: &Backtest) {
    line!(out, "{} · {} ({})", sources(&found.sources), period(found), lasted(found));
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
    line!(out, "{}", parts.join(" · "));
}

fn in_short(out: &mut String, found: &Backtest) {
    line!(out);
    let options = textwrap::Options::new(WIDTH).subsequent_indent("  ");
    line!(out, "{}", textwrap::fill(&verdict(found), &options));
    let options = textwrap::Options::new(WIDTH).initial_indent("  try: ").subsequent_indent("       ");
    for suggestion in &found.suggestions {
        line!(out, "{}", textwrap::fill(&harmless(&advice(suggestion, found)), &options));
        if let Suggestion::Rule { rule, .. } = suggestion {
            line!(out, "       {rule}");
        }
    }
}

/// All of it in one sentence.
pub(crate) fn verdict(found: &Backtest) -> String {
    let (slack, alarm, blind) = (&found.slack, &found.alarm, &found.blind_spots);
    let lines = &found.lines;
    let a_day = |per_day: Option<f64>| {
        per_day.map_or_else(String::new, |per_day| format!(", {} a day", alarm_words::number(per_day)))
    };
    let mentions = match slack.mentions {
        0 => String::new(),
        mentions => format!(", {} of them with a mention", number(mentions)),
    };
    let errors = lines.client_errors + lines.server_errors;
    let missed = match blind.lines {
        0 => "the metric filter misses no error line".to_owned(),
        missed => format!("the metric filter misses {} of {}", number(missed), count(errors, "error line")),
    };
    format!(
        "{} to Slack in {}{}{mentions}; {} of the alarm{}; {missed}.",
        count(slack.messages, "message"),
        lasted(found),
        a_day(slack.messages_per_day),
        count(alarm.notices, "notice"),
        a_day(alarm.notices_per_day),
    )
}

/// A suggestion in words.
pub(crate) fn advice(suggestion: &Suggestion, found: &Backtest) -> String {
    match suggestion {
        Suggestion::Rule { messages, saves, .. } => format!(
            "put this rule first, and {} of {} are saved: {} are left",
            number(*saves),
            count(found.slack.messages, "message"),
            number(*messages)
        ),
        Suggestion::Threshold { threshold, notices_per_day } => format!(
            "a threshold of {} makes {} notices a day instead of {}",
            alarm_words::exact_number(*threshold),
            alarm_words::number(*notices_per_day),
            found.alarm.notices_per_day.map(alarm_words::number).unwrap_or_default()
        ),
        Suggestion::Filter { lines, .. } => {
            format!(
                "no alarm would see {}: why, and what to do, is among the blind spots",
                count(*lines, "error line")
            )
        }
    }
}

fn sources(names: &[String]) -> String {
    match names {
        [name] => harmless(name),
        names => count(names.len() as u64, "input"),
    }
}

fn slack(out: &mut String, slack: &SlackFigures, found: &Backtest) {
    line!(out);
    line!(out, "SLACK  {}{}", often(slack.messages, "message", slack.messages_per_day, found), worst(slack));
    let kinds: Vec<String> = KINDS
        .iter()
        .filter_map(|kind| Some((kind, slack.by_kind.get(kind)?)))
        .map(|(kind, n)| format!("{} {}", number(*n), kind.replace('_', "-")))
        .collect();
    if !kinds.is_empty() {
        line!(out, "  {}{}", kinds.join(" · "), besides(slack.mentions, "with a mention"));
    }
    if let Some(destinations) = &slack.by_destination {
        let parts: Vec<String> =
            destinations.iter().map(|(name, messages)| format!("{name} {}", number(*messages))).collect();
        line!(out, "  by destination: {}", parts.join(" · "));
    }
    if let Some(threads) = &slack.threads {
        line!(
            out,
            "  with a bot token: {} in the channel · {} in threads{}{}",
            number(threads.parents),
            number(threads.replies),
            besides(threads.replies_in_channel, "of these in both"),
            besides(threads.updates, "updates")
        );
    }
    line!(
        out,
        "  {} told: {} shown, {} counted{}{}{}",
        count(slack.matched, "error"),
        number(slack.shown),
        number(slack.counted),
        besides(slack.copied, "copied for a further destination"),
        besides(slack.ignored, "left out by rules"),
        besides(slack.duplicate, "came twice"),
    );
    let width = slack.rules.iter().map(|rule| rule.rule.chars().count()).max().unwrap_or_default();
    for rule in &slack.rules {
        let nothing = if rule.hits == 0 { "  (takes nothing)" } else { "" };
        line!(
            out,
            "  rule {:width$}  {:6}  {:>9}{nothing}",
            harmless(&rule.rule),
            rule.action,
            number(rule.hits)
        );
    }
    if !slack.noisiest.is_empty() {
        line!(out, "  noisiest groups:");
        groups(out, &slack.noisiest);
    }
}

/// So many of them: a day, or, where it is no whole day, in all.
fn often(n: u64, noun: &str, per_day: Option<f64>, found: &Backtest) -> String {
    match per_day {
        Some(per_day) => format!("{}, {} a day", count(n, noun), alarm_words::number(per_day)),
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
        format!("; worst hour {} {}: {}", day(from), span(from, from), number(hour.messages))
    })
}

fn besides(n: u64, what: &str) -> String {
    if n == 0 { String::new() } else { format!(" · {} {what}", number(n)) }
}

fn groups(out: &mut String, groups: &[NoisyGroup]) {
    for NoisyGroup { status, route, lines } in groups {
        line!(out, "    {:>9} × {status} {}", number(*lines), cut(&harmless(route), WIDTH - 21));
    }
}

fn against(out: &mut String, own: &SlackFigures, figures: &AgainstFigures) {
    line!(out);
    let other = &figures.slack;
    line!(
        out,
        "OTHER RULES  {} instead of {}{}{}",
        count(other.messages, "message"),
        number(own.messages),
        match (other.messages_per_day, own.messages_per_day) {
            (Some(other), Some(own)) => {
                format!(": {} a day instead of {}", alarm_words::number(other), alarm_words::number(own))
            }
            _ => String::new(),
        },
        worst(other),
    );
    line!(out, "  would be added: {}", count(figures.added, "line"));
    groups(out, &figures.added_groups);
    line!(out, "  would go: {}", count(figures.gone, "line"));
    groups(out, &figures.gone_groups);
    for rule in other.rules.iter().filter(|rule| rule.hits == 0) {
        line!(out, "  rule \"{}\" takes nothing", harmless(&rule.rule));
    }
}

fn alarm(out: &mut String, alarm: &AlarmFigures, found: &Backtest) {
    line!(out);
    let setting = |name: &str| {
        let value = alarm.settings.get(name);
        value.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).unwrap_or_default()
    };
    line!(out, "ALARM  {}", often(alarm.notices, "notice", alarm.notices_per_day, found));
    line!(
        out,
        "  {} {} {} over {} s, {} of {}, missing data {}",
        setting("Statistic"),
        comparison(&setting("ComparisonOperator")),
        threshold_of(alarm),
        setting("Period"),
        setting("DatapointsToAlarm"),
        setting("EvaluationPeriods"),
        setting("TreatMissingData"),
    );
    for change in alarm.transitions.iter().take(MAX_LISTED) {
        let at = change.at.0;
        let value = change.value.map_or_else(|| "no data".to_owned(), alarm_words::number);
        let delay =
            change.delay_ms.map(|ms| format!("  {} after the first error", duration(ms))).unwrap_or_default();
        line!(out, "  {} {}  {:17} → {:17} {value:>7}{delay}", day(at), span(at, at), change.from, change.to);
    }
    if alarm.transitions.len() > MAX_LISTED {
        line!(
            out,
            "  and {} more changes (--json has all)",
            number((alarm.transitions.len() - MAX_LISTED) as u64)
        );
    }
    if alarm.late_lines > 0 {
        line!(
            out,
            "  {} came a day or more out of order and are in no datapoint",
            count(alarm.late_lines, "line")
        );
    }
    let column = if alarm.notices_per_day.is_some() { "notices a day" } else { "      notices" };
    line!(out, "  threshold   alarms  recoveries  {column}  time in ALARM  first error to notice");
    for figures in &alarm.thresholds {
        threshold(out, figures);
    }
    line!(
        out,
        "  CloudWatch evaluates up to two minutes later than the end of a minute, which is taken here."
    );
}

fn threshold_of(alarm: &AlarmFigures) -> String {
    let current = alarm.thresholds.iter().find(|figures| figures.is_current);
    current.map(|figures| alarm_words::exact_number(figures.threshold)).unwrap_or_default()
}

fn threshold(out: &mut String, figures: &ThresholdFigures) {
    let mark = if figures.is_current { '>' } else { ' ' };
    let delay = match (figures.median_delay_ms, figures.longest_delay_ms) {
        (Some(median), Some(longest)) => format!("{}, at most {}", duration(median), duration(longest)),
        _ => "-".to_owned(),
    };
    let in_alarm = if figures.alarms == 0 { "-".to_owned() } else { duration(figures.in_alarm_ms) };
    line!(
        out,
        "{mark} {:>9}  {:>7}  {:>10}  {:>13}  {in_alarm:>13}  {delay}",
        alarm_words::exact_number(figures.threshold),
        number(figures.alarms),
        number(figures.recoveries),
        notices(figures),
    );
}

/// What stands in the column of notices: a day, or in all where it is no whole day.
pub(crate) fn notices(figures: &ThresholdFigures) -> String {
    let all = number(figures.alarms + figures.recoveries);
    figures.notices_per_day.map_or(all, alarm_words::number)
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

fn blind_spots(out: &mut String, blind: &BlindSpots) {
    line!(out);
    line!(out, "BLIND SPOTS  {} that the metric filter does not see", count(blind.lines, "error line"));
    line!(out, "  {}", harmless(&blind.pattern));
    for reason in &blind.reasons {
        line!(out, "  {} · {}: {}", count(reason.lines, "line"), reason.reason, harmless(&reason.found));
        let options =
            textwrap::Options::new(WIDTH).initial_indent("    fix: ").subsequent_indent("         ");
        line!(out, "{}", textwrap::fill(&harmless(&reason.fix), options));
        line!(out, "    {}, line {}:", harmless(&reason.source), reason.line);
        line!(out, "    {}", cut(&harmless(&reason.example), MAX_EXAMPLE_CHARS));
    }
    if blind.not_asked_for > 0 {
        line!(
            out,
            "  {} rightly not matched: the pattern asks for others",
            count(blind.not_asked_for, "error line")
        );
    }
    if blind.false_hits > 0 {
        line!(out, "  {} without an error matched", count(blind.false_hits, "line"));
    }
}

fn harmless(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn cut(text: &str, chars: usize) -> String {
    if text.chars().count() <= chars {
        return text.to_owned();
    }
    text.chars().take(chars.saturating_sub(1)).chain(['…']).collect()
}
