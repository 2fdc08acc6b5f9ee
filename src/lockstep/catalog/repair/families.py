"""Objects that come and go with others, and objects that stand where others should: seen in one drift as a whole."""

from __future__ import annotations

from collections.abc import Iterator

from lockstep.catalog.compare import Difference, Drift
from lockstep.catalog.fact import RIGHTS, Fact, Path, dotted, undotted
from lockstep.catalog.making import dependents
from lockstep.catalog.making.index import Index
from lockstep.catalog.making.references import referred, word_of
from lockstep.catalog.repair.building import index_of, short_name
from lockstep.catalog.repair.choices import Choices
from lockstep.catalog.repair.online import NOT_NULL
from lockstep.catalog.repair.taken import Taken
from lockstep.sql.objects import qualified

_RELATIONS = ("table", "foreign_table", "view", "matview", "index", "sequence")
_TYPES = ("enum", "domain", "composite", "range")
_ROUTINES = ("function", "procedure", "aggregate")
_CLASHES = (
    (*_RELATIONS, "composite"),
    ("table", "foreign_table", "view", "matview", *_TYPES),
    _ROUTINES,
)
_KEYS = ("primary key", "unique")
_OF_A_KEY = ("columns", "include", "method", "nulls_not_distinct", "table", "unique", "where")
_ON_RELATION = {"column", "constraint", "not_null", "trigger", "policy", "rule"}


class Families:
    """Who belongs to whom among the differences of a drift."""

    def __init__(self, drift: Drift, live: Index, choices: Choices) -> None:
        self._live = live
        self._choices = choices
        self._extra = {difference.fact.key: difference.fact for difference in drift.of("extra")}
        self._missing = {difference.fact.key: difference.fact for difference in drift.of("missing")}
        self._taken = Taken(drift, live, choices)
        self._differing = {difference.fact.key for difference in drift.of("differs")}

    def goes_with_another(self, difference: Difference) -> bool:
        """True for a column of a table that will be made, and for what hangs on an extra object, unless it may go alone."""
        fact = difference.fact
        if difference.live is None:
            tables = (("table", fact.path[:2]), ("foreign_table", fact.path[:2]))
            made = any(table in self._missing for table in tables)
            return fact.kind == "column" and made and not self.in_the_way(fact)
        if difference.expected is not None:
            return False
        if self._is_ours(fact):
            return True
        holders = [holder for holder in self._holders(fact) if holder.key in self._extra]
        if not holders or self._ties(fact):
            return False
        return any(map(self._choices.may_drop, holders)) or not self._choices.may_drop(fact)

    def may_go(self, fact: Fact) -> bool:
        """Tell whether *fact* may be dropped: by its own name, or because what it belongs to may."""
        if self._choices.may_drop(fact):
            return True
        holders = (holder for holder in self._holders(fact) if holder.key in self._extra)
        return self._ties(fact) and any(map(self._choices.may_drop, holders))

    def _ties(self, fact: Fact) -> bool:
        """True for what binds a table that goes to another thing that goes: with it there may be no order in which both can."""
        if self._taken.gives_way(fact):
            return True
        if fact.kind in {"policy", "domain_constraint"}:
            others = referred(fact) - {(fact.path[0], fact.path[1])}
            kinds = {*_RELATIONS, *_ROUTINES}
            return any(
                kind in kinds and (path[0], path[1]) in others
                for kind, path in self._extra
                if len(path) > 1
            )
        if fact.kind != "constraint" or fact.body["type"] != "foreign key":
            return False
        other = ("table", undotted(fact.body["references"]))
        return other[1] != fact.path[:2] and other in self._extra

    def _is_ours(self, fact: Fact) -> bool:
        """True for what a repair has made on the way, and the next one still needs: an index for a key, a CHECK for NOT NULL."""
        if fact.kind == "index":
            key = self._missing.get(("constraint", (*undotted(fact.body["table"]), fact.path[1])))
            return key is not None and self._serves(fact, key)
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
        for kind in _clashing(fact.kind):
            found = self._live.get(kind, fact.path)
            if found is None:
                continue
            if not self._choices.may_drop(found) or self._used(found):
                return f"{kind} {dotted(fact.path)}"
        for kinds, path in _held_by(fact):
            for kind in kinds:
                holder = self._missing.get((kind, path))
                if holder is not None and (obstacle := self.in_the_way(holder)):
                    return obstacle
        if taken := self._taken.by(fact):
            return taken
        return self._for_its_key(fact) if fact.kind == "constraint" else ""

    def _for_its_key(self, fact: Fact) -> str:
        if fact.body["type"] in {*_KEYS, "exclude"}:
            index = self._live.get("index", (fact.path[0], fact.path[2]))
            if index and not self._choices.may_drop(index) and not self._serves(index, fact):
                return f"index {dotted(index.path)}"
        if fact.body["type"] == "primary key":
            for other in self._live.children(fact.path[:2], "constraint"):
                if other.body.get("type") == "primary key" and not self._choices.may_drop(other):
                    return f"primary key {dotted(other.path)}"
        return ""

    def _serves(self, index: Fact, key: Fact) -> bool:
        """Tell whether a constraint can be made of an index that has its name."""
        table = self._live.get("table", key.path[:2])
        if table is None or "partition_by" in table.body or key.body["type"] not in _KEYS:
            return False
        wanted = index_of(key).body
        return all(index.body.get(field) == wanted.get(field) for field in _OF_A_KEY)

    def in_place(self, fact: Fact) -> bool:
        """True if something of another kind, or a routine with other arguments, is to have the name of *fact*."""
        if fact.kind == "table" and self._taken.gives_way(fact):
            return True
        if fact.kind in _ROUTINES and any(
            kind in _ROUTINES and path[:2] == fact.path[:2] for kind, path in self._missing
        ):
            return True  # a call is written alike for both
        kinds = _clashing(fact.kind)
        return any((kind, fact.path) in self._missing for kind in kinds) and not self._used(fact)

    def goes_before_its_type(self, column: Fact) -> bool:
        """True for a column on which nothing stands, of a type that is made anew: perhaps without one of the column's values."""
        if column.kind != "column" or dependents(column, self._live):
            return False
        type_ = undotted(str(column.body["type"]).removesuffix("[]"))
        return any((kind, type_) in self._differing for kind in _TYPES)

    def _used(self, fact: Fact) -> bool:
        """True for a type of which a column is: it goes only after that has another, and what takes its place comes before."""
        name = qualified(*fact.path)
        return fact.kind in _TYPES and any(
            other.kind == "column" and other.body["type"].removesuffix("[]") == name
            for other in self._live.mentioning(word_of(fact.path[1]))
        )

    def _holders(self, fact: Fact) -> Iterator[Fact]:
        """Yield the objects with which *fact* would go."""
        for kinds, path in _held_by(fact):
            if holder := self._live.first(kinds, path):
                yield holder
        if fact.kind == "constraint":
            for column in fact.body.get("columns", ()):
                if holder := self._live.get("column", (*fact.path[:2], column)):
                    yield holder


def _clashing(kind: str) -> set[str]:
    """Return the kinds of which nothing can have the name of one of *kind*."""
    return {other for kinds in _CLASHES if kind in kinds for other in kinds} - {kind}


def _held_by(fact: Fact) -> Iterator[tuple[tuple[str, ...], Path]]:
    if "part_of" in fact.body:
        yield ("index",), undotted(fact.body["part_of"])
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
    elif fact.kind in RIGHTS:
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
