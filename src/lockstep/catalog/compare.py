"""Compare two snapshots: what is missing, what differs, what is more than expected. Nothing here touches a database."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Literal

from lockstep.catalog.fact import (
    GRANT_OPTION,
    KINDS,
    ON_TABLES,
    TOLD_SINCE,
    Fact,
    Path,
    dotted,
    read_line,
)
from lockstep.catalog.shorthand import UNREAD
from lockstep.catalog.snapshot import Snapshot
from lockstep.values import dataclass

Key = tuple[str, Path]
_ORDER = {kind: number for number, kind in enumerate(KINDS)}


@dataclass(frozen=True, slots=True)
class Difference:
    """One object that is not as expected; ``expected`` is None if it should not be there, ``live`` if it is not there."""

    expected: Fact | None
    live: Fact | None

    @property
    def fact(self) -> Fact:
        """The object as it should be, or as it is if it should not."""
        fact = self.expected or self.live
        assert fact is not None
        return fact

    @property
    def what(self) -> Literal["missing", "differs", "extra"]:
        """In which way it is not as expected."""
        if self.live is None:
            return "missing"
        return "differs" if self.expected else "extra"

    @property
    def name(self) -> str:
        """Kind and name, as in a line."""
        return f"{self.fact.kind} {dotted(self.fact.path)}"

    @property
    def fields(self) -> tuple[str, ...]:
        """Which keys of the body differ; empty unless both are there."""
        if self.expected is None or self.live is None:
            return ()
        mine, theirs = self.expected.body, self.live.body
        return tuple(key for key in sorted({*mine, *theirs}) if mine.get(key) != theirs.get(key))


@dataclass(frozen=True, slots=True)
class Drift:
    """All differences, in the order of ``KINDS`` and then by name; ``unread`` is what could not be compared."""

    differences: tuple[Difference, ...]
    unread: tuple[Fact, ...] = ()

    def of(self, *what: str) -> tuple[Difference, ...]:
        """Return the differences of the given sorts."""
        return tuple(difference for difference in self.differences if difference.what in what)


def compare(expected: Snapshot, live: Snapshot) -> Drift:
    """Return what of *live* is not as *expected*.

    A text that could not be read differs from none. What is granted to a role that owns the object in *live* is not missing.
    What only one of them could tell is no difference.
    """
    mine, theirs = set(expected.lines), set(live.lines)
    wanted, found = _by_key(mine - theirs), _by_key(theirs - mine)
    unread = tuple(fact for fact in found.values() if UNREAD in fact.line())
    differences = []
    for key in {**wanted, **found}:
        there, here = wanted.get(key), found.get(key)
        if there and here:
            there, here = _with_known(there, here), _with_known(here, there)
        told = key[0] not in TOLD_SINCE or _both_told(there, here, expected, live)
        if there != here and told and not _owned(there, here, live):
            differences.append(Difference(there, here))
    differences.sort(key=lambda difference: (_ORDER[difference.fact.kind], difference.fact.path))
    return Drift(tuple(differences), unread)


def _owned(there: Fact | None, here: Fact | None, live: Snapshot) -> bool:
    """Return whether a missing grant is to the owner, who may do all of it without one."""
    if there is None or here is not None or there.kind not in {"grant", "maintain"}:
        return False
    kind, *path, role = there.path
    if kind == "column":
        kind, path = "table", path[:-1]
    return live.owner_of(kind, tuple(path)) == role


def _both_told(there: Fact | None, here: Fact | None, expected: Snapshot, live: Snapshot) -> bool:
    """Return whether both could have had a line of what only newer servers tell, and its being there would mean something."""
    fact = there or here
    assert fact is not None
    if not (expected.tells(fact.kind) and live.tells(fact.kind)):
        return False
    if fact.kind == "maintain":
        return not any(_has_all(snapshot, fact.path) for snapshot in (expected, live))
    # A child that has a NOT NULL as its own as well is none the worse for it.
    return there is not None or "own" not in fact.body


def _has_all(snapshot: Snapshot, path: Path) -> bool:
    """Return whether all privileges are granted, which says MAINTAIN too."""
    head = f"grant {dotted(path)} {{"
    granted = (
        read_line(line).body["privileges"] for line in snapshot.lines if line.startswith(head)
    )
    return any(
        {name.removesuffix(GRANT_OPTION) for name in names} == ON_TABLES for names in granted
    )


def _by_key(lines: Iterable[str]) -> dict[Key, Fact]:
    return {fact.key: fact for fact in map(read_line, lines)}


def _with_known(fact: Fact, other: Fact) -> Fact:
    """Return *fact* with what could not be read of it as it is in *other*."""
    if UNREAD not in fact.line():
        return fact
    body = dict(fact.body)
    for field, value in fact.body.items():
        if UNREAD in json.dumps(value):
            body[field] = other.body.get(field)
    return Fact(fact.kind, fact.path, body)
