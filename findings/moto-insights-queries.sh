#!/usr/bin/env bash
# moto 5.2.5 (PyPI): a Logs Insights query honours `fields`, `sort` and `limit`, but leaves out `filter` and `stats`
# without a word, finds no field inside JSON messages, completes text that is no query, and gives @timestamp as epoch
# milliseconds. CloudWatch filters, sums up, finds JSON fields, answers MalformedQueryException and gives
# "2026-11-03 08:00:00.000". Because `limit` works one would expect the rest to: a test that counts errors by a query
# against moto counts all lines.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" -q install 'moto[logs]==5.2.5'
seen=$(AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=eu-west-1 "$dir/venv/bin/python" - <<'PYTHON'
import time
import boto3
from moto import mock_aws

with mock_aws():
    logs = boto3.client("logs")
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    now = int(time.time() * 1000)
    lines = ['{"status":200}', '{"status":502}', "plain text"]
    events = [{"timestamp": now + at, "message": line} for at, line in enumerate(lines)]
    logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=events)

    def rows(query):
        second = now // 1000
        started = logs.start_query(logGroupName="g", startTime=second - 60, endTime=second + 60, queryString=query)
        answer = logs.get_query_results(queryId=started["queryId"])
        fields = lambda row: {cell["field"]: cell["value"] for cell in row if cell["field"] != "@ptr"}
        return answer["status"], [fields(row) for row in answer["results"]]

    for query in [
        "fields @message | limit 1",
        "fields @message | filter status >= 400",
        "fields @message | filter @message like /502/",
        "stats count(*) by status",
        "fields status",
        "no query | | at all",
    ]:
        status, found = rows(query)
        names = sorted({name for row in found for name in row})
        print(query, "->", status, len(found), "rows of", names)
    _, found = rows("fields @timestamp")
    print("@timestamp is a number:", found[0]["@timestamp"].isdigit())
PYTHON
)
expected='fields @message | limit 1 -> Complete 1 rows of ['"'@message'"']
fields @message | filter status >= 400 -> Complete 3 rows of ['"'@message'"']
fields @message | filter @message like /502/ -> Complete 3 rows of ['"'@message'"']
stats count(*) by status -> Complete 3 rows of []
fields status -> Complete 3 rows of []
no query | | at all -> Complete 3 rows of []
@timestamp is a number: True'
[ "$seen" = "$expected" ] || { printf 'it behaves differently now:\n%s\n' "$seen"; exit 1; }
echo 'as found: filter and stats of a query are left out, and @timestamp is epoch milliseconds'
