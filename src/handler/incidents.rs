//! What is notified is the incident: each of its messages when it is due, all other lines deferred and counted.

use super::Notifier;
use super::notice::{AlarmChanged, Place, Says};
use super::outbox::{Fate, Outbox};
use crate::digest::Digest;
use crate::incident::{Kind, Moment, Policy};
use crate::incidents::step::{Ask, News, Step};
use crate::incidents::{Incidents, Tracked};
use crate::rate_limit::Urgency::{self, Deferrable, WaitsForToken};
use crate::slack::post::PostError;
use crate::store::Store;

/// Takes the digest's lines in and posts what is due with them; what nobody else keeps (`WaitsForToken`) is
/// due in any case.
///
/// Lines whose message failed are as if they had never come.
pub(super) async fn notify<N: Notifier, T: Store>(
    incidents: &mut Incidents,
    digest: Digest,
    urgency: Urgency,
    outbox: &mut Outbox<'_, N, T>,
) -> Fate {
    let moment = if urgency == WaitsForToken { Moment::Last } else { Moment::Arrival };
    let mut fate = Fate::Kept;
    for part in digest.into_parts(outbox.samples_per_group) {
        outbox.ledger.copied += part.copied();
        let digest = part.digest;
        let (lines, now_ms) = (digest.matched(), outbox.now_ms());
        let incident = digest.sections.first().and_then(|section| incidents.of(section, now_ms));
        let Some((policy, tracked)) = incident else { continue };
        let news = [(now_ms, News::Lines(digest))];
        let posted = post_due(tracked, &news, moment, urgency, policy, outbox).await;
        fate = match (fate, posted) {
            (Fate::Failed(error, failed), Err(_)) => Fate::Failed(error, failed + lines),
            (_, Err(error)) => Fate::Failed(error, lines),
            (fate, Ok(())) => fate,
        };
    }
    fate
}

/// Posts whatever is due now, without new lines. Gives the first error, if Slack did not accept one.
pub(super) async fn notify_due<N: Notifier, T: Store>(
    incidents: &mut Incidents,
    moment: Moment,
    urgency: Urgency,
    outbox: &mut Outbox<'_, N, T>,
) -> Option<PostError> {
    let (policy, all) = incidents.all_mut();
    let mut first = None;
    for tracked in all {
        let posted = post_due(tracked, &[], moment, urgency, policy, outbox).await;
        first = first.or(posted.err());
    }
    first
}

/// Lets the incidents of an alarm's log groups know of its change, and posts what is due of all: an end that waited for it
/// may be.
pub(super) async fn alarm_changed<N: Notifier, T: Store>(
    incidents: &mut Incidents,
    alarm: &AlarmChanged,
    outbox: &mut Outbox<'_, N, T>,
) {
    let now_ms = outbox.now_ms();
    for log_group in alarm.asked() {
        incidents.alarm_changed(log_group, &alarm.news, now_ms);
    }
    if let Some(error) = notify_due(incidents, Moment::Arrival, Deferrable, outbox).await {
        tracing::error!(%error, "slack did not accept what is deferred; it stays pending");
    }
}

/// Where the notice of an alarm goes. It opens no thread: what is in memory alone cannot be trusted to see the recovery,
/// and its parent would stay red.
pub(super) fn place_of_notice(
    incidents: &Incidents,
    alarm: &AlarmChanged,
    says: &Says,
    now_ms: i64,
) -> Option<Place> {
    let known = alarm.asked().filter_map(|log_group| incidents.known(log_group));
    alarm.best_place(known, says, now_ms)
}

/// Takes in what arrived and posts what is due. Where the message that was to take it along failed, nothing of it
/// arrived.
async fn post_due<N: Notifier, T: Store>(
    tracked: &mut Tracked,
    mut arrived: &[(i64, News)],
    moment: Moment,
    urgency: Urgency,
    policy: &Policy,
    outbox: &mut Outbox<'_, N, T>,
) -> Result<(), PostError> {
    let mut end_waits = false;
    loop {
        let (now_ms, samples_per_group) = (outbox.now_ms(), outbox.samples_per_group);
        let ask = Ask { moment, now_ms, end_waits, samples_per_group };
        let news = arrived.iter().map(|(at_ms, news)| (*at_ms, news));
        let Step { tracked: mut next, taken, due, closes_parent } = tracked.clone().step(news, ask, policy);
        if closes_parent {
            outbox.close_parent(&mut next).await;
            *tracked = next;
            arrived = arrived.get(taken..).unwrap_or_default();
            continue;
        }
        let Some(kind) = due else {
            outbox.update_parent(&mut next).await;
            *tracked = next;
            return Ok(());
        };
        let rest = arrived.get(taken..).unwrap_or_default();
        // What is new does not wait for the end of what was before.
        let urgency = if rest.is_empty() { urgency } else { Deferrable };
        match post(&mut next, kind, urgency, policy, outbox).await {
            Ok(is_accepted) => {
                if !is_accepted {
                    next.held_back();
                    end_waits = true;
                }
                *tracked = next;
                if rest.is_empty() {
                    return Ok(());
                }
                arrived = rest;
            }
            Err(error) if rest.is_empty() => {
                // Its parent may stand there all the same.
                if !next.thread().is_empty() {
                    tracked.take_thread_of(&next);
                }
                return Err(error);
            }
            Err(error) => {
                tracked.take_thread_of(&next);
                tracing::warn!(%error, "slack did not accept the end of an incident; it goes on");
                end_waits = true;
            }
        }
    }
}

/// Posts a message with all that is pending; false where it is held.
async fn post<N: Notifier, T: Store>(
    tracked: &mut Tracked,
    kind: Kind,
    urgency: Urgency,
    policy: &Policy,
    outbox: &mut Outbox<'_, N, T>,
) -> Result<bool, PostError> {
    let mut gone = 0;
    let shown = loop {
        let follows_parent = outbox.needs_parent(tracked, kind);
        if follows_parent && !outbox.post_parent(tracked, Some(kind), urgency).await? {
            return Ok(false);
        }
        match outbox.post_of_incident(tracked, kind, urgency, follows_parent).await {
            Err(PostError::MessageGone { .. }) if gone < 2 => {
                gone += 1;
                // One more parent; if that is gone, too, there is to be none.
                if gone == 2 {
                    tracked.thread_mut().parent_posted(None, None, outbox.now_ms());
                }
            }
            posted => match posted? {
                Some(shown) => break shown,
                None => return Ok(false),
            },
        }
    };
    let sent = tracked.notified(kind, outbox.now_ms(), policy);
    outbox.book(&sent, shown);
    outbox.update_parent(tracked).await;
    Ok(true)
}
