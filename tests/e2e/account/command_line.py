"""The command `statuswatch` as a person with credentials runs it, and what it said and cost."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from account import REGION
from processes import aws_free_environment

SECRET = "QxZqSecretOfTheAccount"


@dataclass
class Ran:
    """A command that has ended. `lines` are those of standard output, each a JSON document."""

    code: int
    stdout: str
    stderr: str
    seconds: float
    cpu_seconds: float
    peak_mib: float

    @property
    def documents(self):
        return [json.loads(line) for line in self.stdout.splitlines()]


class CommandLine:
    """Runs `statuswatch` in a folder of its own, as a profile's owner whose endpoint is given."""

    def __init__(self, program, endpoint, work):
        self.program, self._endpoint, self.work = Path(program).resolve(), endpoint, Path(work)

    def environment(self, **more):
        own = {
            "AWS_ENDPOINT_URL": self._endpoint,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        return aws_free_environment() | own | more

    def start(self, *arguments, **environment):
        """A command that is still running; `ended` waits for it."""
        figures, stdout, stderr = (self.work / name for name in ("figures.json", "stdout", "stderr"))
        measured = [sys.executable, "-I", "-S", Path(__file__).with_name("measured.py"), figures]
        with stdout.open("wb") as out, stderr.open("wb") as err:
            command = [*measured, self.program, *arguments]
            return subprocess.Popen(
                command, cwd=self.work, env=self.environment(**environment), stdin=subprocess.DEVNULL, stdout=out, stderr=err
            )

    def ended(self, process):
        code = process.wait()
        stdout, stderr = ((self.work / name).read_text() for name in ("stdout", "stderr"))
        assert SECRET not in stdout + stderr, "the secret key was shown"
        cost = json.loads((self.work / "figures.json").read_text())
        return Ran(code, stdout, stderr, cost["seconds"], cost["cpu_seconds"], cost["peak_kib"] / 1024)

    def __call__(self, *arguments, **environment):
        return self.ended(self.start(*arguments, **environment))

    def done(self, *arguments, **environment):
        """Runs a command that must succeed and have nothing to say on standard error."""
        ran = self(*arguments, **environment)
        assert (ran.code, ran.stderr) == (0, ""), f"{arguments}: exit code {ran.code}: {ran.stderr}{ran.stdout[:2000]}"
        return ran
