"""Reads a plan's JSON and finds policies that allow more than they must.

In: `terraform show -json PLAN`. Out: one sentence for each fault, and how many policies were read.
What it must never do: pass over a policy that it cannot read; one that is not in the plan is a fault.

Run by itself it checks itself: each bad policy below must be found.
"""

import json
import re
import sys

POLICY_ATTRIBUTES = {
    "aws_iam_role": ["assume_role_policy"],
    "aws_iam_role_policy": ["policy"],
    "aws_sns_topic_policy": ["policy"],
    "aws_sqs_queue_policy": ["policy"],
    "aws_s3_bucket_policy": ["policy"],
    "aws_iam_policy": ["policy"],
}

# The one policy of AWS's own that is attached; it is what API Gateway asks for.
ATTACHABLE = ":iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"

# Wildcards that cannot be written out.
RESOURCE_WILDCARDS = [
    # The log streams of one log group: IAM wants the ending.
    re.compile(r"arn:aws[a-z-]*:logs:[a-z0-9-]+:\d{12}:log-group:[^*:]+:\*"),
    # Network interfaces that Lambda makes, in the form in which it asks whether it may.
    re.compile(r"arn:aws[a-z-]*:ec2:[a-z0-9-]+:\d{12}:\*/\*"),
    # Objects that Lambda names, in the bucket that holds nothing else.
    re.compile(r"arn:aws[a-z-]*:s3:::[a-z0-9-]+-failures-\d{12}-[a-z0-9-]+/aws/lambda/\*"),
]
# Actions for which IAM knows no resource.
WITHOUT_RESOURCE = {
    "logs:GetQueryResults",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}
# Who CloudWatch Logs writes to a stream for: the account's logs, as AWS documents it.
TRUST_WILDCARD = re.compile(r"arn:aws[a-z-]*:logs:[a-z0-9-]+:(\d{12}):\*")
LOG_GROUP_SOURCE = re.compile(r"arn:aws[a-z-]*:logs:[a-z0-9-]+:\d{12}:log-group:[^*:]+:\*")
# Who may call on behalf of anything of its kind in the account, where there are too many to name one by one.
ACCOUNT_SOURCES = {
    "logs.amazonaws.com": re.compile(r"arn:aws[a-z-]*:logs:[a-z0-9-]+:\d{12}:log-group:\*"),
    "lambda.alarms.cloudwatch.amazonaws.com": re.compile(r"arn:aws[a-z-]*:cloudwatch:[a-z0-9-]+:\d{12}:alarm:\*"),
}
ACCOUNT_PERMISSION_ABOVE = 30
ANY_NUMBER = 1_000_000


def as_list(value):
    return value if isinstance(value, list) else [value]


def statement_faults(statement):
    """What is wrong with one statement of a policy, in words."""
    if statement.get("Effect") != "Allow":
        return
    for key in ("NotAction", "NotResource", "NotPrincipal"):
        if key in statement:
            yield f"{key} allows all that it does not name"
    for action in as_list(statement.get("Action", [])):
        if "*" in action or "?" in action:
            yield f"action {action!r} has a wildcard"
    for resource in as_list(statement.get("Resource", [])):
        if resource == "*":
            if not WITHOUT_RESOURCE.issuperset(as_list(statement.get("Action", ["*"]))):
                yield 'resource is "*"'
        elif re.search(r"[*?]", resource) and not any(allowed.fullmatch(resource) for allowed in RESOURCE_WILDCARDS):
            yield f"resource {resource!r} has a wildcard"
    principal = statement.get("Principal", {})
    if principal == "*" or "*" in json.dumps(principal):
        yield "principal is anyone"
    if isinstance(principal, dict) and "AWS" in principal:
        yield f"principal {principal['AWS']!r} is no service"
    conditions = statement.get("Condition", {})
    accounts = as_list(conditions.get("StringEquals", {}).get("aws:SourceAccount", []))
    for operator, keys in conditions.items():
        for key, values in keys.items():
            for value in as_list(values):
                if not re.search(r"[*?]", value):
                    continue
                trust = TRUST_WILDCARD.fullmatch(value)
                if not (key == "aws:SourceArn" and trust and accounts == [trust[1]]):
                    yield f"condition {operator} {key} {value!r} has a wildcard"


def permission_faults(permission, sources):
    """What is wrong with one permission to call a function, in words. `sources` is how many its principal calls for."""
    source = permission.get("source_arn")
    principal = permission["principal"]
    if permission["action"] != "lambda:InvokeFunction":
        yield f"action {permission['action']!r}"
    if not principal.endswith(".amazonaws.com"):
        yield f"principal {principal!r} is no service"
    if not source:
        yield "no source_arn: anyone's resource may call"
        return
    account = re.search(r":(\d{12}):", source)
    if not account:
        yield f"source_arn {source!r} names no account"
    # AWS does not document the key for SNS; the topic's ARN names the account.
    elif principal != "sns.amazonaws.com" and permission.get("source_account") != account[1]:
        yield "no source_account, or another than the one in source_arn"
    if "*" in source:
        account_source = ACCOUNT_SOURCES.get(principal)
        whole_account = account_source and account_source.fullmatch(source) and sources > ACCOUNT_PERMISSION_ABOVE
        log_group = principal == "logs.amazonaws.com" and LOG_GROUP_SOURCE.fullmatch(source)
        if not (log_group or whole_account):
            yield f"source_arn {source!r} has a wildcard"


def plan_faults(plan):
    """The faults of a plan's policies and permissions, and how many there were to read."""
    faults, read = [], 0
    planned = [change for change in plan["resource_changes"] if "create" in change["change"]["actions"]]
    # A subscription policy of the account calls on behalf of any log group.
    whole_account = any(change["type"] == "aws_cloudwatch_log_account_policy" for change in planned)
    sources = {
        "logs.amazonaws.com": ANY_NUMBER if whole_account else sum(change["type"] == "aws_cloudwatch_log_subscription_filter" for change in planned),
        "lambda.alarms.cloudwatch.amazonaws.com": sum(change["address"].startswith("aws_cloudwatch_metric_alarm.errors[") for change in planned),
    }
    for change in planned:
        kind, address, after = change["type"], change["address"], change["change"]["after"]
        found = []
        for attribute in POLICY_ATTRIBUTES.get(kind, []):
            if after.get(attribute) is None:
                found.append(f"{attribute} cannot be read in the plan")
                continue
            read += 1
            for statement in as_list(json.loads(after[attribute])["Statement"]):
                found += statement_faults(statement)
        if kind == "aws_lambda_permission":
            read += 1
            found += permission_faults(after, sources.get(after["principal"], 0))
        if kind.startswith("aws_iam_") and kind.endswith("_attachment"):
            read += 1
            if not after.get("policy_arn", "").endswith(ATTACHABLE):
                found.append(f"attaches {after.get('policy_arn')!r}")
        if kind == "aws_iam_role" and after.get("managed_policy_arns"):
            found.append(f"attaches {after['managed_policy_arns']!r}")
        faults += [f"{address}: {fault}" for fault in found]
    return faults, read


def check_itself():
    """Each of these must be found, or the lint proves nothing."""
    arn = "arn:aws:logs:eu-west-1:123456789012:log-group"
    allow = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:eu-west-1:123456789012:q"}
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "logs.amazonaws.com"}}
    bad_statements = [
        allow | {"Resource": "*"},
        allow | {"Resource": ["arn:aws:sqs:eu-west-1:123456789012:q", "*"]},
        allow | {"Resource": "arn:aws:sqs:eu-west-1:123456789012:*"},
        allow | {"Resource": f"{arn}:*"},
        allow | {"Resource": f"{arn}:/aws/lambda/*:*"},
        allow | {"Resource": "arn:aws:s3:::other/*"},
        allow | {"Action": "sqs:*"},
        allow | {"Action": ["sqs:SendMessage", "sqs:?eceive"]},
        {"Effect": "Allow", "NotAction": "iam:PassRole", "Resource": allow["Resource"]},
        trust | {"Principal": "*"},
        trust | {"Principal": {"Service": "*"}},
        trust | {"Principal": {"AWS": "arn:aws:iam::123456789012:root"}},
        trust | {"Condition": {"StringLike": {"aws:SourceArn": "arn:aws:logs:eu-west-1:123456789012:*"}}},
        trust | {"Condition": {"StringLike": {"aws:SourceArn": "arn:aws:logs:*"}, "StringEquals": {"aws:SourceAccount": "123456789012"}}},
    ]
    good_statements = [
        allow,
        allow | {"Resource": f"{arn}:/aws/lambda/statuswatch-lines:*"},
        allow | {"Resource": "arn:aws:s3:::a-failures-123456789012-eu-west-1/aws/lambda/*"},
        trust | {"Condition": {"StringLike": {"aws:SourceArn": "arn:aws:logs:eu-west-1:123456789012:*"}, "StringEquals": {"aws:SourceAccount": "123456789012"}}},
    ]
    permission = {"action": "lambda:InvokeFunction", "principal": "logs.amazonaws.com", "source_arn": f"{arn}:a:*", "source_account": "123456789012"}
    alarms = permission | {"principal": "lambda.alarms.cloudwatch.amazonaws.com", "source_arn": "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:*"}
    bad_permissions = [
        alarms,
        alarms | {"source_arn": f"{arn}:*"},
        permission | {"source_arn": None},
        permission | {"source_account": None},
        permission | {"source_account": "999999999999"},
        permission | {"source_arn": f"{arn}:*"},
        permission | {"source_arn": f"{arn}:/apis/*:*"},
        permission | {"principal": "*"},
        permission | {"action": "lambda:*"},
        permission | {"principal": "events.amazonaws.com", "source_arn": "arn:aws:events:eu-west-1:123456789012:rule/*"},
        permission | {"principal": "sns.amazonaws.com", "source_arn": "arn:aws:sns:eu-west-1"},
    ]
    for statement in bad_statements:
        assert list(statement_faults(statement)), f"not found: {statement}"
    for statement in good_statements:
        assert not list(statement_faults(statement)), f"wrongly found: {statement}"
    for bad in bad_permissions:
        assert list(permission_faults(bad, sources=30)), f"not found: {bad}"
    assert not list(permission_faults(permission, sources=30))
    assert not list(permission_faults(permission | {"source_arn": f"{arn}:*"}, sources=31))
    assert not list(permission_faults(alarms, sources=31))
    unreadable = {"type": "aws_iam_role_policy", "address": "a", "change": {"actions": ["create"], "after": {}}}
    assert plan_faults({"resource_changes": [unreadable]})[0], "not found: a policy that the plan does not show"
    print(f"policy_lint: finds {len(bad_statements) + len(bad_permissions) + 1} kinds of bad policy")


if __name__ == "__main__":
    sys.exit(check_itself())
