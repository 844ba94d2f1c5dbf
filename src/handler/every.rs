//! Each delivery is a message (`STATUSWATCH_NOTIFY=every`): posted with a token, deferred into the next one without.

use std::sync::OnceLock;

use super::Notifier;
use super::outbox::{Fate, Forms, Outbox};
use crate::digest::Digest;
use crate::notification::{QuietAgain, Situation, Storm, of_digest, of_quiet_again};
use crate::pace::{self, Pace};
use crate::rate_limit::Urgency;
use crate::slack::message::Message;
use crate::slack::post::{PostError, Target};
use crate::slack::render::{Form, MessageStyle, Rendered, render, render_form};
use crate::store::Store;
use crate::words::short_id;

/// Posts the digest with all that is pending; defers what may wait and may not go out now.
pub(super) async fn notify<N: Notifier, T: Store>(
    pace: &mut Pace,
    digest: Digest,
    urgency: Urgency,
    outbox: &mut Outbox<'_, N, T>,
) -> Fate {
    let lines = digest.matched();
    let (style, invocation) = (outbox.style, outbox.invocation);
    let spacing_ms = outbox.destinations.current().rate_limit.spacing_ms();
    let gathered = OnceLock::new();
    let draw = |form| {
        let (all, storm) = gathered.get_or_init(|| gather(pace, digest.clone(), spacing_ms));
        draw_form(form, all, *storm, style, invocation.now_ms())
    };
    let (blocks, plain) = (|| draw(Form::Blocks), || draw(Form::Text));
    match outbox.post(Forms { blocks: &blocks, plain: &plain }, urgency).await {
        Ok(Some(shown)) => {
            let (all, _) = gathered.into_inner().unwrap_or_default();
            outbox.book(&all, shown);
            pace.posted(&all, shown, outbox.now_ms());
        }
        Ok(None) if lines > 0 => pace.fold(digest, outbox.now_ms()),
        Ok(None) => {}
        Err(error) => return Fate::Failed(error, lines),
    }
    Fate::Kept
}

/// Says that a storm is over, where one is.
pub(super) async fn end_storm<N: Notifier, T: Store>(pace: &mut Pace, outbox: &mut Outbox<'_, N, T>) {
    let Some(end) = pace.quiet_again(outbox.now_ms()) else { return };
    let rendered = draw_quiet_again(&end, outbox.style);
    match outbox.post_rendered(&rendered, Target::Channel, Urgency::Deferrable).await {
        Ok(Some(_)) => pace.told_quiet(),
        Ok(None) => {}
        Err(error) => warn_of_the_end(error),
    }
}

fn warn_of_the_end(error: PostError) {
    tracing::warn!(%error, "slack did not accept the end of a storm; the next tick tries again");
}

/// What a container with a token has to tell now, with all that is pending, the message that says so, and how many
/// lines it shows.
pub(crate) fn draw(
    pace: &Pace,
    digest: Digest,
    spacing_ms: i64,
    style: &MessageStyle,
    now_ms: i64,
) -> (Digest, Message, u64) {
    let (all, storm) = gather(pace, digest, spacing_ms);
    let (message, shown) = draw_form(Form::Blocks, &all, storm, style, now_ms);
    (all, message, shown)
}

fn draw_form(
    form: Form,
    digest: &Digest,
    storm: Option<Storm>,
    style: &MessageStyle,
    now_ms: i64,
) -> (Message, u64) {
    let situation = Situation { now_ms, id: &short_id(digest.id), storm };
    render_form(form, |detail| of_digest(digest, &style.content, &situation, detail), &style.sender)
}

/// What a container with a token has to tell now: the digest with all that is pending, and the storm they are part of.
fn gather(pace: &Pace, digest: Digest, spacing_ms: i64) -> (Digest, Option<Storm>) {
    let (mut all, storm) = pace.with_pending(digest);
    all.sort();
    let storm = storm.map(|storm| Storm {
        since_ms: storm.since_ms,
        last_message_ms: storm.last_message_ms,
        spacing_seconds: u64::try_from(spacing_ms / 1_000).unwrap_or_default(),
    });
    (all, storm)
}

/// The message that ends a storm.
pub(crate) fn draw_quiet_again(end: &pace::QuietAgain, style: &MessageStyle) -> Rendered {
    let storm = QuietAgain {
        log_groups: &end.log_groups,
        accounts: &end.accounts,
        errors: end.lines,
        shown: end.shown,
        since_ms: end.since_ms,
        until_ms: end.until_ms,
        id: &short_id(end.id),
    };
    render(|_| of_quiet_again(&storm, &style.content), &style.sender)
}
