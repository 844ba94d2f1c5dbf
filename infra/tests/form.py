"""What holds for every variable and output, for the guide in main.tf, and for the function's environment as a whole.

In: the module's files and FUNCTION.md, whose table is the contract of the function's
environment. Out: nothing, or exit code 1 with a sentence for each fault.
"""

import re
import sys
from collections import Counter

from readme_table import MODULE, variables

CONTRACT = MODULE / "FUNCTION.md"
# Neither webhook nor bot token itself is ever in the environment, only the name of where it is.
NEVER_SET = {"SLACK_WEBHOOK_URL", "SLACK_BOT_TOKEN"}
NAME = re.compile(r"\b(?:SLACK|STATUSWATCH)_[A-Z_]+\b")


def variable_faults(path, refused):
    """What a variable lacks. `refused` is how often the tests expect each variable to be refused."""
    text = path.read_text()
    for name, arguments in variables(text):
        body = re.search(rf'^variable "{name}" \{{\n(.*?)^\}}', text, re.MULTILINE | re.DOTALL)[1]
        if "default" not in arguments:
            yield f"{path.name}: variable {name!r} has no default"
        elif arguments["default"] != "null" and arguments.get("nullable") != "false":
            yield f"{path.name}: variable {name!r} lacks `nullable = false`, so a caller's null is not its default"
        validations = body.count("  validation {")
        if arguments["type"] != "bool" and not validations:
            yield f"{path.name}: variable {name!r} has no validation"
        if refused[name] < validations:
            yield f"{path.name}: variable {name!r} has {validations} validations, and {refused[name]} tests that fail"


def output_faults(text):
    for name, body in re.findall(r'^output "(\w+)" \{\n(.*?)^\}', text, re.MULTILINE | re.DOTALL):
        if not re.search(r'^  description = ".+"$', body, re.MULTILINE):
            yield f"output {name!r} has no description"


def guide_faults():
    """Whether main.tf, which is a guide to the other files and no more, names each of them."""
    guide = (MODULE / "main.tf").read_text()
    named = set(re.findall(r"\b\w+\.tf\b", guide))
    there = {path.name for path in MODULE.glob("*.tf")} - {"main.tf"}
    for name in sorted(there - named):
        if not name.startswith("variables"):
            yield f"main.tf does not name {name}: add it to the guide"
    for name in sorted(named - there - {"main.tf"}):
        yield f"main.tf names {name}, which is not there"


def contract():
    """Each name of the environment's contract with the default that FUNCTION.md gives it."""
    found = {}
    section = CONTRACT.read_text().partition("## Configuration of the function")[2].partition("\n## ")[0]
    for row in re.findall(r"^\| (`[A-Z].*) \|$", section, re.MULTILINE):
        names, *_, default = row.split(" | ")
        names = NAME.findall(names)
        defaults = default.split(", ") if len(names) > 1 and "," in default else [default] * len(names)
        found |= dict(zip(names, (default.strip("`") for default in defaults), strict=True))
    return found


def contract_faults():
    promised = contract()
    if len(promised) < 10:
        yield f"{CONTRACT} has no table of the environment any more: {promised}"
    module = (MODULE / "function_environment.tf").read_text()
    written = set(re.findall(rf"^\s+({NAME.pattern}) += ", module, re.MULTILINE))
    for name in sorted(set(promised) - NEVER_SET - written):
        yield f"the function reads {name}, and no variable of the module sets it"
    for name in sorted(written - set(promised)):
        yield f"the module sets {name}, which the function does not read"
    own = {name: arguments for path in MODULE.glob("variables*.tf") for name, arguments in variables(path.read_text())}
    for name, default in promised.items():
        variable = own.get(name.removeprefix("STATUSWATCH_").lower())
        if variable is None or not re.fullmatch(r"\d+|[a-z]+", default):
            continue
        wanted = {"null", "[]"} if default == "unset" else {default, f'"{default}"'}
        if variable["default"] not in wanted:
            yield f"{name} is {default} unless set, and the module's variable is {variable['default']}"


def main():
    refused = Counter(re.findall(r"\bvar\.(\w+)", (MODULE / "tests/validations.tftest.hcl").read_text()))
    faults = [fault for path in sorted(MODULE.glob("variables*.tf")) for fault in variable_faults(path, refused)]
    faults += output_faults((MODULE / "outputs.tf").read_text())
    faults += contract_faults()
    faults += guide_faults()
    if faults:
        sys.exit("\n".join(faults))


if __name__ == "__main__":
    main()
