"""The end-to-end run: the real binary in an emulated AWS, applied by Terraform and by CloudFormation, with a fake Slack.

In: the package and the CLI, built. Out: a line for each thing shown, with its time; exit code 1 with
the reason at the first that does not hold. It relies on the contract in infra/FUNCTION.md only: what the
function reads and answers, what the CLI takes, what a message must tell.
"""

import argparse
import signal
import sys
import tempfile
import threading
import traceback
from pathlib import Path

import scenarios
from cloudformation import CloudFormation
from fake_slack import FakeSlack
from fake_web_api import FakeWebApi
from plugged_in import Existing
from processes import ministack, moto
from progress import Report
from shared_incident import SharedIncident
from stack import Stack
from terraform import Terraform
from thread import IncidentInAThread

# Follow-ups that a tick finds due, and an end that the run can wait for, but that comes later than the next error also
# on a busy machine.
SCHEDULE = {"follow_ups": "15s", "quiet_seconds": 100}
# With one incident and no error after it, the end may come soon.
SHORT = {"follow_ups": "15s", "quiet_seconds": 20}
MARKER = "MARKER0THAT0MUST0BE0NOWHERE"
BOT_TOKEN = f"xoxb-1-2-{MARKER}"
BOT_TOKEN_PARAMETER = "/e2e/bot-token"
WEBHOOK_PARAMETER = "/e2e/webhook"
CHANNEL = "C0123456789"


def whole_run(package, cli, work, report):
    slack, api = FakeSlack(), FakeWebApi(BOT_TOKEN, CHANNEL)
    webhook = f"http://127.0.0.1:{slack.port}/services/T000/B000/{MARKER}"
    emulator = ministack(work)
    stack = Stack(emulator.endpoint)
    try:
        before = stack.leftovers()
        # By the environment, so that the URL stands in no command line.
        terraform = Terraform(work, emulator.endpoint, environment={"TF_VAR_webhook_url": webhook})
        report("emulator and fake Slack are up, Terraform is initialised")

        report.doing = "applying examples/rest-api"
        terraform.apply(package_path=package, **SCHEDULE)
        stack.use(terraform.outputs())
        resources = terraform.resources()
        report(f"applied examples/rest-api: {len(resources)} resources")
        print("\n".join(f"      {address}" for address in resources))

        run = scenarios.Run(stack, slack, cli, webhook, work)
        incident = SharedIncident(stack, slack, emulator, Path(work) / "throttle")
        for scenario in (
            run.formats_and_pattern_hold_before_our_own_tools,
            run.errors_of_every_kind_are_told_in_one_message,
            run.alarm_is_told_once,
            run.recovery_is_told_once,
            run.metrics_are_those_that_alarms_and_dashboard_look_at,
            incident.burst_is_one_incident_for_two_containers,
            incident.refused_message_stays_in_the_table_and_is_posted_by_a_tick,
            incident.throttling_table_keeps_no_error_from_slack,
            incident.end_is_posted_with_the_sum_of_all,
            run.ledger_balances,
        ):
            report.show(scenario)
        items = stack.items()

        report.doing = "switching to a bot token"
        stack.put_secret_parameter(BOT_TOKEN_PARAMETER, BOT_TOKEN)
        place = {"bot_token_parameter_name": BOT_TOKEN_PARAMETER, "slack_channel": CHANNEL, "slack_api_url": api.url}
        terraform.apply(package_path=package, **SHORT, **place)
        stack.use(terraform.outputs())
        since = len(slack.bodies())
        report("applied a bot token instead of the webhook")
        thread = IncidentInAThread(stack, api)
        for scenario in (
            thread.incident_opens_one_thread_with_its_lines_and_the_alarm,
            thread.new_group_is_told_in_the_thread_and_summed_up_in_the_parent,
            thread.end_turns_the_parent_green_and_is_shown_in_the_channel,
            run.ledger_balances,
        ):
            report.show(scenario)
        assert len(slack.bodies()) == since, "the webhook was used beside the bot token"
        items += stack.items()
        logs_with_token = "\n".join(stack.function_log("lines") + stack.function_log("alarms"))
        assert MARKER not in logs_with_token, "the bot token is in the functions' logs"

        report.doing = "switching to state = memory"
        scenarios.table_goes_last(terraform.apply(package_path=package, state="memory"))
        stack.use(terraform.outputs())
        stack.delete_parameter(BOT_TOKEN_PARAMETER)
        report("applied state = memory and the webhook again: the functions changed before the table went")
        for scenario in (
            run.refused_batch_goes_to_the_queue_and_from_there_to_slack,
            run.storm_is_told_to_the_last_line_by_the_tick,
            run.ledger_balances,
        ):
            report.show(scenario)

        report.doing = "switching to the stream, and back to the table"
        switched = {"package_path": package, "ingest": "kinesis", "alarm_source": "function"}
        seen = watch_filters(stack, lambda: terraform.apply(**switched))
        assert all(seen), f"the access log had no subscription filter at some moment: {seen}"
        stack.use(terraform.outputs())
        report(f"applied ingest = kinesis, alarm_source = function, state = table: never without a filter, asked {len(seen)} times")
        for scenario in (
            run.errors_through_the_stream_are_told,
            run.alarm_on_the_function_s_count_is_told,
            run.ledger_balances,
        ):
            report.show(scenario)

        report.doing = "looking for webhook and bot token where they must not be"
        nowhere = {
            "Terraform's state": terraform.kept().decode(),
            "the functions' logs": "\n".join(stack.function_log("lines") + stack.function_log("alarms")),
            "the functions' settings": f"{stack.function_settings('lines')}{stack.function_settings('alarms')}",
            "the failure queue": f"{run.seen_failures}",
            "the state table": f"{items + stack.items()}",
            "the CLI's output": run.cli_output,
        }
        for place, text in nowhere.items():
            assert text and MARKER not in text, f"webhook or bot token is in {place}, or {place} could not be read"
        report(f"webhook and bot token are not in {', '.join(nowhere)}")
        faults = [line for line in emulator.log().splitlines() if "E2E-FAULT" in line]
        assert not faults, f"the emulator could not deliver: {faults[:3]}"

        report.doing = "switching between the kinds of permission"
        report(scenarios.permission_never_missing(Terraform(work, emulator.endpoint, "."), package))

        report.doing = "destroying"
        terraform.destroy(**switched)
        left = {kind: names for kind, names in stack.leftovers().items() if names != before.get(kind)}
        assert not left, f"left over after destroy: {left}"
        report("destroyed, nothing is left")

        report.doing = "deploying the CloudFormation template"
        stack.put_secret_parameter(WEBHOOK_PARAMETER, webhook)
        template = CloudFormation(emulator.endpoint, "orders")
        template.deploy(package, WebhookParameterName=WEBHOOK_PARAMETER)
        stack.use(template.outputs())
        report("deployed infra/cloudformation/statuswatch.yaml")
        report.show(run.same_lines_make_the_same_first_message)
        template.delete()
        stack.delete_parameter(WEBHOOK_PARAMETER)
        # The emulator writes the log of an invocation that ends late after the stack is gone, into a group made anew.
        for group in stack.leftovers().get("log groups", []):
            if group.startswith("/aws/lambda/orders-"):
                stack.delete_log_group(group)
        left = {kind: names for kind, names in stack.leftovers().items() if names != before.get(kind)}
        assert not left, f"left over after the stack's end: {left}"
        report("deleted the stack, nothing is left")
    except Exception:
        print(f"--- the emulator's last words\n{emulator.log()[-3000:]}")
        for role in ("lines", "alarms"):
            print(f"--- the last words of the function for {role}\n{stack.last_words(role)}")
        raise
    finally:
        emulator.stop()
        slack.close()
        api.close()


def watch_filters(stack, act):
    """What filters the access log had, asked all the time while `act` runs."""
    seen, done = [], threading.Event()

    def watch():
        while not done.is_set():
            seen.append(stack.subscription_filters())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        act()
    finally:
        done.set()
        watcher.join()
    return seen


def second_plan_is_empty(package, work, report):
    emulator = moto(work)
    report.doing = "planning a second time"
    try:
        environment = {"TF_VAR_webhook_url": f"https://hooks.slack.com/services/T000/B000/{MARKER}"}
        terraform = Terraform(work, emulator.endpoint, environment=environment)
        terraform.apply(package_path=package)
        changes = terraform.changes(package_path=package)
        assert not changes, f"a second plan is not empty: {changes}"
        report("applied examples/rest-api to moto: a second plan is empty")
        terraform.destroy(package_path=package)
        report("destroyed")

        report.doing = "plugging in what exists"
        existing = Existing(emulator.endpoint)
        variables = existing.variables() | {"package_path": package}
        terraform = Terraform(work, emulator.endpoint, ".", environment=environment)
        terraform.apply(**variables)
        report.show(existing.shown, "what exists is plugged in")
        changes = terraform.changes(**variables)
        assert not changes, f"a second plan is not empty: {changes}"
        terraform.destroy(**variables)
        report("a second plan is empty; destroyed")
    finally:
        emulator.stop()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--package", required=True, help="zip that holds bootstrap")
    arguments.add_argument("--cli", required=True, help="the statuswatch command")
    arguments.add_argument("--second-plan", action="store_true", help="only: apply to moto, plan again, expect nothing")
    given = arguments.parse_args()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(f"e2e: ended by {signal.Signals(number).name}"))
    report = Report()
    try:
        with tempfile.TemporaryDirectory(prefix="statuswatch-e2e-") as scratch:
            if given.second_plan:
                second_plan_is_empty(given.package, scratch, report)
            else:
                whole_run(given.package, given.cli, scratch, report)
    except Exception as fault:
        traceback.print_exc()
        sys.exit(f"\ne2e FAILED while {report.doing}:\n{fault}")
