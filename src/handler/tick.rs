//! The schedule's tick, once a minute (`infra/tick.tf`): posts what is due, the end of an incident or a storm among it.

use std::time::Duration;

use tokio::time::sleep;

use super::logs::warn_of_pending;
use super::{Handler, Invocation, Notifier, Outcome};
use crate::ledger::{Ledger, Measures};
use crate::store::Store;

/// How long a tick that finds nothing pending stays. Without a state table the schedule sends one tick for each container
/// at once, and Lambda gives a container that is busy no second one.
const HOLD: Duration = Duration::from_millis(300);

impl<N: Notifier, T: Store> Handler<N, T> {
    pub(super) async fn tick(&mut self, invocation: Invocation) -> Outcome {
        let mut ledger = Ledger::default();
        let mut measures = Measures::default();
        let has_pending = self.mode.pending() > 0;
        let (mode, mut outbox) = self.outbox(invocation, &mut ledger, &mut measures);
        let failed = mode.tick(&mut outbox).await;
        // A tick whose post fails is no error: it holds no line that Lambda could keep.
        if let Some(error) = failed {
            warn_of_pending(error, self.mode.pending());
        }
        if !has_pending && !self.mode.keeps_batches() {
            sleep(invocation.as_much_as_there_is_time_for(HOLD)).await;
        }
        Outcome::of(ledger, measures)
    }

    /// Posts what is deferred before the container ends, as far as Slack and the time allow.
    pub async fn shut_down(&mut self, invocation: Invocation) -> Outcome {
        let mut ledger = Ledger::default();
        let mut measures = Measures::default();
        if self.mode.pending() > 0 {
            let (mode, mut outbox) = self.outbox(invocation, &mut ledger, &mut measures);
            let failed = mode.last(&mut outbox).await;
            if let Some(error) = failed {
                tracing::error!(%error, lines = self.mode.pending(), "the container ends with lines pending");
            }
        }
        ledger.pending = self.mode.pending();
        Outcome::of(ledger, measures)
    }
}
