//! A webhook for handlers under test in one process: it gives the outcomes that the test has put in, then accepts.
//!
//! Bodies are kept; nothing is sent anywhere.

use std::{cell::RefCell, collections::VecDeque, rc::Rc, time::Duration};

use serde_json::Value;
use statuswatch::{
    handler::{Answer, Handler, Invocation, Notifier, Notify, Outcome},
    http::Budget,
    incident::Policy,
    ledger::Ledger,
    rate_limit::Bucket,
    rules::Rules,
    slack::post::{Accepted, Post, PostError, PostOutcome},
};
use tokio::time::Instant;

use crate::fake_lambda::{
    events::{self, LOG_GROUP, access_log},
    function::EPOCH_MS,
    product::handler_by,
};

/// The webhook; clones share what they know.
#[derive(Clone, Debug, Default)]
pub(crate) struct ScriptedWebhook(Rc<RefCell<Known>>);

#[derive(Debug, Default)]
struct Known {
    outcomes: VecDeque<PostOutcome>,
    bodies: Vec<Value>,
}

impl ScriptedWebhook {
    /// What becomes of the next post that has no outcome yet.
    pub(crate) fn next(&self, result: Result<Accepted, PostError>) {
        self.next_outcome(PostOutcome { result, requests: 1, ambiguous: 0 });
    }

    /// The same, with its counts.
    pub(crate) fn next_outcome(&self, outcome: PostOutcome) {
        self.0.borrow_mut().outcomes.push_back(outcome);
    }

    /// Every body that was posted, accepted or not.
    pub(crate) fn bodies(&self) -> Vec<Value> {
        self.0.borrow().bodies.clone()
    }

    /// The headings of the bodies, without what makes strangers' text harmless.
    pub(crate) fn headings(&self) -> Vec<String> {
        let heading = |body: &Value| body["text"].as_str().unwrap_or_default().replace('\u{200b}', "");
        self.0.borrow().bodies.iter().map(heading).collect()
    }
}

impl Notifier for ScriptedWebhook {
    async fn post(&mut self, post: Post<'_>, _budget: Budget) -> PostOutcome {
        let mut known = self.0.borrow_mut();
        known.bodies.push(serde_json::from_str(post.body).expect("a message is JSON"));
        let accepted = PostOutcome { result: Ok(Accepted::default()), requests: 1, ambiguous: 0 };
        known.outcomes.pop_front().unwrap_or(accepted)
    }
}

/// One container with the scripted webhook, on tokio's paused clock.
pub(crate) struct Bench {
    /// Its webhook.
    pub(crate) slack: ScriptedWebhook,
    handler: Handler<ScriptedWebhook>,
    began: Instant,
}

/// Slack asks for a pause.
pub(crate) fn rate_limited(seconds: u64) -> Result<Accepted, PostError> {
    Err(PostError::RateLimited { retry_after: Duration::from_secs(seconds) })
}

/// Slack is down.
pub(crate) fn unavailable() -> Result<Accepted, PostError> {
    Err(PostError::Unavailable { status: 503, word: None })
}

/// A subscription filter's event with so many errors of one stream, whose ids begin with this number.
pub(crate) fn errors(first: u64, count: u64) -> Vec<u8> {
    events::awslogs(&errors_message(first, count))
}

/// The message in it.
pub(crate) fn errors_message(first: u64, count: u64) -> Vec<u8> {
    let lines: Vec<_> = (first..first + count).map(|number| access_log(number, EPOCH_MS, 502)).collect();
    events::data_message(LOG_GROUP, "stream", &lines)
}

impl Bench {
    /// A cold start with this many posts at once, then one in 5 s; every delivery is notified.
    pub(crate) fn with_burst(burst: u32) -> Self {
        Self::with(Rules::built_in(), Notify::every(Bucket::new(burst, 5_000)))
    }

    /// The same where incidents are notified.
    pub(crate) fn of_incidents(burst: u32) -> Self {
        Self::of_incidents_by(Rules::built_in(), burst)
    }

    /// The same by these rules.
    pub(crate) fn of_incidents_by(rules: Rules, burst: u32) -> Self {
        Self::with(rules, Notify::incidents(Bucket::new(burst, 5_000), Policy::default()))
    }

    fn with(rules: Rules, notify: Notify) -> Self {
        let slack = ScriptedWebhook::default();
        let handler = handler_by(rules, slack.clone(), notify);
        Self { slack, handler, began: Instant::now() }
    }

    /// One invocation with 30 s.
    pub(crate) async fn invoke(&mut self, event: &[u8]) -> Outcome {
        self.invoke_within(event, Duration::from_secs(30)).await
    }

    /// One invocation with so much time.
    pub(crate) async fn invoke_within(&mut self, event: &[u8], limit: Duration) -> Outcome {
        let invocation = self.invocation(limit);
        self.handler.handle(event, invocation).await
    }

    /// SIGTERM.
    pub(crate) async fn shut_down(&mut self) -> Outcome {
        let invocation = self.invocation(Duration::from_millis(900));
        self.handler.shut_down(invocation).await
    }

    fn invocation(&self, limit: Duration) -> Invocation {
        let now = std::time::UNIX_EPOCH + Duration::from_millis(EPOCH_MS) + self.began.elapsed();
        Invocation::new(now, Instant::now() + limit)
    }
}

/// What the answer to Kinesis or a queue names.
#[track_caller]
pub(crate) fn named(outcome: &Outcome) -> Vec<String> {
    let Ok(Answer::Again(answer)) = &outcome.answer else { panic!("no such answer: {outcome:?}") };
    answer.batch_item_failures.iter().filter_map(|failure| failure.item_identifier.clone()).collect()
}

/// Shown and counted, deferred, failed, posted.
pub(crate) fn fates(ledger: &Ledger) -> [u64; 4] {
    [ledger.shown + ledger.counted, ledger.pending, ledger.failed, ledger.posted]
}
