"""What the run shows of an incident in the state table, which all containers share: from a burst to its end.

In: an applied stack with `state = "table"`, and an incident that is open. Out: a few words on what was seen.
The order matters: each goes on where the one before ended, and the end has the sum of all.
"""

from concurrent.futures import ThreadPoolExecutor

import lines
from processes import wait_until
from scenarios import AGE_SECONDS, tells, text_of

BURST = 40
# Messages in which a burst may be posted: far fewer than its deliveries, however its follow-ups fall.
BURST_MESSAGES = 4


class SharedIncident:
    def __init__(self, stack, slack, emulator, throttle):
        """`throttle` is the file at whose sight the emulator's DynamoDB throttles."""
        self._stack = stack
        self._slack = slack
        self._emulator = emulator
        self._throttle = throttle
        self._alone = 0

    def burst_is_one_incident_for_two_containers(self):
        since, before = len(self._slack.bodies()), self._sum("Matched")
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda number: self._put(f"e2e-burst-{number}-502", 502), range(BURST)))
        self._wait_for_matched(before + BURST)
        containers = self._emulator.log().count("environment spawned for orders-lines")
        assert containers >= 2, f"{containers} container handled the burst: it shows nothing of two"
        self._slack.wait_for(tells(f"{before + BURST} errors"), since)
        messages = len(self._slack.bodies()) - since
        assert messages <= BURST_MESSAGES, f"{BURST} deliveries made {messages} messages"
        wait_until(lambda: self._sum("Released") == self._sum("Pending"), "the ledger of the follow-up")
        ticks = [ledger for ledger in self._stack.ledgers("lines") if ledger["Received"] == 0 and ledger["Released"] > 0]
        assert ticks, "no follow-up was posted by a tick"
        return f"{BURST} deliveries to {containers} containers, in {messages} messages, the last follow-up by a tick"

    def refused_message_stays_in_the_table_and_is_posted_by_a_tick(self):
        since, refused, before = len(self._slack.bodies()), self._slack.refused(), self._sum("Matched")
        self._slack.refuse(403, "invalid_token")
        self._put("e2e-kept-503", 503, "/kept")
        self._wait_for_matched(before + 1)
        wait_until(lambda: self._slack.refused() > refused, "a post that Slack refuses")
        assert not self._stack.failures(), "the delivery is in the failure queue, though the table has it"
        wait_until(lambda: self._stack.alarm_state("-watch-lines-refused") == "ALARM", "the alarm on what Slack refuses")
        self._slack.accept()
        self._slack.wait_for(tells("e2e-kept-503"), since)
        counted = self._sum("Refused")
        return f"refused {self._slack.refused() - refused} times, {counted} in ledgers, the alarm on it raised, never given back to Lambda"

    def throttling_table_keeps_no_error_from_slack(self):
        since, errors, before = len(self._slack.bodies()), self._sum("StoreErrors"), self._sum("Matched")
        self._throttle.touch()
        self._put("e2e-alone-504", 504, "/alone")
        self._slack.wait_for(tells("e2e-alone-504"), since)
        self._wait_for_matched(before + 1)
        self._alone += 1
        wait_until(lambda: self._stack.alarm_state("-watch-lines-store-errors") == "ALARM", "the alarm on the table's errors")
        self._throttle.unlink()
        # The incident goes on.
        self._put("e2e-after-502", 502)
        self._wait_for_matched(before + 2)
        return f"posted at once, {self._sum('StoreErrors') - errors} errors of the table counted, the alarm on them raised"

    def end_is_posted_with_the_sum_of_all(self):
        total = self._sum("Matched") - self._alone
        name = self._stack.alarm_names["metric_filter"]

        def recovered():
            self._stack.put(lines.rest_json("e2e-good", 200))
            return self._stack.alarm_state(name) == "OK"

        wait_until(recovered, "the alarm's recovery, before which nothing is over")
        body = self._slack.wait_for(tells("Over", f"{total} errors"), 0)
        assert self._stack.log_group in text_of(body), f"the log group is not named: {text_of(body)}"
        assert len([other for other in self._slack.bodies() if tells("Over", f"{total} errors")(other)]) == 1
        wait_until(lambda: self._stack.entries() == 0, "a journal without entries")
        assert self._sum("Failed") == 0
        assert self._sum("Pending") == self._sum("Released"), "not all that was deferred has been posted"
        return f"{total} errors, and nothing is left to be posted"

    def _put(self, request_id, status, path="/orders"):
        self._stack.put(lines.rest_json(request_id, status, path), age_seconds=AGE_SECONDS)

    def _sum(self, name):
        return sum(ledger[name] for ledger in self._stack.ledgers("lines"))

    def _wait_for_matched(self, count):
        wait_until(lambda: self._sum("Matched") >= count, f"ledgers with {count} matched lines")
        assert self._sum("Matched") == count, f"{self._sum('Matched')} lines were matched, not {count}"
