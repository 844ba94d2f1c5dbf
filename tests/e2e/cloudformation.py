"""The CloudFormation template, deployed to the emulator instead of Terraform's module.

In: an endpoint that speaks AWS, the package, the template's parameters. Out: a deployed stack and its outputs, by the
names that the module's outputs have. It must never assert: the scenarios do.
"""

from pathlib import Path

import boto3

from processes import wait_until

TEMPLATE = Path(__file__).resolve().parents[2] / "infra/cloudformation/statuswatch.yaml"
BUCKET, KEY = "e2e-packages", "bootstrap.zip"


class CloudFormation:
    def __init__(self, endpoint, name):
        session = boto3.Session("test", "test", region_name="us-east-1")
        self._client = session.client("cloudformation", endpoint_url=endpoint)
        self._s3 = session.client("s3", endpoint_url=endpoint)
        self._name = name

    def deploy(self, package, **parameters):
        """Creates the stack under the name, and waits for its end, good or bad."""
        self._s3.create_bucket(Bucket=BUCKET)
        self._s3.put_object(Bucket=BUCKET, Key=KEY, Body=Path(package).read_bytes())
        parameters |= {"Name": self._name, "PackageBucket": BUCKET, "PackageKey": KEY}
        self._client.create_stack(
            StackName=self._name,
            TemplateBody=TEMPLATE.read_text(),
            Capabilities=["CAPABILITY_NAMED_IAM"],
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        )
        ended = wait_until(self._ended, f"the stack {self._name}")
        if ended != "CREATE_COMPLETE":
            raise RuntimeError(f"the stack is {ended}: {self._reasons()}")

    def outputs(self):
        [stack] = self._client.describe_stacks(StackName=self._name)["Stacks"]
        given = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        return {
            "statuswatch": {
                "log_group_names": [given["LogGroupName"]],
                "lines_function_name": given["LinesFunctionName"],
                "alarms_function_name": given["AlarmsFunctionName"],
                "state_table_name": given["StateTableName"],
                "failure_queue_url": given["FailureQueueUrl"],
            }
        }

    def delete(self):
        self._client.delete_stack(StackName=self._name)
        wait_until(lambda: self._ended() == "DELETE_COMPLETE", f"the end of the stack {self._name}")
        self._s3.delete_object(Bucket=BUCKET, Key=KEY)
        self._s3.delete_bucket(Bucket=BUCKET)

    def _ended(self):
        """The state of the stack, once nothing is in progress; one that is gone is deleted."""
        try:
            [stack] = self._client.describe_stacks(StackName=self._name)["Stacks"]
        except self._client.exceptions.ClientError:
            return "DELETE_COMPLETE"
        return None if stack["StackStatus"].endswith("IN_PROGRESS") else stack["StackStatus"]

    def _reasons(self):
        events = self._client.describe_stack_events(StackName=self._name)["StackEvents"]
        failed = (event for event in events if event["ResourceStatus"].endswith("FAILED"))
        return [f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason')}" for event in failed]
