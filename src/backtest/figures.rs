//! What a backtest came to, as `--json` prints it and as text and report show it.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::minutes::Minute;
use super::{Plan, StateKind};
use crate::incidents::NotifyMode;
use crate::slack::message::Message;
use crate::words;

/// A time in epoch milliseconds; in JSON it is ISO 8601 in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub i64);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&words::iso(self.0))
    }
}

/// All of it.
#[derive(Debug, Serialize)]
pub struct Backtest {
    /// The inputs' names.
    pub sources: Vec<String>,
    /// The oldest line.
    pub first: Time,
    /// The newest line.
    pub last: Time,
    /// Days from the first line's minute to the last line's. What is counted a day is divided by it, and left out
    /// where it is below 1: an hour's messages say nothing of a day.
    pub days: f64,
    /// How the function was taken to be deployed.
    pub plan: PlanFigures,
    /// What would make fewer messages or show more errors, where anything would.
    pub suggestions: Vec<Suggestion>,
    /// What the lines are.
    pub lines: Lines,
    /// What Slack would have been sent.
    pub slack: SlackFigures,
    /// The same with other rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub against: Option<AgainstFigures>,
    /// What the alarm would have done.
    pub alarm: AlarmFigures,
    /// Which errors the metric filter does not see.
    pub blind_spots: BlindSpots,
    /// Errors and messages by the minute; only minutes that have any.
    pub minutes: Vec<Minute>,
    /// What could not be read or placed.
    pub warnings: Vec<Warning>,
}

/// How the function was taken to be deployed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlanFigures {
    /// `incidents` or `every`.
    pub notify: &'static str,
    /// `table` or `memory`.
    pub state: &'static str,
    /// Containers at most.
    pub concurrency: usize,
    /// Posts at once.
    pub burst: u32,
    /// Then one in so many seconds.
    pub spacing_seconds: u32,
    /// The schedule of follow-ups, as it is set.
    pub follow_ups: String,
}

impl PlanFigures {
    pub(super) fn of(plan: &Plan) -> Self {
        let Plan { notify, state, concurrency, burst, spacing_ms, follow_ups } = plan;
        Self {
            notify: match notify {
                NotifyMode::Incidents => "incidents",
                NotifyMode::Every => "every",
            },
            state: match state {
                StateKind::Table => "table",
                StateKind::Memory => "memory",
            },
            concurrency: *concurrency,
            burst: *burst,
            spacing_seconds: spacing_ms / 1_000,
            follow_ups: follow_ups.to_string(),
        }
    }
}

/// Something to change, and what that was computed to come to.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Suggestion {
    /// A rule before the others: of the noisiest groups of client errors, the one without which there are the fewest
    /// messages.
    Rule {
        /// The rule, as it stands in a rules file. Its route is a stranger's text.
        rule: serde_json::Value,
        /// Messages with it.
        messages: u64,
        /// Messages that it saves.
        saves: u64,
    },
    /// The lowest threshold of those tried that makes at most [`MAX_NOTICES_A_DAY`].
    Threshold {
        /// The threshold.
        threshold: f64,
        /// Its notices a day.
        notices_per_day: f64,
    },
    /// Error lines that no alarm sees, since the metric filter does not match them.
    Filter {
        /// Lines.
        lines: u64,
        /// What to change for most of them.
        fix: String,
    },
}

/// More notices of an alarm than this are more than people read.
pub const MAX_NOTICES_A_DAY: f64 = 4.0;

/// What the lines are. `received` is the sum of those below it but `salvaged`, and excludes lines without a time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Lines {
    /// Lines with a time.
    pub received: u64,
    /// Status below 400.
    pub ok: u64,
    /// 4xx.
    pub client_errors: u64,
    /// 5xx.
    pub server_errors: u64,
    /// No status could be read.
    pub unreadable: u64,
    /// Recovered from broken JSON, whatever their status.
    pub salvaged: u64,
    /// Lines left out of every figure, since they have no time.
    #[serde(skip_serializing_if = "is_zero")]
    pub without_time: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// The threads of incidents, as a bot token makes them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ThreadFigures {
    /// Messages that stand in the channel by themselves: one an incident.
    pub parents: u64,
    /// Messages in their threads: all of [`SlackFigures::messages`].
    pub replies: u64,
    /// Those of them that the channel shows, too: escalations and ends.
    pub replies_in_channel: u64,
    /// How often a parent is written anew, which notifies nobody.
    pub updates: u64,
}

/// What Slack would have been sent.
#[derive(Debug, Serialize)]
pub struct SlackFigures {
    /// Messages, all of them.
    pub messages: u64,
    /// Messages a day; none for less than a day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages_per_day: Option<f64>,
    /// The hour (UTC, on the clock) with the most messages.
    pub worst_hour: Option<WorstHour>,
    /// Messages that carry a rule's mention.
    pub mentions: u64,
    /// Incidents that were opened; 0 where every delivery is notified.
    pub incidents: u64,
    /// Messages by kind: `opening`, `escalation`, `new_group`, `follow_up` and `over`; or `delivery` and `over`.
    pub by_kind: BTreeMap<&'static str, u64>,
    /// Messages by destination; none where all go to the default one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by_destination: Option<BTreeMap<String, u64>>,
    /// How these messages stand in the channel with a bot token; none where no incident is notified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threads: Option<ThreadFigures>,
    /// Lines to be notified.
    pub matched: u64,
    /// Lines whose text is in a message.
    pub shown: u64,
    /// Lines that are only in a message's count.
    pub counted: u64,
    /// Copies of lines for a further destination of their rule, each shown or counted as a line is.
    #[serde(skip_serializing_if = "is_zero")]
    pub copied: u64,
    /// Lines that a rule ignores or only counts.
    pub ignored: u64,
    /// Lines that came twice.
    pub duplicate: u64,
    /// Each rule and the lines it took.
    pub rules: Vec<RuleHits>,
    /// The groups with the most lines, at most [`MAX_NOISIEST`].
    pub noisiest: Vec<NoisyGroup>,
    /// The messages of the worst hour and the first of each incident, at most [`MAX_SENT`], in the order of time.
    pub told: Vec<SentMessage>,
}

/// How many groups are listed.
pub const MAX_NOISIEST: usize = 10;
/// What a minute and an hour have, in backtest and report.
pub(crate) const MINUTE_MS: i64 = 60_000;
pub(crate) const HOUR_MS: i64 = 60 * MINUTE_MS;
/// How many messages are kept word by word.
pub const MAX_SENT: usize = 100;

/// The hour with the most messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct WorstHour {
    /// When it begins.
    pub from: Time,
    /// Messages in it.
    pub messages: u64,
}

/// A rule and the lines it took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleHits {
    /// The rule's name.
    pub rule: String,
    /// `notify`, `count` or `ignore`.
    pub action: &'static str,
    /// Lines.
    pub hits: u64,
}

/// A group of lines that were notified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NoisyGroup {
    /// Their status.
    pub status: u16,
    /// Method and route; a stranger's text.
    pub route: String,
    /// Lines.
    pub lines: u64,
}

/// One message.
#[derive(Debug, Serialize)]
pub struct SentMessage {
    /// When it would have been posted.
    pub at: Time,
    /// Lines whose text it shows.
    pub shown: u64,
    /// Lines that it tells.
    pub matched: u64,
    /// The exact body.
    pub message: Message,
}

/// What other rules would change.
#[derive(Debug, Serialize)]
pub struct AgainstFigures {
    /// What Slack would have been sent with the other rules.
    pub slack: SlackFigures,
    /// Lines that only the other rules tell.
    pub added: u64,
    /// Their groups, at most [`MAX_NOISIEST`].
    pub added_groups: Vec<NoisyGroup>,
    /// Lines that the other rules tell no more.
    pub gone: u64,
    /// Their groups, at most [`MAX_NOISIEST`].
    pub gone_groups: Vec<NoisyGroup>,
}

/// What the alarm would have done.
#[derive(Debug, Serialize)]
pub struct AlarmFigures {
    /// The alarm in AWS's names.
    pub settings: serde_json::Value,
    /// Messages to Slack: ALARM, and OK after ALARM.
    pub notices: u64,
    /// The same a day; none for less than a day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notices_per_day: Option<f64>,
    /// Those of Slack's worst hour and the very first, at most [`MAX_SENT`], in the order of time.
    pub told: Vec<SentMessage>,
    /// Every change of state.
    pub transitions: Vec<StateChange>,
    /// The alarm with its own and neighbouring thresholds.
    pub thresholds: Vec<ThresholdFigures>,
    /// Lines that came after their minute had been evaluated.
    pub late_lines: u64,
}

/// One change of state.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StateChange {
    /// When.
    pub at: Time,
    /// The state before.
    pub from: &'static str,
    /// The state after.
    pub to: &'static str,
    /// The datapoint that decided; none where missing data did.
    pub value: Option<f64>,
    /// For ALARM: from the first line that the filter matched in the evaluated periods to the change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u64>,
}

/// The alarm with one threshold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ThresholdFigures {
    /// The threshold.
    pub threshold: f64,
    /// Whether it is that of the settings.
    pub is_current: bool,
    /// Changes to ALARM.
    pub alarms: u64,
    /// Changes from ALARM to OK.
    pub recoveries: u64,
    /// Both, a day; none for less than a day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notices_per_day: Option<f64>,
    /// Time spent in ALARM, milliseconds.
    pub in_alarm_ms: u64,
    /// From the first error to the notice: the middle one, milliseconds.
    pub median_delay_ms: Option<u64>,
    /// The longest one, milliseconds.
    pub longest_delay_ms: Option<u64>,
}

/// Which errors the metric filter does not see.
#[derive(Debug, Serialize)]
pub struct BlindSpots {
    /// The metric filter's pattern.
    pub pattern: String,
    /// Error lines that it does not match though it should.
    pub lines: u64,
    /// Why, most frequent first.
    pub reasons: Vec<BlindReason>,
    /// Error lines that it rightly does not match: the pattern asks for others.
    pub not_asked_for: u64,
    /// Lines without an error that it matches.
    pub false_hits: u64,
}

/// Why the metric filter does not see some lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BlindReason {
    /// A few words, such as `broken JSON`.
    pub reason: &'static str,
    /// What was found in the first of them.
    pub found: String,
    /// Lines.
    pub lines: u64,
    /// What to change.
    pub fix: String,
    /// Where the first of them is: the input.
    pub source: String,
    /// And the line in it.
    pub line: u64,
    /// Its beginning; a stranger's text.
    pub example: String,
}

/// Something that could not be read or placed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// The input.
    pub source: String,
    /// The line in it, where one is known: the first of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// How many lines.
    pub count: u64,
    /// What is wrong.
    pub what: String,
    /// Whether something of the input was not read at all.
    pub is_failure: bool,
}
