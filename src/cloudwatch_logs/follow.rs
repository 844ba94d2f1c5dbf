//! Log groups that are followed: what they have, then what arrives, asked for again and again.
//!
//! Each time a while before the newest log event is asked for once more, since some arrive late. No log event is handed
//! over twice.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use tokio::sync::mpsc::Sender;
use tokio::task::LocalSet;
use tokio::time::sleep;

use super::fetch::{Bounds, Fetched, Group, fetch};
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
const MAX_KNOWN: usize = 500_000;

/// Fetches and follows all of them. Ends with the first error, or where nobody takes pages any more.
pub(super) async fn follow<H: Transport + Clone + 'static>(
    logs: &CloudWatchLogs,
    http: &H,
    queries: &[Query],
    out: &Sender<Fetched>,
) -> Result<(), LogsError> {
    let local = LocalSet::new();
    let (failed, mut failures) = tokio::sync::mpsc::channel(1);
    for (seed, query) in (1..).zip(queries) {
        let (logs, http, query) = (logs.clone(), http.clone(), query.clone());
        let (out, failed) = (out.clone(), failed.clone());
        let bounds = bounds(queries.len());
        local.spawn_local(async move {
            let ended = one(&logs, &http, &query, (seed, bounds), &out).await;
            let _ = failed.send(ended).await;
        });
    }
    drop(failed);
    local.run_until(async { failures.recv().await.unwrap_or(Ok(())) }).await
}

async fn one<H: Transport + Clone + 'static>(
    logs: &CloudWatchLogs,
    http: &H,
    query: &Query,
    (seed, bounds): (u64, Bounds),
    out: &Sender<Fetched>,
) -> Result<(), LogsError> {
    // What is older is there; of what is newer something may still arrive.
    let seam_ms = (query.until_ms - LONGEST_OVERLAP_MS).max(query.from_ms);
    if query.from_ms < seam_ms {
        let settled = Query { until_ms: seam_ms, ..query.clone() };
        fetch(logs.client(http.clone(), seed), &settled, bounds, out).await?;
    }
    let group = Group::following(logs.client(http.clone(), seed), query.log_group.clone());
    let (mut from_ms, mut overlap_ms) = (seam_ms, LONGEST_OVERLAP_MS);
    while !out.is_closed() {
        let slice = Slice { from_ms, until_ms: logs.now_ms() + AHEAD_MS };
        let pages = group.walk(slice, bounds, out).await?;
        if pages > MANY_PAGES {
            overlap_ms = (overlap_ms / 2).max(SHORTEST_OVERLAP_MS);
        }
        // A log event of the future does not hide what comes before it.
        let newest_ms = group.newest_ms().unwrap_or(from_ms).min(logs.now_ms());
        from_ms = from_ms.max(newest_ms - overlap_ms);
        group.forget_before(from_ms);
        sleep(PAUSE).await;
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
}

impl Known {
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
