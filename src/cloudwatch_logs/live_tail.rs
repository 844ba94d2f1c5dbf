//! Live Tail beside `FilterLogEvents`: what arrives is there within a second or two, and paid by the minute.
//!
//! A session alone is not to be relied on. It begins from now, leaves log events out where there are many or nobody reads, and
//! ends when it likes. So the log groups are still asked by `FilterLogEvents`, which brings what a session did not.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::mpsc::Sender;
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, sleep, timeout};

use super::LogsError;
use super::buffers::Buffers;
use super::client::Client;
use super::fetch::{Fetched, Group};
use super::frames::{Frame, Frames};
use super::update::Update;
use crate::http::{Body, Transport};

/// Log groups of one session.
pub const MAX_TAILED_GROUPS: usize = 10;
/// From one asking by `FilterLogEvents` to the next, where a session leaves nothing out.
const CHECK: Duration = Duration::from_secs(30);
/// A session says something every second. One that is silent for so long is dead.
const SILENCE: Duration = Duration::from_secs(20);
/// Sessions in a row that end sooner than this before it is given up.
const GOOD: Duration = Duration::from_mins(1);
const TRIES: u32 = 6;

/// When log groups are asked by `FilterLogEvents` beside a session.
#[derive(Debug)]
pub(super) struct Checks {
    wanted: watch::Sender<()>,
    caught_up: Semaphore,
}

impl Default for Checks {
    fn default() -> Self {
        Self { wanted: watch::Sender::new(()), caught_up: Semaphore::new(0) }
    }
}

impl Checks {
    /// For one log group.
    pub(super) fn subscribe(&self) -> watch::Receiver<()> {
        self.wanted.subscribe()
    }

    /// A log group was asked for the first time. The session begins behind all of them, so that nothing is paid before.
    pub(super) fn caught_up(&self) {
        self.caught_up.add_permits(1);
    }
}

/// Waits until a log group is to be asked again: in time, or as soon as a session has left something out.
pub(super) async fn until_wanted(wanted: &mut watch::Receiver<()>) {
    let _ = timeout(CHECK, wanted.changed()).await;
}

/// Opens session after session and hands over what they bring, until nobody takes it any more.
pub(super) async fn tail<H: Transport>(
    client: &Client<H>,
    groups: &[Rc<Group<H>>],
    arns: &[String],
    checks: &Checks,
    out: &Sender<Fetched>,
) -> Result<(), LogsError> {
    let permits = u32::try_from(groups.len()).unwrap_or(u32::MAX);
    let _ = checks.caught_up.acquire_many(permits).await;
    let request = json!({ "logGroupIdentifiers": arns }).to_string();
    let mut failures = 0;
    for number in 1.. {
        let opened = client.open(&request).await;
        let body = opened.map_err(|error| match error {
            LogsError::NoGroup(_) => LogsError::Deleted,
            error => error,
        })?;
        let began = Instant::now();
        session(body, number, groups, (checks, client.buffers()), out).await?;
        if out.is_closed() {
            return Ok(());
        }
        failures = if began.elapsed() < GOOD { failures + 1 } else { 1 };
        if failures >= TRIES {
            return Err(LogsError::BrokenOff);
        }
        sleep(client.wait(failures)).await;
    }
    Ok(())
}

/// Hands over what one session brings until it ends, however that is.
async fn session<H: Transport>(
    mut body: Body,
    number: u32,
    groups: &[Rc<Group<H>>],
    (checks, buffers): (&Checks, &Arc<Buffers>),
    out: &Sender<Fetched>,
) -> Result<(), LogsError> {
    let mut frames = Frames::default();
    let mut has_begun = false;
    while let Ok(Ok(Some(part))) = timeout(SILENCE, body.next()).await {
        frames.push(&part);
        loop {
            let is_sampled = match frames.next() {
                Ok(Some(Frame::Started)) => false,
                Ok(Some(Frame::Update(update))) => {
                    let Update { page, is_sampled } = Update::read(&update, number, groups, buffers)?;
                    if (page.events > 0 || is_sampled) && out.send(Ok(page)).await.is_err() {
                        return Ok(());
                    }
                    is_sampled
                }
                Ok(None) => break,
                Ok(Some(Frame::Ended)) | Err(_) => return Ok(()),
            };
            // What arrived before its beginning is not in the session, and neither is what it left out.
            if is_sampled || !has_begun {
                checks.wanted.send_replace(());
                has_begun = true;
            }
        }
    }
    Ok(())
}
