//! The ways from an alarm to the function: its own action, or a topic that the function has subscribed to.

use super::facts::{Alarm, Deployment, Function, Topic};
use super::finding::{Finding, word};
use super::functions::{add_permission, unclear};
use super::policy::Access;
use super::subscription::is_function;

const CHECK: &str = "alarm";
const DIRECT: &str = "lambda.alarms.cloudwatch.amazonaws.com";
const TOPIC: &str = "sns.amazonaws.com";

/// How far one way goes.
enum Way {
    /// All of it.
    Open,
    /// It cannot be judged.
    Unclear(Finding),
    /// It ends here, and so it is mended.
    Broken(Finding),
}

pub(super) fn judge(known: &Deployment, findings: &mut Vec<Finding>) {
    let function = match &known.alarms {
        Ok(Some(alarms)) => alarms,
        Ok(None) => &known.lines,
        // The finding on the function says so.
        Err(_) => return,
    };
    let alarms = match &known.called_by {
        Err(why) => return findings.push(Finding::unknown(CHECK, &function.name, why)),
        Ok(alarms) => alarms,
    };
    if alarms.is_empty() {
        findings.push(match &function.policy {
            Err(why) => Finding::unknown(CHECK, &function.name, why),
            Ok(_) => Finding::not_deployed(
                CHECK,
                &function.name,
                "no alarm calls it, and its permissions name none",
            ),
        });
    }
    findings.extend(alarms.iter().map(|alarm| one(alarm, function, known)));
}

fn one(alarm: &Alarm, function: &Function, known: &Deployment) -> Finding {
    let name = &alarm.name;
    if alarm.arn.is_empty() {
        return Finding::bad(
            CHECK,
            name,
            format!("{} lets this alarm in, but there is no such alarm", function.name),
            "run terraform apply, or take the permission away if the alarm was deleted on purpose",
        );
    }
    if !alarm.actions_enabled {
        return Finding::bad(CHECK, name, "its actions are disabled: nobody is notified", "enable them")
            .with_command(format!("aws cloudwatch enable-alarm-actions --alarm-names {}", word(name)));
    }
    let (at_alarm, at_ok) =
        (ways(&alarm.alarm_actions, alarm, function, known), ways(&alarm.ok_actions, alarm, function, known));
    let has_open = |ways: &[Way]| ways.iter().any(|way| matches!(way, Way::Open));
    if !has_open(&at_alarm) {
        return first_fault(at_alarm).unwrap_or_else(|| {
            Finding::bad(
                CHECK,
                name,
                format!(
                    "neither {} nor a topic that it has subscribed to is among its actions",
                    function.name
                ),
                "run terraform apply, or add the function to the alarm's actions",
            )
        });
    }
    if !has_open(&at_ok) {
        return match first_fault(at_ok) {
            Some(fault) => fault,
            None => Finding::bad(
                CHECK,
                name,
                format!(
                    "calls {} when it goes off, but not when it recovers: the notice stays red",
                    function.name
                ),
                "add the same action to its OK actions",
            ),
        };
    }
    match first_fault(at_alarm).or_else(|| first_fault(at_ok)) {
        // One way is open; the other one is not missed until that one fails.
        Some(fault) => Finding::warning(
            CHECK,
            name,
            format!("reaches {} on one of its ways only: {}", function.name, fault.found),
            fault.fix.unwrap_or_default(),
        ),
        None => Finding::good(
            CHECK,
            name,
            format!("calls {} when it goes off and when it recovers ({} now)", function.name, state(alarm)),
        ),
    }
}

fn state(alarm: &Alarm) -> &str {
    match alarm.state.as_str() {
        "OK" => "OK",
        "ALARM" => "in ALARM",
        "INSUFFICIENT_DATA" => "without data",
        _ => "state unknown",
    }
}

fn first_fault(ways: Vec<Way>) -> Option<Finding> {
    let mut unclear = None;
    for way in ways {
        match way {
            Way::Open => {}
            Way::Broken(finding) => return Some(finding),
            Way::Unclear(finding) => unclear = unclear.or(Some(finding)),
        }
    }
    unclear
}

/// Those of an alarm's actions that are meant to reach the function.
fn ways(actions: &[String], alarm: &Alarm, function: &Function, known: &Deployment) -> Vec<Way> {
    let direct = actions.iter().filter(|action| is_function(action, &function.arn));
    let direct = direct.map(|_| by_action(alarm, function, known));
    let topics = known.topics.iter().filter(|topic| actions.contains(&topic.arn));
    direct.chain(topics.map(|topic| by_topic(alarm, topic, function, known))).collect()
}

fn by_action(alarm: &Alarm, function: &Function, known: &Deployment) -> Way {
    let policy = match &function.policy {
        Err(why) => return Way::Unclear(Finding::unknown(CHECK, &alarm.name, why)),
        Ok(policy) => policy,
    };
    let access =
        policy.as_ref().map_or(Access::None, |policy| policy.access(DIRECT, &alarm.arn, &known.account));
    match access {
        Access::Allowed { .. } => Way::Open,
        Access::Unclear => Way::Unclear(unclear(CHECK, &alarm.name)),
        _ => Way::Broken(
            Finding::bad(
                CHECK,
                &alarm.name,
                format!("{} does not let this alarm in", function.name),
                "run terraform apply, or add the permission",
            )
            .with_command(add_permission(&function.name, DIRECT, &alarm.arn, &known.account)),
        ),
    }
}

fn by_topic(alarm: &Alarm, topic: &Topic, function: &Function, known: &Deployment) -> Way {
    let name = topic.arn.rsplit(':').next().unwrap_or(&topic.arn);
    let broken = |found: String, fix: &str| Way::Broken(Finding::bad(CHECK, &alarm.name, found, fix));
    let subscribers = match &topic.subscribers {
        Err(why) => return Way::Unclear(Finding::unknown(CHECK, &alarm.name, why)),
        Ok(None) => return broken(format!("its topic {name} does not exist"), "run terraform apply"),
        Ok(Some(subscribers)) => subscribers,
    };
    let own = subscribers.iter().find(|subscriber| {
        subscriber.protocol == "lambda" && is_function(&subscriber.endpoint, &function.arn)
    });
    match own {
        None => {
            return broken(
                format!("{} has not subscribed to its topic {name}", function.name),
                "run terraform apply, or subscribe the function",
            );
        }
        Some(subscriber) if !subscriber.is_confirmed => {
            return broken(
                format!("the subscription of {} to its topic {name} is not confirmed", function.name),
                "delete the subscription and make it anew",
            );
        }
        Some(_) => {}
    }
    let policy = match &function.policy {
        Err(why) => return Way::Unclear(Finding::unknown(CHECK, &alarm.name, why)),
        Ok(policy) => policy,
    };
    match policy.as_ref().map_or(Access::None, |policy| policy.access(TOPIC, &topic.arn, &known.account)) {
        Access::Allowed { .. } => Way::Open,
        Access::Unclear => Way::Unclear(unclear(CHECK, &alarm.name)),
        _ => broken(
            format!("{} does not let its topic {name} in", function.name),
            "run terraform apply, or add the permission",
        ),
    }
}
