"""What fetching costs beside the same log events from a file. Only an optimised command line can say."""

import json
from statistics import median

from account import EVENTS, ORDERS

ROUNDS = 3
# Times the CPU seconds that the plain file takes; see section 9 of tests/PROOFS.md.
MOST = 3


def fetching_takes_at_most_three_times_the_cpu_of_a_file(setup):
    if not setup.is_full:
        return "only with full"
    week = ["--log-group", ORDERS, *setup.account.week]
    saved = ["week.jsonl", "week.jsonl.zst"]
    for file in saved:
        setup.cli.done("replay", "--json", *week, "--save", file)
    # What is fetched, byte for byte as nearly as boto3 gives it: the pages of FilterLogEvents.
    pages = setup.account.client("logs").get_paginator("filter_log_events").paginate(logGroupName=ORDERS)
    with open(setup.cli.work / "week-pages.json", "w") as file:
        for page in pages:
            del page["ResponseMetadata"]
            file.write(json.dumps(page) + "\n")
    files = [*saved, "week-pages.json"]
    said = []
    for command in (["replay", "--json"], ["backtest", "--json"]):
        seconds = {}
        # In turns, so that whatever else the machine does meets all alike.
        for _ in range(ROUNDS):
            for source, arguments in [("fetched", week), *((file, [file]) for file in files)]:
                seconds.setdefault(source, []).append(setup.cli.done(*command, *arguments).cpu_seconds)
        medians = {source: median(all_of_it) for source, all_of_it in seconds.items()}
        said.append(f"{command[0]} {', '.join(f'{source} {each:.2f} s' for source, each in medians.items())}")
        assert medians["fetched"] <= MOST * medians["week.jsonl"], said
    return f"CPU for {EVENTS:,} log events, medians of {ROUNDS}: {'; '.join(said)}"
