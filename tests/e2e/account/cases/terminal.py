"""backtest on a terminal: as wide as the terminal is, and in colour where one wants it."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from pathlib import Path

STORY = Path(__file__).resolve().parents[4] / "fixtures" / "recordings" / "5xx-burst.jsonl.gz"
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


def backtest_is_as_wide_as_its_terminal_and_in_colour(setup):
    for columns in (60, 100):
        shown = _on_terminal(setup, columns, TERM="xterm")
        plain = ESCAPE.sub("", shown)
        assert shown != plain, "no colour on a terminal that has it"
        assert max(map(len, plain.splitlines())) <= columns, plain
        for more in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
            assert _on_terminal(setup, columns, **({"TERM": "xterm"} | more)) == plain, more
    assert setup.cli.done("backtest", STORY, TERM="xterm").stdout == plain, "what is piped differs from 100 columns"
    return "60 and 100 columns; NO_COLOR, TERM=dumb and a pipe have no colour"


def _on_terminal(setup, columns, **environment):
    """What a terminal of so many columns gets on standard output."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    without = {name: value for name, value in setup.cli.environment().items() if name not in ("NO_COLOR", "TERM")}
    terminal = {"stdin": theirs, "stdout": theirs, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([setup.cli.program, "backtest", STORY], env=without | environment, **terminal)
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 65_536):
            shown += part
    except OSError:
        # The other end is closed.
        pass
    os.close(ours)
    assert process.wait() == 0
    return shown.decode().replace("\r\n", "\n")
