"""What a file says of itself: ``-- lockstep:`` directives, one a line, above its first statement.

An unknown directive is an error: a misspelt ``no-transaction`` must not quietly become a transaction.
"""

from __future__ import annotations

import difflib
import functools
import re
from dataclasses import replace
from typing import Any

from lockstep.durations import parse_duration
from lockstep.errors import Problem
from lockstep.position import place_at
from lockstep.sql.comments import comments, top
from lockstep.sql.ignores import DIRECTIVE, IGNORE
from lockstep.values import dataclass

_MEANT = re.compile(r"(?:--|/\*+)[ \t]*lockstep\b[\s:=-]*(?P<word>[\w-]*)", re.IGNORECASE)
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
    end = len(top(text))
    for start, comment in comments(text):
        above = start < end
        meant = _MEANT.match(comment)
        if meant is None:
            continue
        exact = DIRECTIVE.fullmatch(comment.rstrip())
        message, next_step = "", ""
        if exact is None:
            message, next_step = _inexact(comment, meant["word"]) if above else ("", "")
        elif exact["word"] == "ignore":
            message = "" if IGNORE.fullmatch(exact["argument"]) else _IGNORE_FORM
        elif not above:
            message, next_step = _misplaced(exact["word"])
        else:
            header, message, next_step = _apply(header, exact["word"], exact["argument"], kind)
        if message:
            problems.append(Problem(message, place_at(name, text, start), next_step))
    return header, problems


_FLAGS: dict[str, dict[str, Any]] = {
    "no-transaction": {"transaction": False},
    "repeatable": {"repeatable": True},
    "repair": {"repair": True},
    "breaking": {"breaking": True},
}
_IGNORE_FORM = "`ignore` has the form: -- lockstep: ignore <rule> because <reason>"


def _apply(header: Header, word: str, argument: str, kind: str) -> tuple[Header, str, str]:
    if word not in WORDS:
        return header, f"unknown directive {word!r}", _nearest(word)
    if word == "lock-timeout":
        return _lock_timeout(header, argument)
    if word == "only":
        names = tuple(argument.replace(",", " ").split())
        if kind != "seed":
            return header, "`only` is for seeds", "A schema must not differ between environments."
        if not names:
            return header, "`only` does not say where", "Name environments: only development test"
        return replace(header, only=names), "", ""
    if argument:
        extra = f"`{word}` takes no argument, and {argument!r} follows it"
        return header, extra, "Remarks go into a comment line of their own."
    return replace(header, **_FLAGS[word]), "", ""


def _lock_timeout(header: Header, argument: str) -> tuple[Header, str, str]:
    if argument == "none":
        return replace(header, lock_timeout=0.0), "", ""
    try:
        return replace(header, lock_timeout=parse_duration(argument)), "", ""
    except ValueError as error:
        return header, f"lock-timeout: {error}", "To wait for ever: lock-timeout none"


def _inexact(comment: str, word: str) -> tuple[str, str]:
    shown = " ".join(comment.split())[:60]
    form = f"-- lockstep: {_near(word.lower()) or '<directive>'}"
    return f"{shown!r} is not a directive, though it looks like one", f"Write it as: {form}"


def _nearest(word: str) -> str:
    near = _near(word)
    return f"Did you mean {near!r}?" if near else f"Known are {', '.join(WORDS)}."


@functools.lru_cache(maxsize=64)
def _near(word: str) -> str:
    # A word is compared in quadratic time; no directive is long.
    near = difflib.get_close_matches(word, WORDS, n=1) if len(word) < 100 else []
    return near[0] if near else ""


def _misplaced(word: str) -> tuple[str, str]:
    if word not in WORDS:
        return "", ""
    return f"`{word}` stands below the first statement", "Directives stand above it; move it up."
