"""Keys that are built in the second file, because their tables are in use: what refers to them has to wait for them."""

from __future__ import annotations

from functools import cached_property

from lockstep.catalog.compare import Drift
from lockstep.catalog.fact import Fact, Path, undotted
from lockstep.catalog.making.index import Index
from lockstep.catalog.making.references import word_of


class LateKeys:
    """The keys of one drift."""

    def __init__(self, drift: Drift, expected: Index, live: Index) -> None:
        self._drift = drift
        self._expected = expected
        self._live = live

    def in_use(self, table: Path) -> bool:
        """Tell whether a table is there, so that there may be rows, and somebody who uses them."""
        return self._live.first(("table", "matview"), table) is not None

    def belongs_to_a_key(self, fact: Fact) -> bool:
        """Tell whether *fact* is a key, or a column of a primary key."""
        if fact.kind == "column":
            return any(
                constraint.body["type"] == "primary key"
                and fact.path[2] in constraint.body["columns"]
                for constraint in self._expected.children(fact.path[:2], "constraint")
            )
        if fact.kind == "index":
            return bool(fact.body.get("unique"))
        return fact.kind == "constraint" and fact.body["type"] in {"primary key", "unique"}

    def refers(self, fact: Fact) -> bool:
        """Tell whether a constraint is a foreign key on one of them."""
        if fact.body["type"] != "foreign key":
            return False
        parent, columns = undotted(fact.body["references"]), sorted(fact.body["referenced_columns"])
        return any(table == parent and columns == of for table, of in self._keys)

    def needed(self, fact: Fact) -> set[str]:
        """Return the names of the differences that give a foreign key the key that it wants; none if there is one, or it is none."""
        if fact.kind != "constraint" or fact.body["type"] != "foreign key":
            return set()
        wanted = undotted(fact.body["references"]), sorted(fact.body["referenced_columns"])
        if any(_key_of(other) == wanted for other in self._live.mentioning(word_of(wanted[0][1]))):
            return set()
        differences = self._drift.of("missing", "differs")
        return {one.name for one in differences if _key_of(one.fact) == wanted}

    @cached_property
    def _keys(self) -> list[tuple[Path, list[str]]]:
        differences = self._drift.of("missing", "differs")
        found = [key for one in differences if (key := _key_of(one.fact)) is not None]
        return [(table, columns) for table, columns in found if self.in_use(table)]


def _key_of(fact: Fact) -> tuple[Path, list[str]] | None:
    """Return the table and the columns of a key, sorted."""
    if fact.kind == "constraint" and fact.body["type"] in {"primary key", "unique"}:
        return fact.path[:2], sorted(fact.body["columns"])
    if fact.kind == "index" and fact.body.get("unique"):
        columns = sorted(key.get("column", "") for key in fact.body["columns"])
        return undotted(fact.body["table"]), columns
    return None
