//! The log events of a log group, fetched from CloudWatch Logs as a recording: one JSON object a line, in order of time.
//!
//! It only reads: `FilterLogEvents`, `DescribeLogGroups` and, where it is asked for, the paid `StartLiveTail` are all that it
//! ever calls.

mod buffers;
mod client;
mod error;
mod event;
#[cfg(test)]
mod fake;
mod fetch;
mod follow;
mod frames;
mod groups;
mod identities;
mod live_tail;
#[cfg(test)]
mod live_tail_tests;
mod page;
mod slices;
#[cfg(test)]
mod tests;
mod update;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use crate::aws::{Pace, Session};
use crate::http::Transport;
use buffers::Buffers;
use client::Client;
pub use error::LogsError;
use fetch::Bounds;
pub use groups::MAX_GROUPS;
pub use live_tail::MAX_TAILED_GROUPS;
pub use page::Page;

/// Slices of time that are fetched at once, for all log groups together where they are few.
const WORKERS: usize = 4;
/// Pages of at most 1 MB that wait to be read, for all log groups together where they are few.
const PAGES_AHEAD: usize = 32;
/// How often it is looked whether to stop.
const LOOK: Duration = Duration::from_millis(100);

/// CloudWatch Logs in one Region, asked no faster than its quota allows by all that is fetched from it.
#[derive(Debug, Clone)]
pub struct CloudWatchLogs {
    session: Arc<Session>,
    pace: Arc<Pace>,
    began: Instant,
    now: SystemTime,
    buffers: Arc<Buffers>,
}

/// What is fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Name or ARN of the log group.
    pub log_group: String,
    /// The first time that belongs to it, epoch milliseconds.
    pub from_ms: i64,
    /// The first time that does not, epoch milliseconds.
    pub until_ms: i64,
}

impl CloudWatchLogs {
    /// Nothing is asked yet. `now` is the wall clock at the moment of the call, to sign requests by.
    #[must_use]
    pub fn new(session: impl Into<Arc<Session>>, now: SystemTime) -> Self {
        Self {
            session: session.into(),
            pace: Arc::new(Pace::new(client::GAP)),
            began: Instant::now(),
            now,
            buffers: Arc::default(),
        }
    }

    /// The Region that is asked.
    #[must_use]
    pub fn region(&self) -> &str {
        self.session.region()
    }

    /// The log groups of these names, in their order, each once; a name with `*` stands for all that it fits, by name.
    pub async fn groups<H: Transport>(&self, http: H, names: &[String]) -> Result<Vec<String>, LogsError> {
        groups::groups(&self.client(http, 0), names).await
    }

    /// Fetches in a thread of its own and hands over page by page, in order of time; the last one may be an error. Ends
    /// early, with [`LogsError::Stopped`], once `stop` is set. `groups` is how many log groups are fetched at once: they
    /// share memory and connections.
    pub fn fetch<H: Transport + Send + 'static>(
        &self,
        http: H,
        query: Query,
        groups: usize,
        stop: Arc<AtomicBool>,
    ) -> Pages {
        let (sender, pages) = mpsc::channel(1);
        let bounds = bounds(groups);
        let logs = self.clone();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let Ok(runtime) = runtime else {
                let _ = sender.blocking_send(Err(LogsError::NoRuntime));
                return;
            };
            runtime.block_on(async {
                let client = logs.client(http, seed(&query.log_group));
                let fetched = tokio::select! {
                    fetched = fetch::fetch(client, &query, bounds, &sender) => fetched,
                    () = until_set(&stop) => Err(LogsError::Stopped),
                };
                if let Err(error) = fetched {
                    let _ = sender.send(Err(error)).await;
                }
            });
        });
        Pages(pages)
    }

    /// Fetches as [`Self::fetch`] does, and goes on with what arrives until `stop` is set or nobody takes it any more. All
    /// log groups are followed at once, and what each has comes in order of time but for what arrives late. `live_tail`
    /// opens a Live Tail session besides, which costs money, for [`MAX_TAILED_GROUPS`] at most.
    pub fn follow<H: Transport + Clone + Send + 'static>(
        &self,
        http: H,
        queries: Vec<Query>,
        live_tail: bool,
        stop: Arc<AtomicBool>,
    ) -> Pages {
        let (sender, pages) = mpsc::channel(1);
        let logs = self.clone();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let Ok(runtime) = runtime else {
                let _ = sender.blocking_send(Err(LogsError::NoRuntime));
                return;
            };
            runtime.block_on(async {
                let followed = tokio::select! {
                    followed = follow::follow(&logs, &http, &queries, live_tail, &sender) => followed,
                    () = until_set(&stop) => Err(LogsError::Stopped),
                };
                if let Err(error) = followed {
                    let _ = sender.send(Err(error)).await;
                }
            });
        });
        Pages(pages)
    }

    /// The wall clock, epoch milliseconds.
    fn now_ms(&self) -> i64 {
        let now = self.now + self.began.elapsed();
        let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }

    fn client<H: Transport>(&self, http: H, seed: u64) -> Client<H> {
        let Self { session, pace, began, now, buffers } = self;
        Client::new(http, Arc::clone(session), Arc::clone(pace), (*began, *now), seed, Arc::clone(buffers))
    }
}

/// Of each of so many log groups.
fn bounds(groups: usize) -> Bounds {
    let workers = (2 * WORKERS / groups.max(1)).clamp(1, WORKERS);
    Bounds::new(workers, (PAGES_AHEAD / (groups.max(1) * workers)).max(1))
}

/// The pages of one log group, or of those that are followed, as they come.
#[derive(Debug)]
pub struct Pages(mpsc::Receiver<Result<Page, LogsError>>);

impl Iterator for Pages {
    type Item = Result<Page, LogsError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.blocking_recv()
    }
}

async fn until_set(stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        sleep(LOOK).await;
    }
}

/// Log groups that are fetched at once do not back off in step.
fn seed(log_group: &str) -> u64 {
    log_group.bytes().fold(7, |seed: u64, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)))
}
