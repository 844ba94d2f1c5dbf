"""Keeps README.md's table of variables equal to the variables themselves.

In: variables*.tf and README.md. Out: nothing, or exit code 1 where they differ; with `--write` the
table is written. Knows as much of HCL as `terraform fmt` leaves to know.
"""

import re
import sys
from pathlib import Path

MODULE = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- variables: written by tests/readme_table.py --write -->", "<!-- end of variables -->"
VARIABLE = re.compile(r'^variable "(\w+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)
ARGUMENT = re.compile(r"^  (\w+) +=\s(.*?)(?=^  \w+ +=\s|^  \w+ \{|^\n|\Z)", re.MULTILINE | re.DOTALL)


def variables(text):
    """Name and arguments of each variable in a file, as they are written."""
    for name, body in VARIABLE.findall(text):
        yield name, {argument: value.strip() for argument, value in ARGUMENT.findall(body)}


def cell(text):
    return text.replace("|", "\\|")


def table():
    """The whole table: a heading for each file, from its first comment, and a row for each variable."""
    parts = []
    for path in sorted(MODULE.glob("variables*.tf")):
        text = path.read_text()
        heading = re.match(r"((?:# .*\n)+)", text)
        if not heading:
            sys.exit(f"{path.name} has no comment at its top that says what its variables are for")
        parts.append("\n" + " ".join(line[2:] for line in heading[1].splitlines()) + "\n")
        parts.append("| variable | type | default | meaning |\n|---|---|---|---|")
        for name, arguments in variables(text):
            for wanted in ("type", "description"):
                if wanted not in arguments:
                    sys.exit(f"{path.name}: variable {name!r} has no {wanted}")
            kind = re.sub(r"\(\{.*", "", arguments["type"], flags=re.DOTALL)
            default = f"`{arguments['default']}`" if "default" in arguments else "required"
            description = arguments["description"].removeprefix('"').removesuffix('"').replace('\\"', '"')
            parts.append(f"| `{name}` | {kind} | {cell(default)} | {cell(description)} |")
    return "\n".join(parts) + "\n\n"


def main(write):
    readme = MODULE / "README.md"
    before, begin, rest = readme.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        sys.exit(f"README.md has not both of the lines {BEGIN!r} and {END!r}")
    wanted = before + BEGIN + "\n" + table() + END + after
    if wanted == readme.read_text():
        return
    if not write:
        sys.exit("README.md's table of variables is out of date: run `python3 infra/tests/readme_table.py --write`")
    readme.write_text(wanted)


if __name__ == "__main__":
    main(write="--write" in sys.argv[1:])
