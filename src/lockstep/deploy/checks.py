"""What a verification says of one thing: what it saw, what it wanted, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from lockstep.redaction import redact
from lockstep.values import dataclass

Result = Literal["holds", "fails", "skipped"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; ``todo`` is empty where nothing is to be done. Texts are without secrets.

    ``cause``: what else fails follows from it. ``final``: waiting does not mend it.
    """

    name: str
    result: Result
    saw: str
    wanted: str
    todo: str = ""
    cause: bool = False
    final: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return it as one JSON-ready object."""
        return {
            "name": self.name,
            "result": self.result,
            "saw": self.saw,
            "wanted": self.wanted,
            "todo": self.todo,
        }


def judged(name: str, *, holds: bool, saw: str, wanted: str, todo: str) -> Check:
    """Return a check that holds or fails."""
    return Check(name, "holds" if holds else "fails", redact(saw), wanted, "" if holds else todo)


def skipped(name: str, why: str, wanted: str, todo: str = "") -> Check:
    """Return a check that could not be made, and why."""
    return Check(name, "skipped", redact(why), wanted, todo)


def verified(checks: Iterable[Check]) -> bool:
    """Return whether nothing fails; what was skipped was not asked for, or does not apply."""
    return all(check.result != "fails" for check in checks)
