"""Log events in the shapes in which people have them, for million_lines: a number of log events in, the bytes out.

Every second log event is a 502, each a hundredth of a second after the one before. Documents hold 10,000 log events, as
many as one call of `get-query-results` or `get-log-events` gives.
"""

import gzip
import json
from datetime import datetime, timedelta, timezone
from itertools import islice

FIRST = datetime(2026, 11, 3, tzinfo=timezone.utc)
FIRST_MS = int(FIRST.timestamp() * 1000)
DOCUMENT = 10_000
STREAM = "8f14e45fceea167a"
GROUP = "API-Gateway-Access-Logs_a1b2c3/prod"
LOG = "123456789012:" + GROUP


class Event:
    """One log event."""

    def __init__(self, number):
        self.ms = FIRST_MS + number * 10
        self.at = FIRST + timedelta(milliseconds=number * 10)
        self.method, self.path, self.status = (("GET", "/v1/items", "200"), ("POST", "/v1/orders", "502"))[number % 2]
        self.id = str(38600000000 + number)
        self.request = {
            "requestId": f"0f3a-{number}",
            "ip": "203.0.113.7",
            "httpMethod": self.method,
            "resourcePath": self.path,
            "status": self.status,
            "requestTime": self.at.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        }
        self.message = json.dumps(self.request, separators=(",", ":"))

    def time(self, separator="T"):
        return self.at.strftime(f"%Y-%m-%d{separator}%H:%M:%S.") + f"{self.at.microsecond // 1000:03}"

    def short_time(self):
        return self.at.strftime("%Y-%m-%dT%H:%M:%S")

    def detailed_time(self):
        return self.time() + "000+00:00"


def quoted(text):
    return '"' + text.replace('"', '""') + '"'


def each(form):
    """A shape of one piece for each log event."""
    return lambda events: map(form, events)


def below(header, form):
    """A shape of one piece for each log event below a header."""

    def shape(events):
        yield header + "\n"
        yield from map(form, events)

    return shape


def documents(form):
    """A shape of one document for many log events."""

    def shape(events):
        while pack := list(islice(events, DOCUMENT)):
            yield form(pack) + "\n"

    return shape


def indented(value):
    return json.dumps(value, indent=4)


def query_results(fields):
    def document(pack):
        rows = [[{"field": field, "value": value} for field, value in fields(event)] for event in pack]
        return indented({"queryLanguage": "CWLI", "results": rows, "status": "Complete"})

    return documents(document)


def of_calls(keys):
    """The JSON of `filter-log-events` or `get-log-events`."""

    def event(event):
        values = {"logStreamName": STREAM, "timestamp": event.ms, "message": event.message,
                  "ingestionTime": event.ms + 800, "eventId": event.id}
        return {key: values[key] for key in keys}

    return documents(lambda pack: indented({"events": [event(one) for one in pack]}))


SHAPES = {
    "S3 export task": each(lambda e: f"{e.time()}Z {e.message}\n"),
    "aws logs tail, detailed": each(lambda e: f"{e.detailed_time()} {STREAM} {e.message}\n"),
    "aws logs tail, short": each(lambda e: f"{e.short_time()} {e.message}\n"),
    "aws logs tail, json": each(lambda e: f"{e.detailed_time()} {STREAM} {indented(e.request)}\n"),
    "awslogs": each(lambda e: f"{GROUP} {STREAM} {e.message}\n"),
    "awslogs, with the time": each(lambda e: f"{GROUP} {STREAM} {e.time()}Z {e.message}\n"),
    "the console's CSV": below("timestamp,message", lambda e: f"{e.ms},{quoted(e.message + chr(10))}\n"),
    "Insights CSV": below(
        "@timestamp,@message,@logStream,@log",
        lambda e: f"{e.time(' ')},{quoted(e.message)},{STREAM},{LOG}\n",
    ),
    "Insights CSV, chosen fields": below(
        "@timestamp,httpMethod,resourcePath,status",
        lambda e: f"{e.time(' ')},{e.method},{e.path},{e.status}\n",
    ),
    "get-query-results": query_results(
        lambda e: [("@timestamp", e.time(" ")), ("@message", e.message), ("@logStream", STREAM), ("@ptr", e.id)]
    ),
    "get-query-results, chosen fields": query_results(
        lambda e: [("@timestamp", e.time(" ")), ("httpMethod", e.method), ("resourcePath", e.path), ("status", e.status)]
    ),
    "filter-log-events, JSON": of_calls(["logStreamName", "timestamp", "message", "ingestionTime", "eventId"]),
    "filter-log-events, text": each(lambda e: f"EVENTS\t{e.id}\t{e.ms + 800}\t{STREAM}\t{e.message}\t{e.ms}\n"),
    "get-log-events, JSON": of_calls(["timestamp", "message", "ingestionTime"]),
    "get-log-events, text": each(lambda e: f"EVENTS\t{e.ms + 800}\t{e.message}\t{e.ms}\n"),
    "--query, messages as JSON": documents(lambda pack: indented([e.message for e in pack])),
    "--query, messages as text": documents(lambda pack: "\t".join(e.message for e in pack)),
    "--query, arrays as JSON": documents(lambda pack: indented([[e.ms, e.message] for e in pack])),
    "--query, arrays as text": each(lambda e: f"{e.ms}\t{e.message}\n"),
    "--query, objects": documents(lambda pack: indented([{"at": e.ms, "line": e.message} for e in pack])),
}


def write(pipe, shape, count):
    """Writes so many log events in a shape."""
    for piece in SHAPES[shape](map(Event, range(count))):
        pipe.write(piece.encode())
    pipe.close()


def write_export_tree(folder, count):
    """Writes so many log events as an S3 export task does: a folder a stream, in it objects compressed by gzip."""
    of_object = max(count // 20, 1)
    for start in range(0, count, of_object):
        stream = folder / "exportedlogs" / "0c5a2f1e" / f"stream-{start // of_object % 4}"
        stream.mkdir(parents=True, exist_ok=True)
        with gzip.open(stream / f"{start // of_object:06}.gz", "wt", compresslevel=1) as file:
            for number in range(start, min(start + of_object, count)):
                event = Event(number)
                file.write(f"{event.time()}Z {event.message}\n")
    (folder / "aws-logs-write-test").write_text("Permission Check Successful")
