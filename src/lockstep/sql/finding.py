"""What the analyser says: findings with their places, and the edits that would cure them.

All offsets count characters from 0 in the text that was analysed; lines and columns are made of them where they are shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

Kind = Literal["idempotence", "hazard", "syntax"]
Severity = Literal["error", "warning"]


class Edit(NamedTuple):
    """An insertion of *text* before the character at *at*; nothing of a file is ever taken away."""

    at: int
    text: str


class Finding(NamedTuple):
    """One thing that is wrong, or dangerous, with one place of a file.

    ``start`` and ``end`` span the statement (or the part of it) that is meant. ``edits`` are what ``--fix`` would insert, empty
    if it can do nothing; then ``unfixable`` says why.
    """

    rule: str
    kind: Kind
    severity: Severity
    message: str
    help: str
    start: int
    end: int
    edits: tuple[Edit, ...] = ()
    unfixable: str = ""

    @property
    def fixable(self) -> bool:
        """True if ``--fix`` cures it."""
        return bool(self.edits)


class Source(NamedTuple):
    """A file to analyse: the name that findings are shown under, and its whole text."""

    name: str
    text: str


class Analysed(NamedTuple):
    """A source with what was found in it, in the order of the text."""

    source: Source
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Those that refuse a boot."""
        return tuple(finding for finding in self.findings if finding.severity == "error")


def edited(text: str, edits: Iterable[Edit]) -> str:
    """Return *text* with all *edits* made; those at one place in the given order, identical ones once."""
    pieces: list[str] = []
    done = 0
    unique: Sequence[Edit] = list(dict.fromkeys(edits))
    for edit in sorted(unique, key=lambda edit: edit.at):
        pieces += [text[done : edit.at], edit.text]
        done = edit.at
    return "".join([*pieces, text[done:]])
