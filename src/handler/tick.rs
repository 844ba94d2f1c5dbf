//! The schedule's tick: flush what is folded, or say that it is quiet again.

use std::time::Duration;

use tokio::time::sleep;

use super::logs::warn_of_pending;
use super::tell::{Told, short_id};
use super::{Handler, Invocation, Outcome, Slack};
use crate::digest::Digest;
use crate::ledger::{Ledger, Measures};
use crate::pace;
use crate::slack::render::{QuietAgain, Rendered, Style, render_quiet_again};

/// How long a tick that finds nothing pending stays, so that the ticks sent with it reach the other containers.
const HOLD: Duration = Duration::from_millis(300);

impl<S: Slack> Handler<S> {
    pub(super) async fn tick(&mut self, invocation: Invocation) -> Outcome {
        let mut ledger = Ledger::default();
        let mut measures = Measures::default();
        if self.pace.pending() > 0 {
            // A tick whose post fails is no error: it holds no line that Lambda could keep.
            let flushed = self.tell_or_fold(Digest::default(), invocation, &mut ledger, &mut measures).await;
            if let Told::Failed(error) = flushed {
                warn_of_pending(error, self.pace.pending());
            }
        } else {
            self.end_storm(invocation, &mut ledger, &mut measures).await;
            sleep(invocation.as_much_as_there_is_time_for(HOLD)).await;
        }
        Outcome::of(ledger, measures)
    }

    async fn end_storm(&mut self, invocation: Invocation, ledger: &mut Ledger, measures: &mut Measures) {
        let now_ms = invocation.now_ms();
        let Some(end) = self.pace.quiet_again(now_ms) else { return };
        if !self.pace.bucket.take(now_ms) {
            return;
        }
        let rendered = draw_quiet_again(&end, &self.style);
        match self.post(&rendered, invocation, ledger, measures).await {
            Ok(_) => self.pace.told_quiet(),
            Err(error) => {
                tracing::warn!(%error, "slack did not accept the end of a storm; the next tick tries again");
            }
        }
    }

    /// Posts what is folded before the container ends, as far as Slack and the time allow.
    pub async fn shut_down(&mut self, invocation: Invocation) -> Outcome {
        let mut ledger = Ledger::default();
        let mut measures = Measures::default();
        if self.pace.pending() > 0 {
            let flushed =
                self.post_with_pending(Digest::default(), invocation, &mut ledger, &mut measures).await;
            if let Err(error) = flushed {
                tracing::error!(%error, lines = self.pace.pending(), "the container ends with lines pending");
            }
        }
        ledger.pending = self.pace.pending();
        Outcome::of(ledger, measures)
    }
}

/// The message that ends a storm.
pub(crate) fn draw_quiet_again(end: &pace::QuietAgain, style: &Style) -> Rendered {
    let storm = QuietAgain {
        log_groups: &end.log_groups,
        errors: end.lines,
        shown: end.shown,
        since_ms: end.since_ms,
        until_ms: end.until_ms,
        id: &short_id(end.id),
    };
    render_quiet_again(&storm, style)
}
