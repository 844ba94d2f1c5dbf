"""What exists already is plugged into the module: network, key, permissions boundary, topics, an alarm.

In: the endpoint of moto, which has all of them but code signing. Out: the variables that name them, and what of the
applied module refers to them. That moto takes a setting says nothing about what AWS makes of it.
"""

import json

import boto3

TAGS = {"team": "orders"}
ANYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


class Existing:
    def __init__(self, endpoint):
        session = boto3.Session("test", "test", region_name="us-east-1")
        self._ask = lambda name: session.client(name, endpoint_url=endpoint)
        ec2, sns, cloudwatch = self._ask("ec2"), self._ask("sns"), self._ask("cloudwatch")
        network = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self._subnet = ec2.create_subnet(VpcId=network, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
        self._group = ec2.create_security_group(GroupName="functions", Description="e2e", VpcId=network)["GroupId"]
        self._key = self._ask("kms").create_key()["KeyMetadata"]["Arn"]
        self._topic, self._watch = (sns.create_topic(Name=name)["TopicArn"] for name in ("platform-alarms", "ops"))
        self._log_group = "/apis/orders"
        self._ask("logs").create_log_group(logGroupName=self._log_group)
        cloudwatch.put_metric_alarm(
            AlarmName="latency", Namespace="AWS/ApiGateway", MetricName="Latency", Statistic="Average", Period=60,
            EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold",
        )  # fmt: skip
        self._alarm = cloudwatch.describe_alarms()["MetricAlarms"][0]["AlarmArn"]
        boundary = self._ask("iam").create_policy(PolicyName="boundary", PolicyDocument=json.dumps(ANYTHING))
        self._boundary = boundary["Policy"]["Arn"]

    def variables(self):
        return {
            "name": "plugged",
            "log_group_names": [self._log_group],
            "external_alarm_arns": [self._alarm],
            "external_alarm_topic_arns": [self._topic],
            "alarm_log_groups": {"latency": [self._log_group]},
            "watch_topic_arns": [self._watch],
            "vpc": {"subnet_ids": [self._subnet], "security_group_ids": [self._group]},
            "tracing_mode": "Active",
            "environment_kms_key_arn": self._key,
            "kms_key_arn": self._key,
            "state_table_kms_key_arn": self._key,
            "webhook_kms_key_arn": self._key,
            "permissions_boundary": self._boundary,
            "role_path": "/service/",
            "retention_in_days": 14,
            "function_log_retention_in_days": 7,
            "redrive": True,
            "tags": TAGS,
        }

    def shown(self):
        """Asserts that what was applied refers to what exists, and says of how much."""
        groups = {group["logGroupName"]: group for group in self._ask("logs").describe_log_groups()["logGroups"]}
        assert groups["/aws/apigateway/plugged-accesslog"]["retentionInDays"] == 14, groups
        for role in ("lines", "alarms"):
            function = self._ask("lambda").get_function(FunctionName=f"plugged-{role}")
            settings = function["Configuration"]
            network = settings["VpcConfig"]
            assert network["SubnetIds"] == [self._subnet] and network["SecurityGroupIds"] == [self._group], network
            assert settings["TracingConfig"]["Mode"] == "Active" and settings["KMSKeyArn"] == self._key, settings
            assert TAGS.items() <= function["Tags"].items(), function["Tags"]
            group = groups[f"/aws/lambda/plugged-{role}"]
            assert (group["retentionInDays"], group["kmsKeyId"]) == (7, self._key), group
            made = self._ask("iam").get_role(RoleName=f"plugged-{role}")["Role"]
            assert made["Path"] == "/service/", made
            assert made["PermissionsBoundary"]["PermissionsBoundaryArn"] == self._boundary, made

        callers = self._ask("lambda").get_policy(FunctionName="plugged-alarms")["Policy"]
        assert f'"{self._alarm}"' in callers and f'"{self._topic}"' in callers, callers
        [subscription] = self._ask("sns").list_subscriptions_by_topic(TopicArn=self._topic)["Subscriptions"]
        assert subscription["Endpoint"].endswith(":function:plugged-alarms"), subscription

        alarms = self._ask("cloudwatch").describe_alarms(AlarmNamePrefix="plugged-watch")["MetricAlarms"]
        assert alarms and all(alarm["AlarmActions"] == [self._watch] for alarm in alarms), alarms
        topics = [topic["TopicArn"] for topic in self._ask("sns").list_topics()["Topics"]]
        assert not any(topic.endswith(":plugged-watch") for topic in topics), topics

        table = self._ask("dynamodb").describe_table(TableName="plugged-state")["Table"]
        assert table["SSEDescription"]["KMSMasterKeyArn"] == self._key, table
        sqs = self._ask("sqs")
        for name in ("plugged-failures", "plugged-failures-parked"):
            url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
            queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
            [denied] = json.loads(queue["Policy"])["Statement"]
            assert denied["Effect"] == "Deny" and "aws:SecureTransport" in json.dumps(denied["Condition"]), denied
            assert queue["KmsMasterKeyId"] == self._key, queue
        return f"network, traces, key, boundary, tags, an alarm and its topic, and {len(alarms)} alarms to a topic that exists"
