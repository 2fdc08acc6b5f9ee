"""Objects that come and go with others, and objects that stand where others should: seen in one drift as a whole."""

from __future__ import annotations

from collections.abc import Iterator

from lockstep.catalog.compare import Difference, Drift
from lockstep.catalog.fact import Fact, Path, dotted, undotted
from lockstep.catalog.making.index import Index
from lockstep.catalog.repair.building import short_name
from lockstep.catalog.repair.choices import Choices
from lockstep.catalog.repair.online import NOT_NULL

_RELATIONS = ("table", "foreign_table", "view", "matview", "index", "sequence")
_TYPES = ("enum", "domain", "composite", "range")
_ROUTINES = ("function", "procedure", "aggregate")
_ON_RELATION = {"column", "constraint", "trigger", "policy", "rule"}


class Families:
    """Who belongs to whom among the differences of a drift."""

    def __init__(self, drift: Drift, live: Index, choices: Choices) -> None:
        self._live = live
        self._choices = choices
        self._extra = {difference.fact.key: difference.fact for difference in drift.of("extra")}
        self._missing = {difference.fact.key for difference in drift.of("missing")}
        self._differing = {difference.fact.key for difference in drift.of("differs")}

    def goes_with_another(self, difference: Difference) -> bool:
        """True for a column of a table that will be made, and for what hangs on an extra object, unless it may go alone."""
        fact = difference.fact
        if difference.live is None:
            tables = (("table", fact.path[:2]), ("foreign_table", fact.path[:2]))
            return fact.kind == "column" and any(table in self._missing for table in tables)
        if difference.expected is not None:
            return False
        if self._is_ours(fact):
            return True
        holders = [holder for holder in self._holders(fact) if holder.key in self._extra]
        if not holders:
            return False
        return any(map(self._choices.may_drop, holders)) or not self._choices.may_drop(fact)

    def _is_ours(self, fact: Fact) -> bool:
        """True for what a repair has made on the way, and the next one still needs: an index for a key, a CHECK for NOT NULL."""
        if fact.kind == "index":
            return ("constraint", (*undotted(fact.body["table"]), fact.path[1])) in self._missing
        if fact.kind != "constraint" or not fact.path[2].startswith(NOT_NULL):
            return False
        columns = self._live.children(fact.path[:2])
        return any(
            short_name(NOT_NULL, column.path) == fact.path[2]
            and ("column", column.path) in self._differing
            for column in columns
        )

    def new(self, fact: Fact) -> bool:
        """True if what *fact* is about is made by the same repair."""
        return any(
            (kind, path) in self._missing for kinds, path in _held_by(fact) for kind in kinds
        )

    def in_the_way(self, fact: Fact) -> str:
        """Return what stands where *fact* should, and will not go; empty if nothing does."""
        for kinds in (_RELATIONS, _TYPES, _ROUTINES):
            if fact.kind in kinds:
                for kind in kinds:
                    found = self._live.get(kind, fact.path)
                    if (
                        found is not None
                        and kind != fact.kind
                        and not self._choices.may_drop(found)
                    ):
                        return f"{kind} {dotted(fact.path)}"
        if fact.kind == "constraint" and fact.body["type"] == "primary key":
            for other in self._live.children(fact.path[:2], "constraint"):
                if other.body.get("type") == "primary key" and not self._choices.may_drop(other):
                    return f"primary key {dotted(other.path)}"
        return ""

    def _holders(self, fact: Fact) -> Iterator[Fact]:
        """Yield the objects with which *fact* would go."""
        for kinds, path in _held_by(fact):
            if holder := self._live.first(kinds, path):
                yield holder
        if fact.kind == "constraint":
            for column in fact.body.get("columns", ()):
                if holder := self._live.get("column", (*fact.path[:2], column)):
                    yield holder


def _held_by(fact: Fact) -> Iterator[tuple[tuple[str, ...], Path]]:
    if fact.kind in _ON_RELATION:
        yield ("table", "foreign_table", "view", "matview"), fact.path[:2]
    elif fact.kind == "domain_constraint":
        yield ("domain",), fact.path[:2]
    elif fact.kind in {"index", "statistics"}:
        table = undotted(fact.body["table"])
        yield ("table", "foreign_table", "matview"), table
        for key in fact.body.get("columns", ()):
            name = key.get("column") if isinstance(key, dict) else key
            if name is not None:
                yield ("column",), (*table, name)
    elif fact.kind == "sequence" and "owned_by" in fact.body:
        owner = undotted(fact.body["owned_by"])
        yield ("column",), owner
        yield ("table",), owner[:2]
    elif fact.kind == "comment":
        yield from _of_any_kind(fact.path[1:])
    elif fact.kind in {"grant", "revocation"}:
        yield from _of_any_kind(fact.path[1:-1])


def _of_any_kind(path: Path) -> Iterator[tuple[tuple[str, ...], Path]]:
    if len(path) == 1:
        yield ("schema", "publication", "event_trigger"), path
    if len(path) >= 2:
        yield (*_RELATIONS, *_TYPES, "collation", "statistics"), path[:2]
    if len(path) == 3:
        yield (
            ("column", "constraint", "trigger", "policy", "rule", "domain_constraint", *_ROUTINES),
            path,
        )
