//! Whether every line of the last hour is accounted for, by the functions' own metrics.

use super::facts::{Deployment, Function, Measured};
use super::finding::Finding;
use crate::words::{count, number};

const CHECK: &str = "ledger";

/// The counters that are asked for, as `ledger` names them as metrics.
pub const METRICS: [&str; 19] = [
    "Received",
    "Ok",
    "Ignored",
    "Unreadable",
    "Duplicate",
    "Matched",
    "Copied",
    "Released",
    "Shown",
    "Counted",
    "Pending",
    "Failed",
    "Posted",
    "Refused",
    "Unavailable",
    "RateLimited",
    "StoreErrors",
    "Undecodable",
    "Ambiguous",
];

pub(super) fn judge(known: &Deployment, findings: &mut Vec<Finding>) {
    findings.push(one(&known.lines));
    if let Ok(Some(alarms)) = &known.alarms {
        findings.push(one(alarms));
    }
}

fn one(function: &Function) -> Finding {
    let measured = match &function.measured {
        Err(why) => return Finding::unknown(CHECK, &function.name, why),
        Ok(measured) => measured,
    };
    if !measured.has("Received") {
        return if measured.sum("Invocations") > measured.sum("Errors") {
            Finding::warning(
                CHECK,
                &function.name,
                format!(
                    "{} in the last hour, but none left metrics in the namespace Statuswatch",
                    count(measured.sum("Invocations"), "invocation")
                ),
                "let the function's role write to its log group, and keep its application log level at INFO or below; a log \
                 group of the class INFREQUENT_ACCESS makes no metrics",
            )
        } else {
            Finding::good(CHECK, &function.name, "nothing to count: no invocation in the last hour")
        };
    }
    let sum = |names: &[&str]| names.iter().map(|name| measured.sum(name)).sum::<u64>();
    let received = measured.sum("Received");
    let read = sum(&["Ok", "Ignored", "Unreadable", "Duplicate", "Matched"]);
    if received != read {
        return unbalanced(
            function,
            &format!("{} received, but {} accounted for", count(received, "line"), number(read)),
        );
    }
    let settings = function.settings.as_ref().ok().and_then(|settings| settings.as_ref().ok());
    let due = sum(&["Matched", "Copied", "Released"]);
    let notified = sum(&["Shown", "Counted", "Failed", "Pending"]);
    // Without a table, what is pending is a level and not a flow.
    if settings.is_some_and(|settings| settings.has_table) && due != notified {
        return unbalanced(
            function,
            &format!("{} to be posted, but {} accounted for", count(due, "line"), number(notified)),
        );
    }
    troubles(function, measured).unwrap_or_else(|| {
        Finding::good(
            CHECK,
            &function.name,
            format!(
                "balanced: {} received in the last hour, {} matched",
                count(received, "line"),
                number(measured.sum("Matched"))
            ),
        )
    })
}

/// What is balanced and still not right.
fn troubles(function: &Function, measured: &Measured) -> Option<Finding> {
    let (failed, unreadable, undecodable) =
        (measured.sum("Failed"), measured.sum("Unreadable"), measured.sum("Undecodable"));
    let received = measured.sum("Received");
    let warning = |found: String, fix: &str| Some(Finding::warning(CHECK, &function.name, found, fix));
    if undecodable > 0 {
        return warning(
            format!("balanced, but {} could not be decoded in the last hour", count(undecodable, "record")),
            "the function's log names them; something else may write to the stream or call the function",
        );
    }
    if failed > 0 {
        return warning(
            format!(
                "balanced, but {} given back to Lambda undelivered in the last hour",
                count(failed, "line")
            ),
            "Lambda tries them again; the function's log says why, and the failure destination has what is given up",
        );
    }
    if unreadable > 0 {
        return warning(
            format!("balanced, but {} of {} could not be read", number(unreadable), count(received, "line")),
            "check the access-log format: statuswatch lint-format",
        );
    }
    None
}

fn unbalanced(function: &Function, found: &str) -> Finding {
    Finding::bad(
        CHECK,
        &function.name,
        format!("the last hour does not balance: {found}"),
        "metrics may come late: run this again in some minutes; if it stays, lines are lost, and the function's log has \
         each invocation's ledger",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Ledger, Measures};
    use crate::rules::Rules;

    /// A counter under another name would be asked for in vain.
    #[test]
    fn the_metrics_are_those_that_the_function_writes() {
        let line = Ledger::default().emf(&Measures::default(), &Rules::built_in(), "f", 0);
        for name in METRICS {
            assert!(line.contains(&format!(r#""Name":"{name}""#)), "{name}");
        }
    }
}
