"""A Live Tail session for the proxy: it begins, and says every second that nothing has arrived."""

import struct
import time
import zlib


def live_tail(call):
    """Answer StartLiveTail with an event stream that goes on until nobody reads it."""
    assert call.path == "/" and b"logGroupIdentifiers" in call.body, call.body
    return 200, {"Content-Type": "application/vnd.amazon.eventstream"}, _session()


def _session():
    yield _message("initial-response", b"{}") + _message("sessionStart", b"{}")
    while True:
        yield _message("sessionUpdate", b'{"sessionMetadata":{"sampled":false},"sessionResults":[]}')
        time.sleep(1)


def _message(name, payload):
    """A message in the form of `application/vnd.amazon.eventstream`: lengths, headers, payload, two checksums."""
    headers = b"".join(_header(*pair) for pair in ((":message-type", "event"), (":event-type", name)))
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers + payload
    return message + struct.pack(">I", zlib.crc32(message))


def _header(name, value):
    text = 7
    return struct.pack(">B", len(name)) + name.encode() + struct.pack(">BH", text, len(value)) + value.encode()
