"""Plans the module in several shapes, without AWS, and looks at what the plans hold.

In: a directory with the module and its examples, initialised. Out: a line for each plan; exit code 1
with a sentence for each fault. A server on loopback answers the few questions that a plan asks AWS.

Looked at: policies and permissions (policy_lint); that the webhook is nowhere in a plan, nor in what
Terraform prints; that the recommended access-log formats stay valid JSON when there is an error; that
everything that takes tags has them; that a second instance shares no name with the first; what README.md says it costs.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import costs
import policy_lint

ACCOUNT = "123456789012"
MARKER = "MARKER0THAT0MUST0BE0NOWHERE"
WEBHOOK = f"https://hooks.slack.com/services/T000/B000/{MARKER}"
PACKAGE = str(Path(__file__).resolve().parent / "package.placeholder")
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/0"

TAGS = {"team": "orders"}

EVERYTHING = {
    "create_api_gateway_account_role": True,
    "alarm_source": "both",
    "chatbot_slack_channel": {"slack_team_id": "T0123ABCD", "slack_channel_id": "C0123ABCD"},
    "ingest": "kinesis",
    "kms_key_arn": KEY,
    "webhook_kms_key_arn": KEY,
    "state_table_kms_key_arn": KEY,
    "failure_destination": "s3",
    "rules": json.dumps({"rules": [{"name": f"a long name for rule {number}", "action": "count"} for number in range(60)]}),
    "watch_email_addresses": ["ops@example.com"],
    "external_alarm_arns": [f"arn:aws:cloudwatch:eu-west-1:{ACCOUNT}:alarm:latency"],
    "external_alarm_topic_arns": [f"arn:aws:sns:eu-west-1:{ACCOUNT}:alarms"],
    "vpc": {"subnet_ids": ["subnet-0a"], "security_group_ids": ["sg-0b"]},
    "tracing_mode": "Active",
    "environment_kms_key_arn": KEY,
    "permissions_boundary": f"arn:aws:iam::{ACCOUNT}:policy/boundary",
    "tags": TAGS,
}

MANY_APIS = {f"api-{number}": {"log_group": f"/apis/{number}", "destination": "team-a" if number % 2 else "default"} for number in range(31)}
MANY_APIS["api-0"] = {"create_log_group": True}

ANOTHER = ", another instance"
# Shape of the plan: directory, variables.
PLANS = {
    "defaults": (".", {}),
    "defaults" + ANOTHER: (".", {"name": "orders"}),
    "everything": (".", EVERYTHING),
    "everything" + ANOTHER: (".", EVERYTHING | {"name": "orders"}),
    "secret and queue with a key": (".", {"webhook_secret_name": "slack", "kms_key_arn": KEY, "redrive": True, "tags": TAGS}),
    "the account's log groups, state in memory": (".", {"create_log_group": False, "account_subscription": {}, "state": "memory", "webhook_parameter_name": "/slack/webhook"}),
    "bot token": (".", {"bot_token_secret_name": "slack", "bot_token_kms_key_arn": KEY, "slack_channel": "C0123456789"}),
    "31 APIs": (".", {"create_log_group": False, "apis": MANY_APIS, "destinations": {"team-a": "ssm:/team-a"}, "tags": TAGS}),
    "examples/rest-api": ("examples/rest-api", {}),
    "examples/http-api": (
        "examples/http-api",
        {"webhook_parameter_name": "/slack/webhook", "backend_url": "https://backend.example.com"},
    ),
}

# What API Gateway writes for a variable when something went wrong, worst case for JSON.
ERROR_VALUES = {
    "error.messageString": '"Endpoint request timed out"',
    "error.message": 'Invalid "name" in request body',
    "error.validationErrorString": '[object has missing required properties (["name"])]',
    "integrationErrorMessage": 'The "backend" did not answer',
    "integration.error": 'The "backend" did not answer',
    "authorizer.error": 'token "x" has expired',
    "identity.userAgent": 'curl "\\x22',
    "identity.user": 'a"b',
    "identity.caller": 'a"b',
    "path": '/v1/"orders"',
}


class Aws(BaseHTTPRequestHandler):
    """The answers that a plan needs: who am I, and the ARN of a secret."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        target = self.headers.get("X-Amz-Target", "")
        if "Action=GetCallerIdentity" in body:
            result = f"<Arn>arn:aws:iam::{ACCOUNT}:user/plan</Arn><UserId>plan</UserId><Account>{ACCOUNT}</Account>"
            namespace = "https://sts.amazonaws.com/doc/2011-06-15/"
            self.answer(
                "text/xml",
                f'<GetCallerIdentityResponse xmlns="{namespace}"><GetCallerIdentityResult>{result}'
                "</GetCallerIdentityResult></GetCallerIdentityResponse>",
            )
        elif target == "secretsmanager.DescribeSecret":
            arn = f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:slack-AbCdEf"
            self.answer("application/x-amz-json-1.1", json.dumps({"ARN": arn, "Name": "slack", "CreatedDate": 0, "LastChangedDate": 0}))
        elif target == "secretsmanager.GetResourcePolicy":
            self.answer("application/x-amz-json-1.1", json.dumps({"Name": "slack"}))
        else:
            self.send_error(501, f"a plan is not expected to ask for {target or body[:80]}")

    def answer(self, content_type, text):
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


def plan(directory, variables, environment, out):
    """Plans, and returns the plan as JSON, and all bytes in which the webhook must not be."""
    stores = {"webhook_parameter_name", "webhook_secret_name", "bot_token_parameter_name", "bot_token_secret_name"}
    variables = variables | {"package_path": PACKAGE} | ({} if stores & variables.keys() else {"webhook_url": WEBHOOK})
    variable_file = out.with_suffix(".tfvars.json")
    variable_file.write_text(json.dumps(variables))
    # There is no state to lock, and plans of one directory run side by side.
    command = ["terraform", "plan", "-no-color", "-input=false", "-lock=false", f"-out={out}", f"-var-file={variable_file}"]
    ran = subprocess.run(command, cwd=directory, env=environment, capture_output=True)
    if ran.returncode:
        sys.exit(f"{directory}: terraform plan failed:\n{ran.stderr.decode()[-4000:]}")
    shown = subprocess.run(
        ["terraform", "show", "-json", str(out)], cwd=directory, env=environment, capture_output=True, check=True
    ).stdout
    with zipfile.ZipFile(out) as archive:
        members = b"\n".join(archive.read(name) for name in archive.namelist())
    return json.loads(shown), [ran.stdout, ran.stderr, shown, members]


def format_faults(outputs):
    """Whether the recommended formats are JSON when every value is missing, and when it is at its worst."""
    for kind in ("rest", "http"):
        template = outputs[f"access_log_format_{kind}"]["value"]
        if "\n" in template:
            yield f"access_log_format_{kind} is more than one line"
        if kind == "rest" and "$context.requestId" not in template:
            yield "API Gateway refuses a REST format without $context.requestId"
        for name, value_of in {
            "missing": lambda _: "-",
            "error": lambda variable: ERROR_VALUES.get(variable[1], "504"),
        }.items():
            line = re.sub(r"\$context\.([A-Za-z.]+[A-Za-z])", value_of, template)
            try:
                document = json.loads(line)
            except ValueError as error:
                yield f"access_log_format_{kind} is broken JSON when values are of the kind {name!r}: {error}: {line}"
                continue
            if name == "error" and document.get("status") != "504":
                yield f"access_log_format_{kind} has no status: {line}"


def tag_faults(document):
    """What could bear tags and does not."""
    for change in document["resource_changes"]:
        after = change["change"]["after"] or {}
        if change["mode"] == "managed" and "tags" in after and not TAGS.items() <= (after["tags"] or {}).items():
            yield f"{change['address']} is not tagged"


# What AWS tells a resource by, as far as a plan knows it.
IDENTITY = (
    "name", "role", "function_name", "alarm_name", "dashboard_name", "configuration_name", "bucket",
    "rule", "target_id", "log_group_name", "statement_id_prefix",
)  # fmt: skip


def identities(document):
    """Type and names of each resource; those that have only ARNs, unknown before the apply, are left out."""
    found = set()
    for change in document["resource_changes"]:
        after = change["change"]["after"] or {}
        names = tuple((key, after[key]) for key in IDENTITY if isinstance(after.get(key), str))
        if change["mode"] == "managed" and names:
            found.add((change["type"], names))
    return found


def shared_faults(first, second):
    """What two instances side by side in an account would fight over."""
    if min(len(first), len(second)) < 30:
        yield f"only {min(len(first), len(second))} names were read: has the plan changed its form?"
    for shared in sorted(first & second):
        yield f"another instance has this name, too: {shared}"


def main(root):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Aws)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environment = os.environ | {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_address[1]}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "eu-west-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    faults, instances, documents = [], {}, {}
    with tempfile.TemporaryDirectory() as scratch:
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            planned = {
                name: pool.submit(plan, Path(root) / directory, variables, environment, Path(scratch) / f"plan{number}")
                for number, (name, (directory, variables)) in enumerate(PLANS.items())
            }
        for name, (_, variables) in PLANS.items():
            document, everything = planned[name].result()
            documents[name] = document
            found, read = policy_lint.plan_faults(document)
            if read < 10:
                found.append(f"only {read} policies were read: has the plan changed its form?")
            if any(MARKER.encode() in text for text in everything):
                found.append("the webhook is in the plan")
            if "tags" in variables:
                found += tag_faults(document)
            instances[name] = identities(document)
            first = name.removesuffix(ANOTHER)
            if first != name:
                found += shared_faults(instances[first], instances[name])
            if name == "defaults":
                found += format_faults(document["planned_values"]["outputs"])
            print(f"plan {name!r}: {len(document['resource_changes'])} resources, {read} policies and permissions")
            faults += [f"{name}: {fault}" for fault in found]
    faults += costs.faults(documents["defaults"], documents["31 APIs"], len(MANY_APIS))
    server.shutdown()
    if faults:
        sys.exit("\n".join(faults))


if __name__ == "__main__":
    main(sys.argv[1])
