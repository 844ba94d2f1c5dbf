//! Log groups that are followed: what they have, then what arrives, asked for again and again.
//!
//! Each time a while before the newest log event is asked for once more, since some arrive late. No log event is handed
//! over twice.

use std::collections::{HashSet, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::mpsc::Sender;
use tokio::task::LocalSet;
use tokio::time::sleep;

use super::client::Client;
use super::fetch::{Bounds, Fetched, Group, fetch};
use super::groups::arns;
use super::identities::{Identities, Way};
use super::live_tail::{Checks, tail, until_wanted};
use super::slices::Slice;
use super::{CloudWatchLogs, LogsError, Query, bounds};
use crate::http::Transport;

/// From one time to the next. The quota allows five requests a second, for all log groups together.
pub(super) const PAUSE: Duration = Duration::from_secs(2);
/// How late a log event may arrive behind the newest one, where little comes and where much comes.
pub(super) const LONGEST_OVERLAP_MS: i64 = 120_000;
const SHORTEST_OVERLAP_MS: i64 = 10_000;
/// More pages than this are too many to ask for every time.
const MANY_PAGES: u32 = 8;
/// CloudWatch Logs takes log events of up to two hours ahead.
const AHEAD_MS: i64 = 3 * 60 * 60_000;
/// More than the quota lets through in the shortest overlap.
pub(super) const MAX_KNOWN: usize = 500_000;

/// Fetches and follows all of them, with `live_tail` in a session besides. Ends with the first error, or where nobody takes
/// pages any more.
pub(super) async fn follow<H: Transport + Clone + 'static>(
    logs: &CloudWatchLogs,
    http: &H,
    queries: &[Query],
    live_tail: bool,
    out: &Sender<Fetched>,
) -> Result<(), LogsError> {
    let client = |seed| logs.client(http.clone(), seed);
    let names = queries.iter().map(|query| query.log_group.as_str());
    let arns = if live_tail { arns(&client(0), names).await? } else { Vec::new() };
    let checks = live_tail.then(|| Rc::new(Checks::default()));
    let local = LocalSet::new();
    let (failed, mut failures) = tokio::sync::mpsc::channel(1);
    let mut groups = Vec::new();
    for ((seed, query), arn) in (1..).zip(queries).zip(arns.iter().map(Some).chain(std::iter::repeat(None))) {
        let name = query.log_group.clone();
        let group = Rc::new(match arn {
            Some(arn) => Group::beside_live_tail(client(seed), name, arn.clone()),
            None => Group::following(client(seed), name),
        });
        groups.push(Rc::clone(&group));
        let (logs, query, settling) = (logs.clone(), query.clone(), client(seed));
        let (out, failed, checks) = (out.clone(), failed.clone(), checks.clone());
        let bounds = bounds(queries.len());
        local.spawn_local(async move {
            let ended = one(&logs, settling, &group, &query, (bounds, checks.as_deref()), &out).await;
            let _ = failed.send(ended).await;
        });
    }
    if let Some(checks) = checks {
        let (client, out, failed) = (client(0), out.clone(), failed.clone());
        local.spawn_local(async move {
            let ended = tail(&client, &groups, &arns, &checks, &out).await;
            let _ = failed.send(ended).await;
        });
    }
    drop(failed);
    local.run_until(async { failures.recv().await.unwrap_or(Ok(())) }).await
}

async fn one<H: Transport + 'static>(
    logs: &CloudWatchLogs,
    client: Client<H>,
    group: &Group<H>,
    query: &Query,
    (bounds, checks): (Bounds, Option<&Checks>),
    out: &Sender<Fetched>,
) -> Result<(), LogsError> {
    // What is older is there; of what is newer something may still arrive.
    let seam_ms = (query.until_ms - LONGEST_OVERLAP_MS).max(query.from_ms);
    if query.from_ms < seam_ms {
        let settled = Query { until_ms: seam_ms, ..query.clone() };
        fetch(client, &settled, bounds, out).await?;
    }
    let mut wanted = checks.map(Checks::subscribe);
    let mut first = checks;
    let (mut from_ms, mut overlap_ms) = (seam_ms, LONGEST_OVERLAP_MS);
    while !out.is_closed() {
        if let Some(wanted) = &mut wanted {
            wanted.mark_unchanged();
        }
        let slice = Slice { from_ms, until_ms: logs.now_ms() + AHEAD_MS };
        let pages = group.walk(slice, bounds, out).await?;
        if pages > MANY_PAGES {
            overlap_ms = (overlap_ms / 2).max(SHORTEST_OVERLAP_MS);
        }
        // A log event of the future does not hide what comes before it.
        let newest_ms = group.newest_ms().unwrap_or(from_ms).min(logs.now_ms());
        from_ms = from_ms.max(newest_ms - overlap_ms);
        group.forget_before(from_ms);
        if let Some(checks) = first.take() {
            checks.caught_up();
        }
        sleep(PAUSE).await;
        if let Some(wanted) = &mut wanted {
            until_wanted(wanted).await;
        }
    }
    Ok(())
}

/// The log events that were handed over and may be answered once more, by their hashes.
#[derive(Debug, Default)]
pub(super) struct Known {
    hashes: HashSet<u64>,
    /// In the order in which they came.
    order: VecDeque<(i64, u64)>,
    pub(super) newest_ms: Option<i64>,
    identities: Option<Identities>,
}

impl Known {
    pub(super) fn beside_live_tail() -> Self {
        Self { identities: Some(Identities::default()), ..Self::default() }
    }

    /// Whether a log event did not come the other way, where there are two.
    pub(super) fn is_new_beside<E>(
        &mut self,
        way: Way,
        at_ms: i64,
        identity: impl FnOnce() -> Result<u64, E>,
    ) -> Result<bool, E> {
        let Some(identities) = &mut self.identities else { return Ok(true) };
        Ok(identities.is_new(way, at_ms, identity()?))
    }

    /// Whether a log event is new; it is known from then on.
    pub(super) fn is_new(&mut self, at_ms: i64, hash: u64) -> bool {
        if !self.hashes.insert(hash) {
            return false;
        }
        self.newest_ms = Some(self.newest_ms.map_or(at_ms, |newest| newest.max(at_ms)));
        self.order.push_back((at_ms, hash));
        if self.order.len() > MAX_KNOWN
            && let Some((_, oldest)) = self.order.pop_front()
        {
            self.hashes.remove(&oldest);
        }
        true
    }

    /// Those before this time are not answered any more.
    pub(super) fn forget_before(&mut self, from_ms: i64) {
        if let Some(identities) = &mut self.identities {
            identities.forget_before(from_ms);
        }
        let hashes = &mut self.hashes;
        self.order.retain(|(at_ms, hash)| {
            let is_kept = *at_ms >= from_ms;
            if !is_kept {
                hashes.remove(hash);
            }
            is_kept
        });
    }
}
