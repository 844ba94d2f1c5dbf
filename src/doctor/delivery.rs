//! What CloudWatch Logs says that it delivered to the function, and what it did not.

use super::facts::{Deliveries, Deployment, Function, LogGroup};
use super::finding::Finding;
use super::subscription::own_filter;
use crate::words::{count, duration, elapsed_ms};

const CHECK: &str = "delivery";
/// Delivery is measured by so much.
const STEP_MS: i64 = 300_000;

pub(super) fn judge(known: &Deployment, findings: &mut Vec<Finding>) {
    for group in &known.groups {
        if !matches!(group.filters, Ok(None)) {
            findings.push(one(group, &known.lines, known.now_ms));
        }
    }
}

fn one(group: &LogGroup, function: &Function, now_ms: i64) -> Finding {
    let name = &group.name;
    let deliveries = match &group.deliveries {
        Err(why) => return Finding::unknown(CHECK, name, why),
        Ok(deliveries) => deliveries,
    };
    // Without the filter's name its deliveries cannot be asked for.
    if let Err(why) = &group.filters {
        return Finding::unknown(CHECK, name, why);
    }
    let last = last(deliveries, now_ms);
    match deliveries.errors {
        (0, 0) => {}
        (0, day) => {
            return Finding::warning(
                CHECK,
                name,
                format!(
                    "{last}; {} could not be delivered earlier in the last 24 h",
                    count(day, "log event")
                ),
                "they are in the log group: statuswatch replay --log-group shows what Slack missed",
            );
        }
        (hour, _) => {
            return Finding::bad(
                CHECK,
                name,
                format!("{} could not be delivered in the last hour; {last}", count(hour, "log event")),
                "look at the permission and at the function's state; statuswatch replay --log-group shows what Slack missed",
            );
        }
    }
    if deliveries.throttled_hour > 0 {
        return Finding::warning(
            CHECK,
            name,
            format!(
                "{} throttled in the last hour, and tried again for a day; {last}",
                count(deliveries.throttled_hour, "log event")
            ),
            "raise the function's concurrency",
        );
    }
    let filters = group.filters.as_ref().ok().and_then(Option::as_deref).unwrap_or_default();
    let has_pattern = own_filter(filters, function).is_some_and(|filter| !filter.pattern.trim().is_empty());
    match (deliveries.last_ms, deliveries.incoming_day) {
        (Some(_), _) => Finding::good(
            CHECK,
            name,
            format!("{last}; {} in the last hour", count(deliveries.delivered_hour, "log event")),
        ),
        (None, 0) => Finding::warning(
            CHECK,
            name,
            "nothing was logged in 24 h, so nothing was delivered",
            "make a request to the API; if no line appears, switch on the access log of its stage",
        ),
        (None, incoming) if !has_pattern => Finding::bad(
            CHECK,
            name,
            format!("{} came in within 24 h, and none was delivered", count(incoming, "log event")),
            "look at the subscription filter and the permission; after a deploy wait some minutes",
        ),
        (None, incoming) => Finding::good(
            CHECK,
            name,
            format!("none in 24 h: the filter pattern took none of {}", count(incoming, "log event")),
        ),
    }
}

fn last(deliveries: &Deliveries, now_ms: i64) -> String {
    match deliveries.last_ms {
        None => "no delivery in 24 h".to_owned(),
        Some(at) if elapsed_ms(at, now_ms) <= 2 * STEP_MS.unsigned_abs() => {
            "last delivery within the last minutes".to_owned()
        }
        Some(at) => format!("last delivery {} ago", duration(elapsed_ms(at, now_ms))),
    }
}
