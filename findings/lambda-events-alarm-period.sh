#!/usr/bin/env bash
# aws_lambda_events 1.2.1 (crates.io): the event of an alarm with a period of a day, which CloudWatch allows, cannot be
# read: the period is an unsigned number of 16 bits, so that 65,536 s and more fail the whole event. One would expect a
# type made for these events to hold every period that CloudWatch takes (up to 604,800 s).
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/src"
cat >"$dir/Cargo.toml" <<'TOML'
[package]
name = "alarm-period"
version = "0.0.0"
edition = "2021"

[dependencies]
aws_lambda_events = { version = "=1.2.1", default-features = false, features = ["cloudwatch_alarms"] }
serde_json = "=1.0.154"
TOML
cat >"$dir/src/main.rs" <<'RUST'
use aws_lambda_events::event::cloudwatch_alarms::CloudWatchMetricAlarm;
use serde_json::json;

fn main() {
    for period in [3_600, 86_400] {
        let state = |value: &str| json!({"value": value, "reason": "r", "timestamp": "2023-08-04T12:36:15.490+0000"});
        let metric = json!({"namespace": "AWS/Logs", "name": "IncomingLogEvents", "dimensions": {"LogGroupName": "g"}});
        let event = json!({
            "source": "aws.cloudwatch",
            "alarmArn": "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:a",
            "accountId": "123456789012",
            "time": "2023-08-04T12:36:15.490+0000",
            "region": "eu-west-1",
            "alarmData": {
                "alarmName": "a",
                "state": state("ALARM"),
                "previousState": state("OK"),
                "configuration": {"description": "d", "metrics": [{"id": "m", "returnData": true,
                    "metricStat": {"metric": metric, "period": period, "stat": "Sum"}}]},
            },
        });
        match serde_json::from_str::<CloudWatchMetricAlarm>(&event.to_string()) {
            Ok(_) => println!("{period}: read"),
            Err(error) => println!("{period}: {}", error.to_string().split(" at ").next().unwrap()),
        }
    }
}
RUST
seen=$(cd "$dir" && CARGO_TARGET_DIR="$dir/target" cargo run -q)
# shellcheck disable=SC2016 # the backticks are the error's own
expected='3600: read
86400: invalid value: integer `86400`, expected u16'
[ "$seen" = "$expected" ] || { printf 'it behaves differently now:\n%s\n' "$seen"; exit 1; }
echo 'as found: an alarm with a period of a day is not read'
