"""A parent's column that may be NULL again, while children keep it NOT NULL for themselves: DROP NOT NULL would take theirs too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lockstep.catalog.compare import Difference
from lockstep.catalog.fact import Fact, dotted
from lockstep.catalog.making import Step, guards
from lockstep.catalog.making.children import children
from lockstep.catalog.making.index import Index
from lockstep.catalog.making.not_nulls import kept_by_child
from lockstep.sql.objects import qualified, quoted

_BY_NAME = 18
"""Since then a NOT NULL is a constraint, of which a table has its own."""


class KeptNotNulls:
    """Finds the children, and what lets them keep it."""

    def __init__(self, expected: Index, live: Index) -> None:
        self._expected = expected
        self._live = live

    def refused(self, goal: Difference) -> str:
        """Return why the parent's cannot be dropped; empty if it can."""
        if self._live.server >= _BY_NAME or not self._partitioned(goal.fact):
            return ""
        for child in self._keepers(goal):
            for key in self._live.children(child.path[:2], "constraint"):
                if key.body["type"] == "primary key" and child.path[2] in key.body["columns"]:
                    return f"constraint {dotted(key.path)} of a partition needs it, and both have it or none has"
        return ""

    def with_keepers(self, goal: Difference, steps: list[Step]) -> list[Step]:
        """Return *steps*, which change the parent's column, with what keeps the children's."""
        keepers = list(self._keepers(goal))
        if not keepers:
            return steps
        if self._live.server >= _BY_NAME:
            return [*map(kept_by_child, keepers), *steps]
        if not self._partitioned(goal.fact):
            return [
                _only(step) if step.action.endswith(" DROP NOT NULL") else step for step in steps
            ]
        return [*steps, *map(_again, keepers)]

    def _keepers(self, goal: Difference) -> Iterator[Fact]:
        """Yield the columns of children that are NOT NULL and are to stay it."""
        column = goal.fact
        if "not_null" not in goal.fields or column.body.get("not_null"):
            return
        for child in children(column.path[:2], self._live):
            path = (*child.path, column.path[2])
            here, there = self._live.get("column", path), self._expected.get("column", path)
            if here and there and here.body.get("not_null") and there.body.get("not_null"):
                yield there

    def _partitioned(self, column: Fact) -> bool:
        table = self._live.get("table", column.path[:2])
        return table is not None and "partition_by" in table.body


def _only(step: Step) -> Step:
    return replace(step, action=step.action.replace("ALTER TABLE ", "ALTER TABLE ONLY ", 1))


def _again(column: Fact) -> Step:
    table, name = column.path[:2], column.path[2]
    action = f"ALTER TABLE {qualified(*table)} ALTER COLUMN {quoted(name)} SET NOT NULL"
    held = guards.exists("pg_attribute", guards.column(table, name), "NOT attnotnull")
    return Step(column, action, held, phase=1)
