//! A message of an incident on its way to Slack: into the incident's thread where there are threads, else into the channel.
//!
//! It decides nothing: [`Thread`](crate::incident::Thread) says where messages stand, and when a parent is written anew.

use std::time::Duration;

use tokio::time::sleep;

use super::Notifier;
use super::outbox::{Forms, Outbox, Sent};
use crate::incident::{Kind, Place, Posted};
use crate::incidents::Tracked;
use crate::rate_limit::{Outgoing, Urgency};
use crate::slack::post::{PostError, Receipt, Target};
use crate::slack::render::Form;
use crate::store::Store;

/// The longest pause after which the last figures of a parent are tried once more.
const MAX_PAUSE: Duration = Duration::from_secs(5);

impl<N: Notifier, T: Store> Outbox<'_, N, T> {
    /// Whether a parent is to be posted before a message of this kind. The end alone is worth none.
    pub(super) fn needs_parent(&self, tracked: &Tracked, kind: Kind) -> bool {
        let is_due = tracked.thread().is_parent_due(self.now_ms());
        self.has_threads() && is_due && kind != Kind::Over
    }

    /// Posts a message of an incident; gives how many lines it shows, or `None` where it is held. Where its parent is
    /// gone, that is the error, and the incident needs another one. A message that follows its parent needs no token.
    pub(super) async fn post_of_incident(
        &mut self,
        tracked: &mut Tracked,
        kind: Kind,
        urgency: Urgency,
        follows_parent: bool,
    ) -> Result<Option<u64>, PostError> {
        let (style, invocation) = (self.style, self.invocation);
        let parent = match tracked.thread().place(kind, style.sender.end_in_thread) {
            Place::Thread { parent, is_shown_in_channel } if self.has_threads() => {
                let wakes = is_shown_in_channel || tracked.wakes(kind, self.now_ms());
                receipt(parent).map(|parent| (parent, wakes))
            }
            _ => None,
        };
        let target = match &parent {
            Some((parent, in_channel)) => Target::Reply { parent, in_channel: *in_channel },
            None => Target::Channel,
        };
        let blocks = || tracked.draw(Form::Blocks, kind, style, invocation.now_ms());
        let plain = || tracked.draw(Form::Text, kind, style, invocation.now_ms());
        let outgoing = Outgoing::new(urgency, invocation.latest_post_ms());
        let outgoing = if follows_parent { outgoing.in_company() } else { outgoing };
        let sent = self.send(outgoing, target, Forms { blocks: &blocks, plain: &plain }).await;
        match &sent {
            Err(PostError::MessageGone { .. }) => tracked.thread_mut().parent_lost(),
            Ok(Some(Sent { refused_as_reply: Some(error), .. })) => {
                tracing::warn!(%error, "slack took a message of an incident in the channel and not in its thread");
                tracked.thread_mut().reply_refused(error.is_for_the_broadcast());
            }
            _ => {}
        }
        Ok(sent?.map(|sent| sent.shown))
    }

    /// The parent that is to be written anew now.
    pub(super) fn update_due<'t>(&self, tracked: &'t Tracked) -> Option<&'t Posted> {
        tracked.thread().update_due(self.now_ms()).filter(|_| self.has_threads())
    }

    /// Writes the parent of an incident anew, if it is time. Where that fails its figures are old for a while.
    pub(super) async fn update_parent(&mut self, tracked: &mut Tracked) {
        if let Some(parent) = self.update_due(tracked).and_then(receipt) {
            self.write_parent(tracked, &parent).await;
        }
    }

    /// Writes the parent of an incident that is over for the last time, since another incident may take its place now:
    /// once more where Slack asks for a short pause.
    pub(super) async fn close_parent(&mut self, tracked: &mut Tracked) {
        let parent = tracked.thread().parent().filter(|_| self.has_threads());
        if let Some(parent) = parent.and_then(receipt) {
            let pause = self.write_parent(tracked, &parent).await.filter(|pause| *pause <= MAX_PAUSE);
            if let Some(pause) = pause
                && self.invocation.as_much_as_there_is_time_for(pause) == pause
            {
                sleep(pause).await;
                self.write_parent(tracked, &parent).await;
            }
        }
        tracked.thread_mut().parent_closed();
    }

    /// Writes a parent; gives the pause that Slack asks for, where it does.
    async fn write_parent(&mut self, tracked: &mut Tracked, parent: &Receipt) -> Option<Duration> {
        let (now_ms, style) = (self.now_ms(), self.style);
        let blocks = || (tracked.draw_parent(Form::Blocks, None, style, now_ms), 0);
        let plain = || (tracked.draw_parent(Form::Text, None, style, now_ms), 0);
        match self.update(parent, Forms { blocks: &blocks, plain: &plain }).await {
            Ok(()) => tracked.thread_mut().updated(true, now_ms),
            Err(PostError::MessageGone { .. }) => tracked.thread_mut().parent_lost(),
            Err(error) => {
                tracing::warn!(%error, "slack did not take the new figures of an incident's first message");
                tracked.thread_mut().updated(false, now_ms);
                if let PostError::RateLimited { retry_after } = error {
                    return Some(retry_after);
                }
            }
        }
        None
    }

    /// Posts the parent of an incident before its message of this kind, or, with `None`, for an alarm; false where it is
    /// held. Where Slack's answer was lost it counts as posted: there is never a second one.
    pub(super) async fn post_parent(
        &mut self,
        tracked: &mut Tracked,
        before: Option<Kind>,
        urgency: Urgency,
    ) -> Result<bool, PostError> {
        let (style, invocation) = (self.style, self.invocation);
        let blocks = || (tracked.draw_parent(Form::Blocks, before, style, invocation.now_ms()), 0);
        let plain = || (tracked.draw_parent(Form::Text, before, style, invocation.now_ms()), 0);
        let forms = Forms { blocks: &blocks, plain: &plain };
        let posted = match self.post_to(Target::Parent, forms, urgency).await {
            Ok(None) => return Ok(false),
            Ok(Some(Sent { receipt, .. })) => receipt.map(|receipt| Posted {
                channel: receipt.channel().as_str().to_owned(),
                message: receipt.ts().to_owned(),
            }),
            Err(PostError::Unconfirmed(_)) => None,
            Err(error) => return Err(error),
        };
        let (now_ms, parent_said) = (self.now_ms(), before.map(|kind| tracked.said_by_parent(kind)));
        tracked.thread_mut().parent_posted(posted, parent_said, now_ms);
        Ok(true)
    }
}

/// What Slack calls a message; `None` where a store gave back what cannot be one.
pub(super) fn receipt(posted: &Posted) -> Option<Receipt> {
    Receipt::new(posted.channel.parse().ok()?, &posted.message)
}
