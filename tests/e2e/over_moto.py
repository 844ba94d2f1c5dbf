"""Runs a command with TEST_DYNAMODB_URL set to a moto server of its own, and ends with its code."""

import os
import subprocess
import sys
import tempfile

from processes import moto

with tempfile.TemporaryDirectory() as work:
    server = moto(work)
    try:
        environment = os.environ | {"TEST_DYNAMODB_URL": f"{server.endpoint}/"}
        code = subprocess.run(sys.argv[1:], env=environment).returncode
    finally:
        server.stop()
sys.exit(code)
