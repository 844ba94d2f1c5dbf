"""Stands between the command line and the emulated AWS, passes everything on, and answers itself where a case says so.

It counts the calls by operation: `FilterLogEvents`, `SendMessage`, or for REST `GET /restapis`.
It must never change what it passes on.
"""

import http.client
import json
import threading
import urllib.parse
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FaultyProxy:
    def __init__(self, endpoint):
        self.calls = Counter()
        self._lock = threading.Lock()
        self._faults = []
        self._upstream = urllib.parse.urlsplit(endpoint).netloc
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), lambda *given: _Handler(self, *given))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def inject(self, operation, fault, times=None, after=0):
        """Let `fault` answer calls of an operation: so many, all without `times`, from the one behind `after` others on.

        A fault takes the call and returns (status, headers, body), or None to pass the call on after all. A body is
        bytes, or an iterator of them whose end is not known.
        """
        with self._lock:
            self._faults.append({"operation": operation, "fault": fault, "times": times, "after": after})

    def clear(self):
        """Pass everything on again, and count from nothing."""
        with self._lock:
            self._faults.clear()
            self.calls = Counter()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def fault_for(self, call):
        with self._lock:
            self.calls[call.operation] += 1
            for entry in self._faults:
                if entry["operation"] != call.operation:
                    continue
                if entry["after"] > 0:
                    entry["after"] -= 1
                elif entry["times"] is None or entry["times"] > 0:
                    entry["times"] = entry["times"] and entry["times"] - 1
                    return entry["fault"]
        return None


def refuse(code, status=None):
    """Refuse as AWS does with an error's code, in the protocol of the call."""

    def fault(call):
        words = "the words of AWS"
        if call.protocol == "json":
            document = json.dumps({"__type": f"com.amazon#{code}", "message": words})
            return status or 400, {"Content-Type": "application/x-amz-json-1.1"}, document.encode()
        if call.protocol == "query":
            document = f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{words}</Message></Error></ErrorResponse>"
            return status or 403, {"Content-Type": "text/xml"}, document.encode()
        if call.protocol == "s3":
            document = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{words}</Message></Error>"
            return status or 403, {"Content-Type": "application/xml"}, document.encode()
        headers = {"Content-Type": "application/json", "x-amzn-ErrorType": code}
        return status or 403, headers, json.dumps({"message": words}).encode()

    return fault


def answer(document):
    """Answer with a JSON document, whatever was asked."""
    return lambda call: (200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(document).encode())


class Call:
    """A request: how it was made, which operation it is, its body."""

    def __init__(self, method, path, headers, body):
        self.method, self.path, self.headers, self.body = method, path, headers, body
        # Of the scope that it is signed for: Credential=KEY/DAY/REGION/SERVICE/aws4_request.
        self.service = headers.get("Authorization", "").partition("Credential=")[2].split("/")[3:4]
        target = headers.get("X-Amz-Target")
        if target:
            self.protocol, self.operation = "json", target.rpartition(".")[2]
        elif b"Action=" in body:
            self.protocol, self.operation = "query", urllib.parse.parse_qs(body.decode())["Action"][0]
        else:
            self.protocol = "s3" if self.service == ["s3"] else "rest"
            self.operation = f"{method} {path.partition('?')[0]}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body of an answer are two writes.
    disable_nagle_algorithm = True

    def __init__(self, proxy, *given):
        self._proxy = proxy
        self._upstream = http.client.HTTPConnection(proxy._upstream)
        super().__init__(*given)

    def _handle(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        call = Call(self.command, self.path, self.headers, body)
        fault = self._proxy.fault_for(call)
        answer = (fault and fault(call)) or self._passed_on(call)
        status, headers, content = answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if isinstance(content, bytes):
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content if self.command != "HEAD" else b"")
            return
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        try:
            for part in content:
                self.wfile.write(part)
        except OSError:
            # The other side has had enough, which is what such a body is for.
            pass

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _handle

    def _passed_on(self, call):
        self._upstream.request(call.method, call.path, call.body, dict(call.headers))
        response = self._upstream.getresponse()
        content = response.read()
        hop_by_hop = {"content-length", "transfer-encoding", "connection", "date", "server"}
        return response.status, {k: v for k, v in response.getheaders() if k.lower() not in hop_by_hop}, content

    def log_message(self, *_):
        pass
