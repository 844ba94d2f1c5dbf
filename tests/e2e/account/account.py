"""What the emulated account holds: an access log of a week, and what the Terraform module deploys around it.

In: the emulator's endpoint. Out: names, counts, and clients to look with. It must never run the command line.
"""

import gzip
import io
import json
import time
import zipfile

import boto3

REGION = "eu-west-1"
ACCOUNT = "123456789012"
PATTERN = "{ ($.status = 4*) || ($.status = 5*) }"
ORDERS = "/aws/apigateway/orders-accesslog"
ITEMS = "/aws/apigateway/items-accesslog"
FUNCTION = "statuswatch-lines"
METRIC = "statuswatch-4xx5xxError"
ALARM = "APIGateway statuswatch accesslog 4xx5xxError"
QUEUE = "statuswatch-failures"
BUCKET = "statuswatch-failures-123456789012"
# What was exported, and what Firehose writes, 100 lines in an object.
LOGS_BUCKET = "logs.of-apis"
EXPORTED = [f"exports/0f3a/{stream:032x}/{part:06}.gz" for stream in (0, 1) for part in (0, 1)]
FIREHOSE = [f"firehose/2026/11/03/{hour:02}/apis-1-2026-11-03-{hour:02}-15-02-0f3a" for hour in range(8, 11)]
TABLE = "statuswatch-state"
TOPIC = "statuswatch-alarm"
FORMATS = {
    "sound": '{"requestId":"$context.requestId","httpMethod":"$context.httpMethod","status":"$context.status"}',
    "unquoted": '{"requestId":"$context.requestId","status":"$context.status","latency":$context.integrationLatency}',
}

WEEK_MS = 7 * 24 * 3_600_000
EVENTS = 200_000
ITEM_EVENTS = 2_000
# Errors of clients all the time, and four outages.
CLIENT_ERROR_EVERY = 125
OUTAGES, OUTAGE_EVENTS = 4, 100


def status(number):
    """The status of the access log's line of that number, and its path."""
    if number % (EVENTS // OUTAGES) >= EVENTS // OUTAGES - OUTAGE_EVENTS:
        return 502, "/v1/orders"
    if number % CLIENT_ERROR_EVERY == 0:
        return 404, f"/v1/orders/{number % 7}"
    return 200, "/v1/orders"


def line(number, at_ms):
    """An access-log line of a REST API."""
    code, path = status(number)
    at = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(at_ms / 1000))
    return (
        f'{{"requestId":"{number:08x}-6f3a-4c1e-9a51-3d0f1b2c4d5e","ip":"203.0.113.{number % 250}","requestTime":"{at}",'
        f'"httpMethod":"{"POST" if number % 3 else "GET"}","resourcePath":"{path}","status":"{code}","protocol":"HTTP/1.1",'
        f'"responseLength":"{number % 4096}","responseLatency":"{number % 977}","integrationLatency":"{number % 911}",'
        f'"userAgent":"Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"}}'
    )


def _subscription_message(events):
    return {
        "messageType": "DATA_MESSAGE",
        "owner": ACCOUNT,
        "logGroup": ORDERS,
        "logStream": "s",
        "subscriptionFilters": ["all"],
        "logEvents": events,
    }


class Account:
    def __init__(self, endpoint):
        session = boto3.Session("test", "test", region_name=REGION)
        self._clients = {}
        self.client = lambda name: self._clients.setdefault(name, session.client(name, endpoint_url=endpoint))
        # A whole minute, so that the command line's times, which are of seconds, say it exactly.
        self.until_ms = int(time.time()) // 60 * 60_000
        self.from_ms = self.until_ms - WEEK_MS

    @property
    def week(self):
        """The arguments for all that the access logs hold."""
        return ["--since", self.time(self.from_ms), "--until", self.time(self.until_ms)]

    @staticmethod
    def time(ms):
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ms / 1000))

    def at_ms(self, number, events=EVENTS):
        return self.from_ms + number * WEEK_MS // events

    def fill(self):
        """Creates everything. Functions are kept, not run."""
        self.log_group(ORDERS, EVENTS, streams=4)
        self.log_group(ITEMS, ITEM_EVENTS)
        self._deployed()
        self._stages()
        self._objects()

    def log_group(self, name, events, streams=1):
        """A log group with so many of the access log's lines, spread over the week."""
        logs = self.client("logs")
        logs.create_log_group(logGroupName=name)
        for stream in range(streams):
            stream_name = f"{stream:032x}"
            logs.create_log_stream(logGroupName=name, logStreamName=stream_name)
            numbers = range(stream, events, streams)
            for begin in range(0, len(numbers), 10_000):
                part = [
                    {"timestamp": self.at_ms(number, events), "message": line(number, self.at_ms(number, events))}
                    for number in numbers[begin : begin + 10_000]
                ]
                logs.put_log_events(logGroupName=name, logStreamName=stream_name, logEvents=part)

    def _deployed(self):
        self.client("iam").create_role(RoleName="lines", AssumeRolePolicyDocument="{}")
        package = io.BytesIO()
        with zipfile.ZipFile(package, "w") as archive:
            archive.writestr("bootstrap", "")
        functions = self.client("lambda")
        function = functions.create_function(
            FunctionName=FUNCTION,
            Runtime="provided.al2023",
            Handler="bootstrap",
            Role=f"arn:aws:iam::{ACCOUNT}:role/lines",
            Code={"ZipFile": package.getvalue()},
            Environment={"Variables": {"STATUSWATCH_STATE_TABLE": TABLE}},
        )["FunctionArn"]
        self.queue_url = self.client("sqs").create_queue(QueueName=QUEUE)["QueueUrl"]
        self.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.client("dynamodb").create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk")],
            BillingMode="PAY_PER_REQUEST",
        )
        topic = self.client("sns").create_topic(Name=TOPIC)["TopicArn"]
        for group in (ORDERS, ITEMS):
            functions.add_permission(
                FunctionName=FUNCTION,
                StatementId=f"logs-{group.rpartition('/')[2]}",
                Action="lambda:InvokeFunction",
                Principal="logs.amazonaws.com",
                SourceArn=f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}:*",
                SourceAccount=ACCOUNT,
            )
            logs = self.client("logs")
            logs.put_subscription_filter(
                logGroupName=group, filterName="statuswatch", filterPattern="", destinationArn=function
            )
            metric = {"metricName": METRIC, "metricNamespace": "LogMetrics", "metricValue": "1", "defaultValue": 0.0}
            logs.put_metric_filter(
                logGroupName=group, filterName=METRIC, filterPattern=PATTERN, metricTransformations=[metric]
            )
        self.client("cloudwatch").put_metric_alarm(
            AlarmName=ALARM,
            Namespace="LogMetrics",
            MetricName=METRIC,
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
            TreatMissingData="notBreaching",
            AlarmActions=[topic],
            OKActions=[topic],
        )

    def _objects(self):
        """Objects with access-log lines: of an export task, and of Firehose, which gets subscription messages."""
        s3 = self.client("s3")
        s3.create_bucket(Bucket=LOGS_BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_object(Bucket=LOGS_BUCKET, Key="exports/aws-logs-write-test", Body=b"Permission Check Successful")
        for index, key in enumerate(EXPORTED + FIREHOSE):
            events = [
                {"id": str(number), "timestamp": self.at_ms(number), "message": line(number, self.at_ms(number))}
                for number in range(index * 100, index * 100 + 100)
            ]
            if key in EXPORTED:
                lines = (f"{self.time(event['timestamp'])[:-1]}.000Z {event['message']}\n" for event in events)
                body = gzip.compress("".join(lines).encode())
            else:
                parts = [events[:50], events[50:]]
                body = b"".join(gzip.compress(json.dumps(_subscription_message(part)).encode()) for part in parts)
            s3.put_object(Bucket=LOGS_BUCKET, Key=key, Body=body)

    def _stages(self):
        """A REST API with three stages: a sound format, one that breaks on errors, no access log; and an HTTP API."""
        gateway = self.client("apigateway")
        api = gateway.create_rest_api(name="orders")["id"]
        root = gateway.get_resources(restApiId=api)["items"][0]["id"]
        gateway.put_method(restApiId=api, resourceId=root, httpMethod="GET", authorizationType="NONE")
        gateway.put_integration(restApiId=api, resourceId=root, httpMethod="GET", type="MOCK")
        deployment = gateway.create_deployment(restApiId=api)["id"]
        destination = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{ORDERS}"
        for stage, text in (FORMATS | {"silent": None}).items():
            gateway.create_stage(restApiId=api, stageName=stage, deploymentId=deployment)
            if text:
                operations = [
                    {"op": "replace", "path": "/accessLogSettings/destinationArn", "value": destination},
                    {"op": "replace", "path": "/accessLogSettings/format", "value": text},
                ]
                gateway.update_stage(restApiId=api, stageName=stage, patchOperations=operations)
        http = self.client("apigatewayv2")
        api = http.create_api(Name="items", ProtocolType="HTTP")["ApiId"]
        settings = {"DestinationArn": destination, "Format": FORMATS["sound"]}
        http.create_stage(ApiId=api, StageName="$default", AccessLogSettings=settings)

    def put_queue(self, *bodies):
        """Messages in the failure queue."""
        for body in bodies:
            text = body if isinstance(body, str) else json.dumps(body)
            self.client("sqs").send_message(QueueUrl=self.queue_url, MessageBody=text)
