"""What an instance of the Terraform module deploys, made with boto3 beside the rest of the emulated account, and healthy metrics of an hour.

In: the account. Out: names and ARNs, and ways to break one thing. `remove` takes everything away again.
"""

import io
import json
import time
import zipfile
from datetime import datetime, timedelta, timezone

from account import ACCOUNT, METRIC, PATTERN, REGION

# Of an hour: 60 ticks, one delivery with an error.
LEDGER = {"Received": 3, "Ok": 2, "Matched": 1, "Shown": 1, "Posted": 1}


def function_arn(name):
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


class Watched:
    """An instance of the module of this name."""

    def __init__(self, account, name, webhook):
        self.client = account.client
        self.lines, self.alarms, self.state = f"{name}-lines", f"{name}-alarms", f"{name}-state"
        self.queue, self.rule, self.filter_name = f"{name}-failures", f"{name}-tick-0", f"{name}-lambda"
        self.group, self.parameter = f"/aws/apigateway/{name}", f"/{name}/slack-webhook"
        self.alarm_name, self.namespace = f"{name} 4xx5xxError", f"{name}Metrics"
        self._lambda, self._logs, self._events = (self.client(name) for name in ("lambda", "logs", "events"))
        self._sns, self._cloudwatch = self.client("sns"), self.client("cloudwatch")
        self.queue_url = self.client("sqs").create_queue(QueueName=self.queue)["QueueUrl"]
        self.client("dynamodb").create_table(
            TableName=self.state,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk")],
            BillingMode="PAY_PER_REQUEST",
        )
        self.expire(True)
        self.store(webhook)
        for name in (self.lines, self.alarms):
            self._function(name)
        self._logs.create_log_group(logGroupName=self.group)
        self._logs.create_log_stream(logGroupName=self.group, logStreamName="s")
        self.filter()
        metric = {"metricName": METRIC, "metricNamespace": self.namespace, "metricValue": "1"}
        self._logs.put_metric_filter(
            logGroupName=self.group, filterName=METRIC, filterPattern=PATTERN, metricTransformations=[metric]
        )
        self.log('{"requestId":"1","httpMethod":"GET","resourcePath":"/a","status":"502"}')
        self.allow(self.lines, "logs", "logs.amazonaws.com", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{self.group}:*")
        rule = self._events.put_rule(Name=self.rule, ScheduleExpression="rate(1 minute)")["RuleArn"]
        self._events.put_targets(Rule=self.rule, Targets=[{"Id": "lines-0", "Arn": function_arn(self.lines)}])
        self.allow(self.lines, "tick", "events.amazonaws.com", rule)
        self.topic = self._sns.create_topic(Name=self.alarms)["TopicArn"]
        self.subscribe()
        self.allow(self.alarms, "topic", "sns.amazonaws.com", self.topic)
        self.alarm()
        alarm = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{self.alarm_name}"
        self.allow(self.alarms, "alarm", "lambda.alarms.cloudwatch.amazonaws.com", alarm)
        self._hour()

    def _function(self, name):
        package = io.BytesIO()
        with zipfile.ZipFile(package, "w") as archive:
            archive.writestr("bootstrap", "")
        self._lambda.create_function(
            FunctionName=name,
            Runtime="provided.al2023",
            Handler="bootstrap",
            Role=f"arn:aws:iam::{ACCOUNT}:role/lines",
            Code={"ZipFile": package.getvalue()},
            Environment={"Variables": self._variables(name)},
        )
        self.reserve(2, name)
        self._lambda.put_function_event_invoke_config(
            FunctionName=name,
            MaximumRetryAttempts=2,
            MaximumEventAgeInSeconds=3600,
            DestinationConfig={"OnFailure": {"Destination": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{self.queue}"}},
        )

    def _hour(self):
        for function in (self.lines, self.alarms):
            self.measure("AWS/Lambda", {"FunctionName": function}, Invocations=60, Errors=0)
            self.measure("Statuswatch", {"FunctionName": function}, **LEDGER)
        self.measure("AWS/Logs", {"LogGroupName": self.group}, IncomingLogEvents=3)
        self.delivered(ForwardedLogEvents=3, DeliveryErrors=0)

    def measure(self, namespace, dimensions, **values):
        """Metrics of ten minutes ago."""
        at = datetime.now(timezone.utc) - timedelta(minutes=10)
        dimensions = [{"Name": name, "Value": value} for name, value in dimensions.items()]
        data = [{"MetricName": n, "Dimensions": dimensions, "Timestamp": at, "Value": v} for n, v in values.items()]
        self._cloudwatch.put_metric_data(Namespace=namespace, MetricData=data)

    def delivered(self, **values):
        self.measure("AWS/Logs", {"LogGroupName": self.group, "DestinationType": "Lambda", "FilterName": self.filter_name}, **values)

    def log(self, *lines):
        """Lines of the access log, of some minutes ago."""
        at = int((time.time() - 300) * 1000)
        events = [{"timestamp": at + number, "message": line} for number, line in enumerate(lines)]
        self._logs.put_log_events(logGroupName=self.group, logStreamName="s", logEvents=events)

    def store(self, webhook):
        self.client("ssm").put_parameter(Name=self.parameter, Value=webhook, Type="SecureString", Overwrite=True)

    def expire(self, is_on):
        specification = {"Enabled": is_on, "AttributeName": "expires"}
        self.client("dynamodb").update_time_to_live(TableName=self.state, TimeToLiveSpecification=specification)

    def reserve(self, containers, name=None):
        self._lambda.put_function_concurrency(FunctionName=name or self.lines, ReservedConcurrentExecutions=containers)

    def allow(self, function, statement, principal, source):
        more = {} if principal == "sns.amazonaws.com" else {"SourceAccount": ACCOUNT}
        self._lambda.add_permission(
            FunctionName=function,
            StatementId=statement,
            Action="lambda:InvokeFunction",
            Principal=principal,
            SourceArn=source,
            **more,
        )

    def forbid(self, function, statement):
        self._lambda.remove_permission(FunctionName=function, StatementId=statement)

    def filter(self, pattern="", destination=None):
        self._logs.put_subscription_filter(
            logGroupName=self.group,
            filterName=self.filter_name,
            filterPattern=pattern,
            destinationArn=destination or function_arn(self.lines),
        )

    def subscribe(self):
        self.subscription = self._sns.subscribe(
            TopicArn=self.topic, Protocol="lambda", Endpoint=function_arn(self.alarms), ReturnSubscriptionArn=True
        )["SubscriptionArn"]

    def alarm(self, alarm_actions=None, ok_actions=None, enabled=True):
        actions = [self.topic, function_arn(self.alarms)]
        self._cloudwatch.put_metric_alarm(
            AlarmName=self.alarm_name,
            Namespace=self.namespace,
            MetricName=METRIC,
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
            ActionsEnabled=enabled,
            AlarmActions=actions if alarm_actions is None else alarm_actions,
            OKActions=actions if ok_actions is None else ok_actions,
        )

    def environment(self, name, **variables):
        variables = self._variables(name) | variables
        self._lambda.update_function_configuration(FunctionName=name, Environment={"Variables": variables})

    def _variables(self, name):
        both = {"SLACK_WEBHOOK_PARAMETER": self.parameter, "STATUSWATCH_STATE_TABLE": self.state}
        return both | ({"STATUSWATCH_LOG_GROUPS": self.group} if name == self.alarms else {})

    def remove(self):
        self._cloudwatch.delete_alarms(AlarmNames=[self.alarm_name])
        self._sns.delete_topic(TopicArn=self.topic)
        self._events.remove_targets(Rule=self.rule, Ids=["lines-0"])
        self._events.delete_rule(Name=self.rule)
        self._logs.delete_log_group(logGroupName=self.group)
        for name in (self.lines, self.alarms):
            self._lambda.delete_function(FunctionName=name)
        self.client("ssm").delete_parameter(Name=self.parameter)
        self.client("dynamodb").delete_table(TableName=self.state)
        self.client("sqs").delete_queue(QueueUrl=self.queue_url)


def failure_record():
    """What Lambda leaves of a delivery that it gave up."""
    return json.dumps({"version": "1.0", "requestPayload": {"awslogs": {"data": ""}}})
