"""Write the three files of a new rule of the analyser, to be filled in: ``make new-rule NAME=drop-something``.

The suite fails until they are: a rule must find its bad example, leave its good one alone, and answer the template's questions.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

RULES = Path(__file__).resolve().parent.parent / "src" / "lockstep" / "sql" / "rules"
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_MODULE = '''"""What is it about, in a phrase?"""

from lockstep.sql.rule import Rule

RULE = Rule(
    name="{name}",
    kind="{kind}",
    severity="{severity}",
    message="What happens to {{name}}, in one sentence?",
    condition="When does it apply?",
    effect="What happens then, with the SQLSTATE or the lock, as measured?",
    workaround="What is to be written instead?",
)
'''
_EXAMPLE = "-- {what}\n"


def main() -> int:
    """Write the files of the rule that is named; exit with 2 if that cannot be."""
    parser = argparse.ArgumentParser(prog="new_rule", description=__doc__.partition("\n")[0])
    parser.add_argument("name", help="the rule's name: drop-something")
    parser.add_argument("--kind", choices=("idempotence", "hazard"), default="hazard")
    parser.add_argument("--folder", type=Path, default=RULES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not _NAME.fullmatch(options.name):
        parser.error(f"{options.name!r} is not a name: small letters and digits, parted by hyphens")
    stem = options.folder / options.name.replace("-", "_")
    files = {
        stem.with_suffix(".py"): _MODULE.format(
            name=options.name,
            kind=options.kind,
            severity="error" if options.kind == "idempotence" else "warning",
        ),
        stem.with_suffix(".bad.sql"): _EXAMPLE.format(what="Which SQL does the rule find?"),
        stem.with_suffix(".good.sql"): _EXAMPLE.format(what="How is the same done well?"),
    }
    if taken := [file.name for file in files if file.exists()]:
        parser.error(f"there is already {', '.join(taken)}")
    for file, text in files.items():
        file.write_text(text, encoding="utf-8")
        print(file)
    print("Fill them in, let the analyser find it, then: make docs, make test", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
