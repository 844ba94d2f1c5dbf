//! Posts replayed messages for real, one after another, no faster than Slack allows.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use statuswatch::config::Config;
use statuswatch::handler::{Notifier, body};
use statuswatch::http::Budget;
use statuswatch::rate_limit::Bucket;
use statuswatch::slack::post::{PlainBody, Post, PostError, Target};
use statuswatch::slack::render::Rendered;
use statuswatch::start::{Slack, StartError, connect, unconnected};
use tokio::runtime::Runtime;
use tokio::time::{Instant, sleep};

/// Slack takes one message a second, and a few at once.
const BURST: u32 = 5;
const SPACING_MS: u32 = 1_000;
/// For one message with its retries.
const PATIENCE: Duration = Duration::from_mins(1);
/// Pauses that Slack asks for before a message is given up.
const MAX_PAUSES: u32 = 5;

/// The webhooks and channels that messages are posted to, for who does nothing else meanwhile.
pub(crate) struct Outbox {
    runtime: Runtime,
    places: Places,
}

/// The webhooks and channels that messages are posted to.
pub(crate) struct Places {
    default: Place,
    others: Vec<(String, Place)>,
}

/// One of them, with its rate limit.
struct Place {
    slack: Slack,
    bucket: Bucket,
}

impl Outbox {
    pub(crate) fn open(config: Config) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let places = runtime.block_on(Places::open(config))?;
        Ok(Self { runtime, places })
    }

    /// Posts one message to a destination; waits as long as Slack asks.
    pub(crate) fn post(&mut self, destination: &str, rendered: &Rendered) -> Result<(), PostError> {
        let Self { runtime, places } = self;
        runtime.block_on(places.post(destination, rendered))
    }
}

impl Places {
    pub(crate) async fn open(config: Config) -> anyhow::Result<Self> {
        let (allowed, seed) = (config.allowed_hosts, u64::from(std::process::id()));
        let slack = connect(config.destination, allowed.clone(), budget(), seed).await?;
        let others = config.destinations.into_iter().map(|(name, destination)| {
            Ok((name, Place::new(unconnected(destination, allowed.clone(), seed)?)))
        });
        let others: Result<_, StartError> = others.collect();
        Ok(Self { default: Place::new(slack), others: others? })
    }

    /// Posts one message to a destination; waits as long as Slack asks.
    pub(crate) async fn post(&mut self, destination: &str, rendered: &Rendered) -> Result<(), PostError> {
        let Self { default, others } = self;
        let other = others.iter_mut().find(|(name, _)| name == destination);
        let Place { slack, bucket } = other.map_or(default, |(_, place)| place);
        let (body, plain_body) = (body(&rendered.message), body(rendered.plain()));
        let post = Post { body: &body, plain_body: PlainBody(&|| &plain_body), target: Target::Channel };
        let mut pauses = 0;
        loop {
            while !bucket.take(now_ms()) {
                let wait_ms = u64::try_from(bucket.wait_ms(now_ms())).unwrap_or_default();
                sleep(Duration::from_millis(wait_ms)).await;
            }
            match slack.post(post, budget()).await.result {
                Ok(_) => return Ok(()),
                Err(PostError::RateLimited { retry_after }) if pauses < MAX_PAUSES => {
                    pauses += 1;
                    report_line!(
                        "statuswatch: Slack asks for a pause of {} s",
                        retry_after.as_secs_f64().ceil()
                    );
                    sleep(retry_after).await;
                }
                Err(error) => return Err(error),
            }
        }
    }
}

impl Place {
    fn new(slack: Slack) -> Self {
        Self { slack, bucket: Bucket::new(BURST, SPACING_MS) }
    }
}

fn budget() -> Budget {
    Budget::until(Instant::now() + PATIENCE, SystemTime::now())
}

fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}
