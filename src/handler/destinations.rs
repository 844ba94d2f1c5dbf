//! The destinations of messages, each with its own rate limit, and which of them is posted to now.
//!
//! A destination that fails is not tried again in the same invocation, and comes last in the next ones. It posts nothing
//! and decides nothing about lines.

use crate::rate_limit::RateLimit;
use crate::rules::DEFAULT_DESTINATION;
use crate::slack::post::PostError;

/// All destinations: the default one, and those that `STATUSWATCH_DESTINATIONS` names.
#[derive(Debug)]
pub(super) struct Destinations<N> {
    pub(super) default: Destination<N>,
    others: Vec<Destination<N>>,
    /// Which of the others is posted to now; `None` is the default one.
    at: Option<usize>,
}

/// One destination.
#[derive(Debug)]
pub(super) struct Destination<N> {
    name: String,
    pub(super) notifier: N,
    pub(super) rate_limit: RateLimit,
    /// All containers together have no token before, as far as this one knows; epoch milliseconds.
    pub(super) no_token_before_ms: i64,
    /// Why it took no message in this invocation.
    failed: Option<PostError>,
    /// It took no message when it was last tried.
    is_troubled: bool,
}

impl<N> Destinations<N> {
    pub(super) fn new(notifier: N, rate_limit: RateLimit) -> Self {
        Self {
            default: Destination::new(DEFAULT_DESTINATION, notifier, rate_limit),
            others: Vec::new(),
            at: None,
        }
    }

    /// Adds one with a rate limit like the default one's, which has posted nothing yet.
    pub(super) fn add(&mut self, name: &str, notifier: N) {
        let rate_limit = self.default.rate_limit.clone();
        self.others.push(Destination::new(name, notifier, rate_limit));
    }

    /// An invocation begins: whatever failed may be tried again.
    pub(super) fn begin(&mut self) {
        self.default.failed = None;
        self.others.iter_mut().for_each(|destination| destination.failed = None);
    }

    /// From now on this destination is posted to. One that is not configured any more is the default one's: its lines
    /// are not to be lost.
    pub(super) fn turn_to(&mut self, name: &str) {
        self.at = self.position(name);
    }

    /// The destination that is posted to.
    pub(super) fn current(&self) -> &Destination<N> {
        self.at.and_then(|at| self.others.get(at)).unwrap_or(&self.default)
    }

    pub(super) fn current_mut(&mut self) -> &mut Destination<N> {
        match self.at.and_then(|at| self.others.get_mut(at)) {
            Some(destination) => destination,
            None => &mut self.default,
        }
    }

    /// Puts things in order by their destinations: those of one destination together, in the order in which each is
    /// named first, and those last that took no message when they were last tried or are asked for a pause.
    pub(super) fn group<T>(&self, all: Vec<T>, name: impl Fn(&T) -> &str, now_ms: i64) -> Vec<Vec<T>> {
        let mut groups: Vec<(Option<usize>, Vec<T>)> = Vec::new();
        for one in all {
            let at = self.position(name(&one));
            match groups.iter_mut().find(|(known, _)| *known == at) {
                Some((_, group)) => group.push(one),
                None => groups.push((at, vec![one])),
            }
        }
        groups.sort_by_key(|(at, _)| {
            let destination = at.and_then(|at| self.others.get(at)).unwrap_or(&self.default);
            destination.is_troubled || destination.rate_limit.pause_left_ms(now_ms) > 0
        });
        groups.into_iter().map(|(_, group)| group).collect()
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.others.iter().position(|destination| destination.name == name)
    }
}

impl<N> Destination<N> {
    fn new(name: &str, notifier: N, rate_limit: RateLimit) -> Self {
        let (name, no_token_before_ms) = (name.to_owned(), i64::MIN);
        Self { name, notifier, rate_limit, no_token_before_ms, failed: None, is_troubled: false }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Why it took no message in this invocation, where it did not.
    pub(super) fn failed(&self) -> Option<PostError> {
        self.failed
    }

    /// It took a message.
    pub(super) fn took_one(&mut self) {
        (self.is_troubled, self.failed) = (false, None);
    }

    /// It took none, for this reason, which may be the message's alone.
    pub(super) fn failed_with(&mut self, error: PostError) {
        if error.is_of_destination() {
            (self.is_troubled, self.failed) = (true, Some(error));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rate_limit::Bucket;

    fn destinations() -> Destinations<()> {
        let mut all = Destinations::new((), RateLimit::new(Bucket::new(1, 5_000)));
        all.add("orders", ());
        all.add("pets", ());
        all
    }

    #[test]
    fn one_that_is_not_configured_any_more_is_the_default_one() {
        let mut all = destinations();
        for (name, current) in
            [("pets", "pets"), ("gone", "default"), ("orders", "orders"), ("default", "default")]
        {
            all.turn_to(name);
            assert_eq!(all.current().name(), current);
        }
    }

    #[test]
    fn those_that_fail_come_last_until_they_take_a_message_and_are_tried_again_in_the_next_invocation() {
        let mut all = destinations();
        let order = |all: &Destinations<()>| -> Vec<String> {
            let keys = ["orders 1", "gone 1", "pets 1", "orders 2", "default 1"].map(str::to_owned);
            let groups = all.group(keys.to_vec(), |key| key.split(' ').next().unwrap(), 0);
            groups.iter().map(|group| group.join(", ")).collect()
        };
        assert_eq!(order(&all), ["orders 1, orders 2", "gone 1, default 1", "pets 1"]);

        all.turn_to("orders");
        let down = PostError::Unavailable { status: 503, word: None };
        all.current_mut().failed_with(down);
        assert_eq!(all.current().failed(), Some(down));
        all.begin();
        assert_eq!(order(&all), ["gone 1, default 1", "pets 1", "orders 1, orders 2"]);
        all.turn_to("orders");
        assert_eq!(all.current().failed(), None);
        all.current_mut().took_one();
        assert_eq!(order(&all)[0], "orders 1, orders 2");

        // What is wrong with one message says nothing of the next.
        all.current_mut().failed_with(PostError::Rejected { status: 400, word: None });
        assert_eq!(all.current().failed(), None);
        all.default.rate_limit.answered_429(
            &mut crate::rate_limit::Outgoing::new(crate::rate_limit::Urgency::Deferrable, 9_000),
            30_000,
            0,
        );
        assert_eq!(order(&all), ["orders 1, orders 2", "pets 1", "gone 1, default 1"]);
    }
}
