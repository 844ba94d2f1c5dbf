//! What would make fewer messages or show more errors: computed from the same recording, never guessed.

use std::thread;

use serde_json::json;

use super::figures::{
    AlarmFigures, BlindSpots, MAX_NOTICES_A_DAY, SlackFigures, Suggestion, ThresholdFigures,
};
use super::slack_run::SlackRun;
use super::tape::Tape;
use super::{Settings, joined};
use crate::alarm::ComparisonOperator;
use crate::digest::Reader;
use crate::incidents::NotifyMode;
use crate::rules::Rules;

/// Groups of which a rule is tried.
const MAX_TRIED: usize = 4;
/// A rule is worth its place where it saves one message in so many.
const WORTH: u64 = 10;
/// The longest name that a rule may have.
const MAX_NAME_CHARS: usize = 80;

pub(super) fn of(
    slack: &SlackFigures,
    tape: &Tape,
    alarm: &AlarmFigures,
    blind_spots: &BlindSpots,
    settings: &Settings,
) -> Vec<Suggestion> {
    // What API Gateway counts itself needs no metric filter.
    let filter = if settings.alarm.counts_class().is_some() { None } else { filter(blind_spots) };
    let all = [filter, rule(slack, tape, settings), threshold(alarm, settings.alarm.comparison)];
    all.into_iter().flatten().collect()
}

fn filter(blind_spots: &BlindSpots) -> Option<Suggestion> {
    let most = blind_spots.reasons.first()?;
    Some(Suggestion::Filter { lines: blind_spots.lines, fix: most.fix.clone() })
}

/// The recording is played again without each of the most frequent groups of client errors, then, where no group is worth
/// a rule, without each of their statuses. Nobody should be advised not to be notified of a server error.
fn rule(slack: &SlackFigures, tape: &Tape, settings: &Settings) -> Option<Suggestion> {
    if settings.plan.notify != NotifyMode::Incidents || slack.messages < WORTH {
        return None;
    }
    let groups = tape.most_frequent();
    let client_errors = groups.into_iter().filter(|(status, _)| (400..500).contains(status));
    let (mut routes, mut statuses) = (Vec::new(), Vec::new());
    for (status, route) in client_errors {
        for (tried, candidate) in [(&mut routes, (status, Some(route))), (&mut statuses, (status, None))] {
            if tried.len() < MAX_TRIED && !tried.contains(&candidate) && candidate.1 != Some("") {
                tried.push(candidate);
            }
        }
    }
    let messages_without = |taken: &[bool]| {
        SlackRun::new(&settings.reader, &settings.style, &settings.plan).messages_of(tape.without(taken))
    };
    // Where the tape could not hold all, it is no measure.
    if statuses.is_empty() || messages_without(&[]) != slack.messages {
        return None;
    }
    [routes, statuses].into_iter().find_map(|candidates| {
        let usable = candidates.into_iter().filter_map(|(status, route)| {
            let (rule, taken) = usable(status, route, tape, &settings.reader)?;
            Some((status, route, rule, taken))
        });
        let tried = side_by_side(usable, |(status, route, rule, taken)| {
            (messages_without(&taken), status, route, rule)
        });
        let (messages, _, _, rule) =
            tried.into_iter().min_by(|a, b| (a.0, a.1, a.2).cmp(&(b.0, b.1, b.2)))?;
        let saves = slack.messages.saturating_sub(messages);
        (saves * WORTH >= slack.messages).then_some(Suggestion::Rule { rule, messages, saves })
    })
}

/// What becomes of each item, in their order; each has a thread of its own.
fn side_by_side<T: Send, R: Send>(items: impl Iterator<Item = T>, each: impl Fn(T) -> R + Sync) -> Vec<R> {
    thread::scope(|scope| {
        let each = &each;
        let threads: Vec<_> = items.map(|item| scope.spawn(move || each(item))).collect();
        threads.into_iter().map(joined).collect()
    })
}

/// A rule that counts these lines, and for each group of the tape whether it takes it: asked of the rule as it would be
/// deployed. `None` where no rule takes them, or where no other rule could be reached behind it.
fn usable(
    status: u16,
    route: Option<&str>,
    tape: &Tape,
    reader: &Reader,
) -> Option<(serde_json::Value, Vec<bool>)> {
    let ways = route.map_or_else(|| vec![None], |route| spellings(route).into_iter().map(Some).collect());
    ways.into_iter().find_map(|way| {
        let rule = counting(status, way.as_deref(), &reader.rules);
        let rules = Rules::parse(&json!({ "rules": [rule] }).to_string()).ok()?;
        if rules.hide_any_of(&reader.rules) {
            return None;
        }
        let taken = tape.taken_by(&rules, reader.format, |of| route.is_none() && of == status);
        tape.are_taken(status, route, &taken).then_some((rule, taken))
    })
}

/// How a rule may write a route that messages show: as it is; with any method where it shows none, or one that is none of
/// HTTP's; with `*` for white space.
fn spellings(route: &str) -> Vec<String> {
    let (method, path) = match route.split_once(' ') {
        Some((method, path)) if !route.starts_with('/') => (method, path),
        _ => ("*", route),
    };
    let without_space: String = path.chars().map(|c| if c.is_whitespace() { '*' } else { c }).collect();
    vec![route.to_owned(), format!("{method} {without_space}"), path.to_owned()]
}

/// A rule that counts these lines and tells of none, under a name that no other rule has.
fn counting(status: u16, route: Option<&str>, others: &Rules) -> serde_json::Value {
    let wanted =
        route.map_or_else(|| format!("only count {status}"), |route| format!("only count {status} {route}"));
    let cut = |chars: usize| -> String {
        wanted.chars().map(|c| if c.is_control() { ' ' } else { c }).take(chars).collect()
    };
    let is_free = |name: &String| others.iter().all(|(_, rule)| rule.name() != name);
    let numbered = (2..=others.iter().len() + 2).map(|n| format!("{} {n}", cut(MAX_NAME_CHARS - 5)));
    let name = std::iter::once(cut(MAX_NAME_CHARS)).chain(numbered).find(is_free).unwrap_or_default();
    let mut rule = json!({ "name": name, "status": [status.to_string()], "action": "count" });
    if let (Some(route), Some(fields)) = (route, rule.as_object_mut()) {
        fields.insert("route".to_owned(), json!([route]));
    }
    rule
}

/// The nearest one that is harder to breach and makes few enough notices, where the alarm's own makes more. One with which
/// the alarm would never have fired is no advice: nobody would hear of these errors.
fn threshold(alarm: &AlarmFigures, comparison: ComparisonOperator) -> Option<Suggestion> {
    let is_too_much = |a_day: f64| a_day > MAX_NOTICES_A_DAY;
    alarm.notices_per_day.filter(|a_day| is_too_much(*a_day))?;
    let current = alarm.thresholds.iter().position(|figures| figures.is_current)?;
    let (lower, higher) = (alarm.thresholds.get(..current)?, alarm.thresholds.get(current + 1..)?);
    let is_good = |figures: &&ThresholdFigures| {
        figures.alarms > 0 && figures.notices_per_day.is_some_and(|a_day| !is_too_much(a_day))
    };
    let found = match comparison {
        ComparisonOperator::LessThan | ComparisonOperator::LessThanOrEqualTo => {
            lower.iter().rev().find(is_good)
        }
        _ => higher.iter().find(is_good),
    }?;
    Some(Suggestion::Threshold { threshold: found.threshold, notices_per_day: found.notices_per_day? })
}

#[cfg(test)]
mod tests;
