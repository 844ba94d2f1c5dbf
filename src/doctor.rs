//! Judges from facts whether a deployed statuswatch works: one finding for each thing that was checked.
//!
//! It asks nobody and shows nothing: `deployment` finds the facts out, and no secret is ever among them.

mod alarms;
mod blind_spots;
mod delivery;
mod facts;
mod finding;
mod functions;
mod ledger;
mod message;
mod policy;
mod slack;
mod storage;
mod subscription;
mod text;
#[cfg(test)]
mod tests;

pub use blind_spots::{BlindSpots, Reason, Scan, counted};
pub use facts::{
    Alarm, Deliveries, Deployment, Fact, FailureDestination, Function, Held, InvokeSettings, Lines, LogGroup,
    Mapping, Measured, MetricFilter, SecretPlace, Settings, StateTableFacts, Subscriber, SubscriptionFilter,
    Table, Tick, Topic, Unknown,
};
pub use finding::{Finding, Report, Verdict};
pub use ledger::METRICS as LEDGER_METRICS;
pub use message::test_message;
pub use policy::Policy;
pub use subscription::{is_function, own_filter};
pub use text::text;

/// The option of both command lines, ours and AWS's.
const REGION: &str = " --region ";

/// Judges all that is known. The findings stand in the order in which log events travel.
#[must_use]
pub fn judge(known: &Deployment) -> Report {
    let mut findings = Vec::new();
    functions::clock(known, &mut findings);
    functions::judge(known, &mut findings);
    subscription::judge(known, &mut findings);
    delivery::judge(known, &mut findings);
    ledger::judge(known, &mut findings);
    slack::judge(known, &mut findings);
    storage::judge(known, &mut findings);
    alarms::judge(known, &mut findings);
    blind_spots::judge(known, &mut findings);
    for command in findings.iter_mut().filter_map(|finding| finding.command.as_mut()) {
        in_region(command, &known.region);
    }
    Report {
        function: known.lines.name.clone(),
        region: known.region.clone(),
        account: known.account.clone(),
        now_ms: known.now_ms,
        findings,
    }
}

/// Lets a command run where the deployment is, unless it says another Region itself.
fn in_region(command: &mut String, region: &str) {
    if !command.contains(REGION) {
        command.push_str(REGION);
        command.push_str(&finding::word(region));
    }
}
