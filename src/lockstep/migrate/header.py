"""What a file says of itself: ``-- lockstep:`` directives, one a line, above its first statement.

An unknown directive is an error: a misspelt ``no-transaction`` must not quietly become a transaction.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, replace
from typing import Any

from lockstep.durations import parse_duration
from lockstep.errors import Problem
from lockstep.position import place_at

_COMMENT_LINE = re.compile(r"[ \t]*--[ \t]*lockstep\b(?P<rest>[^\n]*)", re.IGNORECASE)
_EXACT = re.compile(r"[ \t]*--[ \t]*lockstep:[ \t]*(?P<word>[\w-]+)[ \t]*(?P<argument>[^\n]*)")
_IGNORE = re.compile(r"(?P<rule>[\w-]+)\s+because\s+(?P<reason>\S.*)")
WORDS = ("no-transaction", "repeatable", "repair", "breaking", "lock-timeout", "only", "ignore")


@dataclass(frozen=True, slots=True)
class Header:
    """A file's directives; ``lock_timeout`` in seconds, None where the file does not say."""

    transaction: bool = True
    repeatable: bool = False
    repair: bool = False
    breaking: bool = False
    lock_timeout: float | None = None
    only: tuple[str, ...] = ()

    @property
    def rerun_on_change(self) -> bool:
        """True if the file may be edited after it was applied, and then runs again."""
        return self.repeatable or self.repair


def parse_header(name: str, text: str, kind: str) -> tuple[Header, list[Problem]]:
    """Read the directives of *text*; *kind* is ``migration`` or ``seed``. Problems carry their places."""
    header, problems = Header(), []
    if "lockstep" not in text.lower():
        return header, []
    end = _end_of_header(text)
    for match in _COMMENT_LINE.finditer(text):
        if not _starts_line(text, match.start()):
            continue
        exact = _EXACT.fullmatch(match[0].rstrip())
        if exact and exact["word"] == "ignore":
            message = "" if _IGNORE.fullmatch(exact["argument"]) else _IGNORE_FORM
        elif match.start() >= end:
            message = _misplaced(exact)
        elif exact is None:
            message = (
                f"not a directive: {match[0].strip()!r}; the form is `-- lockstep: <directive>`"
            )
        else:
            header, message = _apply(header, exact["word"], exact["argument"].strip(), kind)
        if message:
            problems.append(Problem(message, place_at(name, text, match.start())))
    return header, problems


_FLAGS: dict[str, dict[str, Any]] = {
    "no-transaction": {"transaction": False},
    "repeatable": {"repeatable": True},
    "repair": {"repair": True},
    "breaking": {"breaking": True},
}
_IGNORE_FORM = "the form is `-- lockstep: ignore <rule> because <reason>`"


def _apply(header: Header, word: str, argument: str, kind: str) -> tuple[Header, str]:
    if word not in WORDS:
        near = difflib.get_close_matches(word, WORDS, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(WORDS)}"
        return header, f"unknown directive {word!r}; {hint}"
    if word == "lock-timeout":
        return _lock_timeout(header, argument)
    if word == "only":
        names = tuple(argument.replace(",", " ").split())
        if kind != "seed":
            return header, "`only` is for seeds: a schema must not differ between environments"
        return replace(
            header, only=names
        ), "" if names else "`only` needs the name of an environment"
    if argument:
        return header, f"`{word}` takes no argument, and {argument!r} follows it"
    return replace(header, **_FLAGS[word]), ""


def _lock_timeout(header: Header, argument: str) -> tuple[Header, str]:
    if argument == "none":
        return replace(header, lock_timeout=0.0), ""
    try:
        return replace(header, lock_timeout=parse_duration(argument)), ""
    except ValueError as error:
        return header, f"lock-timeout: {error}, or none"


def _misplaced(exact: re.Match[str] | None) -> str:
    if exact is None or exact["word"] not in WORDS:
        return ""
    return f"`{exact['word']}` must stand above the first statement, with the other directives"


def _end_of_header(text: str) -> int:
    position = 0
    for line in text.splitlines(keepends=True):
        stripped = line.strip()
        if stripped and not stripped.startswith("--"):
            return position
        position += len(line)
    return position


def _starts_line(text: str, at: int) -> bool:
    return at == 0 or text[at - 1] == "\n"
