//! What is notified (`STATUSWATCH_NOTIFY`), and where what is deferred is kept.
//!
//! It picks who drives the messages; nothing else in the function asks which way that is.

use super::notice::{AlarmChanged, Place, Says};
use super::outbox::{Fate, Outbox};
use super::table::{self, Lines};
use super::{Notifier, every, incidents};
use crate::digest::Digest;
use crate::incident::Moment;
use crate::incidents::{Incidents, Tracked};
use crate::pace::Pace;
use crate::rate_limit::Urgency::{self, Deferrable, NeedsNoToken};
use crate::slack::post::PostError;
use crate::store::Store;

/// What is notified, with all that is deferred.
#[derive(Debug)]
pub(crate) enum Mode {
    /// Each delivery.
    Every(Pace),
    /// Incidents, each container its own.
    Incidents(Incidents),
    /// Incidents, all containers the same: a table keeps what is deferred.
    Table,
}

/// Lines that arrived together.
pub(super) enum Arrived {
    /// All of them in one digest.
    Merged(Digest),
    /// Each batch by itself, as the table keeps it.
    Batches(Vec<Lines>),
}

impl Mode {
    /// Lines that this process defers.
    pub(super) fn pending(&self) -> u64 {
        match self {
            Self::Every(pace) => pace.pending(),
            Self::Incidents(incidents) => incidents.pending(),
            Self::Table => 0,
        }
    }

    /// Whether batches are kept by themselves.
    pub(super) fn keeps_batches(&self) -> bool {
        matches!(self, Self::Table)
    }

    /// Takes lines in, and posts what is due with them; without lines, what is due anyway.
    pub(super) async fn notify<N: Notifier, T: Store>(
        &mut self,
        arrived: Arrived,
        urgency: Urgency,
        outbox: &mut Outbox<'_, N, T>,
    ) -> Fate {
        match (self, arrived) {
            (Self::Table, Arrived::Batches(batches)) => table::notify(batches, outbox).await,
            (Self::Every(pace), Arrived::Merged(digest)) if digest.matched() > 0 || pace.pending() > 0 => {
                every::notify(pace, digest, urgency, outbox).await
            }
            (Self::Incidents(all), Arrived::Merged(digest)) if digest.matched() > 0 => {
                incidents::notify(all, digest, urgency, outbox).await
            }
            (Self::Incidents(all), Arrived::Merged(_)) => {
                match incidents::notify_due(all, Moment::Arrival, urgency, outbox).await {
                    Some(error) => Fate::Failed(error, 0),
                    None => Fate::Kept,
                }
            }
            _ => Fate::Kept,
        }
    }

    /// Posts what is due at a tick, or says that a storm is over. Gives the first error of what stays pending.
    pub(super) async fn tick<N: Notifier, T: Store>(
        &mut self,
        outbox: &mut Outbox<'_, N, T>,
    ) -> Option<PostError> {
        match self {
            Self::Every(pace) if pace.pending() > 0 => {
                every::notify(pace, Digest::default(), Deferrable, outbox).await.error()
            }
            Self::Every(pace) => {
                every::end_storm(pace, outbox).await;
                None
            }
            Self::Incidents(all) => incidents::notify_due(all, Moment::Tick, Deferrable, outbox).await,
            Self::Table => {
                table::tick(outbox).await;
                None
            }
        }
    }

    /// Posts all that this process defers: nothing will keep it. Gives the first error.
    pub(super) async fn last<N: Notifier, T: Store>(
        &mut self,
        outbox: &mut Outbox<'_, N, T>,
    ) -> Option<PostError> {
        match self {
            Self::Every(pace) => every::notify(pace, Digest::default(), NeedsNoToken, outbox).await.error(),
            Self::Incidents(all) => incidents::notify_due(all, Moment::Last, NeedsNoToken, outbox).await,
            Self::Table => None,
        }
    }

    /// Lets the incidents of an alarm's log groups know of its change, and posts what is due of those in the destination of
    /// its notice.
    pub(super) async fn alarm_changed<N: Notifier, T: Store>(
        &mut self,
        alarm: &AlarmChanged,
        outbox: &mut Outbox<'_, N, T>,
    ) {
        match self {
            Self::Every(_) => {}
            Self::Incidents(all) => incidents::alarm_changed(all, alarm, outbox).await,
            Self::Table => table::alarm_changed(alarm, outbox).await,
        }
    }

    /// Posts what is due after the change of an alarm in other destinations, none of which is to delay its notice.
    pub(super) async fn alarm_notified<N: Notifier, T: Store>(
        &mut self,
        alarm: &AlarmChanged,
        outbox: &mut Outbox<'_, N, T>,
    ) {
        match self {
            // Without a table there is one destination.
            Self::Every(_) | Self::Incidents(_) => {}
            Self::Table => table::alarm_notified(alarm, outbox).await,
        }
    }

    /// Where the notice of an alarm goes: into the thread of an incident that one of its log groups has, or had until just
    /// now, or into one that it opens in the table; `None` is the channel. An error says that its parent was not posted.
    pub(super) async fn place_of_notice<N: Notifier, T: Store>(
        &mut self,
        alarm: &AlarmChanged,
        says: &Says,
        outbox: &mut Outbox<'_, N, T>,
    ) -> Result<Option<Place>, PostError> {
        match self {
            Self::Every(_) => Ok(None),
            Self::Incidents(all) => Ok(incidents::place_of_notice(all, alarm, says, outbox.now_ms())),
            Self::Table => table::place_of_notice(alarm, says, outbox).await,
        }
    }
}

impl Mode {
    /// The first incident of an alarm's log groups with an error since then (epoch milliseconds), as far as this container
    /// or the table knows.
    pub(super) async fn errors_of<N: Notifier, T: Store>(
        &self,
        alarm: &AlarmChanged,
        from_ms: i64,
        outbox: &mut Outbox<'_, N, T>,
    ) -> Option<Tracked> {
        match self {
            Self::Every(_) => None,
            Self::Incidents(all) => {
                let known = alarm.asked().filter_map(|log_group| all.known(log_group));
                known.into_iter().find(|tracked| tracked.errors_since(from_ms).is_some()).cloned()
            }
            Self::Table => table::errors_of(alarm, from_ms, outbox).await,
        }
    }
}

impl Fate {
    /// Why lines were not accepted, where they were not.
    fn error(self) -> Option<PostError> {
        match self {
            Self::Failed(error, _) => Some(error),
            Self::Kept => None,
        }
    }
}
