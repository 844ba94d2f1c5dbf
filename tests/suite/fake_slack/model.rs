//! Slack in virtual time: no sockets, no bytes on a wire, the same token bucket.
//!
//! A handler under simulation posts through a [`SlackPort`] and awaits the answer; everything in between is
//! tokio's clock, which is to be paused. The model decides when the message arrives, not when the handler
//! learns of it, so that a handler that dies in between has told people something that it does not know of.

use std::{
    collections::BTreeMap,
    ops::{Range, RangeInclusive},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use tokio::time::sleep;

use super::{Bucket, RetryAfterWindow};
use crate::clock::Clock;

/// How Slack behaves in a simulation.
#[derive(Clone, Debug)]
pub(crate) struct Behaviour {
    /// What it lets through.
    pub(crate) bucket: Bucket,
    /// From a post to its answer; the message arrives half-way.
    pub(crate) latency_ms: RangeInclusive<u64>,
    /// The share of accepted posts whose answer is lost.
    pub(crate) lost_answers: f64,
    /// Times in which it answers something else; the first that fits counts.
    pub(crate) spells: Vec<Spell>,
}

/// A time in which Slack gives one and the same answer.
#[derive(Clone, Debug)]
pub(crate) struct Spell {
    /// From when until when, in milliseconds of the simulation.
    pub(crate) during: Range<u64>,
    /// The answer.
    pub(crate) answer: SlackAnswer,
    /// Whether it shows the message all the same.
    pub(crate) accepts: bool,
}

/// What comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SlackAnswer {
    /// The HTTP status. With 200, the body is `ok`.
    pub(crate) status: u16,
    /// Seconds.
    pub(crate) retry_after: Option<u64>,
}

/// No answer came back: the connection broke after the request had been sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AnswerLost;

/// The one Slack of a simulation.
#[derive(Clone)]
pub(crate) struct SlackModel(Arc<Mutex<State>>);

/// A container's way to Slack.
#[derive(Clone)]
pub(crate) struct SlackPort {
    model: SlackModel,
    container: usize,
}

/// A post that arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ArrivedPost {
    /// When.
    pub(crate) at_ms: u64,
    /// The body as it was sent.
    pub(crate) body: Vec<u8>,
    /// Whether Slack shows it.
    pub(crate) accepted: bool,
    /// Whether the container has been told so.
    pub(crate) acknowledged: bool,
}

/// What Slack saw in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Traffic {
    /// Posts that arrived.
    pub(crate) posts: u64,
    /// Of these, shown.
    pub(crate) accepted: u64,
    /// Of these, answered 429.
    pub(crate) rate_limited: u64,
    /// Posts by a container that had been told by a 429 to be silent until later.
    pub(crate) too_early: u64,
}

struct State {
    clock: Clock,
    rng: fastrand::Rng,
    behaviour: Behaviour,
    traffic: Traffic,
    containers: BTreeMap<usize, Seen>,
}

/// What Slack has seen of one container since it was last asked.
#[derive(Default)]
struct Seen {
    window: RetryAfterWindow,
    posts: Vec<ArrivedPost>,
}

impl Default for Behaviour {
    /// As documented, and answering within a third of a second.
    fn default() -> Self {
        Self { bucket: Bucket::slack(), latency_ms: 60..=340, lost_answers: 0.0, spells: Vec::new() }
    }
}

impl SlackModel {
    /// A Slack that goes by this clock.
    pub(crate) fn new(behaviour: Behaviour, clock: Clock, rng: fastrand::Rng) -> Self {
        let (traffic, containers) = (Traffic::default(), BTreeMap::new());
        Self(Arc::new(Mutex::new(State { clock, rng, behaviour, traffic, containers })))
    }

    /// The way of one container, by its number.
    pub(crate) fn port(&self, container: usize) -> SlackPort {
        SlackPort { model: self.clone(), container }
    }

    /// Takes the posts of a container that have arrived since the last time.
    pub(crate) fn take_posts(&self, container: usize) -> Vec<ArrivedPost> {
        self.state()
            .containers
            .get_mut(&container)
            .map(|seen| std::mem::take(&mut seen.posts))
            .unwrap_or_default()
    }

    /// What was seen so far.
    pub(crate) fn traffic(&self) -> Traffic {
        self.state().traffic
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no holder of this lock panics")
    }
}

impl SlackPort {
    /// Posts a body. Dropping this before the message has arrived unsends it; later it does not.
    pub(crate) async fn post(&self, body: &[u8]) -> Result<SlackAnswer, AnswerLost> {
        let half = {
            let mut state = self.model.state();
            let latency = state.behaviour.latency_ms.clone();
            Duration::from_millis(state.rng.u64(latency)) / 2
        };
        sleep(half).await;
        let (answer, accepted) = self.model.state().arrive(self.container, body);
        sleep(half).await;
        let mut state = self.model.state();
        let is_lost = state.behaviour.lost_answers;
        if accepted && state.rng.f64() < is_lost {
            return Err(AnswerLost);
        }
        if let (200, Some(post)) = (answer.status, state.last_post_of(self.container)) {
            post.acknowledged = accepted;
        }
        Ok(answer)
    }
}

impl State {
    fn arrive(&mut self, container: usize, body: &[u8]) -> (SlackAnswer, bool) {
        let now = self.clock.now_ms();
        let spell = self.behaviour.spells.iter().find(|spell| spell.during.contains(&now));
        let (answer, accepted) = match spell {
            Some(spell) => (spell.answer, spell.accepts),
            None => match self.behaviour.bucket.take(now) {
                Ok(()) => (SlackAnswer { status: 200, retry_after: None }, true),
                Err(seconds) => (SlackAnswer { status: 429, retry_after: Some(seconds) }, false),
            },
        };
        let seen = self.containers.entry(container).or_default();
        self.traffic.posts += 1;
        self.traffic.accepted += u64::from(accepted);
        self.traffic.rate_limited += u64::from(answer.status == 429);
        self.traffic.too_early += u64::from(seen.window.contains(now));
        if let (429, Some(seconds)) = (answer.status, answer.retry_after) {
            seen.window.open(now, seconds);
        }
        seen.posts.push(ArrivedPost { at_ms: now, body: body.to_vec(), accepted, acknowledged: false });
        (answer, accepted)
    }

    fn last_post_of(&mut self, container: usize) -> Option<&mut ArrivedPost> {
        self.containers.get_mut(&container)?.posts.last_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(behaviour: Behaviour) -> SlackModel {
        SlackModel::new(behaviour, Clock::running(), fastrand::Rng::with_seed(7))
    }

    fn answered(status: u16, retry_after: Option<u64>) -> SlackAnswer {
        SlackAnswer { status, retry_after }
    }

    #[tokio::test(start_paused = true)]
    async fn the_bucket_is_one_for_all_containers_and_the_window_each_ones_own() {
        let slack =
            model(Behaviour { bucket: Bucket::new(1, 5_000), latency_ms: 100..=100, ..Default::default() });
        assert_eq!(slack.port(1).post(b"a").await, Ok(answered(200, None)));
        assert_eq!(slack.port(2).post(b"b").await, Ok(answered(429, Some(5))));
        assert_eq!(slack.port(2).post(b"c").await, Ok(answered(429, Some(5))));
        assert_eq!(slack.port(1).post(b"d").await, Ok(answered(429, Some(5))));
        assert_eq!(slack.traffic(), Traffic { posts: 4, accepted: 1, rate_limited: 3, too_early: 1 });
    }

    #[tokio::test(start_paused = true)]
    async fn posts_are_kept_by_container_until_they_are_taken() {
        let slack = model(Behaviour { latency_ms: 100..=100, ..Default::default() });
        slack.port(3).post(b"body").await.unwrap();
        let post = ArrivedPost { at_ms: 50, body: b"body".to_vec(), accepted: true, acknowledged: true };
        assert_eq!(slack.take_posts(3), [post]);
        assert_eq!(slack.take_posts(3), []);
        assert_eq!(slack.take_posts(4), []);
    }

    #[tokio::test(start_paused = true)]
    async fn a_lost_answer_hides_an_accepted_post() {
        let slack = model(Behaviour { lost_answers: 1.0, ..Default::default() });
        assert_eq!(slack.port(1).post(b"a").await, Err(AnswerLost));
        let posts = slack.take_posts(1);
        assert!(posts[0].accepted && !posts[0].acknowledged);
    }

    #[tokio::test(start_paused = true)]
    async fn a_poster_that_dies_before_the_arrival_has_posted_nothing_and_later_all() {
        let slack = model(Behaviour { latency_ms: 100..=100, ..Default::default() });
        let port = slack.port(1);
        assert!(tokio::time::timeout(Duration::from_millis(49), port.post(b"a")).await.is_err());
        assert_eq!(slack.take_posts(1), []);
        assert!(tokio::time::timeout(Duration::from_millis(51), port.post(b"a")).await.is_err());
        let posts = slack.take_posts(1);
        assert!(posts[0].accepted && !posts[0].acknowledged);
    }

    #[tokio::test(start_paused = true)]
    async fn a_spell_has_its_time_and_may_lie() {
        let answer = SlackAnswer { status: 500, retry_after: None };
        let spell = Spell { during: 40..100, answer, accepts: true };
        let slack = model(Behaviour { latency_ms: 100..=100, spells: vec![spell], ..Default::default() });
        assert_eq!(slack.port(1).post(b"a").await, Ok(answered(500, None)));
        assert_eq!(slack.port(1).post(b"a").await, Ok(answered(200, None)));
        let posts = slack.take_posts(1);
        assert!(posts[0].accepted && !posts[0].acknowledged && posts[1].acknowledged);
    }
}
