//! One post under way: what to do next, given what came of what was sent.
//!
//! It takes verdicts and lost answers one by one, and gives the next step, at the end the outcome
//! with its counts. It is pure: it sends nothing, waits for nothing and reads no clock.

use std::time::Duration;

use super::answer::Verdict;
use super::post::{Accepted, PlainBody, Post, PostError, PostOutcome, Target, Unconfirmed};
use crate::http::{Lost, TransportFault};

/// What has been sent of one post, and what came of it.
#[derive(Debug)]
pub(super) struct Attempt<'a> {
    /// Sent next.
    body: &'a str,
    /// Sent after a 400, if it is not the same as what got the 400.
    plain_body: Option<PlainBody<'a>>,
    target: Target<'a>,
    as_plain_text: bool,
    stale_connection_seen: bool,
    /// Tries that failed in a way that may pass.
    failures: u32,
    last_error: PostError,
    requests: u32,
    ambiguous: u32,
}

/// The next step of a post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Next {
    /// Nothing more is to be sent.
    End(Result<Accepted, PostError>),
    /// The next body is to be sent without a wait.
    AtOnce,
    /// The next body is to be sent after the wait for so many failures, if there are tries and time left.
    Later { failures: u32 },
}

impl<'a> Attempt<'a> {
    pub(super) fn of(post: Post<'a>) -> Self {
        Self {
            body: post.body,
            plain_body: Some(post.plain_body),
            target: post.target,
            as_plain_text: false,
            stale_connection_seen: false,
            failures: 0,
            last_error: PostError::NoTimeLeft,
            requests: 0,
            ambiguous: 0,
        }
    }

    /// The attempt of a message that Slack could not read before.
    pub(super) fn as_plain_text(post: Post<'a>) -> Self {
        Self { body: post.plain_body.text(), plain_body: None, as_plain_text: true, ..Self::of(post) }
    }

    /// The body to send now; it counts as a request.
    pub(super) fn next_body(&mut self) -> &'a str {
        self.requests = self.requests.saturating_add(1);
        self.body
    }

    /// An answer came; `pause` is for how long it makes us pause.
    pub(super) fn after(&mut self, verdict: Verdict, pause: Option<Duration>) -> Next {
        match verdict {
            Verdict::Accepted(receipt) => {
                Next::End(Ok(Accepted { as_plain_text: self.as_plain_text, receipt }))
            }
            Verdict::Final(error) => Next::End(Err(error)),
            Verdict::RateLimited => {
                Next::End(Err(PostError::RateLimited { retry_after: pause.unwrap_or_default() }))
            }
            Verdict::NotUnderstood(error) => match self.plain_body.take().map(PlainBody::text) {
                Some(plain_body) if plain_body != self.body => {
                    self.last_error = error;
                    self.body = plain_body;
                    self.as_plain_text = true;
                    Next::AtOnce
                }
                _ => Next::End(Err(error)),
            },
            Verdict::Unavailable(error) => {
                if self.target.is_sent_once() && error.may_have_been_accepted() {
                    self.count_ambiguous();
                    return Next::End(Err(PostError::Unconfirmed(Unconfirmed::Failed)));
                }
                self.later(error)
            }
            Verdict::Lost(fault) => {
                self.count_ambiguous();
                if self.target.is_sent_once() {
                    return Next::End(Err(PostError::Unconfirmed(Unconfirmed::Lost(fault))));
                }
                self.later(PostError::Transport(fault))
            }
            Verdict::Unreadable => {
                self.count_ambiguous();
                Next::End(Err(PostError::Unconfirmed(Unconfirmed::Unreadable)))
            }
        }
    }

    /// No answer came.
    pub(super) fn after_no_answer(&mut self, lost: Lost) -> Next {
        if lost.sent {
            self.count_ambiguous();
            if self.target.is_sent_once() {
                return Next::End(Err(PostError::Unconfirmed(Unconfirmed::Lost(lost.fault))));
            }
        }
        let error = PostError::Transport(lost.fault);
        // A kept connection that breaks has usually been dead since the last freeze: no fault of Slack's.
        if lost.reused && lost.fault == TransportFault::Broken && !self.stale_connection_seen {
            self.stale_connection_seen = true;
            self.last_error = error;
            return Next::AtOnce;
        }
        self.later(error)
    }

    /// The outcome where tries or time ran out.
    pub(super) fn give_up(self) -> PostOutcome {
        let error = self.last_error;
        self.end(Err(error))
    }

    /// The outcome with the counts so far.
    pub(super) fn end(self, result: Result<Accepted, PostError>) -> PostOutcome {
        PostOutcome { result, requests: self.requests, ambiguous: self.ambiguous }
    }

    /// Slack may have what was sent. An update that is made twice shows nothing twice.
    fn count_ambiguous(&mut self) {
        self.ambiguous = self.ambiguous.saturating_add(u32::from(!self.target.is_update()));
    }

    fn later(&mut self, error: PostError) -> Next {
        self.failures = self.failures.saturating_add(1);
        self.last_error = error;
        Next::Later { failures: self.failures }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slack::post::Receipt;

    const POST: Post<'_> =
        Post { body: "blocks", plain_body: PlainBody(&|| "text"), target: Target::Channel };
    const BROKEN: Lost = Lost { fault: TransportFault::Broken, sent: true, reused: true };

    #[test]
    fn a_kept_connection_that_breaks_is_excused_once_and_counted_as_ambiguous_each_time() {
        let mut attempt = Attempt::of(POST);
        assert_eq!(attempt.after_no_answer(BROKEN), Next::AtOnce);
        assert_eq!(attempt.after_no_answer(BROKEN), Next::Later { failures: 1 });
        let outcome = attempt.give_up();
        assert_eq!(outcome.result, Err(PostError::Transport(TransportFault::Broken)));
        assert_eq!(outcome.ambiguous, 2);
    }

    #[test]
    fn a_kept_connection_that_is_only_slow_is_a_try() {
        let slow = Lost { fault: TransportFault::AnswerTimeout, ..BROKEN };
        assert_eq!(Attempt::of(POST).after_no_answer(slow), Next::Later { failures: 1 });
    }

    #[test]
    fn a_parent_is_never_sent_again_once_slack_may_have_it() {
        let parent = Post { target: Target::Parent, ..POST };
        let unconfirmed = |why| Next::End(Err(PostError::Unconfirmed(why)));
        let (broken, cut) = (TransportFault::Broken, TransportFault::BodyBroken);
        assert_eq!(Attempt::of(parent).after_no_answer(BROKEN), unconfirmed(Unconfirmed::Lost(broken)));
        assert_eq!(Attempt::of(parent).after(Verdict::Lost(cut), None), unconfirmed(Unconfirmed::Lost(cut)));
        let mut attempt = Attempt::of(parent);
        assert_eq!(attempt.after(Verdict::Unreadable, None), unconfirmed(Unconfirmed::Unreadable));
        assert_eq!(attempt.give_up().ambiguous, 1);
        // Slack says that a part of what was asked may have been done before these.
        let known = |word| crate::slack::post::ErrorWord::all().find(|known| known.as_str() == word);
        for (status, word) in [(500, None), (502, None), (504, None), (200, known("internal_error"))] {
            let failed = PostError::Unavailable { status, word };
            let next = Attempt::of(parent).after(Verdict::Unavailable(failed), None);
            assert_eq!(next, unconfirmed(Unconfirmed::Failed), "{failed}");
        }
        // What was not sent, or was answered by a no, may be sent again.
        let unsent = Lost { fault: TransportFault::Connect, sent: false, reused: false };
        let down = PostError::Unavailable { status: 503, word: None };
        assert_eq!(Attempt::of(parent).after_no_answer(unsent), Next::Later { failures: 1 });
        assert_eq!(Attempt::of(parent).after(Verdict::Unavailable(down), None), Next::Later { failures: 1 });
        let rejected = PostError::Rejected { status: 200, word: None };
        assert_eq!(Attempt::of(parent).after(Verdict::NotUnderstood(rejected), None), Next::AtOnce);
    }

    #[test]
    fn an_update_that_was_lost_is_made_again_and_is_not_ambiguous() {
        let receipt = Receipt::new("C0123456789".parse().unwrap(), "1.0").unwrap();
        let (body, plain_body) = ("blocks", PlainBody(&|| "text"));
        let mut attempt = Attempt::of(Post { body, plain_body, target: Target::Update(&receipt) });
        assert_eq!(attempt.after_no_answer(BROKEN), Next::AtOnce);
        assert_eq!(
            attempt.after(Verdict::Lost(TransportFault::BodyBroken), None),
            Next::Later { failures: 1 }
        );
        assert!(matches!(
            attempt.after(Verdict::Unreadable, None),
            Next::End(Err(PostError::Unconfirmed(_)))
        ));
        assert_eq!(attempt.give_up().ambiguous, 0);
    }

    #[test]
    fn what_failed_last_is_what_is_told() {
        let mut attempt = Attempt::of(POST);
        assert_eq!(attempt.next_body(), "blocks");
        let rejected = PostError::Rejected { status: 400, word: None };
        assert_eq!(attempt.after(Verdict::NotUnderstood(rejected), None), Next::AtOnce);
        assert_eq!(attempt.next_body(), "text");
        let outcome = attempt.give_up();
        assert_eq!(outcome, PostOutcome { result: Err(rejected), requests: 2, ambiguous: 0 });
    }
}
