//! Posts one message to one destination: an incoming webhook, or a channel by the Web API.
//!
//! A message has two forms: as it should look, and as plain text in case Slack cannot read the first. The outcome says
//! what became of it, with the number of requests and of answers that were lost.
//! It never posts inside a time for which Slack asked to be left alone, never past the deadline, never
//! sends the same bytes again after Slack could not read them, never follows a redirect, and never shows the webhook's
//! URL or the bot token.

use std::hash::{DefaultHasher, Hasher};
use std::time::{Duration, SystemTime};

use reqwest::header::{DATE, RETRY_AFTER};
use tokio::time::{Instant, sleep_until};

use super::answer::Verdict;
use super::attempt::{Attempt, Next};
pub use super::endpoint::Endpoint;
use super::post::{Post, PostError, PostOutcome, Target};
use super::retry_after::retry_after;
use crate::backoff::Backoff;
use crate::http::{Answer, Budget, HttpClient, Lost, Patience, Transport};

/// A 429 without a readable `Retry-After` (or with one of nothing) is taken as Slack's unit, one second.
const LEAST_RETRY_AFTER: Duration = Duration::from_secs(1);

/// How patient a [`Client`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientSettings {
    /// From the start of a request until the answer's head, connecting included.
    pub head_timeout: Duration,
    /// From the start of a request until the answer's end.
    pub total_timeout: Duration,
    /// Tries of one message before it is given back, so that one post cannot fill a long deadline:
    /// Lambda's own retries come minutes later, when trying again is worth more.
    pub tries: u32,
    /// The ceiling of the first wait; it doubles with every try.
    pub backoff: Duration,
    /// The ceiling of any wait.
    pub backoff_cap: Duration,
    /// Seeds the waits' jitter; it must differ between containers.
    pub seed: u64,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            head_timeout: Duration::from_secs(8),
            total_timeout: Duration::from_secs(10),
            tries: 5,
            backoff: Duration::from_millis(500),
            backoff_cap: Duration::from_secs(10),
            seed: 0,
        }
    }
}

/// A destination with the pauses that Slack asks for. One per process: it takes one post at a time.
#[derive(Debug)]
pub struct Client<T = HttpClient> {
    transport: T,
    endpoint: Endpoint,
    settings: ClientSettings,
    backoff: Backoff,
    posts: Pause,
    /// Slack counts the calls of each method by themselves.
    updates: Pause,
    /// A hash of the last post that Slack could not read: a caller that tries again must not send it again.
    not_understood: Option<u64>,
}

/// Until when Slack asked to be left alone, if it did.
#[derive(Debug, Default)]
struct Pause {
    until: Option<Instant>,
}

impl<T: Transport> Client<T> {
    /// A client that has not connected yet.
    #[must_use]
    pub fn new(transport: T, endpoint: impl Into<Endpoint>, settings: ClientSettings) -> Self {
        let endpoint = endpoint.into();
        let backoff = Backoff::new(settings.backoff, settings.backoff_cap, settings.seed);
        let (posts, updates) = (Pause::default(), Pause::default());
        Self { transport, endpoint, settings, backoff, posts, updates, not_understood: None }
    }

    /// Whether it can reply to a message and write one anew: by the Web API alone.
    #[must_use]
    pub fn has_threads(&self) -> bool {
        matches!(self.endpoint, Endpoint::WebApi { .. })
    }

    /// Takes another webhook or token into use; false if it is the one in use, so that trying again is no use.
    pub fn replace_endpoint(&mut self, endpoint: Endpoint) -> bool {
        if self.endpoint == endpoint {
            return false;
        }
        self.endpoint = endpoint;
        (self.posts, self.updates) = (Pause::default(), Pause::default());
        self.not_understood = None;
        true
    }

    /// Posts a message where its target says, trying again as its answers allow and the budget lets it.
    ///
    /// - 200 `ok`, and of the Web API `"ok":true`: accepted.
    /// - 429, or the Web API's word for it: given back at once, for the caller to decide whether to wait.
    /// - 408, 425, 5xx, a word of the Web API's that may pass, and a lost answer: tried again after a wait with full
    ///   jitter, or after `Retry-After` where that is longer. After a lost answer the parent of a thread is not.
    /// - A kept connection that breaks before it answers has usually been dead since the last freeze:
    ///   once, the request is sent again at once, and that is not counted as a try.
    /// - 400, or a word of the Web API's about the message: the plain text once, unless it is the same. Posted again,
    ///   this message goes as plain text at once.
    /// - Anything else: final.
    pub async fn post(&mut self, post: Post<'_>, budget: Budget) -> PostOutcome {
        let began = Instant::now();
        let is_known = self.not_understood.is_some_and(|hash| hash == hash_of(post));
        let mut attempt = if is_known { Attempt::as_plain_text(post) } else { Attempt::of(post) };
        if !self.endpoint.can(post.target) {
            return attempt.end(Err(PostError::NeedsBotToken));
        }
        if self.endpoint.has_moved_from(post.target) {
            return attempt.end(Err(PostError::MessageGone { word: None }));
        }
        if let Some(retry_after) = self.pause_of(post.target).left(began) {
            return attempt.end(Err(PostError::RateLimited { retry_after }));
        }
        while budget.allows_request_at(Instant::now()) {
            let mut pause = None;
            let next = match self.send(post.target, attempt.next_body(), budget).await {
                Err(lost) => attempt.after_no_answer(lost),
                Ok(answer) => {
                    let verdict = self.endpoint.verdict(&answer);
                    if matches!(verdict, Verdict::NotUnderstood(_)) {
                        self.not_understood = Some(hash_of(post));
                    }
                    pause =
                        self.pause_after(&verdict, asked_wait(&answer, budget.wall_clock(began.elapsed())));
                    self.pause_of(post.target).until = pause.map(|wait| Instant::now() + wait);
                    attempt.after(verdict, pause)
                }
            };
            match next {
                Next::End(result) => return attempt.end(result),
                Next::AtOnce => {}
                Next::Later { failures } => {
                    let wait = self.backoff.wait(failures).max(pause.unwrap_or_default());
                    let again = Instant::now() + wait;
                    if failures >= self.settings.tries || !budget.allows_request_at(again) {
                        break;
                    }
                    sleep_until(again).await;
                }
            }
        }
        attempt.give_up()
    }

    /// For how long an answer makes us pause: as long as it asks, and after a 429 for a moment even if it does not
    /// say how long.
    fn pause_after(&mut self, verdict: &Verdict, asked: Option<Duration>) -> Option<Duration> {
        match verdict {
            Verdict::RateLimited => Some(
                asked
                    .filter(|wait| *wait >= LEAST_RETRY_AFTER)
                    .unwrap_or_else(|| LEAST_RETRY_AFTER + self.backoff.jitter(LEAST_RETRY_AFTER)),
            ),
            Verdict::Unavailable(_) => asked,
            _ => None,
        }
    }

    fn pause_of(&mut self, target: Target<'_>) -> &mut Pause {
        if target.is_update() { &mut self.updates } else { &mut self.posts }
    }

    async fn send(&self, target: Target<'_>, body: &str, budget: Budget) -> Result<Answer, Lost> {
        let patience = Patience {
            head: self.settings.head_timeout,
            total: self.settings.total_timeout,
            bytes: self.endpoint.answer_bytes(),
        };
        self.transport.exchange(self.endpoint.request(target, body), patience, budget).await
    }
}

impl Pause {
    /// How long Slack still wants to be left alone, if it does.
    fn left(&mut self, now: Instant) -> Option<Duration> {
        let wait = self.until?.checked_duration_since(now).filter(|wait| !wait.is_zero());
        if wait.is_none() {
            self.until = None;
        }
        wait
    }
}

/// The same message may do as a post and not as an update, whose text has a narrower limit.
fn hash_of(post: Post<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(post.body.as_bytes());
    hasher.write_u8(u8::from(post.target.is_update()));
    hasher.finish()
}

/// The wait that an answer asks for.
fn asked_wait(answer: &Answer, now: SystemTime) -> Option<Duration> {
    retry_after(answer.header(RETRY_AFTER), answer.header(DATE), &answer.body, now)
}

#[cfg(test)]
mod api_tests;
#[cfg(test)]
mod tests;
