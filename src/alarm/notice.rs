//! A change to be notified in, the parts of its message out: the renderer only arranges them.
//!
//! Plain texts, times and an address. The texts are strangers' and are not escaped; their length is not limited
//! here but for what stands in the heading.

use super::change::{AlarmChange, Watched};
use super::memory::NoticeKind;
use super::phrases;
use crate::console_links::Region;
use crate::words::duration;

/// At most so many characters of a quoted reason stand in the heading.
const MAX_QUOTED_CHARS: usize = 200;

/// At most so many triggering alarms are named.
const MAX_TRIGGERING: usize = 3;

/// An evaluation can come this long after the end of the newest period that it looks at: in AWS's own samples up to
/// two minutes.
const EVALUATION_LAG_MS: i64 = 120_000;

/// What the recovery of a contributor must not be taken for.
const ONE_CONTRIBUTOR: &str = "One contributor of this alarm; others may still be in ALARM.";

/// The period of an alarm that tells none, as a composite one: what the console offers for a new alarm.
const UNTOLD_PERIOD_S: u64 = 300;

/// The parts of an alarm's message.
#[derive(Debug, Clone, PartialEq)]
pub struct AlarmNotice {
    /// The alarm's name.
    pub alarm: String,
    /// First notice, recovery, or a first notice that comes behind its recovery.
    pub kind: NoticeKind,
    /// The heading's pieces in order, to be joined by the separator of headings:
    /// `ALARM`, the alarm's name, `37 errors in 1 min (threshold: 1 or more, 1 of 1 periods)`;
    /// `ALARM, over by now` and the same where the recovery was notified first;
    /// `OK again`, the alarm's name, `after 7 min` where that is known.
    /// A contributor's attributes stand behind the alarm's name, and it is never said to be the alarm that is OK:
    /// `ALARM`, the alarm's name, `Resource /v1/orders`, `12 over 5`; `Contributor recovered` and so on.
    pub heading: Vec<String>,
    /// Our own words below the heading.
    pub note: Option<&'static str>,
    /// The description, or else the dimensions of the metric, such as `ApiName orders, Stage prod`.
    pub about: Option<String>,
    /// Since when the alarm is, or was, in alarm, epoch milliseconds.
    pub since_ms: Option<i64>,
    /// When it changed to the state that is notified, epoch milliseconds.
    pub changed_at_ms: i64,
    /// The alarm's page in the console, where its Region is known.
    pub alarm_url: Option<String>,
    /// The number of the alarm's account, where it is given.
    pub account: Option<String>,
    /// The alarm's Region, for further links.
    pub region: Option<Region>,
    /// The log groups that the alarm itself names: that of its metric's dimension, or those of a log alarm.
    pub log_groups: Vec<String>,
    /// A log alarm's own query, for the link to its log groups.
    pub query: Option<String>,
    /// The time to look at in the logs: start and end, epoch milliseconds. `None` where it is not given.
    pub window_ms: Option<(i64, i64)>,
}

impl AlarmNotice {
    /// Puts a change in parts, once [`AlarmMemory::decide`](super::AlarmMemory::decide) said to tell it.
    #[must_use]
    pub fn new(change: &AlarmChange, kind: NoticeKind) -> Self {
        let (heading, since_ms) = match kind {
            NoticeKind::FirstNotice { since_ms } => (first_notice("ALARM", change), Some(since_ms)),
            NoticeKind::BelatedNotice { since_ms, .. } => {
                (first_notice("ALARM, over by now", change), Some(since_ms))
            }
            NoticeKind::Recovery { began_ms } => {
                let lasted =
                    began_ms.and_then(|began| u64::try_from(change.changed_at_ms.checked_sub(began)?).ok());
                let after = lasted.map(|lasted| format!("after {}", duration(lasted)));
                let news = if change.contributor.is_some() { "Contributor recovered" } else { "OK again" };
                (subject(news, change).chain(after).collect(), began_ms)
            }
        };
        let region = change.region.as_deref().and_then(Region::new);
        Self {
            alarm: change.name.clone(),
            kind,
            heading,
            note: match kind {
                NoticeKind::Recovery { .. } if change.contributor.is_some() => Some(ONE_CONTRIBUTOR),
                _ => None,
            },
            about: change.description.clone().or_else(|| dimensions(change)),
            since_ms,
            changed_at_ms: change.changed_at_ms,
            alarm_url: region.as_ref().map(|region| region.alarm(&change.name)),
            account: change.account.clone(),
            region,
            log_groups: log_groups(change),
            query: match &change.watched {
                Watched::LogQuery(asked) if !asked.query.is_empty() => Some(asked.query.clone()),
                _ => None,
            },
            window_ms: window(change, kind),
        }
    }
}

fn first_notice(news: &str, change: &AlarmChange) -> Vec<String> {
    subject(news, change).chain(what_happened(change)).collect()
}

/// The news, the alarm's name, and its contributor where it is one that changed.
fn subject(news: &str, change: &AlarmChange) -> impl Iterator<Item = String> {
    let contributor = change.contributor.as_ref().map(phrases::contributor);
    [news.to_owned(), change.name.clone()].into_iter().chain(contributor)
}

/// What was counted and when that breaches, or else CloudWatch's own words.
fn what_happened(change: &AlarmChange) -> Option<String> {
    let condition = phrases::condition(change.condition.comparison, change.condition.threshold);
    let periods = phrases::periods(change);
    let threshold = match (condition, periods) {
        (Some(condition), Some(periods)) => format!(" (threshold: {condition}, {periods})"),
        (Some(condition), None) => format!(" (threshold: {condition})"),
        (None, Some(periods)) => format!(" ({periods})"),
        (None, None) => String::new(),
    };
    if change.contributor.is_some()
        && let Some(what) = phrases::against_threshold(change)
    {
        return Some(what);
    }
    let contributors = change.time_series.map(phrases::contributors);
    if let Some(what) = contributors.or_else(|| phrases::counted(change)).or_else(|| triggered_by(change)) {
        return Some(format!("{what}{threshold}"));
    }
    let reason = change.reason.trim();
    (!reason.is_empty()).then(|| format!("“{}”{threshold}", cut(reason)))
}

fn triggered_by(change: &AlarmChange) -> Option<String> {
    let Watched::Composite { triggering, .. } = &change.watched else { return None };
    let named: Vec<&str> = triggering.iter().take(MAX_TRIGGERING).map(|alarm| alarm.name.as_str()).collect();
    let more = triggering.len().saturating_sub(MAX_TRIGGERING);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!named.is_empty()).then(|| format!("triggered by {}{more}", named.join(", ")))
}

fn dimensions(change: &AlarmChange) -> Option<String> {
    let Watched::Metric(metric) = &change.watched else { return None };
    let named: Vec<String> =
        metric.dimensions.iter().map(|(name, value)| format!("{name} {value}")).collect();
    (!named.is_empty()).then(|| named.join(", "))
}

/// The log groups that the alarm itself names.
///
/// CloudWatch Logs' own metrics have this dimension (its user guide, "Monitoring with CloudWatch metrics").
pub(crate) fn log_groups(change: &AlarmChange) -> Vec<String> {
    match &change.watched {
        Watched::Metric(metric) => {
            let named = metric.dimensions.iter().find(|(name, _)| name == "LogGroupName");
            named.map(|(_, log_group)| log_group.clone()).into_iter().collect()
        }
        Watched::LogQuery(asked) => asked.log_groups.clone(),
        _ => Vec::new(),
    }
}

/// From the datapoints that set the alarm off to the newest of them, or to its end.
fn window(change: &AlarmChange, kind: NoticeKind) -> Option<(i64, i64)> {
    let seconds = change.condition.period_s.unwrap_or(UNTOLD_PERIOD_S);
    let period_ms = i64::try_from(seconds.checked_mul(1_000)?).ok()?;
    let changed_ms = change.changed_at_ms;
    match kind {
        NoticeKind::FirstNotice { .. } | NoticeKind::BelatedNotice { .. } => {
            // A sentence that CloudWatch did not write may name any day, and an old one has day and month swapped.
            let plausible = evaluated_from(change, period_ms.saturating_mul(3), changed_ms)..=changed_ms;
            let starts = || {
                change.datapoints.iter().filter_map(|point| point.start_ms).filter(|s| plausible.contains(s))
            };
            Some(match (starts().min(), starts().max()) {
                // The time of a query result is that of the query, which looked at what lay before.
                (Some(oldest), _) if matches!(change.watched, Watched::LogQuery(_)) => {
                    (oldest.saturating_sub(period_ms), changed_ms)
                }
                (Some(oldest), Some(newest)) => (oldest, newest.saturating_add(period_ms)),
                _ => (evaluated_from(change, period_ms, changed_ms), changed_ms),
            })
        }
        NoticeKind::Recovery { began_ms } => Some((evaluated_from(change, period_ms, began_ms?), changed_ms)),
    }
}

/// Where an evaluation at this time began to look, to the minute.
fn evaluated_from(change: &AlarmChange, period_ms: i64, at_ms: i64) -> i64 {
    let periods = i64::from(change.condition.evaluation_periods.unwrap_or(1));
    let from = at_ms.saturating_sub(period_ms.saturating_mul(periods)).saturating_sub(EVALUATION_LAG_MS);
    from.saturating_sub(from.rem_euclid(60_000))
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_QUOTED_CHARS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default().trim_end()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alarm::{AlarmMemory, IncomingNotification, NoticeDecision, read_notifications};

    /// The notice of a direct action with this state and configuration.
    fn notice(state: &serde_json::Value, configuration: &serde_json::Value) -> AlarmNotice {
        let event = serde_json::json!({
            "alarmArn": "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:errors",
            "alarmData": {"alarmName": "errors", "state": state, "configuration": configuration},
        });
        let mut read = read_notifications(event.to_string().as_bytes()).unwrap();
        let Ok(IncomingNotification::Change(change)) = read.remove(0) else { panic!("{event}") };
        let NoticeDecision::Notify(kind) = AlarmMemory::default().decide(&change) else { panic!("{event}") };
        AlarmNotice::new(&change, kind)
    }

    fn metric() -> serde_json::Value {
        serde_json::json!({"metrics": [{"metricStat": {"metric": {"name": "Errors"}, "period": 60, "stat": "Sum"}}]})
    }

    fn alarm(reason: &str) -> serde_json::Value {
        serde_json::json!({"value": "ALARM", "reason": reason, "timestamp": "2020-11-18T05:30:12.345+0000"})
    }

    const CHANGED_MS: i64 = 1_605_677_412_345;

    #[test]
    fn a_long_reason_is_cut_on_a_character_and_marked() {
        let heading = notice(&alarm(&"é".repeat(500)), &metric()).heading;
        assert_eq!(heading.last().unwrap(), &format!("“{}…”", "é".repeat(200)));
    }

    #[test]
    fn without_any_reason_the_name_stands_alone() {
        assert_eq!(notice(&alarm(""), &metric()).heading, ["ALARM", "errors"]);
    }

    #[test]
    fn one_error_is_one_error() {
        let reason = "Threshold Crossed: 1 datapoint [1.0 (18/11/20 05:29:00)] was greater than or equal to the threshold (1.0).";
        let notice = notice(&alarm(reason), &metric());
        assert_eq!(notice.heading.last().unwrap(), "1 error in 1 min (threshold: 1 or more)");
        assert_eq!(notice.window_ms, Some((1_605_677_340_000, 1_605_677_400_000)));
    }

    #[test]
    fn a_datapoint_of_another_day_does_not_move_the_window() {
        for day in ["11/18/20", "18/11/21", "18/10/20"] {
            let reason = format!(
                "Threshold Crossed: 1 datapoint [9.0 ({day} 05:29:00)] was greater than the threshold (1.0)."
            );
            let (start, end) = notice(&alarm(&reason), &metric()).window_ms.unwrap();
            assert_eq!(end, CHANGED_MS, "{day}");
            assert_eq!(start, 1_605_677_220_000, "{day}: a period and two minutes before, to the minute");
        }
    }

    #[test]
    fn the_value_told_is_the_newest_that_breaches() {
        let reason = "Threshold Crossed: 2 out of the last 3 datapoints [0.0 (18/11/20 05:29:00), 7.0 (18/11/20 05:28:00), \
                      9.0 (18/11/20 05:27:00)] were greater than the threshold (1.0) (minimum 2 datapoints for OK -> ALARM transition).";
        let heading = notice(&alarm(reason), &metric()).heading;
        assert_eq!(heading.last().unwrap(), "7 errors in 1 min (threshold: more than 1, 2 of 3 periods)");
    }

    #[test]
    fn of_many_triggering_alarms_three_are_named() {
        let alarms: Vec<_> = ["a", "b", "c", "d", "e"].map(|name| serde_json::json!({"arn": name})).into();
        let state = serde_json::json!({"value": "ALARM", "timestamp": "2020-11-18T05:30:12.345+0000",
            "reasonData": serde_json::json!({"triggeringAlarms": alarms}).to_string()});
        let heading = notice(&state, &serde_json::json!({"alarmRule": "ALARM(a)"})).heading;
        assert_eq!(heading.last().unwrap(), "triggered by a, b, c and 2 more");
    }
}
