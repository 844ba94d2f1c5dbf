"""Runs the cases in `cases/` against an emulated AWS account with 200,000 log events.

A case is a public function of a module in `cases/`, one module a command. It gets a `Setup`, asserts, and returns what
it has shown in a few words; its name says what holds. Cases run in the order in which they stand, each behind a proxy
that passes everything on; what a case puts into the account beside what is there, it takes away again.

In: the command line, built. Out: a line for each case; exit code 1 with the reason at the first that does not hold.
"""

import argparse
import importlib
import inspect
import signal
import sys
import tempfile
import traceback
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(1, str(HERE.parent))

from account import EVENTS, Account
from command_line import CommandLine
from faulty_proxy import FaultyProxy
from processes import moto
from progress import Report


@dataclass
class Setup:
    """What a case has: the account, the command line that asks it, and the proxy between the two."""

    account: Account
    cli: CommandLine
    proxy: FaultyProxy
    # Whether the command line is one that is optimised, so that its figures say something.
    is_full: bool


def cases(module):
    """The public functions that are written in a module, in their order."""
    found = [each for _, each in inspect.getmembers(module, inspect.isfunction) if each.__module__ == module.__name__]
    found = [each for each in found if not each.__name__.startswith("_")]
    return sorted(found, key=lambda each: each.__code__.co_firstlineno)


def run(cli, names, is_full, work, report):
    emulator = moto(work, HERE / "paged_moto.py")
    proxy = FaultyProxy(emulator.endpoint)
    try:
        account = Account(emulator.endpoint)
        account.fill()
        report(f"an account with {EVENTS:,} log events is there")
        setup = Setup(account, CommandLine(cli, proxy.url, work), proxy, is_full)
        for name in names:
            for case in cases(importlib.import_module(f"cases.{name}")):
                proxy.clear()
                report.show(lambda: case(setup), case.__name__)
    finally:
        proxy.close()
        emulator.stop()


if __name__ == "__main__":
    every = sorted(path.stem for path in (HERE / "cases").glob("*.py"))
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--cli", required=True, help="the statuswatch command")
    arguments.add_argument("--full", action="store_true", help="the command is optimised: measure it, too")
    arguments.add_argument("names", nargs="*", help=f"modules of cases: {', '.join(every)} [default: all]")
    given = arguments.parse_args()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(f"account: ended by {signal.Signals(number).name}"))
    report = Report("account")
    try:
        with tempfile.TemporaryDirectory(prefix="statuswatch-account-") as scratch:
            run(given.cli, given.names or every, given.full, scratch, report)
    except Exception as fault:
        traceback.print_exc()
        sys.exit(f"\naccount FAILED while {report.doing}:\n{fault}")
