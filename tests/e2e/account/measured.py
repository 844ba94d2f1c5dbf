"""Runs a command and says what it cost: `measured.py FIGURES COMMAND...`.

A process's peak of memory begins with that of the process that starts it, so it is this small one that does.
Out: the command's own exit code; as JSON in the file FIGURES, its seconds, CPU seconds and peak of memory in KiB.
"""

import json
import resource
import signal
import subprocess
import sys
import time

figures, *command = sys.argv[1:]
child = subprocess.Popen(command)
signal.signal(signal.SIGINT, lambda number, _: child.send_signal(number))
began = time.monotonic()
code = child.wait()
seconds = time.monotonic() - began
used = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(figures, "w") as file:
    json.dump({"seconds": seconds, "cpu_seconds": used.ru_utime + used.ru_stime, "peak_kib": used.ru_maxrss}, file)
sys.exit(code)
