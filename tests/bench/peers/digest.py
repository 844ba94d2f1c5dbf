"""The same digest in Python: for each number N on standard input, N digests of the event in the file named first.

Answers each with the CPU time that they took, in seconds, and the number of errors.
"""
import base64
import gzip
import json
import sys
import time

with open(sys.argv[1], "rb") as file:
    body = file.read()


def digest():
    event = json.loads(body)
    message = json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))
    groups = {}
    for log_event in message["logEvents"]:
        line = json.loads(log_event["message"])
        status = int(line["status"])
        if status < 400:
            continue
        key = (status, line["httpMethod"] + " " + line["resourcePath"])
        group = groups.setdefault(key, [0, []])
        group[0] += 1
        if len(group[1]) < 20:
            group[1].append(log_event["message"])
    return groups


for request in sys.stdin:
    before = time.process_time()
    for _ in range(int(request)):
        groups = digest()
    print(time.process_time() - before, sum(count for count, _ in groups.values()), flush=True)
