"""What the run shows with a bot token: the life of an incident's first message, from its opening to its end, with the
alarm in its thread.

In: a stack that was applied with the bot token, and nothing open. Out: a few words on what was seen.
"""

import lines
from processes import wait_until
from scenarios import AGE_SECONDS, text_of

GREEN = "good"


class IncidentInAThread:
    def __init__(self, stack, api):
        self._stack = stack
        self._api = api

    def incident_opens_one_thread_with_its_lines_and_the_alarm(self):
        self._stack.put(lines.rest_json("e2e-thread-502", 502), lines.rest_json("e2e-thread-503", 503), age_seconds=AGE_SECONDS)
        name = self._stack.alarm_names["metric_filter"]
        self._api.wait_for(lambda: self._thread("e2e-thread-502") and self._thread("ALARM", name), "lines and alarm in a thread")
        self._api.wait_for(lambda: "in ALARM since" in self._parent_now(), "a parent that names the alarm")
        self._api.wait_for(lambda: "2 errors" in self._parent_now(), "a parent with figures")
        assert self._stack.log_group in self._parent_now(), f"the log group is not named: {self._parent_now()}"
        return f"a parent and {len(self._api.posts()) - 1} replies, whichever came first"

    def new_group_is_told_in_the_thread_and_summed_up_in_the_parent(self):
        self._stack.put(lines.rest_json("e2e-thread-504", 504, "/slow"), age_seconds=AGE_SECONDS)
        [reply] = self._api.wait_for(lambda: self._thread("e2e-thread-504"), "the new group in the thread")
        assert "reply_broadcast" not in reply, f"a new group wakes nobody: {reply}"
        self._api.wait_for(lambda: "3 errors" in self._parent_now(), "a parent with the sum")
        return "a quiet reply, and three errors in the parent"

    def end_turns_the_parent_green_and_is_shown_in_the_channel(self):
        name = self._stack.alarm_names["metric_filter"]

        def recovered():
            self._stack.put(lines.rest_json("e2e-good", 200))
            return self._thread("OK again", name)

        wait_until(recovered, "the alarm's recovery in the thread")
        [over] = self._api.wait_for(lambda: self._thread("Over", "3 errors"), "the end in the thread")
        self._api.wait_for(lambda: self._colors()[-1] == GREEN, f"a green parent, not {self._colors()}")
        assert over.get("reply_broadcast") is True, f"the end is not shown in the channel: {over}"
        assert self._colors()[0] != GREEN, "the parent was green before"
        assert "in ALARM since" not in self._parent_now() and "3 errors" in self._parent_now(), self._parent_now()
        posts, refused = self._api.posts(), self._api.refused()
        assert [post for post in posts if "thread_ts" not in post] == posts[:1], f"there is a second parent: {posts}"
        assert not refused, f"the Web API refused {refused}"
        wait_until(lambda: self._stack.entries() == 0, "a journal without entries")
        return f"{len(posts)} messages, {len(self._api.updates(posts[0]['ts']))} updates, none refused, one parent"

    def _forms(self):
        """The parent as it was posted, and each time as it was updated."""
        return self._api.posts()[:1] + self._api.updates(self._api.posts()[0]["ts"]) if self._api.posts() else []

    def _parent_now(self):
        return text_of(self._forms()[-1]) if self._forms() else ""

    def _colors(self):
        return [form["attachments"][0]["color"] for form in self._forms() if form.get("attachments")]

    def _thread(self, *words):
        """The replies that tell all of this."""
        replies = [post for post in self._api.posts() if "thread_ts" in post]
        return [reply for reply in replies if all(word in text_of(reply) for word in words)]
