#!/usr/bin/env bash
# apachelogs 0.6.1 (PyPI): the request of API Gateway's CLF preset for HTTP APIs, "GET GET /items HTTP/1.1" (method, route
# key, protocol), is split without an error into the path `GET` and the protocol `/items HTTP/1.1` by a format with %m, %U
# and %H. One would expect a refusal, since no protocol holds a space: counts by path then name every route `GET`.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" -q install apachelogs==0.6.1
seen=$("$dir/venv/bin/python" - <<'PYTHON'
from apachelogs import LogParser

line = '203.0.113.8 - - [18/Nov/2020:05:28:58 +0000] "GET GET /items HTTP/1.1" 500 35 KXyzABCjIAMEPzB='
entry = LogParser('%h %l %u %t "%m %U%q %H" %>s %b %{id}n').parse(line).directives
print(entry["%m"], entry["%U"], entry["%H"], entry["%>s"], sep=" | ")
PYTHON
)
expected='GET | GET | /items HTTP/1.1 | 500'
[ "$seen" = "$expected" ] || { printf 'it behaves differently now:\n%s\n' "$seen"; exit 1; }
echo 'as found: the path is GET, and the protocol holds the path'
