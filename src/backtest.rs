//! Plays hours to months of recorded logs: what Slack would have got, when the alarm would have fired, and which errors
//! the alarm's filter is blind to.
//!
//! The lines go through the very stages of the function in virtual time: a delivery is what one log stream logs within
//! [`DELIVERY_MS`], it goes to the first free container of the [`Plan`], and a tick comes every minute. The alarm's
//! metric filter and state machine (`alarm_run`, which drives [`alarm`](crate::alarm)) see the same lines. What production
//! has and this has not: lines that CloudWatch delivers twice or late, and Slack's own 429.
//!
//! It reads as a stream: memory is bounded by the window of [`lines`] and by the number of minutes that have errors. It
//! reads no clock and prints nothing.

mod against;
mod alarm_notices;
mod alarm_run;
mod blind_spots;
mod excerpt;
mod figures;
mod fitting;
mod line;
pub mod lines;
mod minutes;
mod problems;
mod slack_run;
mod suggestions;
mod tape;
mod text;

use std::panic::resume_unwind;
use std::str::FromStr;
use std::thread::ScopedJoinHandle;

use thiserror::Error;

pub(crate) use alarm_notices::posted;
pub use figures::*;
pub use lines::Source;
pub use minutes::Minute;
pub use text::text;
pub(crate) use text::{advice, alarm_notes, notices, period, verdict};

use crate::access_log::StatusClass;
use crate::alarm::{AlarmSettings, ComparisonOperator, Statistic, TreatMissingData};
pub use crate::deliveries::DELIVERY_MS;
use crate::digest::Reader;
use crate::filter_pattern::FilterPattern;
use crate::incident::FollowUps;
use crate::incidents::NotifyMode;
use crate::slack::render::MessageStyle;
use crate::words;
use against::Against;
use alarm_run::AlarmRun;
use blind_spots::BlindSpotRun;
use line::{Kind, Line};
use minutes::Minutes;
use slack_run::SlackRun;

/// Containers where nothing else is said, as many as the Terraform module reserves.
pub const CONTAINERS: usize = 2;
/// Posts at once of one container, as the function's default.
pub const BURST: u32 = 5;
/// Then one every so many milliseconds, as the function's default.
pub const SPACING_MS: u32 = 5_000;
/// The pattern of the Terraform module's metric filter.
pub const DEFAULT_PATTERN: &str = "{ ($.status = 4*) || ($.status = 5*) }";
/// What the metric filter publishes for a minute without a match, as the Terraform module has it.
pub const DEFAULT_VALUE: f64 = 0.0;

/// What a metric filter publishes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Published {
    /// For each line that matches.
    pub value: f64,
    /// For a minute with lines of which none matches; nothing where there is none.
    pub default_value: Option<f64>,
}

impl Default for Published {
    /// One for each line and [`DEFAULT_VALUE`], as the Terraform module has it.
    fn default() -> Self {
        Self { value: 1.0, default_value: Some(DEFAULT_VALUE) }
    }
}

/// What is tried on the logs.
#[derive(Debug)]
pub struct Settings {
    /// What decides over lines in Slack.
    pub reader: Reader,
    /// The reader with other rules, to compare.
    pub against: Option<Reader>,
    /// How messages look.
    pub style: MessageStyle,
    /// How the function is deployed.
    pub plan: Plan,
    /// The alarm.
    pub alarm: AlarmSettings,
    /// The metric filter's pattern.
    pub pattern: FilterPattern,
    /// What the metric filter publishes.
    pub published: Published,
    /// Cap on one batch after inflation, bytes.
    pub max_decompressed_bytes: u64,
    /// Whether an input may consist of lines most of which are no access log.
    pub allow_unreadable: bool,
}

/// How the function is deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// What is notified.
    pub notify: NotifyMode,
    /// What its containers know of each other.
    pub state: StateKind,
    /// How many containers there are at most; at least 1.
    pub concurrency: usize,
    /// Posts at once.
    pub burst: u32,
    /// Then one every so many milliseconds.
    pub spacing_ms: u32,
    /// When an incident that goes on is notified again.
    pub follow_ups: FollowUps,
}

/// What containers know of each other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum StateKind {
    /// All: one state for all of them.
    #[default]
    Table,
    /// Nothing: each has its own.
    Memory,
}

/// The text names no state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be table or memory")]
pub struct UnknownState;

impl FromStr for StateKind {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, UnknownState> {
        match text {
            "table" => Ok(Self::Table),
            "memory" => Ok(Self::Memory),
            _ => Err(UnknownState),
        }
    }
}

impl Default for Plan {
    /// Incidents, one state, [`CONTAINERS`], [`BURST`], [`SPACING_MS`], the default schedule.
    fn default() -> Self {
        Self {
            notify: NotifyMode::default(),
            state: StateKind::default(),
            concurrency: CONTAINERS,
            burst: BURST,
            spacing_ms: SPACING_MS,
            follow_ups: FollowUps::default(),
        }
    }
}

/// Why there are no figures at all.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BacktestError {
    /// There were lines, and none of them could be placed in time.
    #[error(
        "no line with a time in {sources}: a line needs CloudWatch's timestamp or $context.requestTime; \
         export with `aws logs filter-log-events`, which has both"
    )]
    NoTime {
        /// The inputs, in words.
        sources: String,
        /// What could not be read or placed.
        warnings: Vec<Warning>,
    },
    /// There were lines, and none of them is an access log.
    #[error("nothing to test: no line of {sources} is an access log")]
    NoAccessLog {
        /// The inputs, in words.
        sources: String,
        /// What could not be read or placed.
        warnings: Vec<Warning>,
    },
    /// Nothing was read at all.
    #[error("nothing to test: no line was read from {sources}")]
    NothingToTest {
        /// The inputs, in words.
        sources: String,
        /// What could not be read or placed.
        warnings: Vec<Warning>,
    },
}

impl BacktestError {
    /// What could not be read or placed.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        match self {
            Self::NoTime { warnings, .. }
            | Self::NoAccessLog { warnings, .. }
            | Self::NothingToTest { warnings, .. } => warnings,
        }
    }
}

/// The alarm that the Terraform module makes: one error in one minute.
#[must_use]
pub fn default_alarm() -> AlarmSettings {
    AlarmSettings {
        name: None,
        namespace: None,
        metric_name: None,
        dimensions: Vec::new(),
        unit: None,
        statistic: Statistic::Sum,
        period_s: 60,
        evaluation_periods: 1,
        datapoints_to_alarm: 1,
        comparison: ComparisonOperator::GreaterThanOrEqualTo,
        threshold: 1.0,
        treat_missing_data: TreatMissingData::NotBreaching,
        are_actions_enabled: true,
    }
}

/// Tries the settings on the recorded logs. What could not be read is among the warnings, and the rest is tried.
pub fn backtest(sources: Vec<Source>, settings: &Settings) -> Result<Backtest, BacktestError> {
    let names: Vec<String> = sources.iter().map(|source| source.name.clone()).collect();
    let alarm_counts = settings.alarm.counts_class();
    // API Gateway publishes a one for each error, and a zero for any other request.
    let published = if alarm_counts.is_some() { Published::default() } else { settings.published };
    let mut run = Run {
        totals: Totals::default(),
        slack: SlackRun::new(&settings.reader, &settings.style, &settings.plan),
        against: settings
            .against
            .as_ref()
            .map(|reader| Against::new(reader, &settings.style, &settings.plan)),
        alarm: AlarmRun::new(&settings.alarm, published, &settings.style),
        alarm_counts,
        blind_spots: BlindSpotRun::new(&settings.pattern, &settings.reader.redact, names.clone()),
        minutes: Minutes::default(),
    };
    let (warnings, without_time) = lines::merged(sources, settings, &mut |line| run.line(&line));
    let inputs = || match names.as_slice() {
        [name] => name.clone(),
        names => words::count(names.len() as u64, "input"),
    };
    let Some((first_ms, last_ms)) = run.totals.span() else {
        let sources = inputs();
        return Err(if without_time > 0 {
            BacktestError::NoTime { sources, warnings }
        } else {
            BacktestError::NothingToTest { sources, warnings }
        });
    };
    let Lines { received, unreadable, .. } = run.totals.lines;
    if unreadable == received && !settings.allow_unreadable {
        return Err(BacktestError::NoAccessLog { sources: inputs(), warnings });
    }
    let days = Days::of(first_ms, last_ms);
    run.totals.lines.without_time = without_time;
    let blind_spots = run.blind_spots.finish();
    let mut slack = run.slack.finish(days);
    let tape = std::mem::take(&mut slack.tape);
    let alarm = run.alarm.finish(days, slack.figures.worst_hour.map(|hour| hour.from.0));
    let suggestions = suggestions::of(&slack.figures, &tape, &alarm, &blind_spots, settings);
    let mut minutes = run.minutes;
    slack.message_minutes.iter().for_each(|(minute, messages)| minutes.messages(*minute, *messages));
    Ok(Backtest {
        sources: names,
        first: Time(first_ms),
        last: Time(last_ms),
        days: (days.0 * 1_000.0).round() / 1_000.0,
        lines: run.totals.lines,
        against: run.against.map(|against| against.finish(days)),
        plan: PlanFigures::of(&settings.plan),
        suggestions,
        alarm,
        blind_spots,
        slack: slack.figures,
        minutes: minutes.finish(),
        warnings,
    })
}

/// What a thread came to; a defect of ours in it shows as what it is.
fn joined<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| resume_unwind(panic))
}

struct Run<'s> {
    totals: Totals,
    slack: SlackRun<'s>,
    against: Option<Against<'s>>,
    alarm: AlarmRun<'s>,
    /// What the alarm's metric counts where API Gateway publishes it, and not the metric filter.
    alarm_counts: Option<StatusClass>,
    blind_spots: BlindSpotRun<'s>,
    minutes: Minutes,
}

impl Run<'_> {
    fn line(&mut self, line: &Line) {
        self.totals.add(line);
        let is_counted = match (self.alarm_counts, line.kind) {
            (None, _) => line.is_matched,
            (Some(class), Kind::Error(status)) => status.class() == class,
            (Some(_), _) => false,
        };
        self.alarm.lines(line.at_ms, is_counted, line.lines);
        if let Kind::Error(status) = line.kind {
            self.minutes.error(line.at_ms, status.class() == StatusClass::ServerError);
        }
        self.blind_spots.line(line);
        let is_told = self.slack.line(line);
        if let Some(against) = &mut self.against {
            against.line(line, is_told);
        }
    }
}

/// Counts of all lines, and the time they span.
#[derive(Debug, Default)]
struct Totals {
    lines: Lines,
    span: Option<(i64, i64)>,
}

impl Totals {
    fn add(&mut self, line: &Line) {
        let lines = &mut self.lines;
        lines.received += line.lines;
        match line.kind {
            Kind::Ok => lines.ok += line.lines,
            Kind::Unreadable => lines.unreadable += 1,
            Kind::Error(status) if status.class() == StatusClass::ServerError => lines.server_errors += 1,
            Kind::Error(_) => lines.client_errors += 1,
        }
        if line.is_salvaged {
            lines.salvaged += line.lines;
        }
        let (first, last) = self.span.unwrap_or((line.at_ms, line.at_ms));
        self.span = Some((first.min(line.at_ms), last.max(line.at_ms)));
    }

    fn span(&self) -> Option<(i64, i64)> {
        self.span
    }
}

/// How many days the recording spans, in whole minutes.
#[derive(Debug, Clone, Copy)]
struct Days(f64);

impl Days {
    fn of(first_ms: i64, last_ms: i64) -> Self {
        let minutes = last_ms.div_euclid(MINUTE_MS).saturating_sub(first_ms.div_euclid(MINUTE_MS)) + 1;
        #[allow(clippy::cast_precision_loss, reason = "a span in minutes is far below 2^53")]
        let days = minutes as f64 / 1_440.0;
        Self(days)
    }

    /// So many a day, to one decimal; `None` where there is no whole day to tell from.
    fn rate(self, count: u64) -> Option<f64> {
        #[allow(clippy::cast_precision_loss, reason = "no recording makes 2^53 messages")]
        let count = count as f64;
        (self.0 >= 1.0).then(|| (count / self.0 * 10.0).round() / 10.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shorter_than_a_day_has_no_figure_a_day() {
        let day_ms = 24 * 60 * MINUTE_MS;
        assert_eq!(Days::of(0, day_ms - MINUTE_MS - 1).rate(10), None);
        assert_eq!(Days::of(5_000, day_ms - 5_000).rate(10), Some(10.0), "all its minutes are a day");
        assert_eq!(Days::of(0, 3 * day_ms - 1).rate(10), Some(3.3));
    }
}
