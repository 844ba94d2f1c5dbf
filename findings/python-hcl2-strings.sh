#!/usr/bin/env bash
# python-hcl2 8.1.4 (PyPI): the value of a string attribute is its source text. A quoted string keeps its quotes and
# backslashes, and a heredoc keeps its markers inside quotes of the parser's own, so that it is neither HCL nor the value.
# One would expect the string's value, as other HCL parsers give it: a Terraform access-log format read this way never
# parses as the JSON that it is.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" -q install python-hcl2==8.1.4
cat >"$dir/main.tf" <<'HCL'
locals {
  quoted  = "{\"status\":\"$context.status\"}"
  heredoc = <<-EOT
    {"status":"$context.status"}
  EOT
}
HCL
seen=$("$dir/venv/bin/python" - "$dir/main.tf" <<'PYTHON'
import sys
import hcl2

with open(sys.argv[1]) as file:
    values = hcl2.load(file)["locals"][0]
print(values["quoted"])
print(repr(values["heredoc"]))
PYTHON
)
# shellcheck disable=SC2016 # the dollar sign is the format's own
expected='"{\"status\":\"$context.status\"}"
'"'"'"<<-EOT\n    {"status":"$context.status"}\n  EOT"'"'"
[ "$seen" = "$expected" ] || { printf 'it behaves differently now:\n%s\n' "$seen"; exit 1; }
echo 'as found: strings are source text, not values'
