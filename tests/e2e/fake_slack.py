"""A fake Slack on a loopback port: keeps every body that comes to the webhook, and answers as told.

In: `POST` to any path. Out: `200 ok`, or the status and text set by `refuse` until `accept`.
It must never judge: it keeps what came, and the scenarios assert.
"""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from processes import PATIENCE_SECONDS


class FakeSlack:
    def __init__(self):
        self._bodies = []
        self._refused = 0
        self._answer = (200, "ok")
        self._changed = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def refuse(self, status, text):
        with self._changed:
            self._answer = (status, text)

    def accept(self):
        with self._changed:
            self._answer = (200, "ok")

    def bodies(self):
        """Everything that was accepted so far, in the order in which it came."""
        with self._changed:
            return list(self._bodies)

    def refused(self):
        """How often a post was refused so far."""
        with self._changed:
            return self._refused

    def wait_for(self, wanted, since):
        """The first body accepted after the first `since` ones for which `wanted` is true."""
        until = time.monotonic() + PATIENCE_SECONDS
        with self._changed:
            while True:
                for body in self._bodies[since:]:
                    if wanted(body):
                        return body
                if not self._changed.wait(timeout=until - time.monotonic()) and time.monotonic() >= until:
                    seen = "\n".join(json.dumps(body)[:600] for body in self._bodies[since:]) or "nothing"
                    raise AssertionError(f"Slack did not get the message within {PATIENCE_SECONDS} s. It got:\n{seen}")

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def _handler(slack):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                with slack._changed:
                    status, text = slack._answer
                    if status == 200:
                        slack._bodies.append(json.loads(raw))
                    else:
                        slack._refused += 1
                    slack._changed.notify_all()
                self.send_response(status)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_):
                pass

        return Handler
