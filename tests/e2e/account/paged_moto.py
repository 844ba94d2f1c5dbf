"""moto's server, whose FilterLogEvents answers in pages as CloudWatch Logs does: of at most 1 MB, in order of time.

In: the command line of `moto_server`. Out: AWS's APIs on the port given there.

moto itself gives 10,000 log events a page, whatever their size, and looks at all of a log group for every page.
"""

import bisect
import sys

from moto.logs.models import LogGroup
from moto.server import main

PAGE_BYTES = 1024 * 1024
PAGE_EVENTS = 10_000

as_moto_does = LogGroup.filter_log_events


def in_order_of_time(group):
    """All log events of a group with their streams' names, and their times; sorted anew when some have come in."""
    count = sum(len(stream.events) for stream in group.streams.values())
    if getattr(group, "sorted_count", None) != count:
        events = [(event, name) for name, stream in group.streams.items() for event in stream.events]
        events.sort(key=lambda entry: entry[0].timestamp)
        group.sorted_events, group.sorted_count = events, count
        group.sorted_times = [event.timestamp for event, _ in events]
    return group.sorted_events, group.sorted_times


def in_pages(group, name, streams, start, end, limit, token, pattern, interleaved):
    if streams or pattern:
        return as_moto_does(group, name, streams, start, end, limit, token, pattern, interleaved)
    events, times = in_order_of_time(group)
    at = int(token.rpartition("@")[2]) if token else bisect.bisect_left(times, start or 0)
    until = bisect.bisect_right(times, end) if end else len(times)
    page, held = [], 0
    while at < until and len(page) < (limit or PAGE_EVENTS):
        event, stream = events[at]
        held += len(event.message)
        if page and held > PAGE_BYTES:
            break
        page.append(event.to_filter_dict() | {"logStreamName": stream})
        at += 1
    return page, f"{name}@{at}" if at < until else None, []


LogGroup.filter_log_events = in_pages

if __name__ == "__main__":
    main(sys.argv[1:])
