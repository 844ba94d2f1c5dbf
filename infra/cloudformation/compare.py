"""Holds the CloudFormation template to the Terraform module: what the module plans in a shape, the template makes, too,
under the same names, with the same policies, permissions, settings and environment.

In: a directory with the module, initialised. Out: a line for each shape; exit code 1 with a sentence for each fault.
It compares what a plan knows: ARNs that AWS makes up at apply are in neither side.
"""

import json
import os
import re
import sys
import tempfile
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path

from cfnlint.decode import decode

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
import plans  # noqa: E402

TEMPLATE = Path(__file__).with_name("statuswatch.yaml")
NOTHING = object()
PACKAGE = {"PackageBucket": "releases", "PackageKey": "bootstrap.zip"}
# Shape: the module's variables, and the template's parameters that mean the same.
SHAPES = {
    "defaults": ({"webhook_parameter_name": "/slack/webhook"}, {"WebhookParameterName": "/slack/webhook"}),
    "bot token, existing log group, arm64, threshold": (
        {
            "name": "orders", "architecture": "arm64", "create_log_group": False, "alarm_threshold": 5,
            "log_group_names": ["/apis/orders"], "bot_token_parameter_name": "token", "slack_channel": "C0123456789",
            "slack_api_url": "https://slack-gov.com/api/", "reserved_concurrent_executions": -1,
            "alarms_reserved_concurrent_executions": -1, "rules": '{"rules":[]}',
        },
        {
            "Name": "orders", "Architecture": "arm64", "LogGroupName": "/apis/orders", "AlarmThreshold": 5,
            "BotTokenParameterName": "token", "SlackChannel": "C0123456789", "ReserveConcurrency": "false",
            "SlackApiUrl": "https://slack-gov.com/api/", "Rules": '{"rules":[]}',
        },
    ),
    "state in memory": (
        {"state": "memory", "webhook_parameter_name": "/slack/webhook"},
        {"CreateTable": "false", "WebhookParameterName": "/slack/webhook"},
    ),
}  # fmt: skip
# What the module has and the template does not: its dashboard looks otherwise without a table.
LEFT_OUT = {"state in memory": {"aws_cloudwatch_dashboard"}}


class Template:
    """The template with its parameters set: conditions decided, functions resolved."""

    def __init__(self, parameters):
        self._template, faults = decode(str(TEMPLATE))
        assert not faults, faults
        given = {name: parameter.get("Default") for name, parameter in self._template["Parameters"].items()}
        partition = {"Partition": "aws", "Region": "eu-west-1", "AccountId": plans.ACCOUNT}
        self._values = given | parameters | {f"AWS::{name}": value for name, value in partition.items()}

    def resources(self):
        """Type and resolved properties of each resource that the conditions let be."""
        for resource in self._template["Resources"].values():
            if "Condition" not in resource or self._holds(resource["Condition"]):
                yield resource["Type"], self._resolved(resource["Properties"])

    def _holds(self, condition):
        if isinstance(condition, str):
            return self._holds(self._template["Conditions"][condition])
        [(function, of)] = condition.items()
        match function:
            case "Condition":
                return self._holds(of)
            case "Fn::Equals":
                return str(self._resolved(of[0])) == str(self._resolved(of[1]))
            case "Fn::Not":
                return not self._holds(of[0])
            case "Fn::And":
                return all(self._holds(one) for one in of)
            case "Fn::Or":
                return any(self._holds(one) for one in of)
        raise ValueError(function)

    def _resolved(self, node):
        if isinstance(node, list):
            return [one for one in map(self._resolved, node) if one is not NOTHING]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            [(function, of)] = node.items()
            if function == "Ref":
                return NOTHING if of == "AWS::NoValue" else self._reference(of)
            if function.startswith("Fn::"):
                return self._function(function, of)
        pairs = ((str(name), self._resolved(value)) for name, value in node.items())
        return {name: value for name, value in pairs if value is not NOTHING}

    def _function(self, function, of):
        match function:
            case "Fn::If":
                return self._resolved(of[1] if self._holds(of[0]) else of[2])
            case "Fn::Join":
                return of[0].join(self._resolved(of[1]))
            case "Fn::Split":
                return self._resolved(of[1]).split(of[0])
            case "Fn::GetAtt":
                name, attribute = of.split(".") if isinstance(of, str) else of
                assert attribute == "Arn", of
                return self._arn(name)
            case "Fn::Sub":
                text, own = (of, {}) if isinstance(of, str) else of
                own = {name: self._resolved(value) for name, value in own.items()}
                return re.sub(r"\$\{([^}]+)\}", lambda name: str(own.get(name[1]) or self._reference(name[1])), text)
        raise ValueError(function)

    def _reference(self, name):
        if name in self._values:
            return self._values[name]
        return self._arn(name) if self._template["Resources"][name]["Type"] == "AWS::SNS::Topic" else self._name(name)

    def _name(self, name):
        properties = self._template["Resources"][name]["Properties"]
        [key] = [key for key in ("FunctionName", "LogGroupName", "QueueName", "TableName", "TopicName", "RoleName", "Name") if key in properties]
        return self._resolved(properties[key])

    def _arn(self, name):
        kind = self._template["Resources"][name]["Type"]
        start = {
            "AWS::Events::Rule": "events:eu-west-1:%s:rule/", "AWS::IAM::Role": "iam::%s:role/",
            "AWS::Lambda::Function": "lambda:eu-west-1:%s:function:", "AWS::SNS::Topic": "sns:eu-west-1:%s:",
            "AWS::SQS::Queue": "sqs:eu-west-1:%s:",
        }[kind]  # fmt: skip
        return f"arn:aws:{start % plans.ACCOUNT}{self._name(name)}"


def of_template(parameters):
    """What the template makes, as a set of comparable facts."""
    for kind, own in Template(PACKAGE | parameters).resources():
        match kind:
            case "AWS::Logs::LogGroup":
                yield "aws_cloudwatch_log_group", own["LogGroupName"], own["RetentionInDays"]
            case "AWS::IAM::Role":
                yield "aws_iam_role", own["RoleName"], own["Description"], policy(own["AssumeRolePolicyDocument"])
                for one in own["Policies"]:
                    yield "aws_iam_role_policy", own["RoleName"], one["PolicyName"], policy(one["PolicyDocument"])
            case "AWS::Lambda::Function":
                logging = own["LoggingConfig"]
                yield (
                    "aws_lambda_function", own["FunctionName"], own["Description"], own["Runtime"], own["Handler"],
                    own["Architectures"][0], own["MemorySize"], own["Timeout"],
                    own.get("ReservedConcurrentExecutions", -1), logging["LogGroup"], logging["LogFormat"],
                    logging["ApplicationLogLevel"], logging["SystemLogLevel"], frozen(own["Environment"]["Variables"]),
                )  # fmt: skip
            case "AWS::Lambda::EventInvokeConfig":
                yield (
                    "aws_lambda_function_event_invoke_config", own["FunctionName"],
                    own["MaximumEventAgeInSeconds"], own["MaximumRetryAttempts"],
                )  # fmt: skip
            case "AWS::Lambda::Permission":
                yield (
                    "aws_lambda_permission", own["FunctionName"], own["Action"], own["Principal"],
                    own["SourceArn"], own.get("SourceAccount"),
                )  # fmt: skip
            case "AWS::Logs::SubscriptionFilter":
                yield "aws_cloudwatch_log_subscription_filter", own["FilterName"], own["LogGroupName"], own["FilterPattern"]
            case "AWS::Logs::MetricFilter":
                [made] = own["MetricTransformations"]
                made = [made[name] for name in ("MetricNamespace", "MetricName", "MetricValue", "DefaultValue", "Unit")]
                yield "aws_cloudwatch_log_metric_filter", own["FilterName"], own["LogGroupName"], own["FilterPattern"], *map(str, made)
            case "AWS::CloudWatch::Alarm":
                dimensions = {one["Name"]: one["Value"] for one in own.get("Dimensions", [])}
                queries = {}
                for query in own.get("Metrics", []):
                    stat = query.get("MetricStat", {})
                    metric = stat.get("Metric", {})
                    of = {one["Name"]: one["Value"] for one in metric.get("Dimensions", [])}
                    queries[query["Id"]] = [
                        query.get("Expression"), query.get("ReturnData", False), stat.get("Stat"), metric.get("MetricName"), of,
                    ]  # fmt: skip
                yield (
                    "aws_cloudwatch_metric_alarm", own["AlarmName"], own["AlarmDescription"], own.get("Namespace"),
                    own.get("MetricName"), own.get("Statistic"), own.get("Period"), own["EvaluationPeriods"], float(own["Threshold"]),
                    own["ComparisonOperator"], own["TreatMissingData"], frozen(dimensions), frozen(queries),
                )  # fmt: skip
            case "AWS::DynamoDB::Table":
                keys = {key["KeyType"]: key["AttributeName"] for key in own["KeySchema"]}
                yield (
                    "aws_dynamodb_table", own["TableName"], own["BillingMode"], keys["HASH"], keys["RANGE"],
                    own["TimeToLiveSpecification"]["AttributeName"],
                )  # fmt: skip
            case "AWS::SQS::Queue":
                yield "aws_sqs_queue", own["QueueName"], own["MessageRetentionPeriod"], own["SqsManagedSseEnabled"]
            case "AWS::SNS::Topic":
                yield "aws_sns_topic", own["TopicName"]
            case "AWS::SNS::Subscription":
                yield "aws_sns_topic_subscription", own["Protocol"]
            case "AWS::SNS::TopicPolicy" | "AWS::SQS::QueuePolicy":
                kind = {"AWS::SNS::TopicPolicy": "aws_sns_topic_policy", "AWS::SQS::QueuePolicy": "aws_sqs_queue_policy"}[kind]
                yield kind, resource_policy(own["PolicyDocument"])
            case "AWS::Events::Rule":
                yield "aws_cloudwatch_event_rule", own["Name"], own["Description"], own["ScheduleExpression"]
                for target in own["Targets"]:
                    retries = target["RetryPolicy"]
                    yield (
                        "aws_cloudwatch_event_target", own["Name"], target["Id"],
                        retries["MaximumEventAgeInSeconds"], retries["MaximumRetryAttempts"],
                    )  # fmt: skip
            case "AWS::CloudWatch::Dashboard":
                yield "aws_cloudwatch_dashboard", own["DashboardName"], frozen(json.loads(own["DashboardBody"]))
            case _:
                raise ValueError(f"no rule for {kind}")


def of_plan(document):
    """The same facts of what the module plans."""
    for change in document["resource_changes"]:
        if change["mode"] != "managed":
            continue
        kind, own = change["type"], change["change"]["after"]
        match kind:
            case "aws_cloudwatch_log_group":
                yield kind, own["name"], own["retention_in_days"]
            case "aws_iam_role":
                yield kind, own["name"], own["description"], policy(own["assume_role_policy"])
            case "aws_iam_role_policy":
                yield kind, own["role"], own["name"], policy(own["policy"])
            case "aws_lambda_function":
                [logging] = own["logging_config"]
                yield (
                    kind, own["function_name"], own["description"], own["runtime"], own["handler"], own["architectures"][0],
                    own["memory_size"], own["timeout"], own["reserved_concurrent_executions"], logging["log_group"],
                    logging["log_format"], logging["application_log_level"], logging["system_log_level"],
                    frozen(own["environment"][0]["variables"]),
                )  # fmt: skip
            case "aws_lambda_function_event_invoke_config":
                yield kind, own["function_name"], own["maximum_event_age_in_seconds"], own["maximum_retry_attempts"]
            case "aws_lambda_permission":
                yield kind, own["function_name"], own["action"], own["principal"], own["source_arn"], own["source_account"]
            case "aws_cloudwatch_log_subscription_filter":
                yield kind, own["name"], own["log_group_name"], own["filter_pattern"]
            case "aws_cloudwatch_log_metric_filter":
                [made] = own["metric_transformation"]
                made = [made[name] for name in ("namespace", "name", "value", "default_value", "unit")]
                yield kind, own["name"], own["log_group_name"], own["pattern"], *made
            case "aws_cloudwatch_metric_alarm":
                queries = {}
                for query in own["metric_query"]:
                    metric = query["metric"][0] if query["metric"] else {}
                    queries[query["id"]] = [
                        query["expression"] or None, bool(query["return_data"]), metric.get("stat"), metric.get("metric_name"), metric.get("dimensions", {}),
                    ]  # fmt: skip
                yield (
                    kind, own["alarm_name"], own["alarm_description"], own["namespace"], own["metric_name"], own["statistic"],
                    own["period"], own["evaluation_periods"], float(own["threshold"]), own["comparison_operator"],
                    own["treat_missing_data"], frozen(own["dimensions"] or {}), frozen(queries),
                )  # fmt: skip
            case "aws_dynamodb_table":
                yield kind, own["name"], own["billing_mode"], own["hash_key"], own["range_key"], own["ttl"][0]["attribute_name"]
            case "aws_sqs_queue":
                yield kind, own["name"], own["message_retention_seconds"], own["sqs_managed_sse_enabled"]
            case "aws_sns_topic":
                yield kind, own["name"]
            case "aws_sns_topic_subscription":
                yield kind, own["protocol"]
            case "aws_sns_topic_policy" | "aws_sqs_queue_policy":
                yield kind, resource_policy(own["policy"])
            case "aws_cloudwatch_event_rule":
                yield kind, own["name"], own["description"], own["schedule_expression"]
            case "aws_cloudwatch_event_target":
                [retries] = own["retry_policy"]
                yield (
                    kind, own["rule"], own["target_id"], retries["maximum_event_age_in_seconds"], retries["maximum_retry_attempts"],
                )  # fmt: skip
            case "aws_cloudwatch_dashboard":
                yield kind, own["dashboard_name"], frozen(json.loads(own["dashboard_body"]))
            case _:
                yield (kind,)


def frozen(value):
    return json.dumps(value, sort_keys=True)


def policy(document):
    """A policy in one notation: lists sorted, and a list of one as its element."""
    document = json.loads(document) if isinstance(document, str) else document

    def plain(node):
        if isinstance(node, dict):
            return {name: plain(value) for name, value in node.items()}
        if isinstance(node, list) and len(node) > 1:
            return sorted(map(plain, node), key=frozen)
        return plain(node[0]) if isinstance(node, list) else node

    return frozen(plain(document))


def resource_policy(document):
    """The policy without which alarms may publish to the topic of the watch alarms: the module lists them."""
    document = json.loads(document) if isinstance(document, str) else document
    for statement in document["Statement"]:
        if statement["Resource"].endswith("-watch"):
            statement["Condition"].pop("ArnEquals", None) or statement["Condition"].pop("ArnLike", None)
    return policy(document)


def faults(planned, made, left_out):
    planned = [fact for fact in planned if fact[0] not in left_out]
    for fact in planned:
        if fact not in made:
            yield f"the module makes this, and the template does not: {fact}"
    for fact in made:
        if fact not in planned:
            yield f"the template makes this, and the module does not: {fact}"
    if len(planned) < 40:
        yield f"only {len(planned)} facts were read: has the plan changed its form?"


def main(root):
    server = ThreadingHTTPServer(("127.0.0.1", 0), plans.Aws)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environment = os.environ | {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_address[1]}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "eu-west-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    found = []
    with tempfile.TemporaryDirectory() as scratch:
        for number, (name, (variables, parameters)) in enumerate(SHAPES.items()):
            document, _ = plans.plan(root, variables, environment, Path(scratch) / f"plan{number}")
            planned, made = list(of_plan(document)), list(of_template(parameters))
            found += [f"{name}: {fault}" for fault in faults(planned, made, LEFT_OUT.get(name, set()))]
            print(f"template {name!r}: {len(made)} facts, as the module plans them")
    server.shutdown()
    if found:
        sys.exit("\n".join(found))


if __name__ == "__main__":
    main(sys.argv[1])
