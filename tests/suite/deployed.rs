//! What is deployed, looked up by the command line itself: `backtest --alarm-name` and `--metric-filter`, and
//! `lint-format --live`, from a fake AWS over real HTTP.

use serde_json::{Value, json};

use crate::fake_aws::{Call, FakeAws};
use crate::replayed::{Run, run, statuswatch};

const GROUP: &str = "/aws/apigateway/orders";
const MINUTE: [&str; 4] = ["--since", "2026-11-03T09:15:00Z", "--until", "2026-11-03T09:16:00Z"];
const MINUTE_MS: i64 = 1_793_697_300_000;
const SOUND: &str = r#"{"requestId":"$context.requestId","status":"$context.status"}"#;
const HIDING: &str = r#"{"status":"$context.status","latency":$context.integrationLatency}"#;

async fn run_on(aws: &FakeAws, arguments: &[&str]) -> Run {
    let mut command = statuswatch(arguments);
    command
        .env("AWS_ENDPOINT_URL", aws.url())
        .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "QxZq-secret")
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_EC2_METADATA_DISABLED", "true");
    let run = tokio::task::spawn_blocking(move || run(&mut command)).await.unwrap();
    assert!(!format!("{run:?}").contains("QxZq") && !run.stderr.contains("the words of AWS"), "{run:?}");
    run
}

fn refusal(code: &str) -> (u16, Value) {
    (400, json!({ "__type": code, "message": "the words of AWS" }))
}

/// Five errors of a server and one of a client, in one minute.
fn log_events() -> Value {
    let event = |(second, status): (i64, &str)| {
        let message = json!({ "status": status, "httpMethod": "GET", "resourcePath": "/a" }).to_string();
        json!({ "logStreamName": "s", "timestamp": MINUTE_MS + second * 1_000, "message": message, "eventId": second.to_string() })
    };
    let statuses = [(1, "502"), (2, "502"), (3, "404"), (4, "502"), (5, "502"), (6, "502")];
    json!({ "events": statuses.into_iter().map(event).collect::<Vec<_>>() })
}

fn alarm(more: &Value) -> Value {
    let mut alarm = json!({
        "AlarmName": "a", "AlarmArn": "arn:aws:cloudwatch:eu-west-1:1:alarm:a", "StateValue": "OK", "StateUpdatedTimestamp": 1.7e9,
        "Namespace": "Api", "MetricName": "5xx", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1, "Threshold": 5.0,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold", "TreatMissingData": "notBreaching", "Dimensions": [],
    });
    alarm.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    alarm
}

fn filter(name: &str, pattern: &str, metric: &str) -> Value {
    json!({
        "filterName": name, "filterPattern": pattern, "logGroupName": GROUP, "creationTime": 1,
        "metricTransformations": [{ "metricName": metric, "metricNamespace": "Api", "metricValue": "1" }],
    })
}

/// An account with these alarms and metric filters.
async fn account(alarms: Value, filters: Vec<Value>) -> FakeAws {
    let aws = FakeAws::start().await;
    aws.otherwise(move |call| match call.target.as_str() {
        "GraniteServiceVersion20100801.DescribeAlarms" => {
            let kinds = call.body["AlarmTypes"].as_array().unwrap();
            let is_of_log = kinds.iter().any(|kind| kind == "LogAlarm");
            let listed = |list: &str| (list == "LogAlarms") == is_of_log;
            let mut found = alarms.clone();
            found.as_object_mut().unwrap().retain(|list, _| listed(list));
            (200, found)
        }
        "Logs_20140328.DescribeMetricFilters" => {
            // One on a page.
            let page: usize = call.body["nextToken"].as_str().map_or(0, |token| token.parse().unwrap());
            let next = (page + 1 < filters.len()).then(|| (page + 1).to_string());
            (200, json!({ "metricFilters": filters.get(page).into_iter().collect::<Vec<_>>(), "nextToken": next }))
        }
        "Logs_20140328.FilterLogEvents" => (200, log_events()),
        target => panic!("{target}"),
    });
    aws
}

fn backtest<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["backtest", "--json", "--log-group", GROUP][..], &MINUTE, more].concat()
}

fn targets(aws: &FakeAws) -> Vec<String> {
    let calls = aws.calls();
    calls.iter().map(|call| call.target.rsplit('.').next().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_command_tries_the_alarm_that_is_deployed_with_its_own_metric_filter() {
    let alarms = json!({ "MetricAlarms": [alarm(&json!({}))], "CompositeAlarms": [] });
    let filters = vec![
        filter("all errors", "{ ($.status = 4*) || ($.status = 5*) }", "other"),
        filter("5xx", "{ $.status = 5* }", "5xx"),
    ];
    let aws = account(alarms, filters).await;
    let tested = run_on(&aws, &backtest(&["--alarm-name", "a"])).await;
    assert_eq!((tested.code, tested.stderr.as_str()), (Some(0), ""));
    let found: Value = serde_json::from_str(&tested.stdout).unwrap();
    assert_eq!(found["blind_spots"]["pattern"], "{ $.status = 5* }");
    assert_eq!(
        (&found["alarm"]["settings"]["Threshold"], &found["alarm"]["notices"]),
        (&json!(5.0), &json!(1))
    );
    assert_eq!(
        targets(&aws),
        ["DescribeAlarms", "DescribeMetricFilters", "DescribeMetricFilters", "FilterLogEvents"]
    );
    let calls = aws.calls();
    assert_eq!(calls[0].body["AlarmNames"], json!(["a"]));
    assert!(
        calls[0].authorization.contains("/eu-west-1/monitoring/aws4_request"),
        "{}",
        calls[0].authorization
    );
    assert_eq!(calls[1].body["logGroupName"], GROUP);

    // Four of the errors of servers would not be enough.
    let stricter = run_on(&aws, &backtest(&["--alarm-name", "a", "--pattern", "{ $.status = 404 }"])).await;
    let found: Value = serde_json::from_str(&stricter.stdout).unwrap();
    assert_eq!(
        (&found["alarm"]["notices"], &found["blind_spots"]["pattern"]),
        (&json!(0), &json!("{ $.status = 404 }"))
    );
    assert_eq!(
        targets(&aws)[4..],
        ["DescribeAlarms", "FilterLogEvents"],
        "a pattern of one's own needs no filter"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_filter_publishes_is_what_the_alarm_sees() {
    let alarms = json!({ "MetricAlarms": [alarm(&json!({ "Threshold": 9.0 }))] });
    let mut twice = filter("5xx", "{ $.status = 5* }", "5xx");
    twice["metricTransformations"][0]["metricValue"] = "2".into();
    let aws = account(alarms, vec![twice]).await;
    let tested = run_on(&aws, &backtest(&["--alarm-name", "a"])).await;
    let found: Value = serde_json::from_str(&tested.stdout).unwrap();
    assert_eq!(found["alarm"]["notices"], 1, "five lines of 2 each are more than 9");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_that_never_sees_what_its_filter_publishes_is_refused() {
    for (more, words) in [
        (
            json!({ "Dimensions": [{ "Name": "ApiName", "Value": "orders" }] }),
            "the alarm looks at its metric with the dimensions ApiName=orders, and the metric filter \"5xx\" publishes it without: ",
        ),
        (
            json!({ "Unit": "Seconds" }),
            "the alarm looks at datapoints of the unit Seconds only, and the metric filter \"5xx\" publishes them with the unit None: ",
        ),
    ] {
        let alarms = json!({ "MetricAlarms": [alarm(&more)] });
        let aws = account(alarms, vec![filter("5xx", "{ $.status = 5* }", "5xx")]).await;
        let tested = run_on(&aws, &backtest(&["--alarm-name", "a"])).await;
        assert_eq!((tested.code, tested.stdout.as_str()), (Some(2), ""));
        assert!(tested.stderr.starts_with(&format!("statuswatch: {words}")), "{}", tested.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_and_files_take_the_filter_of_the_alarms_metric_whoever_has_it() {
    let alarms = json!({ "MetricAlarms": [alarm(&json!({}))] });
    let aws = account(alarms, vec![filter("5xx", "{ $.status = 5* }", "5xx")]).await;
    let tested =
        run_on(&aws, &["backtest", "--json", "--alarm-name", "a", "fixtures/recordings/5xx-burst.jsonl.gz"])
            .await;
    assert_eq!((tested.code, tested.stderr.as_str()), (Some(0), ""));
    let asked = json!({ "limit": 50, "metricNamespace": "Api", "metricName": "5xx" });
    assert_eq!(aws.calls()[1].body, asked);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_the_filters_of_the_alarms_metric_the_named_one_is_taken() {
    let alarms = json!({ "MetricAlarms": [alarm(&json!({}))] });
    let filters = vec![filter("5xx", "{ $.status = 5* }", "5xx"), filter("502", "{ $.status = 502 }", "5xx")];
    let aws = account(alarms, filters).await;
    let run_with = async |name: &str| {
        let recording = "fixtures/recordings/5xx-burst.jsonl.gz";
        run_on(&aws, &["backtest", "--json", "--alarm-name", "a", name, recording]).await
    };
    for (name, pattern) in
        [("--metric-filter=5xx", "{ $.status = 5* }"), ("--metric-filter=502", "{ $.status = 502 }")]
    {
        let tested = run_with(name).await;
        assert_eq!((tested.code, tested.stderr.as_str()), (Some(0), ""));
        let found: Value = serde_json::from_str(&tested.stdout).unwrap();
        assert_eq!(found["blind_spots"]["pattern"], pattern);
    }
    let tested = run_with("--metric-filter=nosuch").await;
    let words = "statuswatch: the alarm's metric has no metric filter \"nosuch\"; it has 5xx, 502\n";
    assert_eq!((tested.code, tested.stderr.as_str()), (Some(2), words));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_groups_metric_filter_is_taken_where_it_is_clear_which_one() {
    let one = vec![filter("5xx", "{ $.status = 5* }", "5xx")];
    let two = [one.clone(), vec![filter("4xx", "{ $.status = 4* }", "4xx")]].concat();
    for (filters, argument, expected) in [
        (&one, "--metric-filter", Ok("{ $.status = 5* }")),
        (&two, "--metric-filter=4xx", Ok("{ $.status = 4* }")),
        (
            &two,
            "--metric-filter",
            Err("there are several metric filters: 5xx, 4xx; choose by --metric-filter=NAME"),
        ),
        (
            &two,
            "--metric-filter=x",
            Err("/aws/apigateway/orders has no metric filter \"x\"; it has 5xx, 4xx"),
        ),
        (&vec![], "--metric-filter", Err("/aws/apigateway/orders has no metric filter")),
    ] {
        let aws = account(json!({}), filters.clone()).await;
        let tested = run_on(&aws, &backtest(&[argument])).await;
        match expected {
            Ok(pattern) => {
                let found: Value = serde_json::from_str(&tested.stdout).unwrap();
                assert_eq!(found["blind_spots"]["pattern"], pattern);
            }
            Err(words) => {
                assert_eq!((tested.code, tested.stderr), (Some(2), format!("statuswatch: {words}\n")));
            }
        }
    }
    let run = run_on(&account(json!({}), one).await, &["backtest", "--metric-filter", "fixtures"]).await;
    assert!(run.code == Some(2) && run.stderr.contains("name the log group by --log-group"), "{run:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_that_cannot_be_tried_is_named_with_its_kind() {
    let math = json!({ "AlarmName": "a", "Metrics": [{ "Id": "e", "Expression": "m1 / m2", "ReturnData": true }], "Threshold": 1.0 });
    let band = json!({ "AlarmName": "a", "Metrics": [{ "Id": "e", "Expression": "ANOMALY_DETECTION_BAND(m1, 2)" }], "ThresholdMetricId": "e" });
    let of_kind = |kind: &str| {
        format!(
            "--alarm-name: the alarm \"a\": {kind} cannot be evaluated; backtest evaluates an alarm on one metric with a threshold"
        )
    };
    for (alarms, words) in [
        (json!({ "MetricAlarms": [math] }), of_kind("a metric math alarm")),
        (json!({ "MetricAlarms": [band] }), of_kind("an anomaly detection alarm")),
        (
            json!({ "MetricAlarms": [], "CompositeAlarms": [{ "AlarmName": "a", "AlarmRule": "ALARM(b)" }] }),
            of_kind("a composite alarm"),
        ),
        (json!({ "LogAlarms": [{ "AlarmName": "a" }] }), of_kind("a log alarm")),
        (json!({}), "--alarm-name: there is no alarm \"a\" in eu-west-1".to_owned()),
        (
            json!({ "MetricAlarms": [alarm(&json!({ "Namespace": "AWS/ApiGateway", "MetricName": "Latency" }))] }),
            "--alarm-name: the alarm \"a\": an alarm on AWS/ApiGateway Latency cannot be evaluated: AWS publishes that metric, and backtest computes only what a metric filter publishes, and the Sum of API Gateway's 4XXError, 5XXError, 4xx and 5xx".to_owned(),
        ),
        (
            json!({ "MetricAlarms": [alarm(&json!({ "Namespace": "Other" }))] }),
            format!(
                "no metric filter of {GROUP} publishes the alarm's metric Other/5xx: say by --pattern which lines it is to count"
            ),
        ),
    ] {
        let aws = account(alarms, vec![filter("5xx", "{ $.status = 5* }", "5xx")]).await;
        let tested = run_on(&aws, &backtest(&["--alarm-name", "a"])).await;
        assert_eq!((tested.code, tested.stderr), (Some(2), format!("statuswatch: {words}\n")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_errors_that_api_gateway_counts_go_through_no_metric_filter() {
    let counted = |metric: &str| {
        alarm(&json!({ "Namespace": "AWS/ApiGateway", "MetricName": metric, "Threshold": 5.0 }))
    };
    for (metric, notices) in [("5XXError", 1), ("5xx", 1), ("4XXError", 0)] {
        let aws = account(json!({ "MetricAlarms": [counted(metric)] }), vec![]).await;
        let tested = run_on(&aws, &backtest(&["--alarm-name", "a"])).await;
        assert_eq!((tested.code, tested.stderr.as_str()), (Some(0), ""));
        let found: Value = serde_json::from_str(&tested.stdout).unwrap();
        assert_eq!(found["alarm"]["notices"], notices, "{metric}");
        assert_eq!(found["alarm"]["settings"]["MetricName"], metric);
        assert_eq!(targets(&aws), ["DescribeAlarms", "FilterLogEvents"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_call_names_the_permission() {
    for (target, permission) in [
        ("GraniteServiceVersion20100801.DescribeAlarms", "cloudwatch:DescribeAlarms"),
        ("Logs_20140328.DescribeMetricFilters", "logs:DescribeMetricFilters"),
    ] {
        let aws = FakeAws::start().await;
        aws.otherwise(move |call| match call.target.as_str() {
            asked if asked == target => refusal("AccessDeniedException"),
            _ => (200, json!({ "MetricAlarms": [alarm(&json!({}))] })),
        });
        let tested = run_on(&aws, &backtest(&["--alarm-name", "a"])).await;
        assert_eq!(tested.code, Some(2));
        let words = format!("access denied: these credentials lack the permission {permission}\n");
        assert!(tested.stderr.ends_with(&words), "{}", tested.stderr);
    }
    // A filter's pages that go round.
    let aws = FakeAws::start().await;
    aws.otherwise(|_| (200, json!({ "metricFilters": [], "nextToken": "t" })));
    let tested = run_on(&aws, &backtest(&["--metric-filter"])).await;
    assert_eq!(tested.stderr, "statuswatch: the pages of DescribeMetricFilters do not end\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn usage_that_contradicts_itself_is_refused() {
    let aws = FakeAws::start().await;
    for more in [&["--alarm-name", "a", "--alarm", "x.json"][..], &["--metric-filter", "--pattern", "x"]] {
        let run = run_on(&aws, &backtest(more)).await;
        assert!(run.code == Some(2) && run.stderr.contains("cannot be used with"), "{run:?}");
    }
    let run = run_on(&aws, &["lint-format", "--live", SOUND]).await;
    assert!(run.code == Some(2) && run.stderr.contains("cannot be used with"), "{run:?}");
    assert!(aws.calls().is_empty());
}

/// Two pages of REST APIs, of which one is deleted meanwhile, and two pages of a HTTP API's stages.
fn gateway(call: &Call) -> (u16, Value) {
    let log = |format: &str| json!({ "destinationArn": "arn", "format": format });
    match call.path.as_str() {
        "/restapis?limit=500" => {
            (200, json!({ "item": [{ "id": "r1", "name": "orders" }], "position": "p+/2" }))
        }
        "/restapis?limit=500&position=p%2B%2F2" => (
            200,
            json!({ "item": [{ "id": "r2", "name": "gone" }, { "id": "r3", "name": "items\u{1b}[31m\u{202e}" }] }),
        ),
        "/restapis/r1/stages" => (
            200,
            json!({ "item": [
                { "stageName": "live", "accessLogSettings": log(HIDING) },
                { "stageName": "beta", "accessLogSettings": {} },
            ] }),
        ),
        "/restapis/r2/stages" => {
            (404, json!({ "__type": "NotFoundException", "message": "the words of AWS" }))
        }
        "/restapis/r3/stages" => (200, json!({ "item": [{ "stageName": "v1" }] })),
        "/v2/apis?maxResults=100" => (
            200,
            json!({ "items": [
                { "apiId": "h1", "name": "web", "protocolType": "HTTP" },
                { "apiId": "w1", "name": "chat", "protocolType": "WEBSOCKET" },
            ] }),
        ),
        "/v2/apis/h1/stages?maxResults=100" => (
            200,
            json!({ "items": [{ "stageName": "$default", "accessLogSettings": log(SOUND) }], "nextToken": "2" }),
        ),
        "/v2/apis/h1/stages?maxResults=100&nextToken=2" => {
            (200, json!({ "items": [{ "stageName": "beta" }] }))
        }
        "/v2/apis/w1/stages?maxResults=100" => {
            (200, json!({ "items": [{ "stageName": "v1", "accessLogSettings": log(SOUND) }] }))
        }
        path => panic!("{path}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_stage_of_the_account_is_judged_and_those_without_an_access_log_are_listed() {
    let aws = FakeAws::start().await;
    aws.otherwise(gateway);
    let linted = run_on(&aws, &["lint-format", "--live"]).await;
    assert_eq!((linted.code, linted.stderr.as_str()), (Some(1), ""));
    let places = [
        "orders (r1) · REST API · stage live\n",
        "web (h1) · HTTP API · stage $default\n",
        "chat (w1) · WebSocket API · stage v1\n",
    ];
    assert!(places.iter().all(|place| linted.stdout.contains(place)), "{}", linted.stdout);
    assert!(linted.stdout.contains("$context.integrationLatency is not in quotes"), "{}", linted.stdout);
    let silent = "without an access log:\n  items\u{fffd}[31m\u{fffd} (r3) · REST API · stage v1\n  orders (r1) · REST API · stage beta\n  web (h1) · HTTP API · stage beta\n";
    assert!(linted.stdout.contains(silent), "{}", linted.stdout);
    assert!(linted.stdout.ends_with("3 formats; 1 would hide errors\n"), "{}", linted.stdout);
    let calls = aws.calls();
    assert!(calls.iter().all(|call| call.authorization.contains("/eu-west-1/apigateway/aws4_request")));
    assert!(calls.iter().all(|call| call.accept == "application/json"));

    let fixed = run_on(&aws, &["lint-format", "--live", "--fix"]).await;
    assert!(fixed.stdout.starts_with("# orders (r1) · REST API · stage live\n{"), "{}", fixed.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_looked_at_is_named_and_the_rest_is_judged() {
    let aws = FakeAws::start().await;
    aws.otherwise(|call| match call.path.as_str() {
        "/restapis?limit=500" => {
            (403, json!({ "__type": "AccessDeniedException", "message": "the words of AWS" }))
        }
        "/v2/apis/w1/stages?maxResults=100" => (200, json!({ "items": [] })),
        _ => gateway(call),
    });
    let linted = run_on(&aws, &["lint-format", "--live"]).await;
    let words = "statuswatch: access denied: these credentials lack the permission apigateway:GET\n";
    assert_eq!((linted.code, linted.stderr.as_str()), (Some(2), words));
    assert!(linted.stdout.contains("web (h1) · HTTP API · stage $default"), "{}", linted.stdout);

    let aws = FakeAws::start().await;
    aws.otherwise(|_| (200, json!({ "items": [] })));
    let linted = run_on(&aws, &["lint-format", "--live"]).await;
    let words = "statuswatch: no stage of an API in eu-west-1 has an access log\n";
    assert_eq!((linted.code, linted.stdout.as_str(), linted.stderr.as_str()), (Some(2), "", words));
}
