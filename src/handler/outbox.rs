//! Posts the messages of an invocation: each is posted, held, or given back as an error. The ledger is kept on the way.
//!
//! It is the only place that waits for the rate limit: that of all containers where a table keeps it, else this
//! container's own. Which message is due is decided elsewhere; how often a post that Slack does not answer well is tried
//! again, in [`slack::client`](crate::slack::client).

use std::sync::OnceLock;
use std::time::Duration;

use tokio::time::sleep;

use super::destinations::Destinations;
use super::table::Table;
use super::{Handler, Invocation, Mode, Notifier};
use crate::digest::Digest;
use crate::ledger::{Ledger, Measures};
use crate::rate_limit::{Outgoing, PostDecision, Urgency};
use crate::rules::{DEFAULT_DESTINATION, Rules};
use crate::slack::message::Message;
use crate::slack::post::{PlainBody, Post, PostError, PostOutcome, Receipt, Target};
use crate::slack::render::{MessageStyle, Rendered};
use crate::store::{Store, Token};

/// What became of lines.
#[derive(Debug)]
pub(super) enum Fate {
    /// Slack accepted them, or they are deferred: they need not come again.
    Kept,
    /// So many were neither accepted nor deferred; what was deferred before is pending still.
    Failed(PostError, u64),
}

/// A message in both forms, each drawn when it is asked for, with how many lines it shows.
pub(super) struct Forms<'a> {
    pub(super) blocks: &'a (dyn Fn() -> (Message, u64) + Sync),
    pub(super) plain: &'a (dyn Fn() -> (Message, u64) + Sync),
}

/// A message that Slack accepted.
pub(super) struct Sent {
    /// How many lines it shows.
    pub(super) shown: u64,
    /// Which message it became, where Slack says so.
    pub(super) receipt: Option<Receipt>,
    /// Why it stands in the channel by itself although it was to be a reply.
    pub(super) refused_as_reply: Option<PostError>,
}

/// Posts the messages of one invocation.
pub(super) struct Outbox<'a, N, T> {
    pub(super) destinations: &'a mut Destinations<N>,
    /// What all containers share, where a table keeps it.
    pub(super) table: Option<&'a mut Table<T>>,
    pub(super) rules: &'a Rules,
    pub(super) style: &'a MessageStyle,
    /// Sample lines kept of each group of a first message.
    pub(super) samples_per_group: usize,
    pub(super) invocation: Invocation,
    pub(super) ledger: &'a mut Ledger,
    pub(super) measures: &'a mut Measures,
}

impl<N: Notifier, T: Store> Handler<N, T> {
    /// What notifies, and what posts for it: to the default destination, until it turns to another.
    pub(super) fn outbox<'a>(
        &'a mut self,
        invocation: Invocation,
        ledger: &'a mut Ledger,
        measures: &'a mut Measures,
    ) -> (&'a mut Mode, Outbox<'a, N, T>) {
        self.destinations.turn_to(DEFAULT_DESTINATION);
        let outbox = Outbox {
            destinations: &mut self.destinations,
            table: self.table.as_mut(),
            rules: &self.reader.rules,
            style: &self.style,
            samples_per_group: self.reader.samples_per_group,
            invocation,
            ledger,
            measures,
        };
        (&mut self.mode, outbox)
    }

    /// Posts a message that is drawn already and cannot be deferred, as its urgency allows.
    pub(super) async fn post_rendered(
        &mut self,
        rendered: &Rendered,
        urgency: Urgency,
        invocation: Invocation,
        ledger: &mut Ledger,
        measures: &mut Measures,
    ) -> Result<(), PostError> {
        let (_, mut outbox) = self.outbox(invocation, ledger, measures);
        outbox.post_rendered(rendered, Target::Channel, urgency).await.map(|_| ())
    }
}

impl<N: Notifier, T: Store> Outbox<'_, N, T> {
    pub(super) fn now_ms(&self) -> i64 {
        self.invocation.now_ms()
    }

    /// Whether the destination can reply to a message and write one anew.
    pub(super) fn has_threads(&self) -> bool {
        self.destinations.current().notifier.has_threads()
    }

    /// Posts a message into the channel as soon as the rate limit allows and its urgency can wait; gives how many lines
    /// it shows, or `None` where it is held.
    pub(super) async fn post(
        &mut self,
        forms: Forms<'_>,
        urgency: Urgency,
    ) -> Result<Option<u64>, PostError> {
        let sent = self.post_to(Target::Channel, forms, urgency).await?;
        Ok(sent.map(|sent| sent.shown))
    }

    /// The same to any target.
    pub(super) async fn post_to(
        &mut self,
        target: Target<'_>,
        forms: Forms<'_>,
        urgency: Urgency,
    ) -> Result<Option<Sent>, PostError> {
        let outgoing = Outgoing::new(urgency, self.invocation.latest_post_ms());
        self.send(outgoing, target, forms).await
    }

    /// The same for a message whose urgency is known. A reply that Slack refuses because it is one stands in the channel
    /// by itself.
    pub(super) async fn send(
        &mut self,
        mut outgoing: Outgoing,
        mut target: Target<'_>,
        forms: Forms<'_>,
    ) -> Result<Option<Sent>, PostError> {
        let drawn = OnceLock::new();
        let mut refused_as_reply = None;
        loop {
            let now_ms = self.now_ms();
            match self.may_post(&mut outgoing).await {
                PostDecision::Post => {
                    let blocks = drawn.get_or_init(|| {
                        let (message, shown) = (forms.blocks)();
                        (body(&message), shown)
                    });
                    match self.post_once(target, blocks, forms.plain).await {
                        Err(PostError::RateLimited { retry_after }) => {
                            let now_ms = self.now_ms();
                            let rate_limit = &mut self.destinations.current_mut().rate_limit;
                            rate_limit.answered_429(&mut outgoing, millis(retry_after), now_ms);
                            self.pause_for_all(millis(retry_after)).await;
                        }
                        // Slack took nothing for its token.
                        Err(error) if target.is_reply() && error.may_be_for_the_thread() => {
                            refused_as_reply = Some(error);
                            target = Target::Channel;
                        }
                        posted => return posted.map(|sent| Some(Sent { refused_as_reply, ..sent })),
                    }
                }
                PostDecision::WaitUntil(until_ms) => {
                    sleep(Duration::from_millis(u64::try_from(until_ms - now_ms).unwrap_or_default())).await;
                }
                PostDecision::Hold if outgoing.is_deferrable() => return Ok(None),
                PostDecision::Hold => return Err(held(self.pause_left_ms(now_ms))),
            }
        }
    }

    /// What the rate limit says. Where the table that keeps it cannot be asked, this container's own holds.
    async fn may_post(&mut self, outgoing: &mut Outgoing) -> PostDecision {
        let now_ms = self.now_ms();
        let when = self.when();
        let destination = self.destinations.current_mut();
        let is_paused = destination.rate_limit.pause_left_ms(now_ms) > 0;
        if let Some(table) = self.table.as_mut().filter(|_| outgoing.needs_token() && !is_paused) {
            match table.take_token(destination.name(), when).await {
                Ok(Token::Taken) => outgoing.has_taken(),
                Ok(Token::WaitUntil(ready_ms)) => {
                    destination.no_token_before_ms = ready_ms;
                    let is_pause = ready_ms - now_ms > i64::from(table.rate().spacing_ms);
                    let decision = outgoing.without_token(ready_ms, is_pause);
                    if decision != PostDecision::Post {
                        return decision;
                    }
                    outgoing.has_taken();
                    if let Some(until_ms) = outgoing.pauses_until_ms(ready_ms) {
                        self.pause_for_all(until_ms.saturating_sub(now_ms)).await;
                    }
                }
                Err(error) => self.note_store_error(&error),
            }
        }
        let now_ms = self.now_ms();
        self.destinations.current_mut().rate_limit.decide(outgoing, now_ms)
    }

    /// No container posts for so long.
    async fn pause_for_all(&mut self, pause_ms: i64) {
        let (now_ms, when) = (self.now_ms(), self.when());
        let until_ms = now_ms.saturating_add(pause_ms);
        let Some(table) = self.table.as_mut() else { return };
        let destination = self.destinations.current_mut();
        destination.no_token_before_ms = until_ms;
        if let Err(error) = table.pause(destination.name(), until_ms, when).await {
            self.note_store_error(&error);
        }
    }

    fn pause_left_ms(&self, now_ms: i64) -> i64 {
        let destination = self.destinations.current();
        let by_all = destination.no_token_before_ms.saturating_sub(now_ms).max(0);
        destination.rate_limit.pause_left_ms(now_ms).max(by_all)
    }

    /// The same as [`Self::post_to`] for a message that is drawn already.
    pub(super) async fn post_rendered(
        &mut self,
        rendered: &Rendered,
        target: Target<'_>,
        urgency: Urgency,
    ) -> Result<Option<u64>, PostError> {
        let blocks = || (rendered.message.clone(), rendered.shown);
        let plain = || (rendered.plain().clone(), rendered.plain_shown());
        let sent = self.post_to(target, Forms { blocks: &blocks, plain: &plain }, urgency).await?;
        Ok(sent.map(|sent| sent.shown))
    }

    /// Books lines that an accepted message notified, `shown` of them with their text.
    pub(super) fn book(&mut self, digest: &Digest, shown: u64) {
        self.ledger.shown += shown;
        self.ledger.counted += digest.matched() - shown;
        let now_ms = self.now_ms();
        let lag_ms = digest.oldest_ms().and_then(|oldest| u64::try_from(now_ms - oldest).ok());
        self.measures.delivery_lag_ms = self.measures.delivery_lag_ms.max(lag_ms);
    }

    /// Puts a message in the place of one that was posted before. That takes no token: it notifies nobody, and Slack
    /// counts it by itself.
    pub(super) async fn update(&mut self, before: &Receipt, forms: Forms<'_>) -> Result<(), PostError> {
        let (message, shown) = (forms.blocks)();
        self.post_once(Target::Update(before), &(body(&message), shown), forms.plain).await.map(|_| ())
    }

    /// Posts once, as far as the rate limit is concerned; the client has its own retries.
    async fn post_once(
        &mut self,
        target: Target<'_>,
        (body, shown): &(String, u64),
        plain: &(dyn Fn() -> (Message, u64) + Sync),
    ) -> Result<Sent, PostError> {
        let drawn = OnceLock::new();
        let plain = || {
            drawn.get_or_init(|| {
                let (message, shown) = plain();
                (self::body(&message), shown)
            })
        };
        let post = Post { body, plain_body: PlainBody(&|| plain().0.as_str()), target };
        let PostOutcome { result, requests, ambiguous } =
            self.destinations.current_mut().notifier.post(post, self.invocation.budget()).await;
        self.ledger.ambiguous += u64::from(ambiguous);
        if matches!(result, Err(PostError::RateLimited { .. })) && requests > 0 {
            self.measures.rate_limited += 1;
        }
        let destination = self.destinations.current_mut();
        match result.as_ref() {
            Ok(_) => destination.took_one(),
            // What is wrong with a thread or a parent says nothing of other messages.
            Err(error) if target.is_reply() && error.may_be_for_the_thread() => {}
            Err(error) if target.is_update() && !error.is_outage() => {}
            Err(error) => destination.failed_with(*error),
        }
        if let Err(error) = result.as_ref()
            && !target.is_update()
            && !(target.is_reply() && error.may_be_for_the_thread())
        {
            self.ledger.refused += u64::from(error.is_refusal());
            self.ledger.unavailable += u64::from(error.is_outage());
        }
        let accepted = result?;
        self.ledger.posted += u64::from(!target.is_update());
        let shown = if accepted.as_plain_text { plain().1 } else { *shown };
        Ok(Sent { shown, receipt: accepted.receipt, refused_as_reply: None })
    }
}

/// Why what cannot be deferred is not posted now.
fn held(pause_left_ms: i64) -> PostError {
    match u64::try_from(pause_left_ms) {
        Ok(ms @ 1..) => PostError::RateLimited { retry_after: Duration::from_millis(ms) },
        _ => PostError::NoTimeLeft,
    }
}

/// The JSON that is posted.
#[must_use]
pub fn body(message: &Message) -> String {
    message.json()
}

/// Rounded up: a pause that is nearly over is still a pause.
fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(i64::MAX)
}
