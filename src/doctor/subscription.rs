//! The way from a log group to the function: subscription filter, permission, or a stream in between, as
//! `deployment::groups` has asked for them.

use super::facts::{Deployment, Function, LogGroup, SubscriptionFilter};
use super::finding::{Finding, word};
use super::functions::{add_permission, unclear};
use super::policy::Access;
use crate::words::count;

const FILTER: &str = "subscription filter";
const PERMISSION: &str = "permission";
const LOGS: &str = "logs.amazonaws.com";

pub(super) fn judge(known: &Deployment, findings: &mut Vec<Finding>) {
    if known.groups.is_empty() {
        findings.push(no_group(known));
    }
    if !known.groups_left_out.is_empty() {
        findings.push(left_out(known));
    }
    stream_mappings(known, findings);
    for group in &known.groups {
        let filters = match &group.filters {
            Err(why) => {
                findings.push(Finding::unknown(FILTER, &group.name, why));
                continue;
            }
            Ok(None) => {
                findings.push(Finding::bad(
                    FILTER,
                    &group.name,
                    format!("there is no such log group in {}", known.region),
                    "switch on the access log of the API's stage, or take the log group out of the module's log_group_names",
                ));
                continue;
            }
            Ok(Some(filters)) => filters,
        };
        match own_filter(filters, &known.lines) {
            Some(filter) => {
                findings.push(Finding::good(FILTER, &group.name, delivers(filter)));
                if is_function(&filter.destination_arn, &known.lines.arn) {
                    findings.push(permission(group, known));
                }
            }
            None => findings.push(missing_filter(group, filters, known)),
        }
    }
}

/// The filter that leads to the function, or to a stream that it reads, among those of other destinations.
#[must_use]
pub fn own_filter<'f>(
    filters: &'f [SubscriptionFilter],
    function: &Function,
) -> Option<&'f SubscriptionFilter> {
    let reads = |arn: &str| {
        function.mappings.iter().flatten().any(|mapping| mapping.is_of_stream() && mapping.source_arn == arn)
    };
    filters
        .iter()
        .find(|filter| is_function(&filter.destination_arn, &function.arn) || reads(&filter.destination_arn))
}

/// Whether an ARN is this function's or one of its versions' or aliases', and not that of one whose name goes on.
#[must_use]
pub fn is_function(arn: &str, function_arn: &str) -> bool {
    arn.strip_prefix(function_arn).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
}

fn delivers(filter: &SubscriptionFilter) -> String {
    let what = if filter.pattern.trim().is_empty() { "all log events" } else { "what its pattern takes" };
    let way =
        if filter.destination_arn.contains(":kinesis:") { "through the stream" } else { "to the function" };
    format!("{} sends {what} {way}", filter.name)
}

fn left_out(known: &Deployment) -> Finding {
    let names = &known.groups_left_out;
    let shown: Vec<&str> = names.iter().map(String::as_str).take(3).collect();
    Finding::warning(
        FILTER,
        &known.lines.name,
        format!(
            "not checked: {} beyond the first {}, such as {}",
            count(names.len() as u64, "log group"),
            known.groups.len(),
            shown.join(", ")
        ),
        "name those that matter by --log-group: they are checked first",
    )
}

fn no_group(known: &Deployment) -> Finding {
    let function = &known.lines;
    match &function.policy {
        Err(why) => Finding::unknown(FILTER, &function.name, why),
        Ok(_) => Finding::bad(
            FILTER,
            &function.name,
            "neither the function's permissions nor its environment name a log group, and no stream is read",
            "run terraform apply; or name the log groups with --log-group, if they are known elsewhere",
        ),
    }
}

/// Judges the mappings of streams, and of the failure queue where the function takes that up itself.
fn stream_mappings(known: &Deployment, findings: &mut Vec<Finding>) {
    let function = &known.lines;
    let mappings = match &function.mappings {
        Err(why) => return findings.push(Finding::unknown("stream", &function.name, why)),
        Ok(mappings) => mappings,
    };
    for mapping in mappings {
        let check = if mapping.is_of_stream() { "stream" } else { "redrive" };
        let name = mapping.source_arn.rsplit(['/', ':']).next().unwrap_or(&mapping.source_arn);
        let failed =
            mapping.last_result.as_deref().filter(|result| !["OK", "No records processed"].contains(result));
        findings.push(match (mapping.state.as_str(), failed) {
            ("Enabled", None) => Finding::good(check, name, format!("is read by {}", function.name)),
            ("Enabled", Some(result)) => Finding::warning(
                check,
                name,
                format!("Lambda says of its last read: {}", crate::words::harmless(result)),
                "look at the function's log, and at its role's permissions on it",
            ),
            ("Enabling" | "Updating" | "Creating", _) => Finding::warning(
                check,
                name,
                format!("the event source mapping is not ready yet ({})", mapping.state),
                "run this again in a minute",
            ),
            _ => Finding::bad(
                check,
                name,
                format!("nobody reads it: the event source mapping is {}", mapping.state.to_lowercase()),
                "enable the event source mapping",
            ),
        });
    }
}

fn missing_filter(group: &LogGroup, filters: &[SubscriptionFilter], known: &Deployment) -> Finding {
    let function = &known.lines;
    let others: Vec<&str> = filters.iter().map(|filter| filter.destination_arn.as_str()).collect();
    let same_name = others.iter().any(|arn| arn.rsplit(':').next() == Some(function.name.as_str()));
    let found = match others.len() {
        0 => format!("there is none: {} never sees this log group", function.name),
        _ if same_name => format!(
            "it points at a function of this name in another account or Region, not at {}",
            function.arn
        ),
        n => format!("none of its {n} points at {}", function.name),
    };
    let command = format!(
        "aws logs put-subscription-filter --log-group-name {} --filter-name statuswatch --filter-pattern '' \
         --destination-arn {}",
        word(&group.name),
        word(&function.arn)
    );
    Finding::bad(
        FILTER,
        &group.name,
        found,
        "run terraform apply; or put the filter yourself, once the permission is there",
    )
    .with_command(command)
}

fn permission(group: &LogGroup, known: &Deployment) -> Finding {
    let (function, account) = (&known.lines, known.account.as_str());
    let partition = function.arn.split(':').nth(1).unwrap_or("aws");
    let group_arn = format!("arn:{partition}:logs:{}:{account}:log-group:{}", known.region, group.name);
    let source = format!("{group_arn}:*");
    let policy = match &function.policy {
        Err(why) => return Finding::unknown(PERMISSION, &group.name, why),
        Ok(policy) => policy,
    };
    let access = policy.as_ref().map_or(Access::None, |policy| policy.access(LOGS, &source, account));
    let (found, fix) = match access {
        Access::Allowed { is_narrow: true } => {
            let found = format!("CloudWatch Logs may call {} for this log group", function.name);
            return Finding::good(PERMISSION, &group.name, found);
        }
        Access::Allowed { is_narrow: false } => {
            return Finding::warning(
                PERMISSION,
                &group.name,
                format!("log groups of any account may call {}", function.name),
                "give the permission this log group's ARN as its source, and the account: terraform apply does",
            );
        }
        Access::Unclear => return unclear(PERMISSION, &group.name),
        Access::Denied => (
            format!("a statement of the policy of {} forbids it", function.name),
            "take the Deny out of the function's resource policy",
        ),
        Access::OtherAccount => (
            "the permission is for another source account".to_owned(),
            "run terraform apply, or add the permission for this account",
        ),
        Access::OtherSource(sources) if sources.iter().any(|other| is_without_star(other, &group_arn)) => (
            "the permission's source is the log group's ARN without the :* behind it, which is not what calls".to_owned(),
            "run terraform apply, or add the permission with :* at its end",
        ),
        Access::OtherSource(sources) => {
            let shown: Vec<&str> = sources.iter().map(String::as_str).take(3).collect();
            (
                format!("the permission is for other sources: {}", crate::words::harmless(&shown.join(", "))),
                "run terraform apply, or add the permission for this log group",
            )
        }
        Access::None => (
            format!("CloudWatch Logs may not call {}", function.name),
            "run terraform apply, or add the permission",
        ),
    };
    let lost =
        "while it is denied, CloudWatch Logs stops delivering for up to ten minutes and skips what is logged";
    Finding::bad(PERMISSION, &group.name, format!("{found}; {lost}"), fix).with_command(add_permission(
        &function.name,
        LOGS,
        &source,
        account,
    ))
}

fn is_without_star(source: &str, group_arn: &str) -> bool {
    source == group_arn || source.strip_suffix(':') == Some(group_arn)
}
