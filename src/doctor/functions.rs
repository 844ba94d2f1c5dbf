//! The functions themselves: whether they are there, start, run, and keep up; and the schedule that calls them.

use super::facts::{Deployment, Function, Measured};
use super::finding::{Finding, word};
use super::policy::Access;
use crate::words::{count, duration, number};

/// AWS refuses requests that are signed five minutes or more off.
const CLOCK_WARNING_MS: u64 = 60_000;
/// Lambda's own maximum age of an asynchronous event, six hours.
const DEFAULT_MAX_AGE_S: u64 = 21_600;
/// A shorter age gives up deliveries in a short outage of Slack or in a burst.
const SHORT_AGE_S: u64 = 300;
/// Posts a second that Slack takes from one webhook or channel on average.
const POSTS_PER_SECOND: f64 = 0.5;

pub(super) fn clock(known: &Deployment, findings: &mut Vec<Finding>) {
    let region = format!("{}, account {}", known.region, known.account);
    findings.push(Finding::good("region", &known.lines.name, region));
    findings.push(match known.clock_ahead_ms {
        None => Finding::warning(
            "clock",
            "this machine",
            "not checked: AWS did not say what time it is",
            "run it again",
        ),
        Some(ahead) if ahead.unsigned_abs() < CLOCK_WARNING_MS => {
            Finding::good("clock", "this machine", "agrees with AWS's")
        }
        Some(ahead) => {
            let off = duration(ahead.unsigned_abs());
            let way = if ahead > 0 { "ahead of" } else { "behind" };
            Finding::warning(
                "clock",
                "this machine",
                format!("is {off} {way} AWS's: from 5 min on AWS refuses every request"),
                "set this machine's clock by NTP",
            )
        }
    });
}

pub(super) fn judge(known: &Deployment, findings: &mut Vec<Finding>) {
    one(&known.lines, known, findings);
    match &known.alarms {
        Ok(Some(alarms)) => one(alarms, known, findings),
        Ok(None) => {}
        Err(why) => findings.push(Finding::unknown("function", "for alarms", why)),
    }
    tick(known, findings);
}

fn one(function: &Function, known: &Deployment, findings: &mut Vec<Finding>) {
    findings.push(state(function));
    findings.push(configuration(function));
    findings.push(concurrency(function));
    findings.push(invocations(function, known));
    findings.push(event_age(function));
}

fn state(function: &Function) -> Finding {
    let check = "function";
    let with_reason = |(state, reason): &(String, Option<String>)| match reason {
        Some(reason) => format!("{state} ({reason})"),
        None => state.clone(),
    };
    let (state, update) = (function.state.0.as_str(), function.last_update.0.as_str());
    if state == "Failed" || update == "Failed" {
        let failed = if state == "Failed" { &function.state } else { &function.last_update };
        let what = if state == "Failed" { "the function" } else { "its last update" };
        return Finding::bad(
            check,
            &function.name,
            format!("{what} failed: {}", with_reason(failed)),
            "look at it in the console, put the cause right, and deploy again",
        );
    }
    match state {
        "Active" if update == "InProgress" => {
            Finding::warning(check, &function.name, "is being updated", "run this again in a minute")
        }
        "Active" => Finding::good(check, &function.name, "is active"),
        "Inactive" => Finding::warning(
            check,
            &function.name,
            "is inactive: Lambda took its resources back, and the next invocation fails",
            "invoke it once, or deploy it again",
        ),
        _ => Finding::warning(
            check,
            &function.name,
            format!("is not active yet: {}", with_reason(&function.state)),
            "run this again in a minute",
        ),
    }
}

fn configuration(function: &Function) -> Finding {
    let check = "configuration";
    match &function.settings {
        Err(why) => Finding::unknown(check, &function.name, why),
        Ok(Ok(_)) => Finding::good(check, &function.name, "environment and rules can be used"),
        Ok(Err(faults)) => Finding::bad(
            check,
            &function.name,
            format!("the function does not start: {}", faults.join("; ")),
            "put these variables right, and deploy again",
        ),
    }
}

fn concurrency(function: &Function) -> Finding {
    let check = "concurrency";
    let reserved = match &function.reserved {
        Err(why) => return Finding::unknown(check, &function.name, why),
        Ok(reserved) => *reserved,
    };
    let throttles = function.measured.as_ref().map_or(0, |measured| measured.sum("Throttles"));
    let memory = function.settings.as_ref().ok().and_then(|settings| settings.as_ref().ok());
    let memory = memory.filter(|settings| !settings.has_table && settings.spacing_s > 0);
    let text = match reserved {
        None => "shares the account's concurrency".to_owned(),
        Some(reserved) => format!("{} reserved", count(reserved, "container")),
    };
    if reserved == Some(0) {
        let command =
            format!("aws lambda delete-function-concurrency --function-name {}", word(&function.name));
        return Finding::bad(
            check,
            &function.name,
            "0 reserved: nothing runs, and every delivery goes straight to the failure destination",
            "somebody has switched it off: reserve at least one container, or none",
        )
        .with_command(command);
    }
    if throttles > 0 {
        return Finding::warning(
            check,
            &function.name,
            format!(
                "{text}; {} throttled in the last hour: messages come late",
                count(throttles, "invocation")
            ),
            "reserve more containers (reserved_concurrent_executions)",
        );
    }
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let posts = match (memory, reserved) {
        (Some(settings), Some(reserved)) => reserved as f64 / settings.spacing_s as f64,
        _ => 0.0,
    };
    if posts > POSTS_PER_SECOND {
        return Finding::warning(
            check,
            &function.name,
            format!("{text}: without a state table they may post more often than Slack takes messages"),
            "use a state table, fewer containers, or a longer STATUSWATCH_SPACING_SECONDS",
        );
    }
    Finding::good(check, &function.name, text)
}

fn invocations(function: &Function, known: &Deployment) -> Finding {
    let check = "invocations";
    let measured = match &function.measured {
        Err(why) => return Finding::unknown(check, &function.name, why),
        Ok(measured) => measured,
    };
    let (ran, failed) = (measured.sum("Invocations"), measured.sum("Errors"));
    let dropped = measured.sum("AsyncEventsDropped");
    let undelivered = measured.sum("DestinationDeliveryFailures");
    let logs = "the function's log says why";
    let command = format!("aws logs tail --since 1h {}", word(&format!("/aws/lambda/{}", function.name)));
    if undelivered > 0 {
        return Finding::bad(
            check,
            &function.name,
            format!(
                "Lambda could not write {} to the failure destination in the last hour: they are lost",
                count(undelivered, "record")
            ),
            "let the function's role write to it; a record too large for a queue fits a bucket (failure_destination = \"s3\")",
        );
    }
    if dropped > 0 {
        return Finding::bad(
            check,
            &function.name,
            format!("Lambda gave up {} in the last hour", count(dropped, "event")),
            "they are in the failure destination, if there is one: post them from there; the function's log says why",
        )
        .with_command(command);
    }
    if failed > 0 && failed >= ran {
        return Finding::bad(
            check,
            &function.name,
            format!("all of {} failed in the last hour", count(ran.max(failed), "invocation")),
            logs,
        )
        .with_command(command);
    }
    if failed > 0 {
        return Finding::warning(
            check,
            &function.name,
            format!(
                "{} of {} failed in the last hour; Lambda tries them again",
                number(failed),
                count(ran, "invocation")
            ),
            logs,
        )
        .with_command(command);
    }
    let has_tick = function.name == known.lines.name && enabled_ticks(known) > 0;
    if ran == 0 && has_tick {
        return Finding::bad(
            check,
            &function.name,
            "did not run in the last hour, though the schedule calls it every minute",
            "look at the findings on the schedule and on the concurrency; after a deploy wait some minutes",
        );
    }
    Finding::good(check, &function.name, format!("{} in the last hour, none failed", number(ran)))
}

fn event_age(function: &Function) -> Finding {
    let check = "event age";
    let settings = match &function.invoke {
        Err(why) => return Finding::unknown(check, &function.name, why),
        Ok(settings) => settings,
    };
    let measured = match &function.measured {
        Err(why) => return Finding::unknown(check, &function.name, why),
        Ok(measured) => measured,
    };
    let max_age_s = settings.max_age_s.unwrap_or(DEFAULT_MAX_AGE_S);
    let retries = settings.retries.unwrap_or(2);
    let mapped =
        function.mappings.as_ref().ok().and_then(|mappings| mappings.iter().find(|m| m.is_of_stream()));
    if let Some(mapping) = mapped
        && measured.has("IteratorAge")
    {
        return iterator_age(function, measured, mapping.max_age_s);
    }
    let oldest_ms = measured.sum("AsyncEventAge");
    let kept = format!(
        "an event is kept for {} and tried {}",
        duration(max_age_s * 1_000),
        count(retries + 1, "time")
    );
    if oldest_ms > max_age_s.saturating_mul(500) {
        return Finding::bad(
            check,
            &function.name,
            format!(
                "events wait {} for a container; after {} they are given up",
                duration(oldest_ms),
                duration(max_age_s * 1_000)
            ),
            "reserve more containers (reserved_concurrent_executions), and look at the function's errors",
        );
    }
    if max_age_s < SHORT_AGE_S || retries == 0 {
        return Finding::warning(
            check,
            &function.name,
            format!("{kept}: a short outage of Slack is enough for a delivery to be given up"),
            "raise maximum_event_age_in_seconds and maximum_retry_attempts",
        );
    }
    let waited = if measured.has("AsyncEventAge") {
        format!("the oldest waited {} in the last hour; ", duration(oldest_ms))
    } else {
        String::new()
    };
    Finding::good(check, &function.name, format!("{waited}{kept}"))
}

fn iterator_age(function: &Function, measured: &Measured, max_age_s: Option<u64>) -> Finding {
    let check = "event age";
    let age_ms = measured.sum("IteratorAge");
    let found = format!("{} behind the stream at most in the last hour", duration(age_ms));
    let fix = "look at the function's errors; else use more shards, and more containers";
    match max_age_s {
        Some(max) if age_ms > max.saturating_mul(500) => {
            let found = format!("{found}; records older than {} are given up", duration(max * 1_000));
            Finding::bad(check, &function.name, found, fix)
        }
        _ if age_ms > SHORT_AGE_S * 1_000 => Finding::warning(check, &function.name, found, fix),
        _ => Finding::good(check, &function.name, found),
    }
}

fn enabled_ticks(known: &Deployment) -> usize {
    known.ticks.as_ref().map_or(0, |ticks| ticks.iter().filter(|tick| tick.is_enabled).count())
}

fn tick(known: &Deployment, findings: &mut Vec<Finding>) {
    let (check, function) = ("schedule", &known.lines);
    let ticks = match &known.ticks {
        Err(why) => return findings.push(Finding::unknown(check, &function.name, why)),
        Ok(ticks) => ticks,
    };
    let settings = function.settings.as_ref().ok().and_then(|settings| settings.as_ref().ok());
    if ticks.is_empty() {
        findings.push(if settings.is_some_and(|settings| settings.has_table) {
            Finding::bad(
                check,
                &function.name,
                "no rule of EventBridge calls it: follow-ups and the ends of incidents wait for the next error",
                "run terraform apply: the module has a rule for every minute",
            )
        } else {
            Finding::not_deployed(check, &function.name, "no rule of EventBridge calls it")
        });
        return;
    }
    for tick in ticks {
        let access = match &function.policy {
            Err(why) => {
                findings.push(Finding::unknown(check, &tick.name, why));
                continue;
            }
            Ok(policy) => policy.as_ref().map_or(Access::None, |policy| {
                policy.access("events.amazonaws.com", &tick.arn, &known.account)
            }),
        };
        findings.push(match access {
            _ if !tick.is_enabled => Finding::bad(
                check,
                &tick.name,
                format!("the rule is disabled: {} is not called", function.name),
                "enable it",
            )
            .with_command(format!("aws events enable-rule --name {}", word(&tick.name))),
            Access::Allowed { .. } => {
                Finding::good(check, &tick.name, format!("is enabled and may call {}", function.name))
            }
            Access::Unclear => unclear(check, &tick.name),
            Access::Denied | Access::OtherSource(_) | Access::OtherAccount | Access::None => Finding::bad(
                check,
                &tick.name,
                format!("{} does not let this rule in: it fires in silence", function.name),
                "run terraform apply, or add the permission",
            )
            .with_command(add_permission(&function.name, "events.amazonaws.com", &tick.arn, &known.account)),
        });
    }
}

/// A permission with a condition that nobody here can judge.
pub(super) fn unclear(check: &'static str, subject: &str) -> Finding {
    Finding::warning(
        check,
        subject,
        "not checked: the permission has a condition other than a source's ARN and account",
        "look at the function's resource policy in the console",
    )
}

/// The command that lets a service call a function.
pub(super) fn add_permission(function: &str, service: &str, source_arn: &str, account: &str) -> String {
    let short = service.split('.').next().unwrap_or_default();
    format!(
        "aws lambda add-permission --function-name {} --statement-id doctor-{short} --action lambda:InvokeFunction \
         --principal {service} --source-arn {} --source-account {}",
        word(function),
        word(source_arn),
        word(account)
    )
}
