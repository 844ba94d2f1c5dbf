"""backtest with the alarm and the metric filter that are deployed, and lint-format on the stages that are."""

from account import ALARM, ITEM_EVENTS, ITEMS, METRIC, PATTERN
from faulty_proxy import refuse


def backtest_tries_the_alarm_that_is_deployed(setup):
    week = ["--log-group", ITEMS, *setup.account.week]
    [found] = setup.cli.done("backtest", "--json", *week, "--alarm-name", ALARM).documents
    assert found["lines"]["received"] == ITEM_EVENTS, found["lines"]
    assert found["blind_spots"]["pattern"] == PATTERN, found["blind_spots"]
    assert found["alarm"]["settings"]["AlarmName"] == ALARM, found["alarm"]["settings"]
    assert set(setup.proxy.calls) == {"DescribeAlarms", "DescribeMetricFilters", "FilterLogEvents"}, setup.proxy.calls
    [other] = setup.cli.done("backtest", "--json", *week, f"--metric-filter={METRIC}").documents
    assert other["blind_spots"]["pattern"] == PATTERN, other["blind_spots"]
    return f"{found['alarm']['notices']} notices of {ALARM!r}"


def backtest_says_why_an_alarm_cannot_be_tried(setup):
    week = ["--log-group", ITEMS, *setup.account.week]
    ran = setup.cli("backtest", *week, "--alarm-name", "no such alarm")
    assert (ran.code, ran.stderr) == (2, 'statuswatch: --alarm-name: there is no alarm "no such alarm" in eu-west-1\n')
    for operation, permission in (("DescribeAlarms", "cloudwatch"), ("DescribeMetricFilters", "logs")):
        setup.proxy.clear()
        setup.proxy.inject(operation, refuse("AccessDeniedException"))
        ran = setup.cli("backtest", *week, "--alarm-name", ALARM)
        said = f"access denied: these credentials lack the permission {permission}:{operation}\n"
        assert ran.code == 2 and ran.stderr.endswith(said), ran.stderr
    return "no such alarm, two permissions"


def backtest_waits_where_the_alarm_is_throttled(setup):
    setup.proxy.inject("DescribeAlarms", refuse("ThrottlingException"), times=2)
    setup.cli.done("backtest", "--json", "--log-group", ITEMS, *setup.account.week, "--alarm-name", ALARM)
    return f"{setup.proxy.calls['DescribeAlarms']} tries"


def lint_format_judges_every_stage_that_is_deployed(setup):
    ran = setup.cli("lint-format", "--live")
    assert (ran.code, ran.stderr) == (1, ""), ran
    for place in ("REST API · stage sound", "REST API · stage unquoted", "HTTP API · stage $default"):
        assert place in ran.stdout, ran.stdout
    silent = ran.stdout.partition("without an access log:\n")[2]
    assert "stage silent" in silent.splitlines()[0], ran.stdout
    assert ran.stdout.endswith("3 formats; 1 would hide errors\n"), ran.stdout[-200:]
    return "4 stages of 2 APIs"
