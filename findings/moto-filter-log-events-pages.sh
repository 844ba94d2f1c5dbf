#!/usr/bin/env bash
# moto 5.2.5 (PyPI): a page of FilterLogEvents holds 10,000 log events whatever they weigh: of 12,000 log events of 1,000
# bytes the first page has 10 MB. AWS's page ends at 1 MB. One would expect an emulator that pages at all to page by
# both limits: a client that keeps one page in memory, or counts calls against a quota, is tested with tenfold pages.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" -q install 'moto[logs]==5.2.5' boto3
seen=$("$dir/venv/bin/python" - <<'PYTHON'
import time

import boto3
from moto import mock_aws

with mock_aws():
    logs = boto3.client("logs", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
    logs.create_log_group(logGroupName="orders")
    logs.create_log_stream(logGroupName="orders", logStreamName="1")
    now = int(time.time() * 1000)
    for _ in range(12):
        batch = [{"timestamp": now, "message": "x" * 1000}] * 1000
        logs.put_log_events(logGroupName="orders", logStreamName="1", logEvents=batch)
    first = logs.filter_log_events(logGroupName="orders")
    second = logs.filter_log_events(logGroupName="orders", nextToken=first["nextToken"])
    for page in (first, second):
        print(len(page["events"]), sum(len(event["message"]) for event in page["events"]))
PYTHON
)
expected=$'10000 10000000\n2000 2000000'
[ "$seen" = "$expected" ] || { printf 'it behaves differently now:\n%s\n' "$seen"; exit 1; }
echo 'as found: a page has 10,000 log events and 10 MB'
