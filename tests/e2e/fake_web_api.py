"""A fake of Slack's Web API on a loopback port: `chat.postMessage` and `chat.update` of one bot in one channel.

In: what the function sends. Out: `"ok":true` with channel and timestamp, or Slack's own word for what is wrong.
It refuses what Slack refuses: a token, channel, thread or message that there is not, blocks that are none, text beyond
the limits. What it refuses it keeps, since the function is to send nothing of the kind.
"""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from processes import PATIENCE_SECONDS

ARGUMENTS = {
    "channel", "text", "attachments", "thread_ts", "reply_broadcast", "unfurl_links", "unfurl_media", "username",
    "icon_emoji", "parse", "ts",
}  # fmt: skip
# Slack's documented limits.
MAX_TEXT, MAX_UPDATED_TEXT, MAX_BLOCKS, MAX_BLOCK_TEXT, MAX_ELEMENTS = 40_000, 4_000, 50, 3_000, 10
RICH_TEXT = {"rich_text_section", "rich_text_preformatted", "rich_text_list", "rich_text_quote"}


class FakeWebApi:
    def __init__(self, token, channel):
        self._token = token
        self._channel = channel
        self._messages = {}
        self._posts = []
        self._updates = []
        self._refused = []
        self._changed = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/api/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def posts(self):
        """Every message that was posted, in order: the arguments, and the `ts` that it got."""
        with self._changed:
            return list(self._posts)

    def updates(self, ts):
        """Every new form of a message, in order."""
        with self._changed:
            return [update for update in self._updates if update["ts"] == ts]

    def refused(self):
        """Method, word and arguments of all that was refused."""
        with self._changed:
            return list(self._refused)

    def wait_for(self, holds, what):
        """Waits until `holds` is true, and returns what it is."""
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            found = holds()
            if found:
                return found
            with self._changed:
                if not self._changed.wait(timeout=1) and time.monotonic() >= until:
                    seen = "\n".join(json.dumps(post)[:600] for post in self._posts + self._updates) or "nothing"
                    raise AssertionError(f"not within {PATIENCE_SECONDS} s: {what}. The Web API got:\n{seen}")

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def _fault(self, method, authorization, arguments):
        """Slack's word for what is wrong, if anything is."""
        if authorization != f"Bearer {self._token}":
            return "invalid_auth"
        if arguments.get("channel") != self._channel:
            return "channel_not_found"
        if set(arguments) - ARGUMENTS:
            return "invalid_arguments"
        limit = MAX_UPDATED_TEXT if method == "chat.update" else MAX_TEXT
        if not arguments.get("text") or len(arguments["text"]) > limit:
            return "msg_too_long" if arguments.get("text") else "no_text"
        if not all(map(is_attachment, arguments.get("attachments", []))):
            return "invalid_blocks"
        if method == "chat.update":
            return None if arguments.get("ts") in self._messages else "message_not_found"
        thread = arguments.get("thread_ts")
        if thread is None:
            return "invalid_arguments" if "reply_broadcast" in arguments else None
        # A reply has no thread of its own.
        return None if self._messages.get(thread, "") is None else "thread_not_found"

    def _answer(self, method, authorization, arguments):
        with self._changed:
            fault = "unknown_method" if method not in ("chat.postMessage", "chat.update") else None
            fault = fault or self._fault(method, authorization, arguments)
            if fault:
                self._refused.append((method, fault, arguments))
                answer = {"ok": False, "error": fault}
            else:
                ts = arguments.get("ts") or f"17{len(self._messages):08}.{len(self._messages):06}"
                if method == "chat.update":
                    self._updates.append(arguments)
                else:
                    self._messages[ts] = arguments.get("thread_ts")
                    self._posts.append(arguments | {"ts": ts})
                answer = {"ok": True, "channel": self._channel, "ts": ts}
            self._changed.notify_all()
        return json.dumps(answer).encode()

    def _handler(api):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                said = api._answer(self.path.removeprefix("/api/"), self.headers["Authorization"], json.loads(raw))
                self.send_response(200)
                self.send_header("Content-Type", "application/json; charset=utf-8")
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *_):
                pass

        return Handler


def is_attachment(attachment):
    """Blocks under a bar, as Slack takes them: with none of the fields that exclude them."""
    if set(attachment) - {"color", "fallback", "blocks"}:
        return False
    blocks = attachment.get("blocks", [])
    return 0 < len(blocks) <= MAX_BLOCKS and all(map(is_block, blocks))


def is_block(block):
    elements = block.get("elements", [])
    match block.get("type"):
        case "section":
            fields = block.get("fields", [])
            return ("text" in block or fields) and len(fields) <= MAX_ELEMENTS and all(map(is_text, [block["text"]] if "text" in block else fields))
        case "context":
            return 0 < len(elements) <= MAX_ELEMENTS and all(map(is_text, elements))
        case "rich_text":
            return bool(elements) and all(part.get("type") in RICH_TEXT and all(map(is_rich, part["elements"])) for part in elements)
        case "divider":
            return True
    return False


def is_text(text):
    return text.get("type") in ("mrkdwn", "plain_text") and 0 < len(text.get("text", "")) <= MAX_BLOCK_TEXT


def is_rich(element):
    if element.get("type") in RICH_TEXT:
        return all(map(is_rich, element["elements"]))
    return element.get("type") in ("text", "link", "emoji") and bool(element.get("text") or element.get("url") or element.get("name"))
