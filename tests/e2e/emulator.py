"""An emulated AWS for the end-to-end run: ministack, and the eleven things that this run needs and it lacks.

In: the emulator's own settings from the environment (`BIND_HOST`, `GATEWAY_PORT`, `AWS_ENDPOINT_URL`),
and `E2E_THROTTLE_FILE`, the path of a file.
Out: AWS's APIs on that address, until the process is ended.

1. A subscription filter delivers to a function as CloudWatch Logs does: asynchronously, with Lambda's
   retries and failure destination, and only where the function's policy allows it.
2. A subscription filter delivers to a stream.
3. A metric filter publishes, at the log event's own time, and alarms are evaluated at once.
4. Metrics in the functions' own log lines (embedded metric format) are published.
5. An alarm calls a function directly, where the function's policy allows it.
6. An alarm's notification has the fields that CloudWatch sends.
7. An answer goes out in one piece. Terraform's provider drops one that comes in two before its request
   is quite written, and asks again: then what it creates "exists already".
8. An event for which no container is free waits for one, as in Lambda's queue. ministack drops what comes through a
   topic or from the tick, and counts any other as a failed try.
9. DynamoDB throttles every request for items while the file exists.
10. A rule's minute takes 20 seconds, so that the run waits less for ticks.
11. A stack may have an alarm on an expression. It looks at the first of the expression's metrics.

What it must never do: stand in for AWS. That a pattern or a policy works here says nothing about AWS;
it says that the parts fit together.
"""

import base64
import fnmatch
import gzip
import json
import os
import re
import time
import uuid
from datetime import datetime, timezone

import h11
from hypercorn.events import RawData
from hypercorn.protocol.h11 import H11Protocol
from ministack.core.responses import error_response_json
from ministack.services import cloudwatch, cloudwatch_logs, dynamodb, eventbridge, kinesis, lambda_svc, sns
from ministack.services.cloudformation import provisioners

ITEM_OPERATIONS = {"GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"}
COMPARISON = re.compile(r"^\(?\s*\$\.(\w+)\s*=\s*(\S+?)\s*\)?$")


def pattern_matches(pattern, message):
    """Whether a filter pattern selects a message. Knows the empty pattern and `{ $.a = x* || … }`."""
    pattern = (pattern or "").strip()
    if not pattern:
        return True
    if not (pattern.startswith("{") and pattern.endswith("}")) or "&&" in pattern:
        raise ValueError(f"this emulator cannot tell what {pattern!r} selects")
    try:
        document = json.loads(message)
    except ValueError:
        return False
    alternatives = [COMPARISON.match(part.strip()) for part in pattern[1:-1].split("||")]
    if None in alternatives:
        raise ValueError(f"this emulator cannot tell what {pattern!r} selects")
    return any(
        key in document and fnmatch.fnmatchcase(str(document[key]), value.strip('"'))
        for key, value in (match.groups() for match in alternatives)
    )


def may_invoke(function, principal, source_arn):
    """Whether the function's policy lets a service call it on behalf of a resource of this account."""
    for statement in function["policy"]["Statement"]:
        condition = statement.get("Condition", {})
        account = condition.get("StringEquals", {}).get("AWS:SourceAccount")
        if (
            statement["Principal"] == {"Service": principal}
            and fnmatch.fnmatchcase(source_arn, condition.get("ArnLike", {}).get("AWS:SourceArn", "*"))
            and account in (None, cloudwatch_logs.get_account_id())
        ):
            return True
    return False


def invoke(function_arn, principal, source_arn, event):
    """Call a function asynchronously on behalf of a resource, as Lambda does for a service."""
    function, config, name = lambda_svc._get_func_record_for_ref(function_arn)
    if function is None:
        raise LookupError(f"{principal} was told to call {function_arn}, which does not exist")
    if not may_invoke(function, principal, source_arn):
        raise PermissionError(f"{name} does not let {principal} in on behalf of {source_arn}")
    lambda_svc.invoke_async_with_retry(lambda_svc._execution_record_for_config(function, config), event)


execute = lambda_svc._execute_function


def execute_when_free(function, event):
    """Run a function, as soon as one of its reserved containers is free."""
    while (result := execute(function, event)).get("throttle"):
        time.sleep(0.1)
    return result


def deliver(group, stream, events):
    """What CloudWatch Logs does with log events that have come in."""
    found = cloudwatch_logs._log_groups.get(group)
    if not found or not events:
        return
    for subscription in list((found.get("subscriptionFilters") or {}).values()):
        try:
            deliver_to_subscription(group, stream, events, subscription)
        except Exception:
            cloudwatch_logs.logger.exception("E2E-FAULT subscription filter %s", subscription.get("filterName"))
    published = publish_metric_filters(group, events)
    published += publish_embedded_metrics(events)
    if published:
        cloudwatch._evaluate_all_alarms()


def deliver_to_subscription(group, stream, events, subscription):
    matched = [event for event in events if pattern_matches(subscription.get("filterPattern"), event["message"])]
    if not matched:
        return
    account = cloudwatch_logs.get_account_id()
    message = {
        "messageType": "DATA_MESSAGE",
        "owner": account,
        "logGroup": group,
        "logStream": stream,
        "subscriptionFilters": [subscription["filterName"]],
        "logEvents": [
            {"id": str(uuid.uuid4().int).zfill(56)[:56], "timestamp": event["timestamp"], "message": event["message"]}
            for event in matched
        ],
    }
    data = base64.b64encode(gzip.compress(json.dumps(message).encode())).decode()
    destination = subscription["destinationArn"]
    if ":function:" in destination:
        region = destination.split(":")[3]
        source = f"arn:aws:logs:{region}:{account}:log-group:{group}:*"
        invoke(destination, "logs.amazonaws.com", source, {"awslogs": {"data": data}})
    elif ":kinesis:" in destination:
        stream_name = destination.split("stream/")[-1]
        kinesis._put_record({"StreamName": stream_name, "Data": data, "PartitionKey": uuid.uuid4().hex})


def publish_metric_filters(group, events):
    published = 0
    for (filter_group, _), metric_filter in list(cloudwatch_logs._metric_filters.items()):
        if filter_group != group:
            continue
        for transformation in metric_filter["metricTransformations"]:
            for event in events:
                hit = pattern_matches(metric_filter["filterPattern"], event["message"])
                value = transformation["metricValue"] if hit else transformation.get("defaultValue")
                if value is not None:
                    store(transformation["metricNamespace"], transformation["metricName"], {}, event["timestamp"], value)
                    published += 1
    return published


def publish_embedded_metrics(events):
    published = 0
    for event in events:
        try:
            document = json.loads(event["message"])
            directives = document["_aws"]["CloudWatchMetrics"]
        except (ValueError, KeyError, TypeError):
            continue
        for directive in directives:
            for keys in directive["Dimensions"]:
                dimensions = {key: document[key] for key in keys}
                for metric in directive["Metrics"]:
                    values = document[metric["Name"]]
                    for value in values if isinstance(values, list) else [values]:
                        store(directive["Namespace"], metric["Name"], dimensions, document["_aws"]["Timestamp"], value)
                        published += 1
    return published


def store(namespace, name, dimensions, milliseconds, value):
    cloudwatch._store_datum(namespace, name, dimensions, milliseconds / 1000, "None", float(value), None, None, None)


def tell_alarm(alarm, old_state, new_state, reason):
    """What CloudWatch does when an alarm changes its state."""
    field = {"ALARM": "AlarmActions", "OK": "OKActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}[new_state]
    at = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"
    before = alarm.get("E2EStateSince", at)
    alarm["E2EStateSince"] = at
    for action in alarm.get(field) or []:
        try:
            if ":sns:" in action:
                message = json.dumps(topic_message(alarm, old_state, new_state, reason, at))
                sns._fanout(action, str(uuid.uuid4()), message, f'{new_state}: "{alarm["AlarmName"]}"')
            elif ":function:" in action:
                event = direct_event(alarm, old_state, new_state, reason, at, before)
                invoke(action, "lambda.alarms.cloudwatch.amazonaws.com", alarm["AlarmArn"], event)
        except Exception:
            cloudwatch.logger.exception("E2E-FAULT alarm action %s", action)


def topic_message(alarm, old_state, new_state, reason, at):
    """The notification through a topic: the Region in words, the statistic in capitals."""
    return {
        "AlarmName": alarm["AlarmName"],
        "AlarmDescription": alarm.get("AlarmDescription"),
        "AWSAccountId": cloudwatch.get_account_id(),
        "AlarmConfigurationUpdatedTimestamp": at,
        "NewStateValue": new_state,
        "NewStateReason": reason,
        "StateChangeTime": at,
        "Region": "US East (N. Virginia)",
        "AlarmArn": alarm["AlarmArn"],
        "OldStateValue": old_state,
        "OKActions": alarm.get("OKActions", []),
        "AlarmActions": alarm.get("AlarmActions", []),
        "InsufficientDataActions": [],
        "Trigger": {
            "MetricName": alarm.get("MetricName"),
            "Namespace": alarm.get("Namespace"),
            "StatisticType": "Statistic",
            "Statistic": alarm.get("Statistic", "").upper(),
            "Unit": None,
            "Dimensions": [{"name": d["Name"], "value": d["Value"]} for d in alarm_dimensions(alarm)],
            "Period": alarm.get("Period"),
            "EvaluationPeriods": alarm.get("EvaluationPeriods"),
            "ComparisonOperator": alarm.get("ComparisonOperator"),
            "Threshold": alarm.get("Threshold"),
            "TreatMissingData": alarm.get("TreatMissingData", "missing"),
            "EvaluateLowSampleCountPercentile": "",
        },
    }


def direct_event(alarm, old_state, new_state, reason, at, before):
    """The event of a direct call: dimensions as a map, and the state before."""
    metric = {
        "namespace": alarm.get("Namespace"),
        "name": alarm.get("MetricName"),
        "dimensions": {d["Name"]: d["Value"] for d in alarm_dimensions(alarm)},
    }
    stat = {"metric": metric, "period": alarm.get("Period"), "stat": alarm.get("Statistic")}
    return {
        "source": "aws.cloudwatch",
        "alarmArn": alarm["AlarmArn"],
        "accountId": cloudwatch.get_account_id(),
        "time": at,
        "region": cloudwatch.get_region(),
        "alarmData": {
            "alarmName": alarm["AlarmName"],
            "state": {"value": new_state, "reason": reason, "timestamp": at},
            "previousState": {"value": old_state, "reason": "", "timestamp": before},
            "configuration": {
                "description": alarm.get("AlarmDescription"),
                "metrics": [{"id": "m1", "metricStat": stat, "returnData": True}],
            },
        },
    }


def alarm_dimensions(alarm):
    dimensions = alarm.get("Dimensions") or []
    if isinstance(dimensions, dict):
        return [{"Name": name, "Value": value} for name, value in dimensions.items()]
    return dimensions


interval_of = eventbridge._parse_rate_seconds


def shortened_interval(schedule_expression):
    seconds = interval_of(schedule_expression)
    return seconds and seconds / 3


answer_of_dynamodb = dynamodb.handle_request


async def throttled_or_answered(method, path, headers, body, query_params):
    """DynamoDB's answer; to a request for items, while it is to throttle, that there were too many."""
    operation = headers.get("x-amz-target", "").split(".")[-1]
    if operation in ITEM_OPERATIONS and os.path.exists(os.environ["E2E_THROTTLE_FILE"]):
        return error_response_json("ProvisionedThroughputExceededException", "told to throttle")
    return await answer_of_dynamodb(method, path, headers, body, query_params)


async def send_in_one_piece(protocol, event):
    """Holds the head of an answer back until its body, or its end, is there to go with it."""
    try:
        data = protocol.connection.send(event)
    except h11.LocalProtocolError:
        if protocol.connection.their_state != h11.ERROR:
            raise
        return
    held = getattr(protocol, "held_head", b"")
    if isinstance(event, h11.Response):
        protocol.held_head = data
    elif held or data:
        protocol.held_head = b""
        await protocol.send(RawData(data=held + data))


record_of_alarm = provisioners._cw_metric_alarm_record


def alarm_on_its_first_metric(name, properties):
    """The record of a stack's alarm; of one on an expression as of one on the first of its metrics."""
    metrics = [query["MetricStat"] for query in properties.get("Metrics", []) if "MetricStat" in query]
    if metrics:
        first = metrics[0]
        own = {"Statistic": first["Stat"], "Period": first["Period"]} | first["Metric"]
        properties = {key: value for key, value in properties.items() if key != "Metrics"} | own
    return record_of_alarm(name, properties)


eventbridge._parse_rate_seconds = shortened_interval
provisioners._cw_metric_alarm_record = alarm_on_its_first_metric
dynamodb.handle_request = throttled_or_answered
H11Protocol._send_h11_event = send_in_one_piece
lambda_svc._execute_function = execute_when_free
cloudwatch_logs._subscription_pattern_matches = pattern_matches
cloudwatch_logs._fanout_to_subscription_filters = deliver
cloudwatch._dispatch_alarm_actions = tell_alarm

if __name__ == "__main__":
    from ministack.app import main

    main()
