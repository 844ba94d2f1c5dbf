"""replay, backtest and match, from log groups: whole, and when AWS does not answer as one would like."""

import itertools
import signal

from account import CLIENT_ERROR_EVERY, EVENTS, ITEM_EVENTS, ITEMS, ORDERS, OUTAGE_EVENTS, OUTAGES, status
from faulty_proxy import answer, refuse

READING = {"FilterLogEvents", "DescribeLogGroups"}
SERVER_ERRORS = OUTAGES * OUTAGE_EVENTS
ERRORS = sum(status(number)[0] >= 400 for number in range(EVENTS))
ITEM_ERRORS = sum(status(number)[0] >= 400 for number in range(ITEM_EVENTS))


def _ledger(ran):
    """The sum of the ledgers that `replay --json` printed."""
    total = {}
    for document in ran.documents:
        for name, count in document["ledger"].items():
            if isinstance(count, int):
                total[name] = total.get(name, 0) + count
    return total


def _counted(ran):
    total = _ledger(ran)
    return total["received"], total["matched"]


def _names(ran, group, said):
    """That the command failed, and said nothing but this of the log group."""
    assert (ran.code, ran.stderr) == (1, f"statuswatch: {group}: {said}\n"), (ran.code, ran.stderr)


def replay_fetches_a_week_and_what_it_saves_replays_alike(setup):
    fetched = setup.cli.done("replay", "--json", "--log-group", ORDERS, *setup.account.week, "--save", "week.jsonl.zst")
    assert _counted(fetched) == (EVENTS, ERRORS), _counted(fetched)
    assert set(setup.proxy.calls) == {"FilterLogEvents"}, setup.proxy.calls
    requests = setup.proxy.calls["FilterLogEvents"]
    again = setup.cli.done("replay", "--json", "week.jsonl.zst")
    bodies = [[document["messages"] for document in ran.documents] for ran in (fetched, again)]
    assert bodies[0] == bodies[1], "what was saved replays in another way"
    speed = EVENTS / fetched.seconds
    return (
        f"{EVENTS:,} log events by {requests} requests, {speed:,.0f} a second, peak of memory {fetched.peak_mib:.0f} MiB "
        f"({again.peak_mib:.0f} MiB from the file)"
    )


def backtest_takes_all_log_groups_that_a_star_fits(setup):
    ran = setup.cli.done("backtest", "--json", "--log-group", "/aws/apigateway/*", *setup.account.week)
    [found] = ran.documents
    assert found["sources"] == [ITEMS, ORDERS], found["sources"]
    lines = found["lines"]
    assert lines["received"] == EVENTS + ITEM_EVENTS, lines
    assert lines["server_errors"] + lines["client_errors"] == ERRORS + ITEM_ERRORS, lines
    assert set(setup.proxy.calls) == READING, setup.proxy.calls
    return f"{EVENTS + ITEM_EVENTS:,} log events of 2 log groups, peak of memory {ran.peak_mib:.0f} MiB"


def match_prints_the_lines_of_a_day(setup):
    account = setup.account
    day = ["--since", account.time(account.until_ms - 24 * 3_600_000), "--until", account.time(account.until_ms)]
    ran = setup.cli.done("match", "{ $.status = 5* }", "--log-group", ORDERS, *day)
    assert len(ran.stdout.splitlines()) == OUTAGE_EVENTS, len(ran.stdout.splitlines())
    assert '"status":"502"' in ran.stdout
    return f"{OUTAGE_EVENTS} lines"


def replay_goes_on_behind_throttling(setup):
    setup.proxy.inject("FilterLogEvents", refuse("ThrottlingException"), times=3)
    ran = setup.cli.done("replay", "--json", "--log-group", ITEMS, *setup.account.week)
    assert _counted(ran) == (ITEM_EVENTS, ITEM_ERRORS), _counted(ran)
    return "3 requests refused, no log event missed"


def replay_names_the_permission_that_is_missing(setup):
    for group, operation in ((ITEMS, "FilterLogEvents"), ("/aws/*", "DescribeLogGroups")):
        setup.proxy.inject(operation, refuse("AccessDeniedException"))
        ran = setup.cli("replay", "--log-group", group, *setup.account.week)
        _names(ran, group, f"access denied: these credentials lack the permission logs:{operation}")
        setup.proxy.clear()
    return "logs:FilterLogEvents, logs:DescribeLogGroups"


def backtest_says_that_credentials_have_expired(setup):
    setup.proxy.inject("FilterLogEvents", refuse("ExpiredTokenException"), after=2)
    ran = setup.cli("backtest", "--log-group", ORDERS, *setup.account.week)
    said = f"{ORDERS}: the AWS credentials have expired: sign in again (`aws sso login`) or renew them: only what was logged up to"
    assert ran.code == 1 and said in ran.stderr, ran.stderr
    assert "SLACK" in ran.stdout, ran.stdout
    return "what was fetched before is shown"


def replay_uses_what_a_deleted_group_has_given(setup):
    account, group = setup.account, "/aws/apigateway/gone"
    account.log_group(group, ITEM_EVENTS)

    def deleted(_call):
        account.client("logs").delete_log_group(logGroupName=group)

    setup.proxy.inject("FilterLogEvents", deleted, times=1, after=6)
    ran = setup.cli("replay", "--json", "--log-group", group, *account.week)
    said = f"{group}: the log group was deleted while it was read: only what was logged up to"
    assert ran.code == 1 and said in ran.stderr, ran.stderr
    received, _ = _counted(ran)
    assert 0 < received < ITEM_EVENTS, received
    return f"{received:,} of {ITEM_EVENTS:,} log events"


def replay_ends_where_pages_or_a_page_would_not(setup):
    week = ["--log-group", ITEMS, *setup.account.week]
    empty = answer({"events": [], "nextToken": "the same again"})
    setup.proxy.inject("FilterLogEvents", empty)
    said = "CloudWatch Logs names a page as the next one that was read already: its pages would never end"
    _names(setup.cli("replay", *week), ITEMS, said)

    setup.proxy.clear()
    endless = lambda _: (200, {}, itertools.chain([b'{"events":['], itertools.repeat(b" " * 65_536)))
    setup.proxy.inject("FilterLogEvents", endless)
    ran = setup.cli("replay", *week)
    _names(ran, ITEMS, "an answer of CloudWatch Logs cannot be read: is the endpoint the right one?")
    return f"a circle of pages; a page without end, peak of memory {ran.peak_mib:.0f} MiB"


def ctrl_c_ends_pages_without_end(setup):
    """Each page names another: only after very many of them is it given up."""
    token, asked = itertools.count(), []

    def page(call):
        asked.append(call)
        if len(asked) == 8:
            process.send_signal(signal.SIGINT)
        return answer({"events": [], "nextToken": f"{next(token)}"})(call)

    setup.proxy.inject("FilterLogEvents", page, after=4)
    process = setup.cli.start("replay", "--json", "--log-group", ITEMS, *setup.account.week)
    ran = setup.cli.ended(process)
    assert ran.code == 1 and f"{ITEMS}: stopped: only what was logged up to" in ran.stderr, ran.stderr
    received, _ = _counted(ran)
    assert 0 < received < ITEM_EVENTS, received
    return f"{received:,} log events that were there by then are used"
