//! A deployment in which all is well, and each kind of fault in it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::access_log::Format;
use crate::slack::terminal::{Canvas, Color};

const ACCOUNT: &str = "123456789012";
const LINES: &str = "arn:aws:lambda:eu-west-1:123456789012:function:sw-lines";
const ALARMS: &str = "arn:aws:lambda:eu-west-1:123456789012:function:sw-alarms";
const GROUP: &str = "/aws/apigateway/orders";
const GROUP_SOURCE: &str = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/apigateway/orders:*";
const RULE: &str = "arn:aws:events:eu-west-1:123456789012:rule/sw-tick-0";
const TOPIC: &str = "arn:aws:sns:eu-west-1:123456789012:sw-alarms";
const ALARM: &str = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:orders 5xx";
const STREAM: &str = "arn:aws:kinesis:eu-west-1:123456789012:stream/sw-lines";
const NOW_MS: i64 = 1_793_696_400_000;

fn policy(statements: &[(&str, &str)]) -> Policy {
    let statements: Vec<Value> = statements
        .iter()
        .map(|(service, source)| {
            json!({ "Effect": "Allow", "Principal": { "Service": service }, "Action": "lambda:InvokeFunction",
                    "Condition": { "ArnLike": { "AWS:SourceArn": source }, "StringEquals": { "AWS:SourceAccount": ACCOUNT } } })
        })
        .collect();
    Policy::parse(&json!({ "Statement": statements }).to_string()).unwrap()
}

fn measured(values: &[(&str, f64)]) -> Measured {
    Measured(values.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect::<BTreeMap<_, _>>())
}

fn function(name: &str, arn: &str, statements: &[(&str, &str)]) -> Function {
    Function {
        name: name.to_owned(),
        arn: arn.to_owned(),
        state: ("Active".to_owned(), None),
        last_update: ("Successful".to_owned(), None),
        settings: Ok(Ok(Settings { has_table: true, spacing_s: 5 })),
        policy: Ok(Some(policy(statements))),
        reserved: Ok(Some(2)),
        invoke: Ok(InvokeSettings {
            max_age_s: Some(3_600),
            retries: Some(2),
            on_failure: Some("arn:aws:sqs:eu-west-1:123456789012:sw-failures".to_owned()),
        }),
        mappings: Ok(Vec::new()),
        measured: Ok(measured(&[
            ("Invocations", 60.0),
            ("Errors", 0.0),
            ("AsyncEventAge", 80.0),
            ("Received", 100.0),
            ("Ok", 96.0),
            ("Matched", 4.0),
            ("Shown", 3.0),
            ("Counted", 1.0),
            ("Posted", 2.0),
        ])),
    }
}

/// Everything that the module deploys, in order.
fn healthy() -> Deployment {
    Deployment {
        region: "eu-west-1".to_owned(),
        account: ACCOUNT.to_owned(),
        now_ms: NOW_MS,
        clock_ahead_ms: Some(400),
        lines: function(
            "sw-lines",
            LINES,
            &[("logs.amazonaws.com", GROUP_SOURCE), ("events.amazonaws.com", RULE)],
        ),
        alarms: Ok(Some(function(
            "sw-alarms",
            ALARMS,
            &[("sns.amazonaws.com", TOPIC), ("lambda.alarms.cloudwatch.amazonaws.com", ALARM)],
        ))),
        ticks: Ok(vec![Tick { name: "sw-tick-0".to_owned(), arn: RULE.to_owned(), is_enabled: true }]),
        groups: vec![LogGroup {
            name: GROUP.to_owned(),
            filters: Ok(Some(vec![SubscriptionFilter {
                name: "sw-lambda".to_owned(),
                pattern: String::new(),
                destination_arn: LINES.to_owned(),
            }])),
            metric_filters: Ok(vec![MetricFilter {
                name: "orders 5xx".to_owned(),
                pattern: "{ $.status = 5* }".to_owned(),
                metrics: vec![("Api".to_owned(), "5xx".to_owned())],
            }]),
            deliveries: Ok(Deliveries {
                incoming_day: 9_000,
                delivered_hour: 100,
                last_ms: Some(NOW_MS - 60_000),
                errors: (0, 0),
                throttled_hour: 0,
            }),
            lines: Some(Ok(Lines {
                metric_filter: Some(BlindSpots { errors: 4, ..BlindSpots::default() }),
                subscription_filter: BlindSpots { errors: 4, ..BlindSpots::default() },
                is_cut: false,
            })),
        }],
        groups_left_out: Vec::new(),
        table: Some(StateTableFacts {
            name: "sw-state".to_owned(),
            table: Ok(Some(Table {
                status: "ACTIVE".to_owned(),
                has_keys: true,
                expires_by: Ok(Some("expires".to_owned())),
            })),
        }),
        failures: vec![FailureDestination {
            arn: "arn:aws:sqs:eu-west-1:123456789012:sw-failures".to_owned(),
            moved_from: None,
            held: Ok(Some(Held::Records { count: 0, or_more: false })),
        }],
        secrets: vec![SecretPlace {
            kind: "webhook",
            destination: "default".to_owned(),
            place: "SSM parameter /sw/slack-webhook".to_owned(),
            found: Ok(Ok(true)),
        }],
        called_by: Ok(vec![Alarm {
            name: "orders 5xx".to_owned(),
            arn: ALARM.to_owned(),
            actions_enabled: true,
            alarm_actions: vec![TOPIC.to_owned(), ALARMS.to_owned()],
            ok_actions: vec![TOPIC.to_owned(), ALARMS.to_owned()],
            metric: Some(("Api".to_owned(), "5xx".to_owned())),
            state: "OK".to_owned(),
        }]),
        topics: vec![Topic {
            arn: TOPIC.to_owned(),
            subscribers: Ok(Some(vec![Subscriber {
                protocol: "lambda".to_owned(),
                endpoint: ALARMS.to_owned(),
                is_confirmed: true,
            }])),
        }],
    }
}

fn set(function: &mut Function, values: &[(&str, f64)]) {
    let measured = function.measured.as_mut().unwrap();
    measured.0.extend(values.iter().map(|(name, value)| ((*name).to_owned(), *value)));
}

fn alarm(known: &mut Deployment) -> &mut Alarm {
    &mut known.called_by.as_mut().unwrap()[0]
}

fn alarms(known: &mut Deployment) -> &mut Function {
    known.alarms.as_mut().unwrap().as_mut().unwrap()
}

fn deliveries(known: &mut Deployment) -> &mut Deliveries {
    known.groups[0].deliveries.as_mut().unwrap()
}

fn filters(known: &mut Deployment) -> &mut Vec<SubscriptionFilter> {
    known.groups[0].filters.as_mut().unwrap().as_mut().unwrap()
}

fn blind(unseen: u64, errors: u64) -> BlindSpots {
    let fix = "put every $context variable of the format in double quotes".to_owned();
    BlindSpots { errors, unseen, reasons: vec![Reason { label: "broken JSON", fix, lines: unseen }] }
}

#[test]
fn where_all_is_well_every_check_is_good() {
    let report = judge(&healthy());
    let not_good: Vec<&Finding> =
        report.findings.iter().filter(|finding| finding.verdict != Verdict::Good).collect();
    assert_eq!(not_good, Vec::<&Finding>::new());
    for check in [
        "region",
        "clock",
        "function",
        "configuration",
        "concurrency",
        "invocations",
        "event age",
        "schedule",
        "subscription filter",
        "permission",
        "delivery",
        "ledger",
        "webhook",
        "slack",
        "state table",
        "failure destination",
        "alarm",
        "metric filter",
    ] {
        assert!(report.findings.iter().any(|finding| finding.check == check), "{check}");
    }
    assert!(!report.is_bad());
}

type Fault = (&'static str, Verdict, &'static str, fn(&mut Deployment));

/// One fault each: what it is found by, how bad it is, a part of what is said, and how to make it.
const FAULTS: &[Fault] = &[
    ("clock", Verdict::Warning, "3 min ahead of", |known| known.clock_ahead_ms = Some(180_000)),
    ("clock", Verdict::Warning, "2 min behind", |known| known.clock_ahead_ms = Some(-120_000)),
    ("clock", Verdict::Warning, "not checked", |known| known.clock_ahead_ms = None),
    ("function", Verdict::Bad, "Failed (InvalidSubnet)", |known| {
        known.lines.state = ("Failed".to_owned(), Some("InvalidSubnet".to_owned()));
    }),
    ("function", Verdict::Bad, "its last update failed", |known| {
        alarms(known).last_update = ("Failed".to_owned(), Some("KMSKeyNotFound".to_owned()));
    }),
    ("function", Verdict::Warning, "is inactive", |known| known.lines.state.0 = "Inactive".to_owned()),
    ("function", Verdict::Warning, "not active yet", |known| known.lines.state.0 = "Pending".to_owned()),
    ("function", Verdict::Warning, "is being updated", |known| {
        known.lines.last_update.0 = "InProgress".to_owned();
    }),
    ("configuration", Verdict::Bad, "SLACK_WEBHOOK_URL: neither", |known| {
        known.lines.settings = Ok(Err(vec!["SLACK_WEBHOOK_URL: neither a webhook".to_owned()]));
    }),
    ("concurrency", Verdict::Bad, "0 reserved", |known| known.lines.reserved = Ok(Some(0))),
    ("concurrency", Verdict::Warning, "12 invocations throttled", |known| {
        set(&mut known.lines, &[("Throttles", 12.0)]);
    }),
    ("concurrency", Verdict::Warning, "more often than Slack takes", |known| {
        known.lines.settings = Ok(Ok(Settings { has_table: false, spacing_s: 1 }));
    }),
    ("invocations", Verdict::Bad, "all of 60 invocations failed", |known| {
        set(&mut known.lines, &[("Errors", 60.0)]);
    }),
    ("invocations", Verdict::Warning, "3 of 60 invocations failed", |known| {
        set(&mut known.lines, &[("Errors", 3.0)]);
    }),
    ("invocations", Verdict::Bad, "gave up 2 events", |known| {
        set(&mut known.lines, &[("AsyncEventsDropped", 2.0)]);
    }),
    ("invocations", Verdict::Bad, "could not write 1 record to the failure destination", |known| {
        set(alarms(known), &[("DestinationDeliveryFailures", 1.0)]);
    }),
    ("invocations", Verdict::Bad, "did not run in the last hour", |known| {
        known.lines.measured = Ok(measured(&[]));
    }),
    ("event age", Verdict::Bad, "events wait 40 min", |known| {
        set(&mut known.lines, &[("AsyncEventAge", 2_400_000.0)]);
    }),
    ("event age", Verdict::Warning, "kept for 1 min", |known| {
        known.lines.invoke.as_mut().unwrap().max_age_s = Some(60);
    }),
    ("event age", Verdict::Warning, "tried 1 time:", |known| {
        known.lines.invoke.as_mut().unwrap().retries = Some(0);
    }),
    ("schedule", Verdict::Bad, "no rule of EventBridge", |known| known.ticks = Ok(Vec::new())),
    ("schedule", Verdict::Bad, "the rule is disabled", |known| {
        known.ticks.as_mut().unwrap()[0].is_enabled = false;
    }),
    ("schedule", Verdict::Bad, "does not let this rule in", |known| {
        known.lines.policy = Ok(Some(policy(&[("logs.amazonaws.com", GROUP_SOURCE)])));
    }),
    ("subscription filter", Verdict::Bad, "there is none", |known| filters(known).clear()),
    ("subscription filter", Verdict::Bad, "none of its 1 points at sw-lines", |known| {
        filters(known)[0].destination_arn = format!("{LINES}-of-yesterday");
    }),
    ("subscription filter", Verdict::Bad, "another account or Region", |known| {
        filters(known)[0].destination_arn = LINES.replace("eu-west-1", "eu-west-2");
    }),
    ("subscription filter", Verdict::Bad, "no such log group", |known| known.groups[0].filters = Ok(None)),
    ("subscription filter", Verdict::Bad, "name a log group", |known| known.groups.clear()),
    (
        "subscription filter",
        Verdict::Warning,
        "2 log groups beyond the first 1, such as /api/x, /api/y",
        |known| {
            known.groups_left_out = vec!["/api/x".to_owned(), "/api/y".to_owned()];
        },
    ),
    ("permission", Verdict::Bad, "may not call sw-lines", |known| known.lines.policy = Ok(None)),
    ("permission", Verdict::Bad, "for other sources", |known| {
        let other = GROUP_SOURCE.replace("orders", "pets");
        known.lines.policy =
            Ok(Some(policy(&[("logs.amazonaws.com", &other), ("events.amazonaws.com", RULE)])));
    }),
    ("permission", Verdict::Bad, "without the :*", |known| {
        let other = GROUP_SOURCE.trim_end_matches(":*");
        known.lines.policy =
            Ok(Some(policy(&[("logs.amazonaws.com", other), ("events.amazonaws.com", RULE)])));
    }),
    ("permission", Verdict::Bad, "another source account", |known| {
        let condition = json!({ "ArnLike": { "AWS:SourceArn": GROUP_SOURCE }, "StringEquals": { "AWS:SourceAccount": "999999999999" } });
        let statement = json!({ "Effect": "Allow", "Principal": { "Service": "logs.amazonaws.com" },
                                "Action": "lambda:InvokeFunction", "Condition": condition });
        known.lines.policy = Ok(Policy::parse(&json!({ "Statement": statement }).to_string()));
    }),
    ("delivery", Verdict::Bad, "7 log events could not be delivered in the last hour", |known| {
        deliveries(known).errors = (7, 9);
    }),
    ("delivery", Verdict::Warning, "earlier in the last 24 h", |known| deliveries(known).errors = (0, 9)),
    ("delivery", Verdict::Warning, "5 log events throttled", |known| deliveries(known).throttled_hour = 5),
    ("delivery", Verdict::Warning, "nothing was logged", |known| {
        *deliveries(known) = Deliveries::default();
    }),
    ("delivery", Verdict::Bad, "none was delivered", |known| {
        *deliveries(known) = Deliveries { incoming_day: 900, ..Deliveries::default() };
    }),
    ("delivery", Verdict::Bad, "none was delivered", |known| {
        *deliveries(known) = Deliveries { incoming_day: 3_000, ..Deliveries::default() };
        filters(known).push(SubscriptionFilter {
            name: "theirs".to_owned(),
            pattern: "{ $.x = 1 }".to_owned(),
            destination_arn: LINES.replace("sw-lines", "theirs"),
        });
    }),
    ("delivery", Verdict::Warning, "not checked", |known| {
        *deliveries(known) = Deliveries { incoming_day: 3_000, ..Deliveries::default() };
        known.groups[0].filters = Err(Unknown::Denied("logs:DescribeSubscriptionFilters"));
    }),
    ("ledger", Verdict::Bad, "100 lines received, but 98 accounted for", |known| {
        set(&mut known.lines, &[("Ok", 94.0)]);
    }),
    ("ledger", Verdict::Bad, "4 lines to be posted, but 3 accounted for", |known| {
        set(&mut known.lines, &[("Counted", 0.0)]);
    }),
    ("ledger", Verdict::Warning, "1 line given back", |known| {
        set(&mut known.lines, &[("Counted", 0.0), ("Failed", 1.0)]);
    }),
    ("ledger", Verdict::Warning, "6 of 100 lines could not be read", |known| {
        set(&mut known.lines, &[("Ok", 90.0), ("Unreadable", 6.0)]);
    }),
    ("ledger", Verdict::Warning, "2 records could not be decoded", |known| {
        set(&mut known.lines, &[("Undecodable", 2.0)]);
    }),
    ("ledger", Verdict::Warning, "none left metrics", |known| {
        known.lines.measured = Ok(measured(&[("Invocations", 60.0)]));
    }),
    ("webhook", Verdict::Bad, "holds no text", |known| {
        known.secrets[0].found = Ok(Err("the SSM parameter holds no text".to_owned()));
    }),
    ("webhook", Verdict::Warning, "does not look like", |known| known.secrets[0].found = Ok(Ok(false))),
    ("slack", Verdict::Bad, "Slack refused 2 posts", |known| set(&mut known.lines, &[("Refused", 2.0)])),
    ("slack", Verdict::Warning, "could not be reached", |known| set(alarms(known), &[("Unavailable", 1.0)])),
    ("slack", Verdict::Warning, "asked for a pause", |known| set(&mut known.lines, &[("RateLimited", 3.0)])),
    ("state table", Verdict::Bad, "no such table", |known| known.table.as_mut().unwrap().table = Ok(None)),
    ("state table", Verdict::Bad, "INACCESSIBLE_ENCRYPTION_CREDENTIALS", |known| {
        let table = known.table.as_mut().unwrap().table.as_mut().unwrap().as_mut().unwrap();
        table.status = "INACCESSIBLE_ENCRYPTION_CREDENTIALS".to_owned();
    }),
    ("state table", Verdict::Bad, "other keys", |known| {
        known.table.as_mut().unwrap().table.as_mut().unwrap().as_mut().unwrap().has_keys = false;
    }),
    ("state table", Verdict::Warning, "do not expire", |known| {
        known.table.as_mut().unwrap().table.as_mut().unwrap().as_mut().unwrap().expires_by = Ok(None);
    }),
    ("state table", Verdict::Bad, "3 calls to it failed", |known| {
        set(&mut known.lines, &[("StoreErrors", 1.0)]);
        set(alarms(known), &[("StoreErrors", 2.0)]);
    }),
    ("failure destination", Verdict::Bad, "holds 3 deliveries", |known| {
        known.failures[0].held = Ok(Some(Held::Records { count: 3, or_more: false }));
    }),
    ("failure destination", Verdict::Bad, "1,000 or more deliveries", |known| {
        known.failures[0].held = Ok(Some(Held::Records { count: 1_000, or_more: true }));
    }),
    ("failure destination", Verdict::Bad, "does not exist", |known| known.failures[0].held = Ok(None)),
    ("failure destination", Verdict::Bad, "holds 2 deliveries that Slack did not get", |known| {
        redriven(known, "Enabled");
        known.failures[0].held = Ok(Some(Held::Records { count: 0, or_more: false }));
        known.failures.push(parked(Ok(Some(Held::Records { count: 2, or_more: false }))));
    }),
    ("failure destination", Verdict::Bad, "it is the dead-letter queue of sw-failures", |known| {
        known.failures.push(parked(Ok(None)));
    }),
    ("failure destination", Verdict::Bad, "holds 3 deliveries that Slack", |known| {
        redriven(known, "Disabled");
    }),
    ("alarm", Verdict::Bad, "there is no such alarm", |known| {
        *alarm(known) = Alarm { name: "orders 5xx".to_owned(), ..Alarm::default() };
    }),
    ("alarm", Verdict::Bad, "actions are disabled", |known| alarm(known).actions_enabled = false),
    ("alarm", Verdict::Bad, "is among its actions", |known| {
        alarm(known).alarm_actions = vec!["arn:aws:sns:eu-west-1:123456789012:others".to_owned()];
    }),
    ("alarm", Verdict::Bad, "stays red", |known| alarm(known).ok_actions.clear()),
    ("alarm", Verdict::Bad, "does not let this alarm in", |known| {
        alarm(known).alarm_actions = vec![ALARMS.to_owned()];
        alarms(known).policy = Ok(Some(policy(&[("sns.amazonaws.com", TOPIC)])));
    }),
    ("alarm", Verdict::Warning, "on one of its ways only", |known| {
        alarms(known).policy = Ok(Some(policy(&[("sns.amazonaws.com", TOPIC)])));
    }),
    ("alarm", Verdict::Bad, "has not subscribed", |known| {
        let alarm = alarm(known);
        (alarm.alarm_actions, alarm.ok_actions) = (vec![TOPIC.to_owned()], vec![TOPIC.to_owned()]);
        known.topics[0].subscribers = Ok(Some(Vec::new()));
    }),
    ("alarm", Verdict::Bad, "has not subscribed", |known| {
        let alarm = alarm(known);
        (alarm.alarm_actions, alarm.ok_actions) = (vec![TOPIC.to_owned()], vec![TOPIC.to_owned()]);
        let subscribers = known.topics[0].subscribers.as_mut().unwrap().as_mut().unwrap();
        subscribers[0].endpoint = format!("{ALARMS}-staging");
    }),
    ("alarm", Verdict::Bad, "is not confirmed", |known| {
        let alarm = alarm(known);
        (alarm.alarm_actions, alarm.ok_actions) = (vec![TOPIC.to_owned()], vec![TOPIC.to_owned()]);
        known.topics[0].subscribers.as_mut().unwrap().as_mut().unwrap()[0].is_confirmed = false;
    }),
    ("alarm", Verdict::Bad, "topic sw-alarms does not exist", |known| {
        let alarm = alarm(known);
        (alarm.alarm_actions, alarm.ok_actions) = (vec![TOPIC.to_owned()], vec![TOPIC.to_owned()]);
        known.topics[0].subscribers = Ok(None);
    }),
    ("alarm", Verdict::Bad, "does not let its topic sw-alarms in", |known| {
        let alarm = alarm(known);
        (alarm.alarm_actions, alarm.ok_actions) = (vec![TOPIC.to_owned()], vec![TOPIC.to_owned()]);
        alarms(known).policy = Ok(None);
    }),
    ("metric filter", Verdict::Bad, "does not see 4 of 4 error lines", |known| {
        lines(known).metric_filter = Some(blind(4, 4));
    }),
    ("metric filter", Verdict::Warning, "does not see 1 of 4 error lines", |known| {
        lines(known).metric_filter = Some(blind(1, 4));
    }),
    ("metric filter", Verdict::Warning, "not checked: its pattern { $.status = } cannot be read", |known| {
        known.groups[0].metric_filters.as_mut().unwrap()[0].pattern = "{ $.status = }".to_owned();
    }),
    ("filter pattern", Verdict::Warning, "not checked: its pattern { $.status = } cannot be read", |known| {
        filters(known)[0].pattern = "{ $.status = }".to_owned();
    }),
    ("last hour's lines", Verdict::Warning, "not checked: enough", |known| {
        known.groups[0].lines = Some(Err(Unknown::Limit("enough".to_owned())));
    }),
    ("filter pattern", Verdict::Bad, "holds back 2 of 4 error lines", |known| {
        lines(known).subscription_filter = blind(2, 4);
    }),
    ("stream", Verdict::Bad, "the event source mapping is disabled", |known| {
        through_stream(known, "Disabled", "OK");
    }),
    ("redrive", Verdict::Bad, "nobody reads it", |known| {
        known.lines.mappings = Ok(vec![Mapping {
            source_arn: "arn:aws:sqs:eu-west-1:123456789012:sw-failures".to_owned(),
            state: "Disabled".to_owned(),
            ..Mapping::default()
        }]);
    }),
    ("stream", Verdict::Warning, "is not ready yet (Creating)", |known| {
        through_stream(known, "Creating", "OK");
    }),
    ("stream", Verdict::Warning, "PROBLEM: Function call failed", |known| {
        through_stream(known, "Enabled", "PROBLEM: Function call failed");
    }),
    ("event age", Verdict::Warning, "10 min behind the stream", |known| {
        through_stream(known, "Enabled", "OK");
        set(&mut known.lines, &[("IteratorAge", 600_000.0)]);
    }),
    ("event age", Verdict::Bad, "records older than 1 h are given up", |known| {
        through_stream(known, "Enabled", "OK");
        known.lines.mappings.as_mut().unwrap()[0].max_age_s = Some(3_600);
        set(&mut known.lines, &[("IteratorAge", 2_000_000.0)]);
    }),
];

/// Three deliveries in the failure queue, and a mapping of it.
fn redriven(known: &mut Deployment, state: &str) {
    known.failures[0].held = Ok(Some(Held::Records { count: 3, or_more: false }));
    known.lines.mappings = Ok(vec![Mapping {
        source_arn: known.failures[0].arn.clone(),
        state: state.to_owned(),
        ..Mapping::default()
    }]);
}

fn parked(held: Fact<Option<Held>>) -> FailureDestination {
    let queue = "arn:aws:sqs:eu-west-1:123456789012:sw-failures";
    FailureDestination { arn: format!("{queue}-parked"), moved_from: Some(queue.to_owned()), held }
}

fn lines(known: &mut Deployment) -> &mut Lines {
    known.groups[0].lines.as_mut().unwrap().as_mut().unwrap()
}

fn through_stream(known: &mut Deployment, state: &str, last: &str) {
    filters(known)[0].destination_arn = STREAM.to_owned();
    known.lines.mappings = Ok(vec![Mapping {
        source_arn: STREAM.to_owned(),
        state: state.to_owned(),
        last_result: Some(last.to_owned()),
        max_age_s: None,
    }]);
}

#[test]
fn each_fault_is_found_for_what_it_is_and_comes_with_a_fix() {
    for (check, verdict, words, make) in FAULTS {
        let mut known = healthy();
        make(&mut known);
        let report = judge(&known);
        let found: Vec<&Finding> = report.findings.iter().filter(|finding| finding.check == *check).collect();
        let is_it = |finding: &&&Finding| finding.verdict == *verdict && finding.found.contains(words);
        assert!(found.iter().any(|finding| is_it(&finding)), "{check}, {words}: {found:#?}");
        for finding in &report.findings {
            let needs_fix = matches!(finding.verdict, Verdict::Bad | Verdict::Warning);
            assert_eq!(finding.fix.is_some(), needs_fix, "{finding:?}");
        }
        assert_eq!(report.is_bad(), report.findings.iter().any(|finding| finding.verdict == Verdict::Bad));
    }
}

#[test]
fn what_the_function_takes_up_again_is_not_bad() {
    let mut known = healthy();
    redriven(&mut known, "Enabled");
    let report = judge(&known);
    assert!(!report.is_bad());
    let is_it = |finding: &Finding| finding.found == "holds 3 deliveries, which sw-lines takes up again";
    assert!(report.findings.iter().any(is_it), "{report:#?}");
}

#[test]
fn a_failure_bucket_is_redriven_as_a_bucket() {
    let mut known = healthy();
    known.failures[0].arn = "arn:aws:s3:::sw-failures".to_owned();
    known.failures[0].held = Ok(Some(Held::Records { count: 3, or_more: false }));
    let report = judge(&known);
    let bad = report.findings.iter().find(|finding| finding.verdict == Verdict::Bad).unwrap();
    let command = bad.command.as_deref().unwrap();
    assert!(command.starts_with("statuswatch redrive --bucket s3://sw-failures/aws/lambda/"), "{command}");
}

#[test]
fn a_stream_in_between_is_a_way_and_needs_no_permission_of_the_log_group() {
    let mut known = healthy();
    through_stream(&mut known, "Enabled", "OK");
    let report = judge(&known);
    assert!(!report.is_bad() && report.findings.iter().all(|finding| finding.check != "permission"));
}

type Denial = (&'static str, &'static str, fn(&mut Deployment, Unknown));

#[test]
fn what_is_denied_is_a_warning_that_names_the_permission_and_never_good() {
    let denials: &[Denial] = &[
        ("function", "for alarms", |known, why| known.alarms = Err(why)),
        ("configuration", "sw-lines", |known, why| known.lines.settings = Err(why)),
        ("permission", GROUP, |known, why| known.lines.policy = Err(why)),
        ("schedule", "sw-tick-0", |known, why| known.lines.policy = Err(why)),
        ("schedule", "sw-lines", |known, why| known.ticks = Err(why)),
        ("concurrency", "sw-lines", |known, why| known.lines.reserved = Err(why)),
        ("event age", "sw-lines", |known, why| known.lines.invoke = Err(why)),
        ("failure destination", "sw-alarms", |known, why| alarms(known).invoke = Err(why)),
        ("stream", "sw-lines", |known, why| known.lines.mappings = Err(why)),
        ("invocations", "sw-lines", |known, why| known.lines.measured = Err(why)),
        ("event age", "sw-lines", |known, why| known.lines.measured = Err(why)),
        ("ledger", "sw-lines", |known, why| known.lines.measured = Err(why)),
        ("slack", "sw-lines", |known, why| known.lines.measured = Err(why)),
        ("state table", "sw-state", |known, why| known.lines.measured = Err(why)),
        ("subscription filter", GROUP, |known, why| known.groups[0].filters = Err(why)),
        ("delivery", GROUP, |known, why| known.groups[0].deliveries = Err(why)),
        ("metric filter", GROUP, |known, why| known.groups[0].metric_filters = Err(why)),
        ("last hour's lines", GROUP, |known, why| known.groups[0].lines = Some(Err(why))),
        ("state table", "sw-state", |known, why| known.table.as_mut().unwrap().table = Err(why)),
        ("failure destination", "sw-failures", |known, why| known.failures[0].held = Err(why)),
        ("webhook", "destination default", |known, why| known.secrets[0].found = Err(why)),
        ("alarm", "sw-alarms", |known, why| known.called_by = Err(why)),
        ("alarm", "orders 5xx", |known, why| alarms(known).policy = Err(why)),
        ("alarm", "orders 5xx", |known, why| known.topics[0].subscribers = Err(why)),
    ];
    for (check, subject, deny) in denials {
        for (why, words) in [
            (Unknown::Denied("service:Action"), "the permission service:Action is missing"),
            (Unknown::Failed("it broke".to_owned()), "not checked: it broke"),
        ] {
            let mut known = healthy();
            deny(&mut known, why);
            let report = judge(&known);
            let found: Vec<&Finding> = report
                .findings
                .iter()
                .filter(|finding| finding.check == *check && finding.subject == *subject)
                .collect();
            let is_said =
                |finding: &&&Finding| finding.verdict == Verdict::Warning && finding.found.contains(words);
            assert!(found.iter().any(|finding| is_said(&finding)), "{check} {subject}: {found:#?}");
            assert!(!report.is_bad(), "{check}: {report:#?}");
        }
    }
}

#[test]
fn what_is_not_deployed_is_said_as_such_and_is_not_bad() {
    let mut known = healthy();
    known.alarms = Ok(None);
    known.called_by = Ok(Vec::new());
    known.topics.clear();
    known.table = None;
    known.lines.settings = Ok(Ok(Settings { has_table: false, spacing_s: 5 }));
    known.ticks = Ok(Vec::new());
    known.failures.clear();
    known.lines.invoke.as_mut().unwrap().on_failure = None;
    known.groups[0].metric_filters = Ok(Vec::new());
    known.groups[0].lines = None;
    let report = judge(&known);
    let missing: Vec<&str> = report
        .findings
        .iter()
        .filter(|finding| finding.verdict == Verdict::NotDeployed)
        .map(|finding| finding.check)
        .collect();
    assert_eq!(missing, ["schedule", "state table", "failure destination", "alarm", "metric filter"]);
    assert_eq!((report.count(Verdict::Bad), report.count(Verdict::Warning)), (0, 0));
}

#[test]
fn a_scan_counts_what_a_filter_could_see_and_does_not() {
    let error = r#"{"requestId":"1","status":"502","path":"/a"}"#;
    let broken = r#"{"requestId":"2","status":"504","latency":-,"path":"/a"}"#;
    let client = r#"{"requestId":"3","status":"404","path":"/a"}"#;
    let ok = r#"{"requestId":"4","status":"200","path":"/a"}"#;
    let mut scan = Scan::new(Format::Auto, &["{ $.status = 5* }"], Some("{ $.status >= 400 }"));
    for line in [error, broken, client, ok, "no access log"] {
        scan.line(line);
    }
    let (metric_filter, held_back) = scan.finish();
    let metric_filter = metric_filter.unwrap();
    // That it does not count 4xx is what its pattern says.
    assert_eq!((metric_filter.errors, metric_filter.unseen), (3, 1));
    assert_eq!(metric_filter.reasons[0].label, "broken JSON");
    assert_eq!((held_back.errors, held_back.unseen), (3, 3));
    assert_eq!(held_back.reasons[0].label, "number against text");

    let mut scan = Scan::new(Format::Auto, &[], None);
    scan.line(error);
    assert_eq!(scan.finish(), (None, BlindSpots { errors: 1, ..BlindSpots::default() }));
}

#[test]
fn the_command_beside_a_blind_spot_runs_the_filter_that_is_blind() {
    let command = |known: &Deployment, check| {
        let report = judge(known);
        let bad = |finding: &Finding| finding.check == check && finding.verdict == Verdict::Bad;
        report.findings.into_iter().find(bad).unwrap().command.unwrap()
    };
    let mut known = healthy();
    lines(&mut known).metric_filter = Some(blind(4, 4));
    let backtest = "statuswatch backtest --since 1h --log-group /aws/apigateway/orders";
    let shown = command(&known, "metric filter");
    assert!(shown.starts_with(&format!("{backtest} --metric-filter --region")), "{shown}");

    let metric_filters = known.groups[0].metric_filters.as_mut().unwrap();
    metric_filters
        .insert(0, MetricFilter { name: "a".to_owned(), pattern: String::new(), metrics: Vec::new() });
    let shown = command(&known, "metric filter");
    assert!(shown.starts_with(&format!("{backtest} --metric-filter='orders 5xx' --region")), "{shown}");

    let mut known = healthy();
    filters(&mut known)[0].pattern = "{ $.x = \"it's\" }".to_owned();
    lines(&mut known).subscription_filter = blind(2, 4);
    let shown = command(&known, "filter pattern");
    let quoted = r#"'{ $.x = "it'\''s" }'"#;
    assert!(shown.starts_with(&format!("{backtest} --pattern {quoted}")), "{shown}");
}

#[test]
fn a_command_says_the_region_of_what_it_is_for() {
    let mut known = healthy();
    let table = known.table.as_mut().unwrap();
    table.name = "arn:aws:dynamodb:us-east-1:123456789012:table/sw-state".to_owned();
    table.table.as_mut().unwrap().as_mut().unwrap().expires_by = Ok(None);
    filters(&mut known).clear();
    known.failures[0].held = Ok(Some(Held::Records { count: 3, or_more: false }));
    lines(&mut known).metric_filter = Some(blind(4, 4));
    let report = judge(&known);
    let regions: Vec<(&str, &str)> = report
        .findings
        .iter()
        .filter_map(|finding| Some((finding.check, finding.command.as_ref()?.split_once(" --region ")?.1)))
        .collect();
    let expected = [
        ("subscription filter", "eu-west-1"),
        ("state table", "us-east-1"),
        ("failure destination", "eu-west-1"),
        ("metric filter", "eu-west-1"),
    ];
    assert_eq!(regions, expected);
}

#[test]
fn names_of_strangers_change_no_terminal_and_end_no_quotes() {
    let mut known = healthy();
    alarm(&mut known).name = "x\u{1b}[31m\u{202e}'; rm -rf / #".to_owned();
    alarm(&mut known).actions_enabled = false;
    let report = judge(&known);
    let shown = text(&report, &Canvas { width: Some(80), color: Color::Never });
    assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{shown}");
    assert!(shown.contains(r"--alarm-names 'x[31m�'\''; rm -rf / #'"), "{shown}");
}

#[test]
fn the_text_says_first_what_is_bad() {
    let mut known = healthy();
    known.failures[0].held = Ok(Some(Held::Records { count: 3, or_more: false }));
    known.groups[0].filters = Ok(Some(Vec::new()));
    known.lines.reserved = Err(Unknown::Denied("lambda:GetFunctionConcurrency"));
    alarms(&mut known).invoke.as_mut().unwrap().on_failure = None;
    let report = judge(&known);
    insta::assert_snapshot!("wide", text(&report, &Canvas { width: None, color: Color::Never }));
    insta::assert_snapshot!("narrow", text(&report, &Canvas { width: Some(60), color: Color::Never }));
    for width in [40, 60, 80, 100] {
        let shown = text(&report, &Canvas { width: Some(width), color: Color::Never });
        // A command is to be copied as it stands.
        let is_command = |line: &str| {
            report.findings.iter().any(|finding| finding.command.as_deref() == Some(line.trim()))
        };
        let too_wide: Vec<&str> = shown
            .lines()
            .filter(|line| unicode_width::UnicodeWidthStr::width(*line) > width && !is_command(line))
            .collect();
        assert_eq!(too_wide, Vec::<&str>::new());
    }
    let colored = text(&report, &Canvas { width: None, color: Color::Always });
    assert!(colored.contains("\u{1b}[31m"), "{colored}");
}
