"""What was shown of a file: a result for each check, and the verdict that they add up to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any, Literal

from lockstep.prove.observe import Change
from lockstep.prove.online import Effect
from lockstep.prove.subjects import Subject
from lockstep.prove.trial import Failure
from lockstep.values import dataclass

Result = Literal["ok", "fails", "unsafe", "skipped"]
Word = Literal["proven", "unsafe", "fails"]
CHECKS = ("applies", "twice", "crash", "replay")


@dataclass(frozen=True, slots=True)
class Check:
    """One check of one file.

    ``plain`` is what came of it on the tables as the history leaves them, ``rows`` with rows in every table; both are empty where
    the check makes no such difference. ``points`` counts what was tried, ``of`` what there was to try, where that was more.
    ``change`` is the counter-example: what differs, and from where to where.
    """

    result: Result
    reason: str = ""
    statement: str = ""
    line: int | None = None
    plain: str = ""
    rows: str = ""
    points: int | None = None
    of: int | None = None
    change: Change | None = None
    effects: tuple[Effect, ...] = ()

    @property
    def good(self) -> bool:
        """True unless the check has shown something wrong."""
        return self.result in {"ok", "skipped"}

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready values, without what is empty."""
        told: dict[str, Any] = {"result": self.result}
        for name in ("reason", "statement", "line", "plain", "rows", "points", "of"):
            value = getattr(self, name)
            if value not in ("", None):
                told[name] = value
        if self.change:
            told["difference"] = self.change.as_dict()
        if self.effects:
            told["effects"] = [effect.as_dict() for effect in self.effects]
        return told


OK = Check("ok")


def skipped(why: str) -> Check:
    """Return a check that was not made."""
    return Check("skipped", why)


def failing(result: Result, failure: Failure, before: str = "", **known: Any) -> Check:
    """Return a check that an error of the server ended; *before* says what led to it."""
    return Check(result, f"{before}{failure.reason}", failure.statement, failure.line, **known)


@dataclass(frozen=True, slots=True)
class FileVerdict:
    """A file, how it was run, and what each check has shown."""

    subject: Subject
    mode: str
    checks: Mapping[str, Check] = field(default_factory=dict)

    @property
    def verdict(self) -> Word:
        """``fails``: it cannot be applied; ``unsafe``: some other check is not good."""
        if self.checks["applies"].result == "fails":
            return "fails"
        return "proven" if all(check.good for check in self.checks.values()) else "unsafe"

    @property
    def decisive(self) -> Check | None:
        """The first check that is not good."""
        return next((check for check in self.checks.values() if not check.good), None)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        why = self.decisive
        return {
            "name": self.subject.name,
            "kind": self.subject.kind,
            "verdict": self.verdict,
            "mode": self.mode,
            "checks": {name: check.as_dict() for name, check in self.checks.items()},
            "reason": why.reason if why else "",
            "statement": why.statement if why else "",
            "line": why.line if why else None,
        }


@dataclass(frozen=True, slots=True)
class Proof:
    """All files of a folder, and what was shown of the whole history."""

    files: Sequence[FileVerdict]
    history: Mapping[str, Check] = field(default_factory=dict)
    unfilled: Mapping[str, str] = field(default_factory=dict)
    server: str = ""
    seconds: float = 0.0

    @property
    def proven(self) -> bool:
        """True if nothing wrong was shown."""
        checks = self.history.values()
        return all(one.verdict == "proven" for one in self.files) and all(c.good for c in checks)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        words = [one.verdict for one in self.files]
        counts = {word: words.count(word) for word in ("proven", "unsafe", "fails")}
        return {
            "files": [one.as_dict() for one in self.files],
            "history": {name: check.as_dict() for name, check in self.history.items()},
            "summary": {
                "files": len(words),
                **counts,
                "ok": self.proven,
                "server": self.server,
                "seconds": round(self.seconds, 3),
                "without_rows": dict(self.unfilled),
            },
        }
