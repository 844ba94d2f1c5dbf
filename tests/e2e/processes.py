"""The processes that the run starts and ends: an emulator on a free loopback port, and the CLI.

What it must never do: end a process that it did not start, or listen beyond loopback.
"""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path


# How long anything may take that is awaited. Far beyond what it takes, so that a busy machine fails no run.
PATIENCE_SECONDS = 480


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A program that serves HTTP on the port it is given, from start to `stop`."""

    def __init__(self, command, environment, port, log):
        self.endpoint = f"http://127.0.0.1:{port}"
        self._log = Path(log)
        self._process = subprocess.Popen(
            command, env=os.environ | environment, stdout=self._log.open("wb"), stderr=subprocess.STDOUT
        )

    def wait_until_ready(self, path):
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            if self._process.poll() is not None:
                break
            try:
                urllib.request.urlopen(self.endpoint + path, timeout=2).read()
                return self
            except OSError:
                time.sleep(0.1)
        self.stop()
        raise RuntimeError(f"{self._process.args} did not become ready:\n{self.log()[-4000:]}")

    def log(self):
        return self._log.read_text(errors="replace")

    def stop(self):
        self._process.terminate()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def ministack(work):
    """ministack with what it lacks; a failed delivery is retried after a fraction of a second.

    Its DynamoDB throttles while the file `throttle` exists in `work`.
    """
    port = free_port()
    environment = {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "0.3",
        "E2E_THROTTLE_FILE": str(Path(work) / "throttle"),
        "TMPDIR": str(work),
    }
    emulator = Path(__file__).with_name("emulator.py")
    server = Server([sys.executable, emulator], environment, port, Path(work) / "emulator.log")
    return server.wait_until_ready("/_ministack/health")


def moto(work, program=None):
    """moto's server, which keeps what it is told but runs nothing; `program` is what starts it."""
    port = free_port()
    program = program or Path(__file__).with_name("second_emulator.py")
    command = [sys.executable, program, "-H", "127.0.0.1", "-p", str(port)]
    # Without this, AWS's own policies are not there to be attached.
    environment = {"MOTO_IAM_LOAD_MANAGED_POLICIES": "true"}
    server = Server(command, environment, port, Path(work) / "moto.log").wait_until_ready("/moto-api/")
    request = urllib.request.Request(
        f"{server.endpoint}/moto-api/config", data=b'{"lambda":{"use_docker":false}}', method="POST"
    )
    urllib.request.urlopen(request).read()
    return server


def wait_until(holds, what):
    """Asks again and again until the answer is true, and returns it."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        answer = holds()
        if answer:
            return answer
        if time.monotonic() >= until:
            raise AssertionError(f"not within {PATIENCE_SECONDS} s: {what}")
        time.sleep(0.2)


def aws_free_environment():
    """The environment without anything that configures AWS, Slack or statuswatch."""
    kept = ("AWS_", "SLACK_", "STATUSWATCH_")
    return {name: value for name, value in os.environ.items() if not name.startswith(kept)}
