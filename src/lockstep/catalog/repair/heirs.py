"""What a table has of its parents: columns that come and go with them, and stay behind when a child goes its own way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property

from lockstep.catalog.compare import Difference, Drift
from lockstep.catalog.fact import Fact, Path, dotted, undotted
from lockstep.catalog.making import Step, dependents
from lockstep.catalog.making.index import Index

_TABLES = ("table", "foreign_table")
_OWN = {
    "constraint": ("type", "columns", "expression", "references", "referenced_columns"),
    "index": ("columns", "where", "method", "unique"),
}
_PARENTS = {"partition_of", "bound", "inherits"}


class Heirs:
    """The parents and children among the differences of one drift."""

    def __init__(self, drift: Drift, live: Index) -> None:
        self._drift = drift
        self._live = live

    def dropped(self, column: Fact, step: Step) -> Step:
        """Return the step that drops a column of a parent, so that children that are to keep it do."""
        if column.kind == "index":
            # A partition's key that stands on its part of the index goes only like this.
            parts = [x for x in dependents(column, self._live) if "part_of" in x.body]
            return replace(step, action=f"{step.action} CASCADE") if parts else step
        if column.path not in self._kept:
            return step
        only = step.action.replace("ALTER TABLE ", "ALTER TABLE ONLY ", 1)
        # Those that are not to keep it can be told so when it is their own.
        return replace(step, action=only, phase=-1)

    def leaders(self, fact: Fact) -> Iterator[str]:
        """Yield the names of the differences with which one about a child's part comes and goes."""
        if fact.kind == "sequence":
            yield f"column {fact.body['owned_by']}"
            return
        table = undotted(fact.body["table"]) if fact.kind == "index" else fact.path[:2]
        yield from (f"{kind} {dotted(table)}" for kind in _TABLES)
        if fact.kind == "not_null":
            yield f"column {dotted(fact.path)}"
        if fact.kind == "column" and (type_ := self._type_of(table)):
            yield f"composite {type_}"
        for parent in self.parents(table) if fact.kind == "column" else ():
            yield f"column {dotted((*parent, fact.path[2]))}"
            yield from self.leaders(Fact(fact.kind, (*parent, fact.path[2]), {}))

    def handed_down(self, fact: Fact) -> bool:
        """Tell whether a child that leaves its parent has a constraint, or an index, as the parent's until then.

        So has a column that is to be no identity any more the sequence that it is to use, and a typed table what its type has.
        """
        if fact.kind == "column":
            return bool(self._type_of(fact.path[:2]))
        if fact.kind == "sequence" and "owned_by" in fact.body:
            column = self._live.get("column", undotted(fact.body["owned_by"]))
            return column is not None and "identity" in column.body
        if fact.kind not in {"constraint", "index"}:
            return False
        table = fact.path[:2] if fact.kind == "constraint" else undotted(fact.body["table"])
        return table in self._moving and any(
            all(other.body.get(key) == fact.body.get(key) for key in _OWN[fact.kind])
            for parent in self.parents(table)
            for other in self._of(fact.kind, parent)
        )

    def _type_of(self, table: Path) -> str:
        found = self._live.get("table", table)
        return str(found.body.get("of_type", "")) if found else ""

    def _of(self, kind: str, table: Path) -> Iterator[Fact]:
        if kind == "constraint":
            yield from self._live.children(table, kind)
        else:
            yield from (x for x in self._live.of_kind(kind) if undotted(x.body["table"]) == table)

    def parents(self, table: Path) -> list[Path]:
        """Return the tables from which one comes."""
        found = self._live.first(_TABLES, table)
        if found is None:
            return []
        of = [found.body["partition_of"]] if "partition_of" in found.body else []
        return [undotted(name) for name in [*of, *found.body.get("inherits", [])]]

    def of_parents(self, column: Fact) -> Iterator[Fact]:
        """Yield the columns of the parents that are one with *column*."""
        for parent in self.parents(column.path[:2]):
            found = self._live.get("column", (*parent, column.path[2]))
            if found is not None:
                yield found

    @cached_property
    def _moving(self) -> set[Path]:
        return {
            difference.fact.path
            for difference in self._drift.of("differs")
            if difference.fact.kind in _TABLES and _PARENTS & {*difference.fields}
        }

    @cached_property
    def _kept(self) -> set[Path]:
        """The columns of parents that a child is to have as its own from now on."""
        return {
            (*parent, difference.fact.path[2])
            for difference in self._drift.of("differs")
            if _becomes_own(difference)
            for parent in self.parents(difference.fact.path[:2])
        }


def _becomes_own(difference: Difference) -> bool:
    return (
        difference.fact.kind == "column"
        and "inherited" in difference.fields
        and "inherited" not in difference.fact.body
    )
