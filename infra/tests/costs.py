"""Holds the tables of README.md, "What it costs", to what the module plans and to their own arithmetic.

In: plans of the defaults and of many `apis`. Out: a sentence for each fault. The prices are the README's assumptions, and
stand here a second time. Nothing here says what AWS charges.
"""

import re
from pathlib import Path

README = Path(__file__).resolve().parents[1] / "README.md"
LEDGER = README.parents[1] / "src/ledger.rs"
CALL, GB_SECOND, LOG_GB = 0.20 / 1_000_000, 0.0000166667, 0.50
METRIC, ALARM = 0.30, 0.10
# Requests a month in millions, and the lines that are assumed in one delivery.
TRAFFIC = {1: 2, 100: 10, 1000: 50}
TICKS = 43_200


def function_metrics():
    """How many metrics one function publishes."""
    text = LEDGER.read_text().partition("#[cfg(test)]")[0]
    names = re.findall(r'^    \w+: "([A-Z]\w+)",$', text, re.MULTILINE)
    names += re.findall(r'\("([A-Z]\w+)", (?:measures\.|"Milliseconds")', text)
    return len(set(names))


def alarm_metrics(document):
    """How many metrics the alarms of a plan look at."""
    alarms = [change["change"]["after"] for change in document["resource_changes"] if change["type"] == "aws_cloudwatch_metric_alarm"]
    return sum(sum(bool(query["metric"]) for query in alarm["metric_query"]) or 1 for alarm in alarms)


def of_calls(number):
    """Calls, time and log of so many invocations of 50 ms and 128 MB, with 2 KB of log each."""
    return [number * CALL, number * 0.05 * 0.125 * GB_SECOND, number * 2 / 1_000_000 * LOG_GB]


def rows(metrics, alarms, alarms_of_one, alarms_of_an_api):
    """The numbers of each row, by the row's first cell: of the first table, and of the second."""
    calls = [of_calls(millions * 1_000_000 / lines) for millions, lines in TRAFFIC.items()]
    tick = sum(of_calls(TICKS))
    fixed = [tick, (metrics + 1) * METRIC, alarms * ALARM]
    first = dict(zip(["calls of the function", "time of the function", "the function's log"], zip(*calls)))
    first |= {name: [value] * 3 for name, value in zip(["tick", "metrics", "alarms"], fixed)}
    first["together, without the table"] = [sum(call) + sum(fixed) for call in calls]

    work = 30 * sum(calls[0])
    one = [work, tick, (metrics + 30) * METRIC, (alarms_of_one + 30 * alarms_of_an_api) * ALARM]
    many = [work, *(30 * value for value in fixed)]
    names = ["calls, time and log of the function", "tick", "metrics", "alarms"]
    second = {name: list(pair) for name, pair in zip(names, zip(many, one))}
    second["together, without the table"] = [sum(many), sum(one)]
    return first, second


def faults(defaults, apis, number_of_apis):
    section = README.read_text().partition("## What it costs")[2].partition("\n## ")[0]
    metrics, alarms = function_metrics(), alarm_metrics(defaults)
    # An instance with rows alone has no metric filter and no access log of its own: one alarm and one subscription less.
    of_an_api = 3
    of_one = alarm_metrics(apis) - number_of_apis * of_an_api
    if metrics < 20:
        yield f"only {metrics} metrics were read in {LEDGER.name}: has it changed its form?"
    for text in (
        f"({metrics} of the function + 1 of the metric filter)", f"{alarms} metrics that alarms look at",
        f"30 × {metrics + 1} × 0.30", f"({metrics} + 30) × 0.30", f"30 × {alarms} × 0.10", f"({of_one} + 30 × {of_an_api}) × 0.10",
    ):  # fmt: skip
        if text not in section:
            yield f"README.md, What it costs, does not say {text!r}"
    first, second = rows(metrics, alarms, of_one, of_an_api)
    tables = section.partition("30 APIs of 1 million requests")
    for table, wanted in ((tables[0], first), (tables[2], second)):
        for name, values in wanted.items():
            row = re.search(rf"^\| {re.escape(name)} \|(.*)\|$", table, re.MULTILINE)
            said = [cell.strip() for cell in row[1].split("|")] if row else []
            if not all(f"{value:.2f}" in said for value in values):
                yield f"README.md, What it costs: {name}: {said}, and it is {[f'{value:.2f}' for value in values]}"

    # What both have for each million requests of each API at ten lines in a delivery, and what they have besides.
    per_million = 30 * sum(of_calls(1_000_000 / 10))
    work = second["calls, time and log of the function"][0]
    many, one = (total - work for total in second["together, without the table"])
    share = (one + work) / (many + work)
    third = (many - 3 * one) / 2 / per_million
    at_100 = (one + 100 * per_million) / (many + 100 * per_million)
    for text in (f"{share:.0%}".replace("%", " %"), f"up to about {third:.0f} million", f"at 100 million it is {at_100:.0%}".replace("%", " %")):
        if text not in section:
            yield f"README.md, What it costs, does not say {text!r}"
