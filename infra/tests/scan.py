"""Runs checkov over the module, and holds what it finds against the list of what is meant to be so.

In: the directory of checkov's own Python, and that of the module. Out: how much was looked at; exit code 1 with a
sentence for each finding that has no reason below, and for each reason that has no finding any more.

It asks no server: the checks are those that come with the version in requirements.txt. The examples are left out: each
is an API to try things with, open to anyone; so are the resources of tests/before, which are never applied.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

ONLY_FAILED_DELIVERIES = "the bucket holds failed deliveries until they are redriven or expire, and nothing else"
OWN_LOGS = "how long logs are kept is a variable (retention_in_days, function_log_retention_in_days)"
# Check and resource, and why it is so.
REASONS = {
    ("CKV2_AWS_34", "aws_ssm_parameter.rules"): "rules are no secret; the webhook's parameter is a SecureString",
    ("CKV_AWS_116", "aws_lambda_function.function"): "it has an on-failure destination, which tells more than a dead-letter queue",
    ("CKV_AWS_28", "aws_dynamodb_table.state"): "a variable (state_table_point_in_time_recovery): what is in the table is over within days",
    ("CKV_AWS_50", "aws_lambda_function.function"): "a variable (tracing_mode): checkov does not see a block that is dynamic",
    ("CKV_AWS_18", "aws_s3_bucket.failures"): ONLY_FAILED_DELIVERIES + "; only the functions write to it",
    ("CKV_AWS_21", "aws_s3_bucket.failures"): ONLY_FAILED_DELIVERIES + "; each object is written once, and versions would keep what was deleted",
    ("CKV_AWS_144", "aws_s3_bucket.failures"): ONLY_FAILED_DELIVERIES + "; the functions that could redrive them are in this Region, too",
    ("CKV2_AWS_62", "aws_s3_bucket.failures"): ONLY_FAILED_DELIVERIES + "; an alarm says when something is in it",
    ("CKV_AWS_338", "aws_cloudwatch_log_group.access_log"): OWN_LOGS,
    ("CKV_AWS_338", "aws_cloudwatch_log_group.api"): OWN_LOGS,
    ("CKV_AWS_338", "aws_cloudwatch_log_group.function"): OWN_LOGS,
}


def scan(python, module):
    """What checkov says of the module."""
    command = [Path(python) / "bin/checkov", "--directory", module, "--framework", "terraform", "--output", "json", "--quiet",
               "--compact", "--skip-download", "--skip-path", "examples", "--skip-path", "tests", "--skip-path", ".terraform"]  # fmt: skip
    # On a busy machine a file takes longer than the 10 seconds after which checkov would pass over it.
    ran = subprocess.run(command, env=os.environ | {"HCL_PARSE_TIMEOUT_SEC": "600"}, capture_output=True, text=True)
    if ran.returncode not in (0, 1):
        sys.exit(f"checkov failed:\n{ran.stderr[-4000:]}")
    return json.loads(ran.stdout)


def main(python, module):
    report = scan(python, module)
    summary = report["summary"]
    written = sum(path.read_text().count('\nresource "') for path in Path(module).glob("*.tf"))
    faults = []
    if summary["parsing_errors"] or summary["resource_count"] < written:
        faults.append(f"checkov read {summary['resource_count']} of {written} resources")
    found = {}
    for check in report["results"]["failed_checks"]:
        found[check["check_id"], check["resource"].partition("[")[0]] = check
    for (check, resource), finding in found.items():
        if (check, resource) not in REASONS:
            line = finding["file_line_range"][0]
            faults.append(f"{finding['file_path']}:{line}: {resource}: {finding['check_name']} ({check}); mend it, or give the reason in tests/scan.py")
    for check, resource in REASONS.keys() - found.keys():
        faults.append(f"{check} does not find {resource} any more: take its reason out of tests/scan.py")
    if faults:
        sys.exit("\n".join(faults))
    print(f"checkov {summary['checkov_version']}: {summary['resource_count']} resources, {summary['passed']} checks passed, {len(found)} findings with a reason")


if __name__ == "__main__":
    main(*sys.argv[1:])
