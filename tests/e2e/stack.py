"""What the emulated AWS holds: log events in, and answers about functions, queue, alarms, leftovers.

In: the emulator's endpoint and the outputs of the applied module. Out: plain values. It must never
assert: the scenarios do.
"""

import json
import time

import boto3


class Stack:
    def __init__(self, endpoint, region="us-east-1"):
        session = boto3.Session("test", "test", region_name=region)
        self._clients = {}
        self._client = lambda name: self._clients.setdefault(name, session.client(name, endpoint_url=endpoint))
        self._module = None

    def use(self, outputs):
        self._module = outputs["statuswatch"]

    def output(self, name):
        return self._module[name]

    @property
    def log_group(self):
        return self._module["log_group_names"][0]

    @property
    def alarm_names(self):
        return self._module["alarm_names"]

    def put(self, *lines, age_seconds=0):
        """Puts lines into the access log as API Gateway would, at a time that long ago."""
        logs, stream = self._client("logs"), "8cdc959f069244cb30b8ad47bce0771d"
        try:
            logs.create_log_stream(logGroupName=self.log_group, logStreamName=stream)
        except logs.exceptions.ResourceAlreadyExistsException:
            pass
        at = int((time.time() - age_seconds) * 1000)
        events = [{"timestamp": at + number, "message": line} for number, line in enumerate(lines)]
        logs.put_log_events(logGroupName=self.log_group, logStreamName=stream, logEvents=events)

    def publish(self, namespace, metric, value, age_seconds, **dimensions):
        """A metric's value at a time that long ago, as a service publishes it."""
        named = [{"Name": name, "Value": given} for name, given in dimensions.items()]
        data = [{"MetricName": metric, "Value": value, "Timestamp": time.time() - age_seconds, "Dimensions": named}]
        self._client("cloudwatch").put_metric_data(Namespace=namespace, MetricData=data)

    def put_secret_parameter(self, name, value):
        self._client("ssm").put_parameter(Name=name, Value=value, Type="SecureString")

    def delete_parameter(self, name):
        self._client("ssm").delete_parameter(Name=name)

    def create_log_group(self, name):
        self._client("logs").create_log_group(logGroupName=name)

    def delete_log_group(self, name):
        self._client("logs").delete_log_group(logGroupName=name)

    def subscription_filters(self):
        """The names of the subscription filters on the access log."""
        found = self._client("logs").describe_subscription_filters(logGroupName=self.log_group)
        return [entry["filterName"] for entry in found["subscriptionFilters"]]

    def function_log(self, role):
        """All messages in the log group of the function for `lines` or for `alarms`, oldest first."""
        group = f"/aws/lambda/{self._module[f'{role}_function_name']}"
        pages = self._client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
        return [event["message"] for page in pages for event in page["events"]]

    def last_words(self, role):
        """The end of a function's log, or why there is none; for a run that fails."""
        try:
            return "\n".join(self.function_log(role)[-20:])
        except Exception as fault:
            return f"none: {fault!r}"

    def ledgers(self, role):
        """The ledger of each invocation of a function, oldest first, from the lines that carry its metrics."""
        found = []
        for message in self.function_log(role):
            for line in message.splitlines():
                if '"_aws"' in line:
                    found.append(json.loads(line))
        # A second line of an invocation carries a rule's hits and no ledger.
        return sorted((line for line in found if "Received" in line), key=lambda line: line["_aws"]["Timestamp"])

    def function_settings(self, role):
        return self._client("lambda").get_function_configuration(FunctionName=self._module[f"{role}_function_name"])

    def failures(self):
        """The deliveries of lines in the failure queue: body and receipt. They stay there."""
        queue = self._module["failure_queue_url"]
        found = self._client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=0)
        messages = [(message["Body"], message["ReceiptHandle"]) for message in found.get("Messages", [])]
        # An alarm may change its state while Slack refuses everything, and is not what is asked for.
        return [(body, receipt) for body, receipt in messages if "awslogs" in json.loads(body)["requestPayload"]]

    def delete_failure(self, receipt):
        self._client("sqs").delete_message(QueueUrl=self._module["failure_queue_url"], ReceiptHandle=receipt)

    def entries(self):
        """How many batches wait in the state table to be summed up."""
        return sum(item["sk"]["S"].startswith("journal#") for item in self.items())

    def items(self):
        """Everything in the state table."""
        pages = self._client("dynamodb").get_paginator("scan").paginate(TableName=self._module["state_table_name"])
        return [item for page in pages for item in page["Items"]]

    def alarm_state(self, ending):
        """The state of the one alarm whose name ends so."""
        alarms = self._client("cloudwatch").describe_alarms()["MetricAlarms"]
        [state] = [alarm["StateValue"] for alarm in alarms if alarm["AlarmName"].endswith(ending)]
        return state

    def watched_metrics(self):
        """Namespace and name of every metric of statuswatch's own that an alarm looks at."""
        alarms = self._client("cloudwatch").describe_alarms()["MetricAlarms"]
        return {alarm["MetricName"] for alarm in alarms if alarm.get("Namespace") == "Statuswatch"}

    def dashboard_metrics(self):
        """Name of every metric of statuswatch's own that the dashboard draws."""
        body = self._client("cloudwatch").get_dashboard(DashboardName=self._module["dashboard_name"])["DashboardBody"]
        drawn = [metric for widget in json.loads(body)["widgets"] for metric in widget["properties"].get("metrics", [])]
        return {metric[1] for metric in drawn if metric[0] == "Statuswatch"}

    def leftovers(self):
        """Everything that is still there, of every kind that the module and the example make."""
        ask = self._client
        return {
            kind: names
            for kind, names in {
                "functions": [f["FunctionName"] for f in ask("lambda").list_functions()["Functions"]],
                "mappings": [m["UUID"] for m in ask("lambda").list_event_source_mappings()["EventSourceMappings"]],
                "log groups": [g["logGroupName"] for g in ask("logs").describe_log_groups()["logGroups"]],
                "metric filters": [f["filterName"] for f in ask("logs").describe_metric_filters()["metricFilters"]],
                "alarms": [a["AlarmName"] for a in ask("cloudwatch").describe_alarms()["MetricAlarms"]],
                "dashboards": [d["DashboardName"] for d in ask("cloudwatch").list_dashboards()["DashboardEntries"]],
                "topics": [t["TopicArn"] for t in ask("sns").list_topics()["Topics"]],
                "subscriptions": [s["SubscriptionArn"] for s in ask("sns").list_subscriptions()["Subscriptions"]],
                "queues": ask("sqs").list_queues().get("QueueUrls", []),
                "parameters": [p["Name"] for p in ask("ssm").describe_parameters()["Parameters"]],
                "rules": [r["Name"] for r in ask("events").list_rules()["Rules"]],
                "tables": ask("dynamodb").list_tables()["TableNames"],
                "buckets": [b["Name"] for b in ask("s3").list_buckets()["Buckets"]],
                "streams": ask("kinesis").list_streams()["StreamNames"],
                "roles": [r["RoleName"] for r in ask("iam").list_roles()["Roles"]],
                "APIs": [a["name"] for a in ask("apigateway").get_rest_apis()["items"]],
            }.items()
            if names
        }
