use super::*;

fn with(changes: &Value) -> Result<AlarmSettings, SettingsError> {
    let mut settings = serde_json::json!({
        "AlarmName": "errors", "Namespace": "Api", "MetricName": "5xx", "Statistic": "Sum", "Period": 60,
        "EvaluationPeriods": 3, "Threshold": 1, "ComparisonOperator": "GreaterThanOrEqualToThreshold"
    });
    settings.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    AlarmSettings::from_json(settings.to_string().as_bytes())
}

fn error(changes: &Value) -> String {
    with(changes).unwrap_err().to_string()
}

#[test]
fn what_is_left_out_takes_the_defaults_of_cloudwatch() {
    let settings = with(&serde_json::json!({})).unwrap();
    assert_eq!(settings.datapoints_to_alarm, 3);
    assert_eq!(settings.treat_missing_data, TreatMissingData::Missing);
    assert_eq!(settings.evaluation_range(), 5);
    assert!(settings.are_actions_enabled);
    assert!(!with(&serde_json::json!({"ActionsEnabled": false})).unwrap().are_actions_enabled);
    assert_eq!(error(&serde_json::json!({"ActionsEnabled": "no"})), "`ActionsEnabled` must be true or false");
}

#[test]
fn a_metric_that_the_access_log_does_not_tell_is_refused_by_its_name() {
    for (namespace, name, statistic, words) in [
        ("AWS/ApiGateway", "Latency", "Average", "AWS/ApiGateway Latency"),
        ("AWS/ApiGateway", "Count", "Sum", "AWS/ApiGateway Count"),
        ("AWS/ApiGateway", "5XXError", "Average", "the Average of AWS/ApiGateway 5XXError"),
        ("AWS/Lambda", "Errors", "Sum", "AWS/Lambda Errors"),
        ("AWS/DynamoDB", "SystemErrors", "Sum", "AWS/DynamoDB SystemErrors"),
    ] {
        let changes = serde_json::json!({"Namespace": namespace, "MetricName": name, "Statistic": statistic});
        let begins = format!("an alarm on {words} cannot be evaluated: ");
        assert!(error(&changes).starts_with(&begins), "{}", error(&changes));
    }
    let one_method = serde_json::json!({"Namespace": "AWS/ApiGateway", "MetricName": "5XXError", "Dimensions": [
        {"Name": "ApiName", "Value": "orders"}, {"Name": "Method", "Value": "GET"}
    ]});
    assert!(error(&one_method).starts_with("an alarm on AWS/ApiGateway 5XXError of one Method cannot"));
}

#[test]
fn the_errors_that_api_gateway_counts_are_of_one_class() {
    let class = |namespace: &str, name: &str| {
        with(&serde_json::json!({"Namespace": namespace, "MetricName": name})).unwrap().counts_class()
    };
    for (name, counted) in [
        ("4XXError", StatusClass::ClientError),
        ("4xx", StatusClass::ClientError),
        ("5XXError", StatusClass::ServerError),
        ("5xx", StatusClass::ServerError),
    ] {
        assert_eq!(class("AWS/ApiGateway", name), Some(counted), "{name}");
    }
    assert_eq!(class("Api", "5xx"), None);
}

#[test]
fn the_output_of_describe_alarms_is_taken_as_it_is() {
    let output = r#"{"MetricAlarms": [{
        "AlarmName": "errors", "AlarmArn": "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:errors",
        "AlarmConfigurationUpdatedTimestamp": "2020-11-18T05:30:12.345Z", "ActionsEnabled": true, "OKActions": [],
        "AlarmActions": ["arn:aws:sns:eu-west-1:111122223333:t"], "InsufficientDataActions": [], "StateValue": "OK",
        "StateReason": "Unchecked: Initial alarm creation", "StateUpdatedTimestamp": "2020-11-18T05:30:12.345Z",
        "StateTransitionedTimestamp": "2020-11-18T05:30:12.345Z", "MetricName": "5xx", "Namespace": "Api",
        "Statistic": "Average", "Dimensions": [{"Name": "a", "Value": "b"}], "Period": 300, "Unit": "Count",
        "EvaluationPeriods": 5, "DatapointsToAlarm": 2, "Threshold": 0.05, "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching", "Metrics": [], "ThresholdMetricId": null,
        "ActionConfiguration": {"AlarmActionConfiguration": []}, "EvaluationState": "PARTIAL_DATA", "Tags": [], "OfLater": null
    }], "CompositeAlarms": []}"#;
    let settings = AlarmSettings::from_json(output.as_bytes()).unwrap();
    assert_eq!((settings.evaluation_periods, settings.datapoints_to_alarm, settings.period_s), (5, 2, 300));
    assert_eq!(settings.statistic, Statistic::Average);
    assert_eq!(settings.treat_missing_data, TreatMissingData::NotBreaching);
    assert_eq!(settings.unit.as_deref(), Some("Count"));
    assert_eq!(settings.dimensions, [("a".to_owned(), "b".to_owned())]);
}

#[test]
fn a_misspelt_field_is_named_with_the_one_that_was_meant() {
    for (field, meant) in [
        ("Treshold", "Threshold"),
        ("threshold", "Threshold"),
        ("evaluation_periods", "EvaluationPeriods"),
        ("comparison-operator", "ComparisonOperator"),
        ("DataPointsToAlarms", "DatapointsToAlarm"),
        ("OkActions", "OKActions"),
    ] {
        assert_eq!(
            error(&serde_json::json!({field: 1})),
            format!("unknown field `{field}`; did you mean `{meant}`?")
        );
    }
    assert_eq!(
        error(&serde_json::json!({"Colour": "red"})),
        "unknown field `Colour`; it might change the evaluation: take it out if it does not"
    );
}

#[test]
fn only_periods_that_cloudwatch_takes_are_taken() {
    for period in [10, 20, 30, 60, 120, 300, 3_600, 3_660, 86_400, 604_800] {
        let changes = serde_json::json!({"Period": period, "EvaluationPeriods": 1});
        assert!(with(&changes).is_ok(), "{period}");
    }
    for period in [0, 1, 5, 15, 40, 45, 59, 61, 90, 604_801, -60] {
        assert_eq!(
            error(&serde_json::json!({"Period": period})),
            format!("`Period` is {period}; CloudWatch takes 10, 20, 30 or a multiple of 60 (seconds)")
        );
    }
    assert_eq!(
        error(&serde_json::json!({"Period": 60.5})),
        "`Period` is 60.5; CloudWatch takes 10, 20, 30 or a multiple of 60 (seconds)"
    );
}

#[test]
fn the_evaluation_periods_together_have_a_longest_time() {
    assert!(with(&serde_json::json!({"Period": 60, "EvaluationPeriods": 1_440})).is_ok());
    assert_eq!(
        error(&serde_json::json!({"Period": 60, "EvaluationPeriods": 1_441})),
        "`EvaluationPeriods` times `Period` is 86460 s; CloudWatch takes at most 86400 s (one day) for a period under one hour"
    );
    for (period, periods) in [(3_600, 168), (86_400, 2), (86_400, 7), (604_800, 1)] {
        let changes = serde_json::json!({"Period": period, "EvaluationPeriods": periods});
        assert!(with(&changes).is_ok(), "{periods} × {period} s");
    }
    assert_eq!(
        error(&serde_json::json!({"Period": 3_540, "EvaluationPeriods": 25})),
        "`EvaluationPeriods` times `Period` is 88500 s; CloudWatch takes at most 86400 s (one day) for a period under one hour"
    );
    assert_eq!(
        error(&serde_json::json!({"Period": 3_600, "EvaluationPeriods": 169})),
        "`EvaluationPeriods` times `Period` is 608400 s; CloudWatch takes at most 604800 s (seven days)"
    );
}

#[test]
fn evaluations_are_as_far_apart_as_the_settings_say() {
    for (period, periods, interval_ms) in [
        (10, 1, 10_000),
        (30, 5, 10_000),
        (60, 1, 60_000),
        (86_400, 1, 60_000),
        (3_600, 24, 60_000),
        (3_600, 25, 3_600_000),
    ] {
        let settings = with(&serde_json::json!({"Period": period, "EvaluationPeriods": periods})).unwrap();
        assert_eq!(settings.evaluation_interval_ms(), interval_ms, "{periods} × {period} s");
    }
}

#[test]
fn an_error_says_what_would_be_right() {
    for (changes, words) in [
        (
            serde_json::json!({"DatapointsToAlarm": 4}),
            "`DatapointsToAlarm` is 4, more than `EvaluationPeriods`, which is 3",
        ),
        (
            serde_json::json!({"DatapointsToAlarm": 0}),
            "`DatapointsToAlarm` must be a whole number, at least 1",
        ),
        (
            serde_json::json!({"EvaluationPeriods": 1.5}),
            "`EvaluationPeriods` must be a whole number, at least 1",
        ),
        (serde_json::json!({"Threshold": "1"}), "`Threshold` must be a number"),
        (
            serde_json::json!({"Dimensions": [{"Name": "a"}]}),
            "`Dimensions` must be a list of objects with a `Name` and a `Value`",
        ),
        (serde_json::json!({"Threshold": null}), "`Threshold` is missing"),
        (serde_json::json!({"Period": null}), "`Period` is missing"),
        (
            serde_json::json!({"Statistic": "sum"}),
            "`Statistic` is `sum`; it must be one of Sum, Average, Minimum, Maximum, SampleCount; did you mean `Sum`?",
        ),
        (
            serde_json::json!({"TreatMissingData": "nonBreaching"}),
            "`TreatMissingData` is `nonBreaching`; it must be one of missing, ignore, breaching, notBreaching; did you mean `notBreaching`?",
        ),
        (
            serde_json::json!({"ComparisonOperator": ">="}),
            "`ComparisonOperator` is `>=`; it must be one of GreaterThanOrEqualToThreshold, GreaterThanThreshold, LessThanThreshold, LessThanOrEqualToThreshold",
        ),
        (
            serde_json::json!({"ComparisonOperator": "GreaterThanUpperThreshold"}),
            "`ComparisonOperator` is set: anomaly detection cannot be evaluated; use an operator that compares with a `Threshold`",
        ),
        (
            serde_json::json!({"ExtendedStatistic": "p99"}),
            "`ExtendedStatistic` is set: percentiles and trimmed statistics cannot be evaluated; use a `Statistic`",
        ),
        (
            serde_json::json!({"EvaluationWindow": {"WallClockWindow": {}}}),
            "`EvaluationWindow` is set: a window aligned to the clock cannot be evaluated; only a sliding one can",
        ),
    ] {
        assert_eq!(error(&changes), words);
    }
}

#[test]
fn what_is_no_single_alarm_is_refused() {
    for (json, words) in [
        ("", "the alarm's settings are not JSON: line 1, column 0"),
        ("{\n  \"Period\": 60,\n}", "the alarm's settings are not JSON: line 3, column 1"),
        ("[]", "the alarm's settings are not a JSON object; write them as put-metric-alarm takes them"),
        ("{\"MetricAlarms\":[]}", "the settings hold 0 alarms instead of one; keep the one to evaluate"),
        ("{\"MetricAlarms\":[{},{}]}", "the settings hold 2 alarms instead of one; keep the one to evaluate"),
        ("{}", "`ComparisonOperator` is missing"),
    ] {
        assert_eq!(AlarmSettings::from_json(json.as_bytes()).unwrap_err().to_string(), words);
    }
}
