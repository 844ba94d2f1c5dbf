"""Access-log lines as API Gateway writes them, of every kind: four formats, good, wrong, broken.

In: a name that makes the request id unique. Out: one line. Shapes are those of API Gateway's presets,
or of a format that is filled in.
"""

import re


def rest_json(request_id, status, path="/orders"):
    return (
        f'{{ "requestId":"{request_id}", "extendedRequestId":"x{request_id}", "ip": "203.0.113.7", "caller":"-", '
        f'"user":"-", "requestTime":"22/Nov/2026:10:00:00 +0000", "httpMethod":"GET", "resourcePath":"{path}", '
        f'"status":"{status}", "protocol":"HTTP/1.1", "responseLength":"37" }}'
    )


def http_json(request_id, status):
    """An HTTP API's line with the status as a number."""
    return (
        f'{{"requestId":"{request_id}","ip":"203.0.113.8","requestTime":"22/Nov/2026:10:00:00 +0000",'
        f'"httpMethod":"POST","routeKey":"POST /orders","status":{status},"protocol":"HTTP/1.1","responseLength":"37"}}'
    )


def broken_json(request_id, status):
    """What a format with an unquoted number becomes when there was no integration."""
    return (
        f'{{"requestId":"{request_id}","ip":"203.0.113.9","httpMethod":"GET","resourcePath":"/slow",'
        f'"status":"{status}","latency":-,"error":"Endpoint request timed out"}}'
    )


def clf(request_id, status):
    return (
        f'203.0.113.10 - - [22/Nov/2026:10:00:00 +0000] "GET /orders HTTP/1.1" {status} 37 {request_id} x{request_id}'
    )


def csv(request_id, status):
    return f"203.0.113.11,-,-,22/Nov/2026:10:00:00 +0000,GET,/orders,HTTP/1.1,{status},37,{request_id},x{request_id}"


def xml(request_id, status):
    return (
        f'<request id="{request_id}"> <extendedRequestId>x{request_id}</extendedRequestId> <ip>203.0.113.12</ip> '
        "<caller>-</caller> <user>-</user> <requestTime>22/Nov/2026:10:00:00 +0000</requestTime> "
        f"<httpMethod>GET</httpMethod> <resourcePath>/orders</resourcePath> <status>{status}</status> "
        "<protocol>HTTP/1.1</protocol> <responseLength>37</responseLength> </request>"
    )


def filled(access_log_format, request_id, status, **values):
    """A line in a format, as it is when there is an error: what has no value is a bare dash."""
    values = {"requestId": request_id, "extendedRequestId": f"x{request_id}", "status": str(status)} | values
    return re.sub(r"\$context\.([\w.]*\w)", lambda variable: values.get(variable[1], "-"), access_log_format)
