//! The error lines of the last hour that a filter does not match: how many, why, and the fix.
//!
//! No text of a line is kept.

use std::collections::BTreeMap;

use super::facts::{Alarm, Deployment, LogGroup, MetricFilter, Unknown};
use super::finding::{Finding, word};
use super::subscription::own_filter;
use crate::access_log::{Format, Reading, StatusClass, read};
use crate::filter_pattern::FilterPattern;
use crate::words::{count, number};

const METRIC: &str = "metric filter";
const HELD_BACK: &str = "filter pattern";
const LINES: &str = "last hour's lines";
/// Characters of a pattern that are shown.
const MAX_SHOWN: usize = 200;
/// Reasons that are told apart; what else there is counts under the last one.
const MAX_REASONS: usize = 16;

/// What a filter does not see.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BlindSpots {
    /// Lines with a status of 400 and above.
    pub errors: u64,
    /// Those of them that it cannot see, though it could be made to.
    pub unseen: u64,
    /// Why, the most frequent reason first.
    pub reasons: Vec<Reason>,
}

/// Why a filter does not see some lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// A few words.
    pub label: &'static str,
    /// The change to pattern or format that would let it see them.
    pub fix: String,
    /// How many lines.
    pub lines: u64,
}

/// Looks at lines one by one.
#[derive(Debug)]
pub struct Scan {
    format: Format,
    metric_filters: Option<Side>,
    subscription_filter: Side,
}

/// One filter, or several of which one has to see a line.
#[derive(Debug, Default)]
struct Side {
    patterns: Vec<FilterPattern>,
    errors: u64,
    unseen: u64,
    reasons: BTreeMap<(&'static str, String), u64>,
}

impl Scan {
    /// Patterns that do not parse are left out. `metric_filters` is empty where there is none.
    #[must_use]
    pub fn new(format: Format, metric_filters: &[&str], subscription_filter: Option<&str>) -> Self {
        let side = Side::new(metric_filters);
        let metric_filters = (!side.patterns.is_empty()).then_some(side);
        Self { format, metric_filters, subscription_filter: Side::new(subscription_filter.as_slice()) }
    }

    /// Looks at the message of one log event.
    pub fn line(&mut self, line: &str) {
        let (Reading::AccessLog(log) | Reading::Salvaged(log)) = read(line, self.format) else { return };
        if log.status.class() == StatusClass::Ok {
            return;
        }
        self.subscription_filter.error(line);
        if let Some(side) = &mut self.metric_filters {
            side.error(line);
        }
    }

    /// What the metric filters do not see, where there are any, and what the subscription filter holds back.
    #[must_use]
    pub fn finish(self) -> (Option<BlindSpots>, BlindSpots) {
        (self.metric_filters.map(Side::finish), self.subscription_filter.finish())
    }
}

impl Side {
    fn new(patterns: &[&str]) -> Self {
        let patterns = patterns.iter().filter_map(|pattern| FilterPattern::parse(pattern).ok());
        Self { patterns: patterns.collect(), ..Self::default() }
    }

    fn error(&mut self, line: &str) {
        self.errors += 1;
        if self.patterns.is_empty() || self.patterns.iter().any(|pattern| pattern.matches(line)) {
            return;
        }
        // A pattern that could judge the line, and does not ask for it, is not blind.
        let blind = self.patterns.iter().find_map(|pattern| {
            let blindness = pattern.blindness(line)?;
            Some((blindness.label(), blindness.fix()?))
        });
        let Some(mut key) = blind else { return };
        self.unseen += 1;
        if self.reasons.len() >= MAX_REASONS && !self.reasons.contains_key(&key) {
            key = ("other reasons", "look at these lines with statuswatch match".to_owned());
        }
        *self.reasons.entry(key).or_default() += 1;
    }

    fn finish(self) -> BlindSpots {
        let reasons = self.reasons.into_iter().map(|((label, fix), lines)| Reason { label, fix, lines });
        let mut reasons: Vec<Reason> = reasons.collect();
        reasons.sort_by_key(|reason| std::cmp::Reverse(reason.lines));
        BlindSpots { errors: self.errors, unseen: self.unseen, reasons }
    }
}

pub(super) fn judge(known: &Deployment, findings: &mut Vec<Finding>) {
    for group in known.groups.iter().filter(|group| !matches!(group.filters, Ok(None))) {
        one(group, known, findings);
    }
}

/// The metric filters by whose metrics an alarm counts; all where none is known to.
#[must_use]
pub fn counted<'f>(filters: &'f [MetricFilter], alarms: &[Alarm]) -> Vec<&'f MetricFilter> {
    let is_counted = |filter: &MetricFilter| {
        alarms.iter().filter_map(|alarm| alarm.metric.as_ref()).any(|metric| filter.metrics.contains(metric))
    };
    let any_counted = filters.iter().any(is_counted);
    filters.iter().filter(|filter| !any_counted || is_counted(filter)).collect()
}

fn one(group: &LogGroup, known: &Deployment, findings: &mut Vec<Finding>) {
    let name = &group.name;
    let subscriptions = group.filters.as_ref().ok().and_then(Option::as_deref).unwrap_or_default();
    let own_pattern = own_filter(subscriptions, &known.lines).map_or("", |filter| filter.pattern.as_str());
    let mut metric_filter_option = "--metric-filter".to_owned();
    match &group.metric_filters {
        Err(why) => findings.push(Finding::unknown(METRIC, name, why)),
        Ok(filters) if filters.is_empty() => {
            findings.push(Finding::not_deployed(METRIC, name, "there is none: no alarm counts by it"));
        }
        Ok(filters) => {
            let of_alarms = counted(filters, known.called_by.as_deref().unwrap_or_default());
            // Without a name it takes the only one.
            if let (2.., Some(filter)) = (filters.len(), of_alarms.first()) {
                metric_filter_option.push('=');
                metric_filter_option.push_str(&word(&filter.name));
            }
            findings.extend(of_alarms.iter().filter_map(|filter| unreadable(METRIC, name, &filter.pattern)));
        }
    }
    findings.extend(unreadable(HELD_BACK, name, own_pattern));
    let lines = match &group.lines {
        None => return,
        Some(Err(why @ Unknown::Limit(_))) => {
            let finding =
                Finding::unknown(LINES, name, why).with_command(command(name, &metric_filter_option));
            return findings.push(finding);
        }
        Some(Err(why)) => return findings.push(Finding::unknown(LINES, name, why)),
        Some(Ok(lines)) => lines,
    };
    let of = if lines.is_cut { "the first lines of the last hour" } else { "the last hour" };
    if let Some(spots) = &lines.metric_filter {
        findings.push(metric_filter(name, spots, of, &metric_filter_option));
    }
    let held = &lines.subscription_filter;
    if held.unseen > 0 {
        findings.push(
            Finding::bad(
                HELD_BACK,
                name,
                format!(
                    "the subscription filter holds back {} of {} of {of}: {}",
                    number(held.unseen),
                    count(held.errors, "error line"),
                    label(held)
                ),
                fix(held),
            )
            .with_command(command(name, &format!("--pattern {}", word(own_pattern)))),
        );
    }
}

/// A warning where a pattern cannot be read, and so is not judged by.
fn unreadable(check: &'static str, name: &str, pattern: &str) -> Option<Finding> {
    let error = FilterPattern::parse(pattern).err().filter(|_| !pattern.trim().is_empty())?;
    let shown: String = pattern.chars().take(MAX_SHOWN).collect();
    Some(Finding::warning(
        check,
        name,
        format!("not checked: its pattern {shown} cannot be read: {}", error.problem()),
        error.fix(),
    ))
}

fn metric_filter(name: &str, spots: &BlindSpots, of: &str, option: &str) -> Finding {
    if spots.unseen == 0 {
        let found = match spots.errors {
            0 => format!("no error line in {of} to judge by"),
            errors => format!("is blind to none of {} of {of}", count(errors, "error line")),
        };
        return Finding::good(METRIC, name, found);
    }
    let (unseen, errors) = (number(spots.unseen), count(spots.errors, "error line"));
    let found = format!("the alarm does not see {unseen} of {errors} of {of}: {}", label(spots));
    if spots.unseen == spots.errors {
        Finding::bad(METRIC, name, found, fix(spots)).with_command(command(name, option))
    } else {
        Finding::warning(METRIC, name, found, fix(spots)).with_command(command(name, option))
    }
}

fn label(spots: &BlindSpots) -> &'static str {
    spots.reasons.first().map_or("other reasons", |reason| reason.label)
}

fn fix(spots: &BlindSpots) -> String {
    spots.reasons.first().map(|reason| reason.fix.clone()).unwrap_or_default()
}

fn command(group: &str, filter: &str) -> String {
    format!("statuswatch backtest --since 1h --log-group {} {filter}", word(group))
}
