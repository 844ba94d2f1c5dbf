"""What the run shows, one after the other: each puts something in and asserts what came out.

In: an applied stack, the fake Slack, the CLI. Out: a few words on what was seen.
Slack's messages are looked at for what they must tell: lines, names, numbers. Not for wording.
"""

import json
import subprocess
from pathlib import Path

import lines
from processes import PATIENCE_SECONDS, aws_free_environment, wait_until

ZERO_WIDTH_SPACE = "\u200b"
# An error that old leaves the alarm's one-minute window soon, and is not yet told as old news.
AGE_SECONDS = 40


def text_of(body):
    """All text of a message, as one reads it."""
    return json.dumps(body, ensure_ascii=False).replace(ZERO_WIDTH_SPACE, "").replace("\\u200b", "")


def heading(body):
    """The parts of a message's heading but for its time."""
    return [part for part in body["text"].split(" · ") if not part.endswith("UTC")]


def shown(body):
    """The log lines that a message shows, as they stand there."""
    if isinstance(body, list):
        return [line for part in body for line in shown(part)]
    if not isinstance(body, dict):
        return []
    if body.get("type") == "rich_text_preformatted":
        return "".join(element["text"] for element in body["elements"]).split("\n")
    return [line for part in body.values() for line in shown(part)]


def tells(*words):
    return lambda body: all(word in text_of(body) for word in words)


class Run:
    def __init__(self, stack, slack, cli, webhook, work):
        self._stack = stack
        self._slack = slack
        self._cli = cli
        self._webhook = webhook
        self._work = Path(work)
        self._balanced = {"lines": 0, "alarms": 0}
        self._first = None
        self.cli_output = ""
        self.seen_failures = []

    def errors_of_every_kind_are_told_in_one_message(self):
        wrong = {
            "e2e-rest-502": lines.rest_json("e2e-rest-502", 502),
            "e2e-http-404": lines.http_json("e2e-http-404", 404),
            "e2e-broken-504": lines.broken_json("e2e-broken-504", 504),
            "e2e-clf-500": lines.clf("e2e-clf-500", 500),
            "e2e-csv-403": lines.csv("e2e-csv-403", 403),
            "e2e-xml-429": lines.xml("e2e-xml-429", 429),
            "e2e-ours-504": self._recommended("rest", "e2e-ours-504", 504, httpMethod="POST", resourcePath="/ours/{id}"),
            "e2e-ours-429": self._recommended("http", "e2e-ours-429", 429, httpMethod="PUT", routeKey="PUT /ours"),
        }
        good = {
            "e2e-rest-200": lines.rest_json("e2e-rest-200", 200),
            "e2e-clf-304": lines.clf("e2e-clf-304", 304),
        }
        self._stack.put(*wrong.values(), *good.values(), "this is no access log", age_seconds=AGE_SECONDS)
        body = self._slack.wait_for(tells("e2e-rest-502"), 0)
        self._first = ([*wrong.values(), *good.values(), "this is no access log"], body)
        text = text_of(body)
        assert all(request in text for request in wrong), f"an error is missing: {text}"
        assert not any(request in text for request in good), f"a good line is told: {text}"
        assert self._stack.log_group in text, f"the log group is not named: {text}"
        # The line itself holds the one in two pieces and the other once.
        assert "POST /ours/{id}" in text and text.count("PUT /ours") > 1, f"no route of the recommended formats: {text}"
        assert len([other for other in self._slack.bodies() if tells("e2e-rest-502")(other)]) == 1

        [ledger] = wait_until(lambda: self._with_lines(), "the ledger of the first delivery")
        expected = {
            "Received": 11, "Ok": 2, "Unreadable": 1, "Matched": 8, "Salvaged": 1,
            "ClientErrors": 4, "ServerErrors": 4, "Failed": 0,
        }  # fmt: skip
        found = {name: ledger[name] for name in expected}
        assert found == expected, f"the ledger says {found}, not {expected}"
        # It was posted by the same invocation, or by a tick that came between the table and Slack.
        wait_until(lambda: sum(ledger["Shown"] for ledger in self._stack.ledgers("lines")) == 8, "eight lines shown")
        assert sum(ledger["Posted"] for ledger in self._stack.ledgers("lines")) == 1
        return "eight errors of eight kinds, in one message"

    def same_lines_make_the_same_first_message(self):
        """In another stack under the same name: heading and lines are equal, times and ids are its own."""
        lines_put, first = self._first
        since = len(self._slack.bodies())
        self._stack.put(*lines_put, age_seconds=AGE_SECONDS)
        # Not the notice of the alarm, which may show the same lines.
        body = self._slack.wait_for(lambda body: body["text"].startswith("8 errors"), since)
        assert heading(body) == heading(first), f"another heading: {heading(body)}, not {heading(first)}"
        assert shown(body) == shown(first) and len(shown(first)) == 8, f"other lines: {shown(body)}, not {shown(first)}"
        return f"{heading(body)[0]}, as with Terraform"

    def alarm_is_told_once(self):
        name = self._stack.alarm_names["metric_filter"]
        self._slack.wait_for(tells("ALARM", name), 0)
        # The topic's way and the direct way: one is told, the other is rightly silent.
        self._wait_for_alarms(told=1, silent=1)
        [body] = [body for body in self._slack.bodies() if tells(name)(body)]
        place = f"source~(~'{self._stack.log_group.replace('/', '*2f')}))|Logs Insights>"
        assert place in text_of(body), f"no link to Logs Insights on the access log: {text_of(body)}"
        return "by topic and by direct action, told once, with a link to the log group"

    def metrics_are_those_that_alarms_and_dashboard_look_at(self):
        ledgers = self._stack.ledgers("lines") + self._stack.ledgers("alarms")
        directives = [directive for ledger in ledgers for directive in ledger["_aws"]["CloudWatchMetrics"]]
        published = {metric["Name"] for directive in directives for metric in directive["Metrics"]}
        assert {directive["Namespace"] for directive in directives} == {"Statuswatch"}
        assert ["FunctionName"] in directives[0]["Dimensions"]
        watched = self._stack.watched_metrics()
        drawn = self._stack.dashboard_metrics()
        assert watched and drawn, "no alarm and no graph looks at the function's metrics"
        missing = (watched | drawn) - published
        assert not missing, f"alarms or dashboard look at metrics that the function does not publish: {missing}"
        return f"{len(watched)} watched, {len(drawn)} drawn, {len(published)} published"

    def formats_and_pattern_hold_before_our_own_tools(self):
        """The recommended formats and the pattern for errors only, judged by the CLI."""
        for kind in ("rest", "http"):
            self._command("lint-format", "-", standard_input=self._stack.output(f"access_log_format_{kind}"))
        wrong = [lines.rest_json("a", 502), lines.http_json("b", 404), lines.broken_json("c", 504)]
        wrong += [self._recommended(kind, kind, 503) for kind in ("rest", "http")]
        good = [lines.rest_json("d", 200), lines.http_json("e", 304)]
        kept = self._work / "lines.txt"
        kept.write_text("\n".join([*wrong, *good]) + "\n")
        matched = self._command("match", self._stack.output("errors_only_filter_pattern"), str(kept))
        assert matched.splitlines() == wrong, f"the pattern for errors only selects {matched}"
        return f"two formats, {len(wrong)} lines of {len(wrong) + len(good)}"

    def refused_batch_goes_to_the_queue_and_from_there_to_slack(self):
        refused = self._slack.refused()
        self._slack.refuse(403, "invalid_token")
        self._stack.put(lines.rest_json("e2e-refused-503", 503), age_seconds=AGE_SECONDS)
        [(failed, receipt)] = wait_until(self._stack.failures, "the refused delivery in the failure queue")
        self._slack.accept()
        self.seen_failures.append(failed)
        record = json.loads(failed)
        assert "awslogs" in record["requestPayload"], f"the record does not hold the delivery: {failed[:300]}"
        refused = self._slack.refused() - refused
        assert refused >= 3, "Lambda was to try three times"
        assert not any(tells("e2e-refused-503")(body) for body in self._slack.bodies())

        # What `aws sqs receive-message` prints, as infra/README.md has it saved.
        kept = self._work / "failures.json"
        kept.write_text(json.dumps({"Messages": [{"ReceiptHandle": receipt, "Body": failed}]}, indent=4))
        since = len(self._slack.bodies())
        self._command("replay", "--deliver", str(kept))
        self._slack.wait_for(tells("e2e-refused-503"), since)
        self._stack.delete_failure(receipt)
        return f"refused {refused} times, then posted from the queue's message"

    def recovery_is_told_once(self):
        name = self._stack.alarm_names["metric_filter"]
        since = len(self._slack.bodies())

        def recovered():
            self._stack.put(lines.rest_json("e2e-good", 200))
            return [body for body in self._slack.bodies()[since:] if tells(name)(body)]

        [body] = wait_until(recovered, "the alarm's recovery in Slack")
        assert "OK" in text_of(body), f"this is no recovery: {text_of(body)}"
        self._wait_for_alarms(told=2, silent=2)
        return "by topic and by direct action, told once"

    def storm_is_told_to_the_last_line_by_the_tick(self):
        """More deliveries than the burst allows: the rest is deferred, and only the tick can post it."""
        since = len(self._stack.ledgers("lines"))
        for batches in range(1, 41):
            handled = len(self._with_lines())
            self._stack.put(lines.rest_json(f"e2e-storm-{batches}-500", 500), age_seconds=AGE_SECONDS)
            wait_until(lambda: len(self._with_lines()) > handled, "the ledger of a delivery in the storm")
            # From here on nothing comes that could carry these lines along.
            if self._with_lines()[-1]["Pending"] >= 3:
                break
        else:
            raise AssertionError(f"{batches} deliveries and nothing was deferred: this was no storm")

        def told():
            after = self._stack.ledgers("lines")[since:]
            return sum(ledger["Shown"] + ledger["Counted"] for ledger in after) == batches and after

        after = wait_until(told, f"all {batches} lines of the storm in Slack's messages")
        ticks = [ledger for ledger in after if ledger["Received"] == 0]
        assert any(ledger["Shown"] + ledger["Counted"] > 0 for ledger in ticks), "no tick posted what was deferred"
        return f"{batches} deliveries, the last lines by one of {len(ticks)} ticks"

    def errors_through_the_stream_are_told(self):
        since = len(self._slack.bodies())
        self._stack.put(lines.rest_json("e2e-stream-502", 502), lines.rest_json("e2e-stream-200", 200))
        body = self._slack.wait_for(tells("e2e-stream-502"), since)
        assert "e2e-stream-200" not in text_of(body)
        return "one error through CloudWatch Logs, stream and mapping"

    def alarm_on_the_function_s_count_is_told(self):
        name = self._stack.alarm_names["function"]
        self._slack.wait_for(tells("ALARM", name), 0)
        return "from the metric in the function's log line"

    def ledger_balances(self):
        """Every line received since the last time is accounted for, in each invocation and over all of them.

        The function for alarms posts what is due, too, before its notice.
        """
        ledgers, of_alarms = (self._new_ledgers(function) for function in ("lines", "alarms"))
        in_table = self._stack.output("state_table_name") is not None
        for ledger in ledgers + of_alarms:
            parts = sum(ledger[name] for name in ("Ok", "Ignored", "Unreadable", "Duplicate", "Matched"))
            assert ledger["Received"] == parts, f"a ledger does not balance: {ledger}"
            fates = sum(ledger[name] for name in ("Shown", "Counted", "Failed", "Pending"))
            assert not in_table or ledger["Matched"] + ledger["Released"] == fates, f"a ledger does not balance: {ledger}"
        matched, shown, counted, failed = (
            sum(ledger[name] for ledger in ledgers + of_alarms) for name in ("Matched", "Shown", "Counted", "Failed")
        )
        assert matched == shown + counted + failed, f"matched {matched}, shown {shown}, counted {counted}, failed {failed}"
        return f"{sum(ledger['Received'] for ledger in ledgers)} lines in {len(ledgers)} invocations"

    def _new_ledgers(self, function):
        """A function's ledgers since the last time."""
        ledgers = self._stack.ledgers(function)[self._balanced[function] :]
        self._balanced[function] += len(ledgers)
        return ledgers

    def _recommended(self, kind, request_id, status, **values):
        """A line in the format that the module recommends for an API of a kind."""
        return lines.filled(self._stack.output(f"access_log_format_{kind}"), request_id, status, **values)

    def _command(self, *arguments, standard_input=None):
        """Runs the CLI with the webhook and nothing else in its environment, and returns what it says."""
        ran = subprocess.run(
            [self._cli, *arguments],
            input=standard_input,
            env=aws_free_environment() | {"SLACK_WEBHOOK_URL": self._webhook},
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )
        self.cli_output += ran.stdout + ran.stderr
        assert ran.returncode == 0, f"statuswatch {arguments[0]} failed: {ran.stdout}\n{ran.stderr}"
        return ran.stdout

    def _with_lines(self):
        return [ledger for ledger in self._stack.ledgers("lines") if ledger["Received"] > 0]

    def _wait_for_alarms(self, told, silent):
        def counts():
            ledgers = self._stack.ledgers("alarms")
            return (sum(ledger["Alarms"] for ledger in ledgers), sum(ledger["Silent"] for ledger in ledgers))

        wait_until(lambda: sum(counts()) >= told + silent, f"{told + silent} alarm events")
        assert counts() == (told, silent), f"told and silent alarm events: {counts()}, not {(told, silent)}"


def table_goes_last(events):
    """The functions no longer use the table before it goes."""
    changed = [at for at, event in enumerate(events) if event[0] == "apply_complete" and "aws_lambda_function." in event[1]]
    goes = [at for at, event in enumerate(events) if event[0] == "apply_start" and "aws_dynamodb_table." in event[1]]
    assert len(changed) == 2 and len(goes) == 1, f"two functions were to change and one table to go: {events}"
    assert max(changed) < goes[0], f"the table went while a function used it: {events}"


def permission_never_missing(terraform, package):
    """From a permission per log group to one for all and back: the new one before the old one goes."""
    groups = [f"/e2e/{number:02}" for number in range(31)]
    of_groups, of_account = "aws_lambda_permission.log_group", "aws_lambda_permission.account"

    variables = {
        "name": "e2e-many",
        "package_path": package,
        "create_log_group": False,
        "log_group_names": groups,
        "webhook_parameter_name": "/none",
    }

    def apply(names):
        return terraform.apply(targets=[of_groups, of_account], **variables | {"log_group_names": names})

    def check(events, gone, come):
        """Every permission that comes is complete before any that goes is begun."""
        # A function on which the permissions depend may come with them.
        events = [event for event in events if "aws_lambda_permission." in event[1]]
        begun = [at for at, event in enumerate(events) if event[0] == "apply_start" and event[2] == "delete"]
        complete = [at for at, event in enumerate(events) if event[0] == "apply_complete" and event[2] == "create"]
        assert begun and all(gone in events[at][1] for at in begun), f"{gone} was to go: {events}"
        assert complete and all(come in events[at][1] for at in complete), f"{come} was to come: {events}"
        assert max(complete) < min(begun), f"{gone} went before {come} was there: {events}"

    apply(groups[:30])
    check(apply(groups), gone=of_groups, come=of_account)
    check(apply(groups[:30]), gone=of_account, come=of_groups)
    terraform.destroy(**variables)
    return "30 log groups, 31, and 30 again: the permission is never missing"
