#!/usr/bin/env bash
# DuckDB 2.0.1 (PyPI): two things about one broken line in a file of JSON lines.
# - The error names the line after the broken one, counted from one: the second line's fault is said to be in line 3.
#   One would open the named line, which is sound.
# - With ignore_errors the broken line is not left out, but kept as a row of NULLs: a count of rows includes it, and a
#   condition on the status misses it. API Gateway writes broken JSON exactly for requests that fail, so these are the
#   ones that an analysis of errors loses.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" -q install duckdb==2.0.1
cat >"$dir/access.jsonl" <<'JSON'
{"route":"GET /items","status":"200","latency":12}
{"route":"GET /items","status":"504","latency":-}
{"route":"GET /items","status":"502","latency":30}
JSON
seen=$("$dir/venv/bin/python" - "$dir/access.jsonl" <<'PYTHON'
import re, sys
import duckdb

file = sys.argv[1]
try:
    duckdb.sql(f"SELECT * FROM read_ndjson('{file}')").fetchall()
except duckdb.InvalidInputException as error:
    print(re.search(r"in line \d+", str(error)).group())
lenient = f"read_ndjson('{file}', ignore_errors = true)"
print(duckdb.sql(f"SELECT count(*) FROM {lenient}").fetchall()[0][0], "rows")
print(duckdb.sql(f"SELECT count(*) FROM {lenient} WHERE status::INT >= 400").fetchall()[0][0], "errors")
print(duckdb.sql(f"SELECT count(*) FROM {lenient} WHERE route IS NULL").fetchall()[0][0], "row of NULLs")
PYTHON
)
expected='in line 3
3 rows
1 errors
1 row of NULLs'
[ "$seen" = "$expected" ] || { printf 'it behaves differently now:\n%s\n' "$seen"; exit 1; }
echo 'as found: the wrong line is named, and the failed request is a row of NULLs'
