//! What keeps incidents, and what keeps deliveries that were given up.

use super::facts::{Deployment, FailureDestination, Function, Held, Measured, Table};
use super::finding::{Finding, word};
use crate::words::{count, number};

const TABLE: &str = "state table";
const FAILURES: &str = "failure destination";

pub(super) fn judge(known: &Deployment, findings: &mut Vec<Finding>) {
    findings.push(table(known));
    findings.extend(known.failures.iter().map(|destination| failure(destination, known)));
    without_destination(known, findings);
}

fn table(known: &Deployment) -> Finding {
    let Some(state) = &known.table else {
        return match known.lines.settings.as_ref() {
            Ok(Ok(_)) => Finding::not_deployed(
                TABLE,
                &known.lines.name,
                "each container keeps its incidents in memory (STATUSWATCH_STATE_TABLE is not set)",
            ),
            Ok(Err(_)) => Finding::warning(
                TABLE,
                &known.lines.name,
                "not checked: the configuration cannot be read",
                "put the configuration right first",
            ),
            Err(why) => Finding::unknown(TABLE, &known.lines.name, why),
        };
    };
    let name = &state.name;
    let found = match &state.table {
        Err(why) => return Finding::unknown(TABLE, name, why),
        Ok(None) => {
            return Finding::bad(
                TABLE,
                name,
                "there is no such table: incidents are notified more often than they should be",
                "run terraform apply, or unset STATUSWATCH_STATE_TABLE",
            );
        }
        Ok(Some(table)) => table,
    };
    let functions = [Some(&known.lines), known.alarms.as_ref().ok().and_then(Option::as_ref)];
    let measured: Result<Vec<&Measured>, _> =
        functions.into_iter().flatten().map(|function| function.measured.as_ref()).collect();
    let errors = measured.map(|all| all.iter().map(|measured| measured.sum("StoreErrors")).sum::<u64>());
    unusable(found, name).unwrap_or_else(|| match errors {
        Err(why) => Finding::unknown(TABLE, name, why),
        Ok(0) => expiry(found, name),
        Ok(errors) => Finding::bad(
            TABLE,
            name,
            format!("{} to it failed in the last hour: what could not be written was posted at once", count(errors, "call")),
            "the function's log says why: throttling, a missing permission of the role, or of the table's key",
        ),
    })
}

fn unusable(table: &Table, name: &str) -> Option<Finding> {
    if !["ACTIVE", "UPDATING"].contains(&table.status.as_str()) {
        return Some(Finding::bad(
            TABLE,
            name,
            format!("cannot be used: its status is {}", table.status),
            "wait until it is active; INACCESSIBLE_ENCRYPTION_CREDENTIALS means that its key is disabled or gone",
        ));
    }
    (!table.has_keys).then(|| {
        Finding::bad(
            TABLE,
            name,
            "has other keys than pk and sk, both text",
            "make the table anew with the partition key pk and the sort key sk, both of type S",
        )
    })
}

fn expiry(table: &Table, name: &str) -> Finding {
    match &table.expires_by {
        Err(why) => Finding::unknown(TABLE, name, why),
        Ok(Some(attribute)) if attribute == "expires" => {
            Finding::good(TABLE, name, "is active, and no call to it failed in the last hour")
        }
        Ok(_) => Finding::warning(
            TABLE,
            name,
            "keeps every incident for ever: its items do not expire by the attribute expires",
            "switch on its time to live",
        )
        .with_command(format!(
            "aws dynamodb update-time-to-live --table-name {} --time-to-live-specification Enabled=true,AttributeName=expires{}",
            word(name),
            region_of(name).map(|region| format!(" --region {}", word(region))).unwrap_or_default()
        )),
    }
}

fn failure(destination: &FailureDestination, known: &Deployment) -> Finding {
    let name = last_part(&destination.arn);
    let is_bucket = destination.arn.contains(":s3:");
    match &destination.held {
        Err(why) => Finding::unknown(FAILURES, name, why),
        Ok(None) => {
            let found = match &destination.moved_from {
                Some(queue) => {
                    format!("does not exist, though it is the dead-letter queue of {}", last_part(queue))
                }
                None => "does not exist: what Lambda gives up is lost".to_owned(),
            };
            Finding::bad(FAILURES, name, found, "run terraform apply")
        }
        Ok(Some(Held::Nothing)) => {
            Finding::good(FAILURES, name, "gets what Lambda gives up; it keeps nothing that could be counted")
        }
        Ok(Some(Held::Records { count: 0, .. })) => Finding::good(FAILURES, name, "is empty"),
        Ok(Some(Held::Records { count: held, or_more })) => {
            let deliveries = if *held == 1 && !or_more { "delivery" } else { "deliveries" };
            let more = if *or_more { " or more" } else { "" };
            if let Some(function) = reader(&destination.arn, known) {
                let found = format!(
                    "holds {}{more} {deliveries}, which {} takes up again",
                    number(*held),
                    function.name
                );
                return Finding::good(FAILURES, name, found);
            }
            let found = format!("holds {}{more} {deliveries} that Slack did not get", number(*held));
            let place = if is_bucket {
                format!("--bucket {}", word(&format!("s3://{name}/aws/lambda/")))
            } else {
                format!("--queue {}", word(name))
            };
            let fix =
                "put the cause right, then post them: this shows what they say, and --deliver posts them";
            Finding::bad(FAILURES, name, found, fix).with_command(format!("statuswatch redrive {place}"))
        }
    }
}

/// The function for lines, where Lambda hands it the messages of this queue.
fn reader<'k>(queue: &str, known: &'k Deployment) -> Option<&'k Function> {
    let mut mappings = known.lines.mappings.iter().flatten();
    mappings.any(|mapping| mapping.source_arn == queue && mapping.state == "Enabled").then_some(&known.lines)
}

/// The Region in a table's ARN; a name has none.
fn region_of(table: &str) -> Option<&str> {
    table.strip_prefix("arn:")?.split(':').nth(2)
}

/// The name in an ARN.
fn last_part(arn: &str) -> &str {
    arn.rsplit([':', '/']).next().unwrap_or(arn)
}

/// Says so of each function that has none.
fn without_destination(known: &Deployment, findings: &mut Vec<Finding>) {
    let functions = [Some(&known.lines), known.alarms.as_ref().ok().and_then(Option::as_ref)];
    for function in functions.into_iter().flatten() {
        match &function.invoke {
            Err(why) => findings.push(Finding::unknown(FAILURES, &function.name, why)),
            Ok(invoke) if invoke.on_failure.is_none() => findings.push(Finding::not_deployed(
                FAILURES,
                &function.name,
                "what Lambda gives up of this function is lost",
            )),
            Ok(_) => {}
        }
    }
}
