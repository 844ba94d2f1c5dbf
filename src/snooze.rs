//! Writes a wish to snooze an incident into its journal. Whoever reads the incident next takes it in; from then on
//! `Incident::decide` sends nothing until the time is over.
//!
//! It posts nothing and decides nothing: [`incident`](crate::incident) does.

use thiserror::Error;

use crate::incidents::journal;
use crate::store::{BatchId, IncidentKey, Store, StoreError, StoreFault, When};

/// Why an incident could not be snoozed. Nothing was written, unless it says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SnoozeError {
    /// The credentials may not do it.
    #[error(
        "these credentials may not call {0} on the state table: allow it, and kms:Decrypt on the table's key if it has one"
    )]
    Denied(&'static str),
    /// There is no such table.
    #[error(
        "there is no such table in that Region: check --table and --region, and whose account the credentials are of"
    )]
    NoTable,
    /// The table is none of statuswatch's.
    #[error("the table is none of statuswatch's: it needs the string keys pk and sk")]
    OtherTable,
    /// AWS does not take the credentials.
    #[error(
        "AWS does not take these credentials: they are wrong, of another partition, or over; check the clock, too"
    )]
    NotSignedIn,
    /// Anything else.
    #[error("{0}; run the command again, which changes nothing where this one was done")]
    Store(StoreError),
}

/// Writes into the incident's journal that nothing is to be posted of it until `until_ms`, epoch milliseconds; an end that
/// is not behind the time of `when` ends a snooze. Gives whether the table knows the incident: a name that it does not
/// know may be misspelt.
///
/// Whoever holds the incident's lease is not disturbed.
pub async fn snooze<S: Store>(
    store: &mut S,
    incident: &IncidentKey,
    until_ms: i64,
    when: When,
) -> Result<bool, SnoozeError> {
    // Entries are there for minutes at least, heads for days. Who may only write is told nothing of it.
    let known = store.read(incident, when).await;
    let is_known = known.map_or(true, |known| known.head.is_some() || !known.entries.is_empty());
    let asked = format!("{until_ms} {}", when.now_ms);
    let id = BatchId::of("snooze", &incident.log_group, [asked]);
    let entry = journal::entry_of_snooze(until_ms, when.now_ms);
    let entry = entry.map_err(|fault| {
        SnoozeError::of(StoreError { action: "dynamodb:PutItem", fault, may_be_done: false })
    })?;
    store.put(incident, id, &entry, when).await.map_err(SnoozeError::of)?;
    Ok(is_known)
}

impl SnoozeError {
    fn of(error: StoreError) -> Self {
        match error.fault {
            StoreFault::Denied => Self::Denied(error.action),
            StoreFault::NoTable => Self::NoTable,
            StoreFault::Invalid => Self::OtherTable,
            StoreFault::NotSignedIn => Self::NotSignedIn,
            _ => Self::Store(error),
        }
    }
}
