//! The schedule's tick: post what is due, or say that it is over.

use std::time::Duration;

use tokio::time::sleep;

use super::delivery::Fate;
use super::logs::warn_of_pending;
use super::{Handler, Invocation, Mode, Outcome, Slack, every, incidents, shared};
use crate::digest::Digest;
use crate::incident::Moment;
use crate::ledger::{Ledger, Measures};
use crate::outbox::Urgency::{Deferrable, Urgent};
use crate::store::Store;

/// How long a tick that finds nothing pending stays, so that the ticks sent with it reach the other containers.
const HOLD: Duration = Duration::from_millis(300);

impl<S: Slack, T: Store> Handler<S, T> {
    pub(super) async fn tick(&mut self, invocation: Invocation) -> Outcome {
        let mut ledger = Ledger::default();
        let mut measures = Measures::default();
        let has_pending = self.mode.pending() > 0;
        let (mode, mut delivery) = self.delivery(invocation, &mut ledger, &mut measures);
        let failed = match mode {
            Mode::Shared => {
                shared::tick(&mut delivery).await;
                return Outcome::of(ledger, measures);
            }
            Mode::Every(pace) if has_pending => {
                match every::notify(pace, Digest::default(), Deferrable, &mut delivery).await {
                    Fate::Failed(error, _) => Some(error),
                    Fate::Accepted | Fate::Deferred => None,
                }
            }
            Mode::Every(pace) => {
                every::end_storm(pace, &mut delivery).await;
                None
            }
            Mode::Incidents(all) => incidents::notify_due(all, Moment::Tick, Deferrable, &mut delivery).await,
        };
        // A tick whose post fails is no error: it holds no line that Lambda could keep.
        if let Some(error) = failed {
            warn_of_pending(error, self.mode.pending());
        }
        if !has_pending {
            sleep(invocation.as_much_as_there_is_time_for(HOLD)).await;
        }
        Outcome::of(ledger, measures)
    }

    /// Posts what is deferred before the container ends, as far as Slack and the time allow.
    pub async fn shut_down(&mut self, invocation: Invocation) -> Outcome {
        let mut ledger = Ledger::default();
        let mut measures = Measures::default();
        if self.mode.pending() > 0 {
            let (mode, mut delivery) = self.delivery(invocation, &mut ledger, &mut measures);
            let failed = match mode {
                Mode::Every(pace) => {
                    match every::notify(pace, Digest::default(), Urgent, &mut delivery).await {
                        Fate::Failed(error, _) => Some(error),
                        Fate::Accepted | Fate::Deferred => None,
                    }
                }
                Mode::Incidents(all) => incidents::notify_due(all, Moment::Last, Urgent, &mut delivery).await,
                Mode::Shared => None,
            };
            if let Some(error) = failed {
                tracing::error!(%error, lines = self.mode.pending(), "the container ends with lines pending");
            }
        }
        ledger.pending = self.mode.pending();
        Outcome::of(ledger, measures)
    }
}
