"""Terraform in a copy of the module, so that nothing is left in the checkout.

In: the repository's `infra`, an endpoint that speaks AWS. Out: an applied example, its outputs, its
state. It must never write into the repository.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

INFRA = Path(__file__).resolve().parents[2] / "infra"


class Terraform:
    def __init__(self, work, endpoint, root="examples/rest-api", environment=None):
        self._copy = Path(work) / "infra"
        if not self._copy.exists():
            ignored = shutil.ignore_patterns(".terraform*", "*.tfstate*", "init.log")
            shutil.copytree(INFRA, self._copy, ignore=ignored)
        self._directory = self._copy / root
        # The provider leaves a socket behind where it is ended early: in the work folder, which goes.
        own = {"TF_IN_AUTOMATION": "1", "TMPDIR": str(work)}
        self._environment = aws_environment(endpoint) | own | (environment or {})
        subprocess.run([self._copy / "tests/terraform-init", self._directory], env=self._environment, check=True)

    def apply(self, targets=(), **variables):
        """Applies, and returns what happened, in order: begun or complete, address, action."""
        only = [f"-target={address}" for address in targets]
        lines = self._run("apply", "-json", "-auto-approve", "-input=false", *only, *as_arguments(variables))
        events = [json.loads(line) for line in lines.splitlines() if line.startswith("{")]
        return [
            (event["type"], event["hook"]["resource"]["addr"], event["hook"]["action"])
            for event in events
            if event["type"] in ("apply_start", "apply_complete")
        ]

    def changes(self, **variables):
        """What a further plan would change; nothing where the configuration is at rest."""
        self._run("plan", "-no-color", "-input=false", "-out=again", *as_arguments(variables))
        plan = json.loads(self._run("show", "-json", "again"))
        return [
            f"{change['address']}: {', '.join(change['change']['actions'])} {difference(change['change'])}"
            for change in plan["resource_changes"]
            if change["change"]["actions"] not in (["no-op"], ["read"])
        ]

    def destroy(self, **variables):
        self._run("destroy", "-no-color", "-auto-approve", "-input=false", *as_arguments(variables))

    def outputs(self):
        return {name: output["value"] for name, output in json.loads(self._run("output", "-json")).items()}

    def resources(self):
        """The addresses of everything that is in the state, data sources left out."""
        return [address for address in self._run("state", "list").split("\n") if address and ".data." not in f".{address}"]

    def kept(self):
        """Every byte that Terraform keeps: the state and its backups."""
        return b"".join(path.read_bytes() for path in self._directory.glob("*.tfstate*"))

    def _run(self, *arguments):
        process = subprocess.Popen(
            ["terraform", *arguments],
            cwd=self._directory,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            said, complained = process.communicate()
        except BaseException:
            # Asked to end, it ends its provider, too; killed, it would leave it running.
            process.terminate()
            process.communicate()
            raise
        if process.returncode:
            raise RuntimeError(f"terraform {arguments[0]} failed:\n{errors_in(said) or complained[-4000:]}")
        return said


def aws_environment(endpoint):
    """The environment in which a program finds the emulator and no AWS."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
    return environment | {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def errors_in(said):
    """What Terraform says is wrong, from its lines of JSON; nothing where it does not speak JSON."""
    messages = [json.loads(line) for line in said.splitlines() if '"@level":"error"' in line]
    return "\n".join(
        "\n  ".join([message["@message"], message.get("diagnostic", {}).get("address", ""), message.get("diagnostic", {}).get("detail", "")])
        for message in messages
    )


def difference(change):
    """What a planned change would change: argument, value before and after."""
    before, after = change["before"] or {}, change["after"] or {}
    names = sorted({*before, *after, *(change.get("after_unknown") or {})})
    return {name: (before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)}


def as_arguments(variables):
    return [
        f"-var={name}={value if isinstance(value, str) else json.dumps(value)}" for name, value in variables.items()
    ]
