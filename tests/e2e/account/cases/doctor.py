"""doctor, on a deployment like the module's: healthy, with one fault after the other, and with one permission after the other
missing."""

from contextlib import contextmanager

from fake_slack import FakeSlack
from faulty_proxy import refuse
from watched import Watched, failure_record, function_arn

NAME = "watched"
LINES, ALARMS = f"{NAME}-lines", f"{NAME}-alarms"

LAMBDA = "GET /2015-03-31/functions/"
# Everything that it may call: nothing that changes anything.
READING = {
    f"{LAMBDA}{LINES}/configuration": "lambda:GetFunctionConfiguration",
    f"{LAMBDA}{ALARMS}/configuration": "lambda:GetFunctionConfiguration",
    f"{LAMBDA}{LINES}/policy": "lambda:GetPolicy",
    f"{LAMBDA}{ALARMS}/policy": "lambda:GetPolicy",
    f"GET /2019-09-30/functions/{LINES}/concurrency": "lambda:GetFunctionConcurrency",
    f"GET /2019-09-30/functions/{ALARMS}/concurrency": "lambda:GetFunctionConcurrency",
    f"GET /2019-09-25/functions/{LINES}/event-invoke-config": "lambda:GetFunctionEventInvokeConfig",
    f"GET /2019-09-25/functions/{ALARMS}/event-invoke-config": "lambda:GetFunctionEventInvokeConfig",
    "GET /2015-03-31/event-source-mappings": "lambda:ListEventSourceMappings",
    "DescribeSubscriptionFilters": "logs:DescribeSubscriptionFilters",
    "DescribeMetricFilters": "logs:DescribeMetricFilters",
    "FilterLogEvents": "logs:FilterLogEvents",
    "GetMetricData": "cloudwatch:GetMetricData",
    "DescribeAlarms": "cloudwatch:DescribeAlarms",
    "ListRuleNamesByTarget": "events:ListRuleNamesByTarget",
    "DescribeRule": "events:DescribeRule",
    "ListSubscriptionsByTopic": "sns:ListSubscriptionsByTopic",
    "DescribeTable": "dynamodb:DescribeTable",
    "DescribeTimeToLive": "dynamodb:DescribeTimeToLive",
    "GetQueueUrl": "sqs:GetQueueUrl",
    "GetQueueAttributes": "sqs:GetQueueAttributes",
    "GetParameter": "ssm:GetParameter",
}
ESSENTIAL = f"{LAMBDA}{LINES}/configuration"


@contextmanager
def _deployed(setup):
    slack = FakeSlack()
    deployed = Watched(setup.account, NAME, f"http://127.0.0.1:{slack.port}/services/SECRETPATH")
    try:
        yield deployed, slack
    finally:
        deployed.remove()
        slack.close()


def _findings(setup, *arguments, code):
    """The findings of a run that ends with this exit code and never shows the webhook."""
    ran = setup.cli("doctor", "--function", LINES, "--json", *arguments)
    assert ran.code == code, (ran.code, ran.stdout, ran.stderr)
    assert "SECRETPATH" not in ran.stdout + ran.stderr, "the webhook was shown"
    [report] = ran.documents
    return report["findings"]


def _but_good(findings):
    return [(f["check"], f["subject"], f["verdict"], f["found"]) for f in findings if f["verdict"] != "good"]


def a_healthy_deployment_is_good_throughout_and_is_only_read(setup):
    with _deployed(setup):
        findings = _findings(setup, code=0)
        assert _but_good(findings) == [], _but_good(findings)
        assert set(setup.proxy.calls) == set(READING), set(setup.proxy.calls) ^ set(READING)
        calls = sum(setup.proxy.calls.values())
        for name in (NAME, ALARMS, function_arn(LINES)):
            ran = setup.cli.done("doctor", "--function", name)
            assert ran.stdout.startswith(f"{LINES} ") and "All is well" in ran.stdout, ran.stdout
    return f"{len(findings)} findings by {calls} calls"


def what_is_denied_is_a_warning_that_names_the_permission(setup):
    with _deployed(setup):
        for operation, permission in READING.items():
            setup.proxy.clear()
            setup.proxy.inject(operation, refuse("AccessDeniedException"))
            if operation == ESSENTIAL:
                ran = setup.cli("doctor", "--function", LINES)
                said = f"statuswatch: access denied: these credentials lack the permission {permission}\n"
                assert (ran.code, ran.stderr) == (2, said), (ran.code, ran.stderr)
                continue
            denied = _but_good(_findings(setup, code=0))
            assert denied, f"{operation} was denied, and all is said to be good"
            for _, _, verdict, found in denied:
                assert verdict == "warning" and f"the permission {permission} is missing" in found, (operation, denied)
    return f"{len(set(READING.values()))} permissions"


def what_is_not_there_is_named(setup):
    ran = setup.cli("doctor", "--function", "nothing")
    assert ran.code == 1 and "there is no function nothing in eu-west-1" in ran.stderr, ran
    setup.proxy.inject("GET /2015-03-31/functions/nothing/configuration", refuse("ExpiredTokenException"))
    ran = setup.cli("doctor", "--function", "nothing")
    assert ran.code == 2 and "the AWS credentials have expired" in ran.stderr, ran
    return "no function, expired credentials"


def post_posts_one_test_message_where_the_function_posts(setup):
    with _deployed(setup) as (_, slack):
        _findings(setup, "--post", code=0)
        [body] = slack.bodies()
        assert body["text"].startswith("Test message"), body["text"]
        slack.refuse(404, "no_service")
        ran = setup.cli("doctor", "--function", LINES, "--post")
        assert ran.code == 1 and "--post: " in ran.stderr and len(slack.bodies()) == 1, ran
    return body["text"]


def each_fault_is_found_with_what_to_do(setup):
    """Comes last: the emulator forgets no metric."""
    with _deployed(setup) as (it, slack):
        logs, cloudwatch, events = it.client("logs"), it.client("cloudwatch"), it.client("events")
        source = f"arn:aws:logs:eu-west-1:123456789012:log-group:{it.group}:*"
        webhook = f"http://127.0.0.1:{slack.port}/services/SECRETPATH"

        def unsubscribe():
            it.client("sns").unsubscribe(SubscriptionArn=it.subscription)
            it.alarm([it.topic], [it.topic])

        def subscribe():
            it.subscribe()
            it.alarm()

        faults = [
            ("subscription filter", it.group, "there is none",
             lambda: logs.delete_subscription_filter(logGroupName=it.group, filterName=it.filter_name), it.filter),
            ("subscription filter", it.group, f"none of its 1 points at {LINES}",
             lambda: it.filter(destination=function_arn("statuswatch-lines")), it.filter),
            ("permission", it.group, f"may not call {LINES}",
             lambda: it.forbid(LINES, "logs"), lambda: it.allow(LINES, "logs", "logs.amazonaws.com", source)),
            ("concurrency", LINES, "0 reserved", lambda: it.reserve(0), lambda: it.reserve(2)),
            ("schedule", it.rule, "is disabled", lambda: events.disable_rule(Name=it.rule), lambda: events.enable_rule(Name=it.rule)),
            ("configuration", LINES, "STATUSWATCH_MAX_LINE: there is no such setting",
             lambda: it.environment(LINES, STATUSWATCH_MAX_LINE="5"), lambda: it.environment(LINES)),
            ("webhook", "destination default", f"SSM parameter {it.parameter}: AWS did not give",
             lambda: it.client("ssm").delete_parameter(Name=it.parameter), lambda: it.store(webhook)),
            ("webhook", "destination default", "cannot be used", lambda: it.store("SECRETPATH"), lambda: it.store(webhook)),
            ("failure destination", it.queue, "holds 1 delivery",
             lambda: it.client("sqs").send_message(QueueUrl=it.queue_url, MessageBody=failure_record()),
             lambda: it.client("sqs").purge_queue(QueueUrl=it.queue_url)),
            ("alarm", it.alarm_name, "actions are disabled", lambda: it.alarm(enabled=False), it.alarm),
            ("alarm", it.alarm_name, "stays red", lambda: it.alarm(ok_actions=[]), it.alarm),
            ("alarm", it.alarm_name, "has not subscribed", unsubscribe, subscribe),
            ("alarm", it.alarm_name, "there is no such alarm", lambda: cloudwatch.delete_alarms(AlarmNames=[it.alarm_name]), it.alarm),
            # What is measured or logged stays: these come last.
            ("filter pattern", it.group, "holds back 1 of 1 error line",
             lambda: it.filter("{ $.status >= 400 }"), it.filter),
            ("delivery", it.group, "2 log events could not be delivered in the last hour",
             lambda: it.delivered(DeliveryErrors=2), lambda: None),
            ("ledger", LINES, "does not balance",
             lambda: it.measure("Statuswatch", {"FunctionName": LINES}, Received=5), lambda: None),
            ("slack", ALARMS, "refused 1 post",
             lambda: it.measure("Statuswatch", {"FunctionName": ALARMS}, Refused=1), lambda: None),
            ("invocations", LINES, "gave up 1 event",
             lambda: it.measure("AWS/Lambda", {"FunctionName": LINES}, AsyncEventsDropped=1), lambda: None),
        ]
        for check, subject, said, break_it, mend_it in faults:
            break_it()
            found = [f for f in _findings(setup, code=1) if (f["check"], f["subject"], f["verdict"]) == (check, subject, "bad")]
            assert len(found) == 1 and said in found[0]["found"] and found[0]["fix"], (check, said, found)
            mend_it()
        it.expire(False)
        it.log('{"requestId":"2","status":"504","latency":-,"resourcePath":"/a"}')
        warned = {(f["check"], f["subject"]): f["found"] for f in _findings(setup, code=1) if f["verdict"] == "warning"}
        assert "do not expire" in warned["state table", it.state], warned
        assert "does not see 1 of 2 error lines" in warned["metric filter", it.group], warned
    return f"{len(faults)} faults, and 2 warnings"
