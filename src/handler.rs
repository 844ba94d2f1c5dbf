//! Handles one Lambda event, whose kind [`trigger::read`] tells: posts what is due, and answers the
//! ledger of the invocation. `bin/lambda/main.rs` calls it.
//!
//! It decides nothing that a stage decides: it leads the event from one to the next, and keeps what outlives an
//! invocation. It prints nothing and reads no environment; the time comes with the invocation.

pub(crate) mod notifications;
mod destinations;
mod every;
mod evidence;
mod incidents;
mod kinesis;
mod logs;
mod mode;
mod notice;
mod outbox;
mod queue;
mod table;
mod thread;
mod tick;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub(crate) use every::{draw, draw_quiet_again};
pub use notifications::NoticeError;
pub use outbox::body;

use aws_lambda_events::event::streams::KinesisEventResponse;
pub(crate) use mode::Mode;
use serde::Serialize;
use table::Table;
use thiserror::Error;
use tokio::time::Instant;

use self::destinations::Destinations;
use crate::alarm::{AlarmMemory, NotificationError};
use crate::alarm_lines::AlarmLines;
use crate::decode::DecodeError;
use crate::digest::Reader;
use crate::duplicates::RememberedEvents;
use crate::http::{Budget, Transport};
use crate::incident::Policy;
use crate::incidents::Incidents;
use crate::ledger::{Ledger, Measures};
use crate::pace::Pace;
use crate::pipeline::Pipeline;
use crate::rate_limit::Urgency::{self, Deferrable};
use crate::rate_limit::{Bucket, RateLimit};
use crate::slack::client::Client;
use crate::slack::post::{Post, PostError, PostOutcome};
use crate::slack::render::MessageStyle;
use crate::store::{DynamoDb, Rate, Store};
use crate::trigger::{self, Trigger, TriggerError};

/// Where messages go: the client of a webhook or of a channel, over HTTP or over a simulation's model of Slack.
pub trait Notifier {
    /// Posts one message where its target says, and says what became of it.
    fn post(&mut self, post: Post<'_>, budget: Budget) -> impl Future<Output = PostOutcome>;

    /// Whether it can reply to a message and write one anew.
    fn has_threads(&self) -> bool {
        false
    }
}

impl<T: Transport> Notifier for Client<T> {
    async fn post(&mut self, post: Post<'_>, budget: Budget) -> PostOutcome {
        Self::post(self, post, budget).await
    }

    fn has_threads(&self) -> bool {
        self.has_threads()
    }
}

/// What a container keeps from one invocation to the next; `T` is the store that all containers share, where they do.
#[derive(Debug)]
pub struct Handler<N, T = DynamoDb> {
    reader: Reader,
    style: MessageStyle,
    max_decompressed_bytes: u64,
    destinations: Destinations<N>,
    mode: Mode,
    table: Option<Table<T>>,
    remembered: RememberedEvents,
    alarms: AlarmMemory,
    alarm_lines: Option<AlarmLines>,
}

/// What is notified (`STATUSWATCH_NOTIFY`), and how fast.
#[derive(Debug)]
pub struct Notify<T = DynamoDb> {
    rate_limit: RateLimit,
    mode: Mode,
    table: Option<Table<T>>,
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
    /// For Kinesis and queues: which records or messages come again.
    Again(KinesisEventResponse),
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
    /// Worth another try where Slack is to blame: what was notified is not notified again.
    #[error("{untold} of {notifications} notifications not posted, first: {first}")]
    Notices {
        /// Notifications that should have been posted and were not, or could not be read.
        untold: u64,
        /// Notifications of the event.
        notifications: u64,
        /// What became of the first of them.
        first: NoticeError,
    },
    /// Worth another try: Lambda's retries and its failure destination keep the batch.
    #[error("{error}; {} not posted", crate::words::count(*lines, "line"))]
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

    fn wall_clock(&self) -> SystemTime {
        self.now + self.began.elapsed()
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

impl<N: Notifier, T: Store> Handler<N, T> {
    /// A handler that has seen nothing yet.
    #[must_use]
    pub fn new(
        reader: Reader,
        style: MessageStyle,
        max_decompressed_bytes: u64,
        notify: Notify<T>,
        notifier: N,
    ) -> Self {
        let (remembered, alarms) = (RememberedEvents::default(), AlarmMemory::default());
        let Notify { rate_limit, mode, table } = notify;
        let destinations = Destinations::new(notifier, rate_limit);
        let alarm_lines = None;
        Self {
            reader,
            style,
            max_decompressed_bytes,
            destinations,
            mode,
            table,
            remembered,
            alarms,
            alarm_lines,
        }
    }

    /// Fetches lines for the notice of an alarm where it keeps none.
    #[must_use]
    pub fn with_alarm_lines(self, alarm_lines: Option<AlarmLines>) -> Self {
        Self { alarm_lines, ..self }
    }

    /// The same with a further destination, for rules that name it in `to`. Only with a store that all containers share
    /// does it get incidents of its own.
    #[must_use]
    pub fn with_destination(mut self, name: &str, notifier: N) -> Self {
        self.destinations.add(name, notifier);
        self
    }

    /// Handles one event.
    pub async fn handle(&mut self, event: &[u8], invocation: Invocation) -> Outcome {
        self.destinations.begin();
        let pending_before = self.mode.pending();
        let mut outcome = match trigger::read(event) {
            Ok(Trigger::Queue(messages)) => self.queue(&messages, invocation).await,
            read => self.one(event, read, Deferrable, invocation).await,
        };
        let ledger = &mut outcome.ledger;
        let taken_over = if self.mode.keeps_batches() {
            ledger.released
        } else {
            ledger.pending = self.mode.pending();
            pending_before
        };
        if let Ok(Answer::Ledger(ledger)) = &mut outcome.answer {
            *ledger = outcome.ledger;
        }
        debug_assert!(outcome.ledger.balances(taken_over), "{:?}", outcome.ledger);
        outcome
    }

    /// Handles an event that is no queue's.
    async fn one(
        &mut self,
        event: &[u8],
        read: Result<Trigger<'_>, TriggerError>,
        urgency: Urgency,
        invocation: Invocation,
    ) -> Outcome {
        match read {
            Ok(Trigger::Logs(data)) => self.logs(&data, urgency, invocation).await,
            Ok(Trigger::Kinesis(records)) => self.kinesis(&records, invocation).await,
            Ok(Trigger::Tick) => self.tick(invocation).await,
            Ok(Trigger::Notifications) => self.notifications(event, invocation).await,
            // A queue's event is never in a queue.
            Ok(Trigger::Queue(_)) => Outcome::failed(TriggerError::Unknown { keys: Vec::new() }.into()),
            Err(error) => Outcome::failed(error.into()),
        }
    }

    /// The rules in use.
    #[must_use]
    pub fn rules(&self) -> &crate::rules::Rules {
        &self.reader.rules
    }

    fn pipeline(&self) -> Pipeline<'_> {
        let Self { reader, remembered, max_decompressed_bytes, .. } = self;
        Pipeline { reader, remembered, max_decompressed_bytes: *max_decompressed_bytes }
    }
}

impl Notify {
    /// Each delivery is a message; in a storm, lines are deferred until there is a token.
    #[must_use]
    pub fn every(bucket: Bucket) -> Self {
        Self { rate_limit: RateLimit::new(bucket), mode: Mode::Every(Pace::default()), table: None }
    }

    /// Incidents are notified, each kept in this process's memory.
    #[must_use]
    pub fn incidents(bucket: Bucket, policy: Policy) -> Self {
        let mode = Mode::Incidents(Incidents::new(policy.in_memory()));
        Self { rate_limit: RateLimit::new(bucket), mode, table: None }
    }
}

impl<T: Store> Notify<T> {
    /// Incidents are notified, kept in a store that all containers share, as is the rate limit.
    #[must_use]
    pub fn over_table(rate: Rate, policy: Policy, store: T) -> Self {
        let rate_limit = RateLimit::new(Bucket::new(rate.burst, rate.spacing_ms));
        Self { rate_limit, mode: Mode::Table, table: Some(Table::new(store, rate, policy)) }
    }

    /// Each delivery is a message, as in [`Notify::every`], within the rate limit that all containers share.
    #[must_use]
    pub fn every_over_table(rate: Rate, store: T) -> Self {
        Self { mode: Mode::Every(Pace::default()), ..Self::over_table(rate, Policy::default(), store) }
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
