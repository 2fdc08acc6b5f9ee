"""Which tables come from which."""

from __future__ import annotations

from collections.abc import Iterator

from lockstep.catalog.fact import Fact, Path, dotted
from lockstep.catalog.making.index import Index


def children(table: Path, index: Index) -> Iterator[Fact]:
    """Yield the partitions and the heirs of a table, and theirs."""
    for fact in index.heirs.get(dotted(table), ()):
        yield fact
        yield from children(fact.path, index)
