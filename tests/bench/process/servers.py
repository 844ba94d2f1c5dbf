"""The servers that the real binary talks to, on loopback: a small Runtime API, a Slack that accepts all, and a way to a
DynamoDB.

They keep connections alive, and note when the process has asked for its first event.
"""
import queue
import threading
import time
from collections import Counter
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


class Server(ThreadingHTTPServer):
    """A server on a free port of 127.0.0.1, which runs until it is closed."""

    daemon_threads = True

    def __init__(self, handler):
        super().__init__(("127.0.0.1", 0), handler)
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def port(self):
        return self.server_address[1]

    def close(self):
        self.shutdown()
        self.server_close()

    def handle_error(self, request, client_address):
        """A process that was killed breaks its connections; that is no news."""


class Handler(BaseHTTPRequestHandler):
    """Reads the whole request; an answer goes out in one write."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def answer(self, status, body, **headers):
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


class RuntimeApi(Server):
    """Hands over events and takes the answers. With `holds_first`, the first request of all is never answered."""

    def __init__(self, holds_first=False):
        self.holds_first = holds_first
        self.first_request = threading.Event()
        self.events = queue.Queue()
        self.answers = queue.Queue()
        super().__init__(RuntimeHandler)

    def invoke(self, event):
        """The function's answer to one event."""
        self.events.put(event)
        kind, body = self.answers.get(timeout=60)
        if kind != "response":
            raise RuntimeError(f"the function answered with an error: {body.decode()}")
        return body


class RuntimeHandler(Handler):
    def do_GET(self):
        self.note_first()
        if self.path.endswith("/extension/event/next"):
            threading.Event().wait()
        event = self.server.events.get()
        deadline_ms = int((time.time() + 900) * 1000)
        self.answer(
            200,
            event,
            Content_Type="application/json",
            Lambda_Runtime_Aws_Request_Id="00000000-0000-4000-8000-000000000001",
            Lambda_Runtime_Deadline_Ms=str(deadline_ms),
            Lambda_Runtime_Invoked_Function_Arn="arn:aws:lambda:eu-west-1:123456789012:function:statuswatch",
        )

    def do_POST(self):
        self.note_first()
        body = self.body()
        if self.path.endswith("/extension/register"):
            self.answer(200, b"{}", Lambda_Extension_Identifier="00000000-0000-4000-8000-000000000002")
            return
        self.answer(202, b"{}")
        self.server.answers.put((self.path.rpartition("/")[2], body))

    def note_first(self):
        self.server.first_request.set()
        if self.server.holds_first:
            threading.Event().wait()


class Slack(Server):
    """Answers every post with Slack's `ok`, and counts them."""

    def __init__(self):
        self.posts = 0
        super().__init__(SlackHandler)


class SlackHandler(Handler):
    def do_POST(self):
        self.body()
        self.server.posts += 1
        self.answer(200, b"ok", Content_Type="text/html")


class Table(Server):
    """Hands requests on to a DynamoDB, and counts them by what they ask for."""

    def __init__(self, url):
        self.behind = urlsplit(url).netloc
        self.asked = Counter()
        super().__init__(TableHandler)

    def ask(self, target, body, headers=()):
        connection = HTTPConnection(self.behind, timeout=60)
        own = {"X-Amz-Target": f"DynamoDB_20120810.{target}", "Content-Type": "application/x-amz-json-1.0"}
        connection.request("POST", "/", body, dict(headers) | own)
        answer = connection.getresponse()
        said = answer.read()
        connection.close()
        return answer.status, said


class TableHandler(Handler):
    def do_POST(self):
        target = self.headers["X-Amz-Target"].rpartition(".")[2]
        self.server.asked[target] += 1
        signed = {name: value for name, value in self.headers.items() if name.lower() == "authorization"}
        status, said = self.server.ask(target, self.body(), signed)
        self.answer(status, said, Content_Type="application/x-amz-json-1.0")
