//! What stands under the notice of an alarm: the errors of its log group and minutes, or the results of its query.
//!
//! A notice never waits for longer than [`TIME`] for them, and goes out without them where they cannot be had.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::notice::AlarmChanged;
use super::{Handler, Invocation, Notifier};
use crate::alarm::change::Watched;
use crate::alarm::{AlarmChange, AlarmNotice, NoticeKind};
use crate::alarm_lines::Fetched;
use crate::decode::Header;
use crate::digest::{Batch, Digest, Reader};
use crate::duplicates::RememberedEvents;
use crate::http::Budget;
use crate::incident::Policy;
use crate::incidents::Tracked;
use crate::ledger::{Ledger, Measures};
use crate::notification::{Evidence, MAX_EVIDENCE_LINES, Provenance};
use crate::store::Store;

/// What looking for evidence may take, in the table and in the logs together.
const TIME: Duration = Duration::from_secs(4);
/// Log groups of an alarm that are read from CloudWatch Logs, one after the other, until one has errors.
const MAX_FETCHED: usize = 3;

/// What was found of the errors behind an alarm.
#[derive(Debug)]
pub(super) enum Found {
    /// Errors of a log group of its.
    Errors { tracked: Box<Tracked>, from_ms: i64, provenance: Provenance },
    /// Results of its query, a line each.
    Results(String),
}

impl Found {
    pub(super) fn evidence(&self) -> Option<Evidence<'_>> {
        match self {
            Self::Errors { tracked, from_ms, provenance } => {
                let (incident, lines) = tracked.errors_since(*from_ms)?;
                Some(Evidence::Errors { incident, lines, from_ms: *from_ms, provenance: *provenance })
            }
            Self::Results(text) => Some(Evidence::Results(text)),
        }
    }

    fn has_lines(&self) -> bool {
        match self {
            Self::Errors { tracked, from_ms, .. } => {
                tracked.errors_since(*from_ms).is_some_and(|(_, lines)| lines.matched() > 0)
            }
            Self::Results(_) => true,
        }
    }
}

impl<N: Notifier, T: Store> Handler<N, T> {
    /// What is known of the errors behind an alarm that went off; nothing where it recovered.
    pub(super) async fn evidence(
        &mut self,
        change: &AlarmChange,
        notice: &AlarmNotice,
        alarm: &AlarmChanged,
        invocation: Invocation,
        ledger: &mut Ledger,
        measures: &mut Measures,
    ) -> Option<Found> {
        let (from_ms, to_ms) = notice.window_ms?;
        if matches!(notice.kind, NoticeKind::Recovery { .. }) {
            return None;
        }
        let began = Instant::now();
        let (mode, mut outbox) = self.outbox(invocation, ledger, measures);
        let destination = outbox.rules.destination_of_alarm(&alarm.log_groups);
        outbox.destinations.turn_to(destination);
        let stored = timeout(TIME, mode.errors_of(alarm, from_ms, &mut outbox)).await.ok().flatten();
        let stored = stored.map(|tracked| {
            let (tracked, provenance) = (Box::new(tracked), Provenance::Incident);
            Found::Errors { tracked, from_ms, provenance }
        });
        if stored.as_ref().is_some_and(Found::has_lines) {
            return stored;
        }
        let end = (began + TIME).min(invocation.budget().end());
        let budget = Budget::until(end, invocation.wall_clock());
        let fetched = match &change.watched {
            Watched::LogQuery(_) => self.results(change.query_execution.as_deref(), budget).await,
            _ => self.fetch(&alarm.log_groups, (from_ms, to_ms), invocation.now_ms(), budget).await,
        };
        fetched.or(stored)
    }

    /// The errors of an alarm's time in the first of its log groups that has any, where they may be fetched.
    async fn fetch(
        &self,
        log_groups: &[String],
        window_ms: (i64, i64),
        now_ms: i64,
        budget: Budget,
    ) -> Option<Found> {
        let alarm_lines = self.alarm_lines.as_ref()?;
        for log_group in log_groups.iter().take(MAX_FETCHED) {
            match alarm_lines.of_minutes(log_group, window_ms, budget).await {
                Ok(fetched) => {
                    let digest = digest_of(&fetched, log_group, &self.reader);
                    if digest.matched() > 0 {
                        let policy = Policy::default();
                        let tracked = Tracked::of_digest(&digest, MAX_EVIDENCE_LINES, now_ms, &policy);
                        let provenance = Provenance::Fetched { is_part: fetched.is_part };
                        return Some(Found::Errors {
                            tracked: Box::new(tracked),
                            from_ms: window_ms.0,
                            provenance,
                        });
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "the lines of an alarm could not be fetched; its notice goes without");
                    return None;
                }
            }
        }
        None
    }

    /// The results of a log alarm's query, where they may be fetched.
    async fn results(&self, execution: Option<&str>, budget: Budget) -> Option<Found> {
        match self.alarm_lines.as_ref()?.of_query(execution?, budget).await {
            Ok(results) => {
                let redact = &self.reader.redact;
                let field = |(name, value): &(String, String)| {
                    let value = redact.field(name, value);
                    let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
                    if name == "@message" { value } else { format!("{name} {value}") }
                };
                let line = |result: &Vec<(String, String)>| {
                    let line = result.iter().map(field).collect::<Vec<_>>().join(" · ");
                    redact.text(&line).into_owned()
                };
                let lines: Vec<String> = results.iter().take(MAX_EVIDENCE_LINES).map(line).collect();
                (!lines.is_empty()).then(|| Found::Results(lines.join("\n")))
            }
            Err(error) => {
                tracing::warn!(%error, "the results of a log alarm could not be fetched; its notice goes without");
                None
            }
        }
    }
}

/// The errors among lines that were fetched, judged and masked as pushed ones are.
fn digest_of(fetched: &Fetched, log_group: &str, reader: &Reader) -> Digest {
    let (mut batch, remembered) = (Batch::default(), RememberedEvents::default());
    let mut intake = batch.intake(reader, &remembered);
    for event in &fetched.events {
        let log_stream = event.log_stream.clone();
        let header = Header { log_group: log_group.to_owned(), log_stream, ..Header::default() };
        intake.line(&header, event.id.as_bytes(), event.timestamp_ms, &event.message);
    }
    batch.digest.sort();
    batch.digest
}

#[cfg(test)]
mod tests;
