//! Whether a message may go out now: the rate limit of one destination.
//!
//! From Slack's 429s and the time, in epoch milliseconds, it decides: post, wait until, or hold. It never waits,
//! posts or reads a clock; whether a message is due, [`incident`](crate::incident) decides.

mod bucket;

pub use bucket::Bucket;

/// The longest pause that Slack may ask for and a message that can be deferred waits out, once; milliseconds.
const SHORT_PAUSE_MS: i64 = 3_000;

/// A pause is longer by so many milliseconds for each at which the 429 came after a full second, so by two seconds at
/// most: containers that were rate limited together come back one after the other.
const SPREAD: i64 = 2;

/// Milliseconds by which the next token comes later where a message went out in company, without one of its own. Slack
/// takes one message a second.
const COMPANY_MS: i64 = 1_000;

/// The rate limit of one destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateLimit {
    bucket: Bucket,
    /// Until when Slack asked for no post.
    paused_until_ms: i64,
}

/// How much a message matters: what it waits for, from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// It can be deferred, so that nothing waits for it but a short pause.
    Deferrable,
    /// It goes out with a token or not at all: it waits for nothing.
    NowOrNever,
    /// Nobody else keeps it: it waits for a token as long as the time allows.
    WaitsForToken,
    /// It goes out whether or not there is a token, but never within a pause that Slack asks for.
    NeedsNoToken,
}

/// A message on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outgoing {
    urgency: Urgency,
    /// The latest time at which a post still has time: nothing waits for longer.
    until_ms: i64,
    has_token: bool,
    is_in_company: bool,
    /// How often Slack answered it with 429.
    answered_429: u32,
}

/// What to do with a message now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PostDecision {
    /// Post it.
    Post,
    /// Ask again at this time, epoch milliseconds.
    WaitUntil(i64),
    /// Not in this invocation. `handler::outbox` defers what is `Deferrable`; for anything else it returns the error by
    /// which Lambda, Kinesis or SQS brings the event again. A pause beyond `until_ms` always ends here.
    Hold,
}

impl Outgoing {
    /// A message that can wait until `until_ms`; what waits for a token is not posted after that.
    #[must_use]
    pub fn new(urgency: Urgency, until_ms: i64) -> Self {
        Self { urgency, until_ms, has_token: false, is_in_company: false, answered_429: 0 }
    }

    /// It belongs to a message that was just posted: where there is no token for it, it goes out all the same, and the
    /// next token comes a second later.
    #[must_use]
    pub fn in_company(self) -> Self {
        Self { is_in_company: true, ..self }
    }

    /// Whether it can be deferred.
    #[must_use]
    pub fn is_deferrable(&self) -> bool {
        self.urgency == Urgency::Deferrable
    }
}

impl Outgoing {
    /// A token was taken for it elsewhere: no other is needed.
    pub fn has_taken(&mut self) {
        self.has_token = true;
    }

    /// Whether it needs a token.
    #[must_use]
    pub fn needs_token(&self) -> bool {
        !self.has_token
    }

    /// Until when the destination is to pause once it went out without a token, where there is none before
    /// `ready_ms`.
    #[must_use]
    pub fn pauses_until_ms(&self, ready_ms: i64) -> Option<i64> {
        self.is_in_company.then(|| ready_ms.saturating_add(COMPANY_MS))
    }

    /// What to do where there is no token before `ready_ms`. What needs none goes out, but `is_pause` says that
    /// Slack asks for no post until then.
    #[must_use]
    pub fn without_token(&self, ready_ms: i64, is_pause: bool) -> PostDecision {
        match self.urgency {
            _ if self.is_in_company && !is_pause => PostDecision::Post,
            Urgency::NeedsNoToken if !is_pause => PostDecision::Post,
            Urgency::WaitsForToken | Urgency::NeedsNoToken => RateLimit::wait(true, ready_ms, self),
            Urgency::Deferrable | Urgency::NowOrNever => PostDecision::Hold,
        }
    }
}

impl RateLimit {
    /// With all tokens there.
    #[must_use]
    pub fn new(bucket: Bucket) -> Self {
        Self { bucket, paused_until_ms: i64::MIN }
    }

    /// What to do with the message now. `Post` takes a token.
    pub fn decide(&mut self, message: &mut Outgoing, now_ms: i64) -> PostDecision {
        if now_ms > message.until_ms && message.urgency == Urgency::WaitsForToken {
            return PostDecision::Hold;
        }
        // A clock that was put back must not keep it paused until it has caught up.
        self.paused_until_ms = self.paused_until_ms.min(now_ms.saturating_add(bucket::MAX_EMPTY_MS));
        if now_ms < self.paused_until_ms {
            let waits = match message.urgency {
                Urgency::Deferrable => message.may_wait_out(self.paused_until_ms - now_ms),
                Urgency::NowOrNever => false,
                Urgency::WaitsForToken | Urgency::NeedsNoToken => true,
            };
            return Self::wait(waits, self.paused_until_ms, message);
        }
        if message.has_token || self.bucket.take(now_ms) || message.urgency == Urgency::NeedsNoToken {
            message.has_token = true;
            return PostDecision::Post;
        }
        let ready_ms = now_ms.saturating_add(self.bucket.wait_ms(now_ms));
        if let Some(until_ms) = message.pauses_until_ms(ready_ms) {
            self.bucket.empty(now_ms, until_ms.saturating_sub(now_ms));
            message.has_token = true;
            return PostDecision::Post;
        }
        Self::wait(message.urgency == Urgency::WaitsForToken, ready_ms, message)
    }

    /// Slack answered the message with 429 and this Retry-After, milliseconds: the destination pauses for so long.
    pub fn answered_429(&mut self, message: &mut Outgoing, retry_after_ms: i64, now_ms: i64) {
        message.answered_429 = message.answered_429.saturating_add(1);
        // Containers that are rate limited together come again apart: each at another millisecond.
        let spread_ms = SPREAD * now_ms.rem_euclid(1_000);
        let pause_ms = retry_after_ms.clamp(0, bucket::MAX_EMPTY_MS).saturating_add(spread_ms);
        self.paused_until_ms = now_ms.saturating_add(pause_ms);
        let waits_with_its_token = message.urgency == Urgency::Deferrable
            && message.may_wait_out(retry_after_ms)
            && self.paused_until_ms <= message.until_ms;
        if waits_with_its_token {
            // Others post, too: what is left of the burst would only be answered with 429.
            self.bucket.empty(now_ms, pause_ms.saturating_add(self.bucket.spacing_ms()));
        } else {
            message.has_token = false;
            self.bucket.empty(now_ms, pause_ms);
        }
    }

    /// Whether a message that can be deferred may go out now; takes a token where it may.
    pub fn takes(&mut self, now_ms: i64) -> bool {
        self.decide(&mut Outgoing::new(Urgency::Deferrable, now_ms), now_ms) == PostDecision::Post
    }

    /// For how long Slack still asks for no post, milliseconds.
    #[must_use]
    pub fn pause_left_ms(&self, now_ms: i64) -> i64 {
        self.paused_until_ms.saturating_sub(now_ms).max(0)
    }

    /// How long until a message may go out, milliseconds; 0 where it may now.
    #[must_use]
    pub fn wait_ms(&self, now_ms: i64) -> i64 {
        self.pause_left_ms(now_ms).max(self.bucket.wait_ms(now_ms))
    }

    /// The least time between two posts once the burst is spent, milliseconds.
    #[must_use]
    pub fn spacing_ms(&self) -> i64 {
        self.bucket.spacing_ms()
    }

    fn wait(waits: bool, until_ms: i64, message: &Outgoing) -> PostDecision {
        if waits && until_ms <= message.until_ms {
            PostDecision::WaitUntil(until_ms)
        } else {
            PostDecision::Hold
        }
    }
}

impl Outgoing {
    fn may_wait_out(&self, pause_ms: i64) -> bool {
        self.answered_429 == 1 && pause_ms <= SHORT_PAUSE_MS
    }
}

#[cfg(test)]
mod tests {
    use super::PostDecision::{Hold, Post, WaitUntil};
    use super::Urgency::{Deferrable, NeedsNoToken, NowOrNever, WaitsForToken};
    use super::*;
    use proptest::prelude::*;

    const FAR: i64 = 1_000_000;

    fn spent() -> RateLimit {
        let mut rate_limit = RateLimit::new(Bucket::new(1, 5_000));
        assert_eq!(rate_limit.decide(&mut Outgoing::new(Deferrable, FAR), 0), Post);
        rate_limit
    }

    #[test]
    fn without_a_token_what_can_be_deferred_is_held_what_waits_for_one_waits_and_what_needs_none_goes() {
        assert_eq!(spent().decide(&mut Outgoing::new(Deferrable, FAR), 1), Hold);
        assert_eq!(spent().decide(&mut Outgoing::new(NowOrNever, FAR), 1), Hold);
        assert_eq!(spent().wait_ms(1), 4_999);
        assert_eq!(spent().decide(&mut Outgoing::new(WaitsForToken, FAR), 1), WaitUntil(5_000));
        assert_eq!(spent().decide(&mut Outgoing::new(WaitsForToken, 4_999), 1), Hold, "no time for it");
        assert_eq!(spent().decide(&mut Outgoing::new(NeedsNoToken, FAR), 1), Post);
    }

    #[test]
    fn a_message_in_company_needs_no_token_and_the_next_one_comes_a_second_later() {
        let company = || Outgoing::new(Deferrable, FAR).in_company();
        let mut rate_limit = spent();
        assert_eq!(rate_limit.decide(&mut company(), 1), Post);
        assert!(!rate_limit.takes(5_999) && rate_limit.takes(6_000));
        // Where there is a token it takes that.
        let mut rate_limit = RateLimit::new(Bucket::new(2, 5_000));
        assert_eq!(rate_limit.decide(&mut Outgoing::new(Deferrable, FAR), 0), Post);
        assert_eq!(rate_limit.decide(&mut company(), 0), Post);
        assert!(!rate_limit.takes(4_999) && rate_limit.takes(5_000));
        // A pause is kept.
        rate_limit.answered_429(&mut Outgoing::new(Deferrable, FAR), 30_000, 5_000);
        assert_eq!(rate_limit.decide(&mut company(), 6_000), Hold);
    }

    #[test]
    fn a_short_pause_is_waited_out_once_with_the_token_at_hand() {
        let mut rate_limit = RateLimit::new(Bucket::new(5, 5_000));
        let mut message = Outgoing::new(Deferrable, FAR);
        assert_eq!(rate_limit.decide(&mut message, 0), Post);
        rate_limit.answered_429(&mut message, 3_000, 0);
        assert_eq!(rate_limit.decide(&mut message, 0), WaitUntil(3_000));
        assert_eq!(rate_limit.decide(&mut message, 3_000), Post);
        rate_limit.answered_429(&mut message, 2_000, 3_000);
        assert_eq!(rate_limit.decide(&mut message, 3_000), Hold);
        assert_eq!(
            rate_limit.decide(&mut Outgoing::new(Deferrable, FAR), 4_999),
            Hold,
            "paused for everyone"
        );
        assert_eq!(rate_limit.decide(&mut Outgoing::new(Deferrable, FAR), 7_999), Hold, "the burst is spent");
        assert_eq!(rate_limit.decide(&mut Outgoing::new(Deferrable, FAR), 8_000), Post);
    }

    #[test]
    fn a_long_pause_holds_what_can_be_deferred_and_leaves_one_token_at_its_end() {
        let mut rate_limit = RateLimit::new(Bucket::new(5, 5_000));
        let mut message = Outgoing::new(Deferrable, FAR);
        assert_eq!(rate_limit.decide(&mut message, 0), Post);
        rate_limit.answered_429(&mut message, 30_000, 0);
        assert_eq!(rate_limit.decide(&mut message, 0), Hold);
        assert_eq!(rate_limit.decide(&mut Outgoing::new(WaitsForToken, FAR), 0), WaitUntil(30_000));
        assert_eq!(rate_limit.decide(&mut Outgoing::new(NeedsNoToken, FAR), 0), WaitUntil(30_000));
        assert_eq!(rate_limit.decide(&mut Outgoing::new(NeedsNoToken, 29_999), 0), Hold);
        assert_eq!(rate_limit.decide(&mut Outgoing::new(Deferrable, FAR), 30_000), Post);
        assert_eq!(rate_limit.decide(&mut Outgoing::new(Deferrable, FAR), 30_000), Hold);
    }

    #[test]
    fn a_short_pause_without_the_time_for_it_leaves_one_token_at_its_end() {
        let mut rate_limit = RateLimit::new(Bucket::new(5, 5_000));
        let mut message = Outgoing::new(Deferrable, 1_999);
        assert_eq!(rate_limit.decide(&mut message, 0), Post);
        rate_limit.answered_429(&mut message, 2_000, 0);
        assert_eq!(rate_limit.decide(&mut message, 0), Hold);
        assert!(rate_limit.takes(2_000) && !rate_limit.takes(2_000));
    }

    #[test]
    fn what_waits_for_a_token_waits_after_every_429_as_long_as_there_is_time() {
        let mut rate_limit = RateLimit::new(Bucket::new(5, 5_000));
        let mut message = Outgoing::new(WaitsForToken, 100_000);
        let mut now_ms = 0;
        for pause_ms in [20_000, 30_000] {
            assert_eq!(rate_limit.decide(&mut message, now_ms), Post);
            rate_limit.answered_429(&mut message, pause_ms, now_ms);
            now_ms += pause_ms;
            assert_eq!(rate_limit.decide(&mut message, now_ms - pause_ms), WaitUntil(now_ms));
        }
        assert_eq!(rate_limit.decide(&mut message, now_ms), Post);
        rate_limit.answered_429(&mut message, 60_000, now_ms);
        assert_eq!(rate_limit.decide(&mut message, now_ms), Hold);
    }

    proptest! {
        /// Whatever comes: nothing within a pause, and whoever waits as told is never told to wait for ever.
        #[test]
        fn nothing_is_posted_within_a_pause(
            steps in prop::collection::vec((0_usize..3, 0_i64..8_000, prop::option::of(0_i64..60_000)), 1..200),
        ) {
            let mut rate_limit = RateLimit::new(Bucket::new(3, 2_000));
            let (mut now_ms, mut paused_until_ms) = (0, 0);
            for (urgency, step_ms, retry_after_ms) in steps {
                now_ms += step_ms;
                let mut message = Outgoing::new([Deferrable, WaitsForToken, NeedsNoToken][urgency], now_ms + 30_000);
                let mut waits = 0;
                let mut retry_after_ms = retry_after_ms;
                loop {
                    match rate_limit.decide(&mut message, now_ms) {
                        Hold => break,
                        WaitUntil(until_ms) => {
                            prop_assert!(until_ms > now_ms && until_ms <= message.until_ms);
                            now_ms = until_ms;
                            waits += 1;
                            prop_assert!(waits < 10);
                        }
                        Post => {
                            prop_assert!(now_ms >= paused_until_ms);
                            let Some(pause_ms) = retry_after_ms.take() else { break };
                            rate_limit.answered_429(&mut message, pause_ms, now_ms);
                            paused_until_ms = now_ms + pause_ms;
                        }
                    }
                }
            }
        }
    }
}
