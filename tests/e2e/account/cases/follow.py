"""replay and match that go on with what arrives."""

import signal
import time

from account import line
from processes import wait_until


def match_follows_a_log_group_until_ctrl_c(setup):
    account, group = setup.account, "/aws/apigateway/followed"
    logs = account.client("logs")
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    put = lambda number, at_s: logs.put_log_events(
        logGroupName=group, logStreamName="s", logEvents=[{"timestamp": int(at_s * 1000), "message": line(number, at_s * 1000)}]
    )
    try:
        now = time.time()
        put(0, now - 200)
        running = setup.cli.start("match", "{ $.status = * }", "--log-group", group, "--since", "5m", "--follow")
        shown = setup.cli.work / "stdout"
        for number, at_s in ((1, now), (2, now - 60)):
            wait_until(lambda: shown.read_text().count("\n") == number, f"{number} lines are shown")
            put(number, at_s)
        wait_until(lambda: shown.read_text().count("\n") == 3, "3 lines are shown")
        running.send_signal(signal.SIGINT)
        ran = setup.cli.ended(running)
        assert (ran.code, ran.stderr) == (0, ""), ran
        ids = [text[14:22] for text in ran.stdout.splitlines()]
        assert ids == ["00000000", "00000001", "00000002"], ids
    finally:
        logs.delete_log_group(logGroupName=group)
    return f"3 lines, one of them late, {setup.proxy.calls['FilterLogEvents']} requests"
