"""Every example of every command's help, run as it stands there.

Names of log groups and alarms are put in where the help says NAME; other programs print what they would print.
"""

import gzip
import json
import os
import re
import shutil
import struct
import subprocess
from pathlib import Path

from account import ALARM, ITEMS, LOGS_BUCKET, line
from fake_slack import FakeSlack
from live_tail import live_tail
from watched import Watched

FIXTURES = Path(__file__).resolve().parents[4] / "fixtures"
RULES = FIXTURES / "rules" / "scanner-noise.json"
# How examples begin whose formats hide an error: they end with 1, as their help says.
HIDING = ("statuswatch lint-format '{", "statuswatch lint-format --fix api.tf", "statuswatch lint-format --live")
PROGRAMS = {
    "aws": f'case "$2" in tail) cat {FIXTURES}/exports/tail-detailed.log ;; *) cat alarms.json ;; esac',
    "cdk": "exit 0",
    "terraform": f"cat {FIXTURES}/lint-format/plan.json",
    "man": "cat",
    "jq": "cat",
}


def every_example_of_the_help_does_what_it_says(setup):
    slack, home = FakeSlack(), setup.cli.work / "home"
    # moto 5.2.5 knows no StartLiveTail.
    setup.proxy.inject("StartLiveTail", live_tail)
    webhook = f"http://127.0.0.1:{slack.port}/services/T000/B000/X"
    watched = Watched(setup.account, "example", webhook)
    try:
        environment = _prepared(setup, home) | {"SLACK_WEBHOOK_URL": webhook}
        shown = {command: _examples(setup, command) for command in _commands(setup)}
        for command, examples in shown.items():
            assert examples, f"the help of {command} has no example"
            for example in examples:
                _run(example, home, environment)
    finally:
        watched.remove()
        slack.close()
        setup.proxy.clear()
    return f"{sum(map(len, shown.values()))} examples of {', '.join(shown)}"


def _run(example, home, environment):
    text = re.sub(r"(--alarm-names?) NAME", rf"\1 '{ALARM}'", example)
    text = re.sub(r"\bNAME\b", ITEMS, text).replace("--function statuswatch-lines", "--function example-lines")
    text = text.replace("s3://BUCKET/", f"s3://{LOGS_BUCKET}/")
    if "--log-group" in text and "--follow" in text.split():
        # It goes on until Ctrl-C, which is a good end. A second one, to the whole group, would end it at once.
        text = f"timeout --foreground --preserve-status --signal INT 4 {text}"
    command = ["bash", "-o", "pipefail", "-c", text]
    ran = subprocess.run(command, cwd=home, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    wanted = 1 if example.startswith(HIDING) else 0
    assert ran.returncode == wanted, f"{example}: exit code {ran.returncode}: {ran.stderr[:2000]}{ran.stdout[:500]}"
    assert "Usage:" not in ran.stderr, f"{example}: {ran.stderr[:2000]}"


def _commands(setup):
    """The names of all commands, as the manual page lists them."""
    page = setup.cli.done("man").stdout
    names = re.findall(r"^statuswatch\\-([\w\\-]+)\(1\)$", page, re.MULTILINE)
    return [name.replace("\\-", "-") for name in names if name != "help"]


def _examples(setup, command):
    """The lines under `Examples:` in its manual page, which are not wrapped."""
    page = setup.cli.done("man", command).stdout
    lines = page.partition("Examples:\n")[2].splitlines()
    found = []
    for text in lines:
        if not text.startswith("  "):
            break
        found.append(text.strip().replace("\\*(Aq", "'").replace("\\-", "-").replace("\\\\", "\\"))
    return found


def _prepared(setup, home):
    """A folder with the files that the examples name; the environment to run them in."""
    completions = (".local/share/bash-completion/completions", ".zfunc", ".config/fish/completions")
    for folder in ("bin", "build", "target/release", ".local/share/man/man1", *completions):
        (home / folder).mkdir(parents=True)
    (home / "fixtures").symlink_to(FIXTURES)
    shutil.copytree(FIXTURES / "lint-format" / "cdk.out", home / "cdk.out")
    shutil.copy(FIXTURES / "lint-format" / "several-stages.tf", home / "api.tf")
    for name in ("rules.json", "other.json"):
        shutil.copy(RULES, home / name)
    now_ms = setup.account.until_ms
    with gzip.open(home / "access.log.gz", "wt") as log:
        log.writelines(line(number, now_ms) + "\n" for number in range(49_000, 50_000))
    alarms = setup.account.client("cloudwatch").describe_alarms(AlarmNames=[ALARM])
    (home / "alarms.json").write_text(json.dumps({"MetricAlarms": alarms["MetricAlarms"]}, default=str))
    for name, script in PROGRAMS.items():
        program = home / "bin" / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    # A copy, since `package` looks beside the program that runs.
    shutil.copy(setup.cli.program, home / "bin" / "statuswatch")
    for folder in ("bin", "target/release"):
        (home / folder / "statuswatch-lambda").write_bytes(_function_for_arm64())
    path = f"{home / 'bin'}:{os.environ['PATH']}"
    return setup.cli.environment(HOME=str(home), PATH=path)


def _function_for_arm64():
    """The headers of a static program, and the text by which the function is known. It is never run."""
    header = struct.pack("<16sHHIQ32x", b"\x7fELF\x02\x01\x01", 2, 183, 1, 0x1000)
    return header + b"this is a Lambda function's bootstrap, and Lambda did not set "
