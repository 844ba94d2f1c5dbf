//! What the simulated service needs of a function: how to start it, and how to read its words.
//!
//! A handler is `async` and lives on tokio's clock, which the simulation pauses. That is the choice between
//! two: a handler that is a function of the time (`now` in, durations out) cannot be interrupted in the
//! middle of an invocation, and its posts would reach Slack out of order with those of other containers. As
//! a future it can be dropped at any moment, which is what SIGKILL does to it; it meets the others' posts in
//! the order of virtual time; and the product's own handler fits as it is, with a [`SlackPort`] under it
//! instead of a socket. A handler that never awaits is still a handler.

use std::time::Duration;

use tokio::time::Instant;

use super::delivery::{Delivery, Record};
use crate::{clock::Clock, fake_slack::model::SlackPort};

/// What the wall shows when a simulation begins, in epoch milliseconds: 18 November 2020, 05:20 UTC.
pub(crate) const EPOCH_MS: u64 = 1_605_676_800_000;

/// A function as it is deployed.
pub(crate) trait Function: 'static {
    /// The state of one container.
    type Handler: Handler;

    /// A cold start.
    fn start(&self, slack: SlackPort, clock: Clock) -> Self::Handler;

    /// The event of a subscription filter.
    fn awslogs(&self, delivery: &Delivery) -> Vec<u8>;

    /// The event of a Kinesis event source mapping.
    fn kinesis(&self, records: &[Record]) -> Vec<u8>;

    /// The event of the tick.
    fn tick(&self) -> Vec<u8>;

    /// How many lines a posted body tells that no earlier one of that container had: shown and counted
    /// together. 0 for a message that only says that it is quiet again.
    fn announced(&self, body: &[u8]) -> u64;

    /// Whether it accounts for its lines itself: containers that share what they defer have no books of their own.
    fn keeps_books(&self) -> bool {
        false
    }
}

/// One container's function. It must leave no task behind when it is dropped.
pub(crate) trait Handler: 'static {
    /// One invocation. `Err` is what would go to `/error`.
    async fn invoke(&mut self, event: Vec<u8>, context: Context) -> Result<Vec<u8>, String>;

    /// SIGTERM.
    async fn shut_down(&mut self);
}

/// What an invocation is told beside its event.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    /// The same for every attempt at one event.
    pub(crate) request_id: String,
    /// When Lambda kills it, on tokio's clock.
    pub(crate) deadline: Instant,
    /// The same in epoch milliseconds, as in the header.
    pub(crate) deadline_ms: u64,
}

impl Context {
    /// An invocation that begins now.
    pub(super) fn new(request_id: String, limit: Duration, clock: &Clock) -> Self {
        let limit_ms = u64::try_from(limit.as_millis()).expect("at most 15 minutes");
        let deadline_ms = EPOCH_MS + clock.now_ms() + limit_ms;
        Self { request_id, deadline: Instant::now() + limit, deadline_ms }
    }
}
