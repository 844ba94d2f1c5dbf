//! What would make fewer messages or show more errors: computed from the same recording, never guessed.

use serde_json::json;

use super::Settings;
use super::figures::{AlarmFigures, BlindSpots, MAX_NOTICES_A_DAY, SlackFigures, Suggestion};
use super::slack_run::SlackRun;
use super::tape::Tape;
use crate::incidents::NotifyMode;

/// Groups of which a rule is tried.
const MAX_TRIED: usize = 4;
/// A rule is worth its place where it saves one message in so many.
const WORTH: u64 = 10;

pub(super) fn of(
    slack: &SlackFigures,
    tape: &Tape,
    alarm: &AlarmFigures,
    blind_spots: &BlindSpots,
    settings: &Settings,
) -> Vec<Suggestion> {
    let all = [filter(blind_spots), rule(slack, tape, settings), threshold(alarm)];
    all.into_iter().flatten().collect()
}

fn filter(blind_spots: &BlindSpots) -> Option<Suggestion> {
    let most = blind_spots.reasons.first()?;
    Some(Suggestion::Filter { lines: blind_spots.lines, fix: most.fix.clone() })
}

/// The recording is played again without each of the most frequent groups of client errors, then, where no group is worth
/// a rule, without each of their statuses. Nobody should be advised not to be told of a server error.
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
    let again = || SlackRun::new(&settings.reader, &settings.style, &settings.plan);
    // Where the tape could not hold all, it is no measure.
    if statuses.is_empty() || again().messages_of(tape.without(|_, _| false)) != slack.messages {
        return None;
    }
    [routes, statuses].into_iter().find_map(|candidates| {
        let tried = candidates.into_iter().map(|(status, route)| {
            let is_left_out = |of: u16, at: &str| of == status && route.is_none_or(|route| route == at);
            (again().messages_of(tape.without(is_left_out)), status, route)
        });
        let (messages, status, route) = tried.min()?;
        let saves = slack.messages.saturating_sub(messages);
        (saves * WORTH >= slack.messages).then(|| Suggestion::Rule {
            rule: counting(status, route),
            messages,
            saves,
        })
    })
}

/// A rule that counts these lines and tells of none.
fn counting(status: u16, route: Option<&str>) -> serde_json::Value {
    let mut rule = json!({ "name": format!("only count {status}"), "status": [status.to_string()] });
    if let (Some(route), Some(fields)) = (route, rule.as_object_mut()) {
        fields.insert("name".to_owned(), format!("only count {status} {route}").into());
        fields.insert("route".to_owned(), json!([route]));
    }
    if let Some(fields) = rule.as_object_mut() {
        fields.insert("action".to_owned(), "count".into());
    }
    rule
}

/// The lowest one that makes few enough notices, where the alarm's own makes more.
fn threshold(alarm: &AlarmFigures) -> Option<Suggestion> {
    let is_too_much = |a_day: f64| a_day > MAX_NOTICES_A_DAY;
    alarm.notices_per_day.filter(|a_day| is_too_much(*a_day))?;
    let current = alarm.thresholds.iter().position(|figures| figures.is_current)?;
    let mut higher = alarm.thresholds.iter().skip(current + 1);
    let found = higher.find(|figures| figures.notices_per_day.is_some_and(|a_day| !is_too_much(a_day)))?;
    Some(Suggestion::Threshold { threshold: found.threshold, notices_per_day: found.notices_per_day? })
}
