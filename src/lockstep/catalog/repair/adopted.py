"""Indexes that ATTACH PARTITION takes for a partition's parts of its parent's, although they should be its own beside those."""

from __future__ import annotations

from collections.abc import Iterator

from lockstep.catalog.compare import Difference
from lockstep.catalog.fact import Fact, Path, dotted, undotted
from lockstep.catalog.making import Step, guards
from lockstep.catalog.making.index import Index
from lockstep.catalog.repair.building import short_name
from lockstep.sql.objects import qualified, quoted

_DEFINING = ("columns", "include", "method", "nulls_not_distinct", "unique", "where")


def adopted(goal: Difference, expected: Index, live: Index) -> Iterator[tuple[Fact, Step]]:
    """Yield such indexes of a table that becomes a partition, each with the step that leaves it to the parent by another name."""
    table = goal.fact
    if "partition_of" not in goal.fields or "partition_of" not in table.body:
        return
    above = [
        index for parent in _ancestors(table, expected) for index in _indexes(parent, expected)
    ]
    for own in _indexes(table.path, expected):
        parents = (index for index in above if _same(index, own))
        parent = next(parents, None)
        if parent is not None and live.get("index", own.path) is not None:
            yield own, _left_to(parent, own, table)


def _ancestors(table: Fact, index: Index) -> Iterator[Path]:
    found: Fact | None = table
    while found is not None and "partition_of" in found.body:
        path = undotted(found.body["partition_of"])
        yield path
        found = index.get("table", path)


def _indexes(table: Path, index: Index) -> Iterator[Fact]:
    name = dotted(table)
    return (one for one in index.of_kind("index") if one.body["table"] == name)


def _same(one: Fact, other: Fact) -> bool:
    return all(one.body.get(key) == other.body.get(key) for key in _DEFINING)


def _left_to(parent: Fact, own: Fact, table: Fact) -> Step:
    name = short_name("lockstep_index", (*parent.path, *table.path))
    part = guards.exists("pg_class", f"oid = {guards.relation(own.path)}", "relispartition")
    action = f"ALTER INDEX {qualified(*own.path)} RENAME TO {quoted(name)}"
    return Step(own, action, part, phase=2)
