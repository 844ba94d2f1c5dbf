//! The notice of an alarm on its way to Slack: into the thread of its incident where there are threads, else into the
//! channel. With a state table an alarm without an incident opens a thread. Which log groups an alarm belongs to,
//! `notifications` says.
//!
//! One message of a change wakes people, never two: the parent that it opens, or a reply that the channel shows.

use super::outbox::Outbox;
use super::thread::receipt;
use super::{Handler, Invocation, Notifier};
use crate::console_links::MAX_LOG_GROUPS;
use crate::incident::{AlarmNews, AlarmOpening, Posted, Thread};
use crate::incidents::Tracked;
use crate::ledger::{Ledger, Measures};
use crate::rate_limit::Urgency::NeedsNoToken;
use crate::slack::post::{PostError, Target};
use crate::slack::render::Rendered;
use crate::store::{BatchId, Store};

/// A change of an alarm, and whose it is.
#[derive(Debug)]
pub(super) struct AlarmChanged {
    /// The log groups that the alarm belongs to, the most important first.
    pub(super) log_groups: Vec<String>,
    /// What their incidents are to know.
    pub(super) news: AlarmNews,
    /// Names the change, whichever way it comes.
    pub(super) id: BatchId,
}

/// What its notice says, as far as its place depends on that.
#[derive(Debug)]
pub(super) enum Says {
    /// It went off: the first notice, with the heading.
    Alarm { heading: Vec<String>, since_ms: i64 },
    /// It recovered.
    Recovery,
    /// It went off and is over by now.
    Belated,
}

/// Where a notice goes in a thread.
#[derive(Debug)]
pub(super) struct Place {
    parent: Posted,
    /// The channel shows it as well.
    is_shown_in_channel: bool,
    /// The incident's last message says that it is over.
    end_says_it: bool,
}

impl AlarmChanged {
    /// The log groups whose incidents hear of it, and are looked at for a thread: as many as an alarm can have.
    pub(super) fn asked(&self) -> impl Iterator<Item = &String> {
        self.log_groups.iter().take(MAX_LOG_GROUPS)
    }

    /// The thread that it opens where there is none.
    pub(super) fn opening(&self, says: &Says) -> Option<AlarmOpening> {
        let Says::Alarm { heading, since_ms } = says else { return None };
        let (heading, since_ms) = (heading.clone(), *since_ms);
        Some(AlarmOpening { alarm: self.news.alarm, change: self.id.half(), heading, since_ms })
    }

    /// Where its notice goes in this thread.
    pub(super) fn place(&self, thread: &Thread, says: &Says) -> Option<Place> {
        let parent_says_it = thread.opening().is_some_and(|opening| opening.change == self.id.half());
        let end_says_it = matches!(says, Says::Recovery) && thread.said_over();
        let is_shown_in_channel = !parent_says_it && !end_says_it;
        Some(Place { parent: thread.parent()?.clone(), is_shown_in_channel, end_says_it })
    }

    /// The best of these incidents for its notice: the one whose thread it opened, one with lines that fail, one whose
    /// thread another alarm opened, one that is over. An alarm that goes off joins one that is over only where each of
    /// its log groups has a thread: else it may be about one that has none.
    pub(super) fn best_place<'t>(
        &self,
        incidents: impl IntoIterator<Item = &'t Tracked>,
        says: &Says,
        now_ms: i64,
    ) -> Option<Place> {
        let with_thread = |tracked: &'t Tracked| Some((tracked, tracked.recent_thread(now_ms)?));
        let threads: Vec<_> = incidents.into_iter().filter_map(with_thread).collect();
        let joins_all = !matches!(says, Says::Alarm { .. }) || threads.len() >= self.asked().count();
        let rank = |(tracked, thread): &(&Tracked, &Thread)| {
            if thread.opening().is_some_and(|it| it.alarm == self.news.alarm) {
                (0, tracked.began_ms())
            } else if tracked.is_open() {
                (1, tracked.began_ms())
            } else if tracked.is_opener_in_alarm(now_ms) {
                (2, tracked.began_ms())
            } else {
                (3, tracked.notified_ms().saturating_neg())
            }
        };
        let joined = threads.iter().filter(|it| joins_all || rank(it).0 < 3);
        self.place(joined.min_by_key(|it| rank(it))?.1, says)
    }

    /// The log group whose incident's thread it opens, or waits for: the first that fails and has none yet, else the first
    /// without one.
    pub(super) fn opens_for<'t>(
        &'t self,
        incidents: impl IntoIterator<Item = &'t Tracked>,
        now_ms: i64,
    ) -> Option<&'t String> {
        let without = |(_, tracked): &(&String, &Tracked)| {
            tracked.recent_thread(now_ms).is_none() && tracked.thread().is_parent_due(now_ms)
        };
        self.asked()
            .zip(incidents)
            .filter(without)
            .min_by_key(|(_, tracked)| !tracked.is_open())
            .map(|it| it.0)
    }
}

impl<N: Notifier, T: Store> Handler<N, T> {
    /// Posts the notice of an alarm, to the destination that the rules have for its log groups.
    pub(super) async fn post_notice(
        &mut self,
        rendered: &Rendered,
        alarm: &AlarmChanged,
        says: &Says,
        invocation: Invocation,
        ledger: &mut Ledger,
        measures: &mut Measures,
    ) -> Result<(), PostError> {
        let (mode, mut outbox) = self.outbox(invocation, ledger, measures);
        let destination = outbox.rules.destination_of_alarm(&alarm.log_groups);
        outbox.destinations.turn_to(destination);
        let place =
            if outbox.has_threads() { mode.place_of_notice(alarm, says, &mut outbox).await? } else { None };
        // The channel may not have seen the end that says it.
        let wakes = |place: &Place| {
            place.is_shown_in_channel || place.end_says_it && outbox.style.sender.end_in_thread
        };
        let parent = place.and_then(|place| Some((receipt(&place.parent)?, wakes(&place))));
        let target = match &parent {
            Some((parent, in_channel)) => Target::Reply { parent, in_channel: *in_channel },
            None => Target::Channel,
        };
        match outbox.post_rendered(rendered, target, NeedsNoToken).await {
            Err(PostError::MessageGone { .. }) => {
                outbox.post_rendered(rendered, Target::Channel, NeedsNoToken).await.map(|_| ())
            }
            posted => posted.map(|_| ()),
        }
    }
}

impl<N: Notifier, T: Store> Outbox<'_, N, T> {
    /// Posts the parent that an alarm opens, whether or not there is a token; false where nobody knows whether it stands
    /// there.
    pub(super) async fn post_alarm_parent(&mut self, tracked: &mut Tracked) -> Result<bool, PostError> {
        if let Err(error) = self.post_parent(tracked, None, NeedsNoToken).await {
            tracked.thread_mut().parent_not_posted();
            return Err(error);
        }
        Ok(tracked.thread().parent().is_some())
    }
}
