"""README.md and infra/README.md as a newcomer follows them: in an empty folder, with an empty home and no AWS profile.

`readme` is README.md from top to bottom: every command of every block is run as it stands, in the folder and with the
exports that the one before left, and must end with 0. What cannot be had here is in `stand_ins`, each with the reason
and what stands in for it. A block that is not one of commands fails the run, as does a stand-in that no command wants.

`terraform` and `aws-cli` are the two ways of infra/README.md to deploy a package that was downloaded: with nothing but
Terraform, and Git, by which it fetches the module; with nothing but the AWS CLI. In all three an error in the access log
must reach Slack.

In: the folder with both binaries and their package, and which of the three. Out: a line for each command; exit code 1
with the reason at the first that fails.
"""

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.resolve().parents[1]
sys.path.insert(1, str(ROOT / "tests/e2e"))

import lines
from fake_slack import FakeSlack
from processes import PATIENCE_SECONDS, ministack
from progress import Report
from scenarios import tells
from stack import Stack
from terraform import aws_environment

REPOSITORY = "https://github.com/OWNER/statuswatch"
OWN_LOG_GROUP = "/aws/apigateway/shop"
BUCKET = "my-artifacts"
GIT, TERRAFORM = shutil.which("git"), shutil.which("terraform")
# The shell, what says its environment, and what Git's own scripts call.
OF_EVERY_SYSTEM = ("bash", "sh", "env", "basename", "cat", "rm", "sed", "uname")


@dataclass
class StandIn:
    """What a command that fits the pattern `wanted_by` cannot have here, and what it gets instead."""

    wanted_by: str
    why: str
    instead: str
    environment: dict = field(default_factory=dict)
    typed: str = ""
    written: tuple = ()
    is_used: bool = False


def stand_ins(work, built, endpoint, webhook):
    """By name. What takes time to make is made where it is asked for."""
    account = {name: value for name, value in aws_environment(endpoint).items() if name.startswith("AWS_")}
    return {
        "repository": lambda: StandIn(
            r"^git clone|terraform init",
            "the project has no public place yet",
            "a repository on this machine with what lies in the checkout",
            environment={
                "GIT_CONFIG_COUNT": "1",
                "GIT_CONFIG_KEY_0": f"url.file://{repository(work)}.insteadOf",
                "GIT_CONFIG_VALUE_0": REPOSITORY,
            },
        ),
        "cargo": lambda: StandIn(
            r"^cargo ",
            "it would compile everything once more",
            "what the same command made in the checkout, in the run's profile, without symbols",
            environment={"STATUSWATCH_BUILT": str(built)},
        ),
        "registry": lambda: StandIn(
            r"terraform init",
            "Terraform's registry may be out of reach, and has other versions tomorrow",
            "a mirror on this machine with version 5.100.0 of the provider",
            environment={"TF_CLI_CONFIG_FILE": str(provider_mirror(work))},
        ),
        "account": lambda: StandIn(
            r"^aws |\| aws |terraform apply|--log-group|statuswatch doctor",
            "there is no AWS account",
            "the emulator of tests/e2e by AWS_ENDPOINT_URL, and credentials for it",
            environment=account,
        ),
        "log group": lambda: StandIn(
            r"--log-group NAME",
            "NAME is the reader's own",
            "a log group with an error of an hour ago",
            written=("NAME", OWN_LOG_GROUP),
        ),
        "bucket": lambda: StandIn(
            r"MY-ARTIFACTS",
            "MY-ARTIFACTS is the reader's own",
            "a bucket in the emulator",
            written=("MY-ARTIFACTS", BUCKET),
        ),
        "webhook": lambda: StandIn(
            r"^read -rs \w*(URL|url)\b", "there is no Slack", "the webhook of a fake one, typed", typed=f"{webhook}\n"
        ),
        "yes": lambda: StandIn(r"terraform apply", "Terraform asks", "yes, typed", typed="yes\n"),
        "minutes": lambda: StandIn(
            r"statuswatch doctor",
            "the emulator has none of Lambda's own metrics, and nobody waits for minutes",
            "a call of the function for lines among the metrics, of two minutes ago",
        ),
    }


@dataclass
class Block:
    """A fenced block of a page."""

    language: str
    line: int
    text: str

    @property
    def commands(self):
        """Its commands: a line each, with those that a backslash at the end adds."""
        joined = re.findall(r"(?:.*\\\n)*.+", self.text)
        return [command for command in joined if not command.lstrip().startswith("#")]


def blocks(page, heading=None):
    """The fenced blocks of a page of the checkout, in their order; with a heading, those below it until the next."""
    found, fence, current = [], None, None
    for number, line in enumerate((ROOT / page).read_text().splitlines(), 1):
        stripped = line.strip()
        if fence is not None and stripped == "```":
            if heading in (None, current):
                found.append(Block(fence[0], fence[1], "\n".join(fence[2])))
            fence = None
        elif fence is not None:
            fence[2].append(line)
        elif stripped.startswith("```"):
            fence = (stripped[3:], number, [])
        elif line.startswith("#"):
            current = line.lstrip("# ")
    assert found, f"{page} has no block{f' below {heading!r}' if heading else ''}"
    return found


def in_text(page, command):
    """A command that stands in a page's running text; fails where it does not."""
    assert f"`{command}`" in (ROOT / page).read_text(), f"{page} no longer names `{command}`"
    return command


class Newcomer:
    """Someone with an empty folder, an empty home and a few tools, who types one command after the other."""

    def __init__(self, place, tools, things, report):
        self.folder = place / "folder"
        home, programs = place / "home", place / "bin"
        for directory in (self.folder, home, programs, place / "tmp"):
            directory.mkdir()
        for name, program in ({name: shutil.which(name) for name in OF_EVERY_SYSTEM} | tools).items():
            (programs / name).symlink_to(program)
        self._state = place / "environment"
        self._things, self._report = things, report
        self._environment = {
            "HOME": str(home),
            "PATH": f"{programs}:{home}/.cargo/bin",
            "TMPDIR": str(place / "tmp"),
            "LANG": "C.UTF-8",
        }

    def does(self, command):
        """Types a command, which must succeed, and returns what it prints. Folder and exports stay for the next."""
        self._report.doing = command
        own, typed, written = {}, "", command
        for thing in self._things:
            if re.search(thing.wanted_by, command):
                thing.is_used = True
                own |= thing.environment
                typed += thing.typed
                written = written.replace(*thing.written) if thing.written else written
        script = f'{written}\ncode=$?\nenv -0 >"$0"\nexit $code'
        process = subprocess.Popen(
            ["bash", "-o", "pipefail", "-c", script, self._state],
            cwd=self.folder,
            env=self._environment | own,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            said, complained = process.communicate(typed, timeout=PATIENCE_SECONDS)
        except BaseException:
            os.killpg(process.pid, signal.SIGTERM)
            process.communicate()
            raise
        assert process.returncode == 0, f"exit code {process.returncode}:\n{said[-3000:]}\n{complained[-3000:]}"
        after = dict(each.split("=", 1) for each in self._state.read_text().split("\0") if each)
        self.folder = Path(after["PWD"])
        self._environment = {name: value for name, value in after.items() if name not in own}
        self._report(written.partition("\n")[0])
        return said


def repository(work):
    """A bare repository with what the checkout would commit, so that nothing is needed that only lies there."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True
    )
    copy, bare = work / "committed", work / "statuswatch.git"
    for name in filter(None, listed.stdout.decode().split("\0")):
        # A file that is deleted is listed until that is committed.
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    who = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
    for arguments in (["init", "-q"], ["add", "-A"], [*who, "commit", "-q", "-m", "All"], ["clone", "-q", "--bare", ".", bare]):
        subprocess.run(["git", *arguments], cwd=copy, check=True)
    return bare.with_suffix("")


def provider_mirror(work):
    """A configuration of Terraform that finds the provider on this machine, and asks no registry."""
    place = work / "provider"
    place.mkdir()
    wanted = 'terraform {\n  required_providers {\n    aws = { source = "hashicorp/aws", version = "5.100.0" }\n  }\n}\n'
    (place / "main.tf").write_text(wanted)
    subprocess.run([ROOT / "infra/tests/terraform-init", place], check=True)
    configuration = work / "terraform.rc"
    mirror = json.dumps(str(place / ".terraform/providers"))
    configuration.write_text(f"provider_installation {{\n  filesystem_mirror {{\n    path = {mirror}\n  }}\n}}\n")
    return configuration


class Emulated:
    """An emulated account, a fake Slack, and of what stands in for the rest that which is named."""

    def __init__(self, work, built, names, region="us-east-1"):
        self._work = work
        self.slack = FakeSlack()
        self._emulator = ministack(work)
        webhook = f"http://127.0.0.1:{self.slack.port}/services/T000/B000/XXXX"
        made = stand_ins(work, built, self._emulator.endpoint, webhook)
        self._things = [made[name]() for name in names]
        self.stack = Stack(self._emulator.endpoint, region)

    def newcomer(self, report, **tools):
        print("\n".join(f"      {thing.why}: {thing.instead}" for thing in self._things), flush=True)
        return Newcomer(self._work, tools, self._things, report)

    def error_reaches_slack(self, outputs, report):
        self.stack.use(outputs)
        self.stack.put(lines.rest_json("good", 200), lines.rest_json("newcomer-502", 502))
        self.slack.wait_for(tells("newcomer-502", self.stack.log_group), 0)
        report(f"an error in {self.stack.log_group} is in Slack")

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind:
            print(f"--- the emulator's last words\n{self._emulator.log()[-3000:]}")
        self._emulator.stop()
        self.slack.close()
        unused = [thing.instead for thing in self._things if not thing.is_used]
        assert kind or not unused, f"no command wants this any more: {unused}"


def readme(work, built, report):
    report.doing = "reading README.md"
    found = blocks("README.md")
    other = [f"README.md:{block.line}" for block in found if block.language != "sh"]
    assert not other, f"neither run nor compared with anything: the blocks at {other}"
    names = ("repository", "cargo", "registry", "account", "log group", "webhook", "yes", "minutes")
    with Emulated(work, built, names) as emulated:
        emulated.stack.create_log_group(OWN_LOG_GROUP)
        emulated.stack.use({"statuswatch": {"log_group_names": [OWN_LOG_GROUP]}})
        emulated.stack.put(lines.rest_json("own", 502), age_seconds=3600)
        someone = emulated.newcomer(report, git=GIT, terraform=TERRAFORM, cargo=HERE / "cargo")
        for block in found:
            for command in block.commands:
                said = someone.does(command)
                if "--log-group" in command:
                    assert "502 GET /orders" in said, f"the error in the log group is not told:\n{said}"
        emulated.error_reaches_slack(outputs(someone), report)
        emulated.stack.publish("AWS/Lambda", "Invocations", 1, age_seconds=120, FunctionName="orders-lines")
        someone.does(in_text("README.md", "statuswatch doctor --function orders-lines"))
    same_commands("README.md", "infra/README.ja.md")
    report("infra/README.ja.md has the same commands")


def same_commands(page, other):
    first, second = (
        [re.sub(r"\s+#.*", "", command) for block in blocks(each) if block.language == "sh" for command in block.commands]
        for each in (page, other)
    )
    assert second[: len(first)] == first, f"{other} has other commands than {page}: {second}, not {first}"


def terraform(work, built, report):
    """The package, the `main.tf` of infra/README.md and its two commands."""
    with Emulated(work, built, ("repository", "registry", "account", "webhook", "yes"), region="eu-west-1") as emulated:
        someone = emulated.newcomer(report, git=GIT, terraform=TERRAFORM)
        shutil.copy(built / "bootstrap.zip", someone.folder)
        main, commands, *_ = blocks("infra/README.md", "Use")
        (someone.folder / "main.tf").write_text(main.text + "\n")
        for command in commands.commands:
            someone.does(command)
        emulated.error_reaches_slack(outputs(someone), report)


def aws_cli(work, built, report):
    """The package and the template, as a release will have them, and the commands of infra/README.md."""
    page, group = "infra/README.md", "/aws/apigateway/orders"
    with Emulated(work, built, ("account", "bucket", "webhook")) as emulated:
        someone = emulated.newcomer(report, aws=Path(sys.executable).with_name("aws"))
        template = someone.folder / "infra/cloudformation/statuswatch.yaml"
        template.parent.mkdir(parents=True)
        shutil.copy(ROOT / "infra/cloudformation/statuswatch.yaml", template)
        shutil.copy(built / "bootstrap.zip", someone.folder)
        # "The log group must exist."
        emulated.stack.create_log_group(group)
        [webhook] = blocks(page, "With an incoming webhook")
        [deploy] = blocks(page, "CloudFormation, SAM and CDK")
        for command in [*webhook.commands, in_text(page, "aws s3 mb s3://MY-ARTIFACTS"), *deploy.commands]:
            someone.does(command)
        emulated.error_reaches_slack({"statuswatch": {"log_group_names": [group]}}, report)


def outputs(someone):
    return {name: output["value"] for name, output in json.loads(someone.does("terraform output -json")).items()}


WALKS = {"readme": readme, "terraform": terraform, "aws-cli": aws_cli}

if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--built", required=True, type=Path, help="folder with both binaries and their package")
    arguments.add_argument("walk", choices=WALKS)
    given = arguments.parse_args()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(f"{given.walk}: ended by {signal.Signals(number).name}"))
    report = Report(given.walk)
    try:
        with tempfile.TemporaryDirectory(prefix="statuswatch-readme-") as scratch:
            WALKS[given.walk](Path(scratch), given.built.resolve(), report)
    except Exception as fault:
        traceback.print_exc()
        sys.exit(f"\n{given.walk} FAILED while {report.doing}:\n{fault}")
