//! What is notified is the incident: each of its messages when it is due, all other lines deferred and counted.

use super::Slack;
use super::delivery::{Delivery, Fate, Forms};
use crate::digest::{Digest, Section};
use crate::incident::{Decision, Kind, Moment, Policy};
use crate::incidents::{Incidents, Tracked};
use crate::outbox::Urgency;
use crate::slack::post::PostError;
use crate::store::Store;

/// Takes the digest's lines in and posts what is due with them; what is required is due in any case.
///
/// Lines whose message failed are as if they had never come.
pub(super) async fn notify<S: Slack, T: Store>(
    incidents: &mut Incidents,
    digest: Digest,
    urgency: Urgency,
    delivery: &mut Delivery<'_, S, T>,
) -> Fate {
    let mut fate = Fate::Deferred;
    let Digest { sections, mut quiet, id } = digest;
    for (section, number) in sections.iter().filter(|section| section.matched() > 0).zip(0..) {
        let Some((policy, tracked)) = incidents.of(section, delivery.now_ms()) else { continue };
        let lines = Lines { section, quiet: std::mem::take(&mut quiet), id: id.wrapping_add(number) };
        fate = match (fate, notify_lines(tracked, lines, urgency, policy, delivery).await) {
            (Fate::Failed(error, lines), Fate::Failed(_, more)) => Fate::Failed(error, lines + more),
            (Fate::Failed(error, lines), _) | (_, Fate::Failed(error, lines)) => Fate::Failed(error, lines),
            (Fate::Accepted, _) | (_, Fate::Accepted) => Fate::Accepted,
            (Fate::Deferred, Fate::Deferred) => Fate::Deferred,
        };
    }
    fate
}

/// Posts whatever is due now, without new lines. Gives the first error, if Slack did not accept one.
pub(super) async fn notify_due<S: Slack, T: Store>(
    incidents: &mut Incidents,
    moment: Moment,
    urgency: Urgency,
    delivery: &mut Delivery<'_, S, T>,
) -> Option<PostError> {
    let (policy, all) = incidents.all_mut();
    let mut first = None;
    for tracked in all {
        let Decision::Send(kind) = tracked.decide(moment, delivery.now_ms(), policy) else { continue };
        match post(tracked, kind, urgency, policy, delivery).await {
            Ok(true) => {}
            Ok(false) => tracked.held_back(),
            Err(error) => first = first.or(Some(error)),
        }
    }
    first
}

/// Lines of one log group, with what others say beside them.
struct Lines<'a> {
    section: &'a Section,
    quiet: Vec<Section>,
    id: u64,
}

async fn notify_lines<S: Slack, T: Store>(
    tracked: &mut Tracked,
    lines: Lines<'_>,
    urgency: Urgency,
    policy: &Policy,
    delivery: &mut Delivery<'_, S, T>,
) -> Fate {
    // An end that is overdue comes before what is new; where it cannot be said, the incident goes on.
    if tracked.decide(Moment::Arrival, delivery.now_ms(), policy) == Decision::Send(Kind::Over)
        && let Err(error) = post(tracked, Kind::Over, Urgency::Deferrable, policy, delivery).await
    {
        tracing::warn!(%error, "slack did not accept the end of an incident; it goes on");
    }
    let now_ms = delivery.now_ms();
    let mut with_lines = tracked.clone();
    let Lines { section, quiet, id } = lines;
    with_lines.take(section, quiet, id, delivery.samples_per_group, now_ms, policy);
    let moment = if urgency == Urgency::Required { Moment::Last } else { Moment::Arrival };
    let decision = with_lines.decide(moment, now_ms, policy);
    let fate = match decision {
        Decision::Nothing { .. } => Fate::Deferred,
        Decision::Send(kind) => match post(&mut with_lines, kind, urgency, policy, delivery).await {
            Ok(true) => Fate::Accepted,
            Ok(false) => {
                with_lines.held_back();
                Fate::Deferred
            }
            Err(error) => return Fate::Failed(error, section.matched()),
        },
    };
    *tracked = with_lines;
    fate
}

/// Posts a message with all that is pending; false where it is held.
async fn post<S: Slack, T: Store>(
    tracked: &mut Tracked,
    kind: Kind,
    urgency: Urgency,
    policy: &Policy,
    delivery: &mut Delivery<'_, S, T>,
) -> Result<bool, PostError> {
    let (style, invocation) = (delivery.style, delivery.invocation);
    let blocks = || tracked.draw(kind, style, invocation.now_ms());
    let plain = || tracked.draw_plain(kind, style, invocation.now_ms());
    let Some(shown) = delivery.post(Forms { blocks: &blocks, plain: &plain }, urgency).await? else {
        return Ok(false);
    };
    let told = tracked.notified(kind, delivery.now_ms(), policy);
    delivery.book(&told, shown);
    Ok(true)
}
