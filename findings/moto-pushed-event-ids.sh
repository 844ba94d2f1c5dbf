#!/usr/bin/env bash
# moto 5.2.5 (PyPI) with aws_lambda_events 1.2.1 (crates.io): the ids of log events that a subscription filter pushes
# are JSON numbers in moto, where CloudWatch Logs writes strings of 56 digits. The crate's type has strings, so it
# refuses every batch from moto, though each of the two is common in tests of exactly this path. Nor is there a control
# message when the filter is made, which CloudWatch Logs sends first.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" -q install 'moto[kinesis,logs]==5.2.5'
AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=eu-west-1 "$dir/venv/bin/python" - "$dir" >"$dir/pushed" <<'PYTHON'
import base64
import gzip
import json
import pathlib
import sys
import time
import boto3
from moto import mock_aws

with mock_aws():
    logs, kinesis = boto3.client("logs"), boto3.client("kinesis")
    kinesis.create_stream(StreamName="pushed", ShardCount=1)
    arn = kinesis.describe_stream(StreamName="pushed")["StreamDescription"]["StreamARN"]
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    role = "arn:aws:iam::000000000000:role/push"
    logs.put_subscription_filter(
        logGroupName="g", filterName="f", filterPattern="", destinationArn=arn, roleArn=role
    )
    event = {"timestamp": int(time.time() * 1000), "message": "text"}
    logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=[event])
    place = {"ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"}
    iterator = kinesis.get_shard_iterator(StreamName="pushed", **place)["ShardIterator"]
    records = [record["Data"] for record in kinesis.get_records(ShardIterator=iterator)["Records"]]
    messages = [json.loads(gzip.decompress(record)) for record in records]
    print([message["messageType"] for message in messages], repr(messages[0]["logEvents"][0]["id"]))
    out = pathlib.Path(sys.argv[1])
    strings = json.loads(gzip.decompress(records[0]))
    for log_event in strings["logEvents"]:
        log_event["id"] = str(log_event["id"])
    bodies = {"numbers": records[0], "strings": gzip.compress(json.dumps(strings).encode())}
    for name, body in bodies.items():
        (out / name).write_text(json.dumps({"awslogs": {"data": base64.b64encode(body).decode()}}))
PYTHON
cargo init --quiet --name reads --vcs none "$dir/reads"
cat >>"$dir/reads/Cargo.toml" <<'TOML'
aws_lambda_events = { version = "=1.2.1", default-features = false, features = ["cloudwatch_logs"] }
serde_json = "=1.0.154"
TOML
cat >"$dir/reads/src/main.rs" <<'RUST'
use aws_lambda_events::cloudwatch_logs::LogsEvent;

fn main() {
    for path in std::env::args().skip(1) {
        let json = std::fs::read_to_string(&path).unwrap();
        match serde_json::from_str::<LogsEvent>(&json) {
            Ok(event) => println!("read, {} log events", event.aws_logs.data.log_events.len()),
            Err(error) => println!("refused: {error}"),
        }
    }
}
RUST
read=$(cargo run --quiet --manifest-path "$dir/reads/Cargo.toml" -- "$dir/strings" "$dir/numbers")
seen=$(cat "$dir/pushed"; echo "$read")
expected="['DATA_MESSAGE'] 0
read, 1 log events
refused: invalid type: integer \`0\`, expected a string at line 1 column 22"
[ "$seen" = "$expected" ] || { printf 'it behaves differently now:\n%s\n' "$seen"; exit 1; }
echo 'as found: the ids are numbers, and the crate refuses the batch'
