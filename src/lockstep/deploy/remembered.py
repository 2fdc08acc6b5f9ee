"""What was done for which commit, in ``.lockstep/deploy.json``: so that a deploy that was cut short goes on where it was.

Only what cannot be seen is remembered (what was checked, what was verified); where a branch is, is asked of its remote.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lockstep.values import dataclass

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Remembered:
    """The steps that were done for a commit, with when; and what each stage's branch was at before it."""

    commit: str
    done: Mapping[str, str]
    before: Mapping[str, str]


NOTHING = Remembered("", {}, {})


def recall(root: Path) -> Remembered:
    """Return what the file says; nothing where there is none, or it is not to be read."""
    try:
        found: Any = json.loads(_file(root).read_text(encoding="utf-8"))
        if found["version"] != _VERSION:
            return NOTHING
        return Remembered(str(found["commit"]), dict(found["done"]), dict(found["before"]))
    except (OSError, ValueError, KeyError, TypeError):
        return NOTHING


def remember(root: Path, known: Remembered) -> None:
    """Write the file in one piece; git does not see it."""
    file = _file(root)
    file.parent.mkdir(exist_ok=True)
    ignored = file.with_name(".gitignore")
    if not ignored.exists():
        ignored.write_text("*\n", encoding="utf-8")
    found = {"version": _VERSION, "commit": known.commit, "done": dict(known.done), "before": dict(known.before)}  # fmt: skip
    new = file.with_name(f"deploy.json.{os.getpid()}")
    new.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    new.replace(file)


def moment() -> str:
    """Return the time, as it is remembered."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _file(root: Path) -> Path:
    return root / ".lockstep" / "deploy.json"
