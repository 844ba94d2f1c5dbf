//! One Lambda event in; what Slack was told, and the ledger of the invocation, out.
//!
//! It decides nothing that a stage decides: it leads the event from one to the next, and keeps what outlives an
//! invocation. It prints nothing and reads no environment; the time comes with the invocation.

pub(crate) mod alarms;
mod delivery;
mod every;
mod incidents;
mod kinesis;
mod logs;
mod tick;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub use alarms::NoticeError;
pub use delivery::body;
pub(crate) use delivery::short_id;
pub(crate) use every::{draw, draw_quiet_again};

use aws_lambda_events::event::streams::KinesisEventResponse;
use serde::Serialize;
use thiserror::Error;
use tokio::time::Instant;

use crate::alarm::{AlarmMemory, NotificationError};
use crate::decode::DecodeError;
use crate::digest::Reader;
use crate::duplicates::Remembered;
use crate::http::Budget;
use crate::incident::Policy;
use crate::incidents::Incidents;
use crate::ledger::{Ledger, Measures};
use crate::outbox::{Bucket, Outbox};
use crate::pace::Pace;
use crate::slack::post::{Post, PostError, PostOutcome};
use crate::slack::render::Style;
use crate::trigger::{self, Trigger, TriggerError};

/// Where messages go. The function's is a webhook; the simulations' is a model of Slack.
pub trait Slack {
    /// Posts one message and says what became of it.
    fn post(&mut self, post: Post<'_>, budget: Budget) -> impl Future<Output = PostOutcome>;
}

/// What a container keeps from one invocation to the next.
#[derive(Debug)]
pub struct Handler<S> {
    reader: Reader,
    style: Style,
    max_decompressed_bytes: u64,
    slack: S,
    outbox: Outbox,
    mode: Mode,
    remembered: Remembered,
    alarms: AlarmMemory,
}

/// What is notified (`STATUSWATCH_NOTIFY`), and how fast.
#[derive(Debug)]
pub struct Notify {
    outbox: Outbox,
    mode: Mode,
}

/// What is notified, with all that is deferred.
#[derive(Debug)]
pub(crate) enum Mode {
    /// Each delivery.
    Every(Pace),
    /// Incidents.
    Incidents(Incidents),
}

/// When an invocation is, and how long it may take.
#[derive(Debug, Clone, Copy)]
pub struct Invocation {
    /// The wall clock when the handler is called.
    pub now: SystemTime,
    /// When Lambda ends the invocation.
    pub deadline: Instant,
    began: Instant,
}

/// What an invocation came to.
#[derive(Debug)]
pub struct Outcome {
    /// What Lambda is answered.
    pub answer: Result<Answer, HandlerError>,
    /// What became of every line.
    pub ledger: Ledger,
    /// What goes out as metrics besides.
    pub measures: Measures,
}

/// What Lambda is answered where all went well.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// For log events, alarms and ticks: the ledger.
    Ledger(Ledger),
    /// For Kinesis: which records come again.
    Kinesis(KinesisEventResponse),
}

/// Why an invocation failed. Lambda keeps the text with the event, where others read it: it holds nothing of a line,
/// of the webhook or of an answer but numbers and words from closed lists.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum HandlerError {
    /// Final: the event is none of ours.
    #[error(transparent)]
    Trigger(#[from] TriggerError),
    /// Final: the batch cannot be decoded.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// Final: the event cannot be read as notifications.
    #[error(transparent)]
    Notification(#[from] NotificationError),
    /// Worth another try where Slack is to blame: what was told is not told again.
    #[error("{untold} of {notifications} notifications not told, first: {first}")]
    Notices {
        /// Notifications that should have been told and were not, or could not be read.
        untold: u64,
        /// Notifications of the event.
        notifications: u64,
        /// What became of the first of them.
        first: NoticeError,
    },
    /// Worth another try: Lambda's retries and its failure destination keep the batch.
    #[error("{error}; {} not told", crate::words::count(*lines, "line"))]
    Post {
        /// Why Slack did not accept the message.
        error: PostError,
        /// Matched lines of the invocation.
        lines: u64,
    },
}

impl HandlerError {
    /// A name for the kind of error, which does not change with its text.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Trigger(_)
            | Self::Notification(_)
            | Self::Notices { first: NoticeError::Unreadable(_), .. } => "Statuswatch.Event",
            Self::Decode(_) => "Statuswatch.Decode",
            Self::Post { .. } | Self::Notices { first: NoticeError::Post { .. }, .. } => "Statuswatch.Slack",
            Self::Notices { first: NoticeError::NoToken { .. }, .. } => "Statuswatch.RateLimit",
        }
    }
}

impl Invocation {
    /// An invocation that begins now.
    #[must_use]
    pub fn new(now: SystemTime, deadline: Instant) -> Self {
        Self { now, deadline, began: Instant::now() }
    }

    /// The time, epoch milliseconds.
    fn now_ms(&self) -> i64 {
        let now = self.now + self.began.elapsed();
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }

    fn budget(&self) -> Budget {
        Budget::of_invocation(self.deadline, self.now + self.began.elapsed())
    }

    /// The latest time at which a post still has time, epoch milliseconds.
    fn latest_post_ms(&self) -> i64 {
        let (now, reserve) = (Instant::now(), Budget::RESERVE + TIME_TO_POST);
        let millis = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        let left = self.deadline.saturating_duration_since(now);
        self.now_ms().saturating_add(millis(left)).saturating_sub(millis(reserve))
    }

    /// The pause, or what the reserve leaves of it.
    fn as_much_as_there_is_time_for(&self, pause: Duration) -> Duration {
        let left = self.deadline.saturating_duration_since(Instant::now());
        pause.min(left.saturating_sub(Budget::RESERVE))
    }
}

/// What a post is given after a pause: with less, waiting would only lose the time.
const TIME_TO_POST: Duration = Duration::from_secs(1);

impl<S: Slack> Handler<S> {
    /// A handler that has seen nothing yet.
    #[must_use]
    pub fn new(reader: Reader, style: Style, max_decompressed_bytes: u64, notify: Notify, slack: S) -> Self {
        let (remembered, alarms) = (Remembered::default(), AlarmMemory::default());
        let Notify { outbox, mode } = notify;
        Self { reader, style, max_decompressed_bytes, slack, outbox, mode, remembered, alarms }
    }

    /// Handles one event.
    pub async fn handle(&mut self, event: &[u8], invocation: Invocation) -> Outcome {
        let pending_before = self.mode.pending();
        let mut outcome = match trigger::read(event) {
            Ok(Trigger::Logs(data)) => self.logs(&data, invocation).await,
            Ok(Trigger::Kinesis(records)) => self.kinesis(&records, invocation).await,
            Ok(Trigger::Tick) => self.tick(invocation).await,
            Ok(Trigger::Alarm(_)) => self.notifications(event, invocation).await,
            Err(error) => Outcome::failed(error.into()),
        };
        outcome.ledger.pending = self.mode.pending();
        if let Ok(Answer::Ledger(ledger)) = &mut outcome.answer {
            *ledger = outcome.ledger;
        }
        debug_assert!(outcome.ledger.balances(pending_before), "{:?}", outcome.ledger);
        outcome
    }

    /// The rules in use.
    #[must_use]
    pub fn rules(&self) -> &crate::rules::Rules {
        &self.reader.rules
    }
}

impl Notify {
    /// Each delivery is a message; in a storm, lines are folded until there is a token.
    #[must_use]
    pub fn every(bucket: Bucket) -> Self {
        Self { outbox: Outbox::new(bucket), mode: Mode::Every(Pace::default()) }
    }

    /// Incidents are notified, each kept in this process's memory.
    #[must_use]
    pub fn incidents(bucket: Bucket, policy: Policy) -> Self {
        let mode = Mode::Incidents(Incidents::new(policy.in_memory()));
        Self { outbox: Outbox::new(bucket), mode }
    }
}

impl Mode {
    /// Lines that are deferred.
    fn pending(&self) -> u64 {
        match self {
            Self::Every(pace) => pace.pending(),
            Self::Incidents(incidents) => incidents.pending(),
        }
    }
}

impl Outcome {
    fn of(ledger: Ledger, measures: Measures) -> Self {
        Self { answer: Ok(Answer::Ledger(ledger)), ledger, measures }
    }

    fn failed(error: HandlerError) -> Self {
        Self { answer: Err(error), ledger: Ledger::default(), measures: Measures::default() }
    }
}
