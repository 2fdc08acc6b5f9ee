"""Drops that the server would refuse, because something that stays stands on what should go: known before they are tried."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from lockstep.catalog.fact import Fact, Path, undotted
from lockstep.catalog.making import dependents, must_drop
from lockstep.catalog.making.index import Index
from lockstep.catalog.repair.arranged import FIRST_DROPS, LAST_DROPS, Entry

_HOLDERS = ("table", "foreign_table", "view", "matview", "domain")


def refused(entries: Sequence[Entry], live: Index) -> Iterator[tuple[Fact, Fact]]:
    """Yield what *entries*, in order, drop in vain, each with what of *live* stands on it then: nothing before has changed that."""
    done: set[tuple[str, Path]] = set()
    for entry in entries:
        fact = entry.fact
        if entry.piece.part == "main" and entry.stage in {FIRST_DROPS, LAST_DROPS}:
            standing = must_drop(dependents(fact, live), fact)
            gone = done | {fact.key}  # its own parts go with it
            left = next((one for one in standing if not _is_done(one, gone)), None)
            if left is not None:
                yield fact, left
                continue
        done.add(fact.key)


def _is_done(fact: Fact, done: set[tuple[str, Path]]) -> bool:
    table = undotted(fact.body["table"]) if fact.kind == "index" else fact.path[:2]
    return fact.key in done or any((kind, table) in done for kind in _HOLDERS)


def unnamed(
    standing: Sequence[Fact], expected: Index, may_go: Callable[[Fact], bool]
) -> Fact | None:
    """Return what would go with the object on which it stands, and neither comes back nor may go."""
    for one in standing:
        if expected.get(one.kind, one.path) is None and not may_go(one):
            return one
    return None
