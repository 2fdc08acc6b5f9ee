"""What is written for a type that a column or a domain does not have, and will not get: it could not be made.

Types of one family stand in for each other wherever they are compared, so that only another family counts.
"""

from __future__ import annotations

from collections.abc import Iterable

from lockstep.catalog.compare import Drift
from lockstep.catalog.fact import Fact, Path, dotted, undotted
from lockstep.catalog.making.references import referred, texts_of
from lockstep.catalog.repair.choices import Choices
from lockstep.catalog.repair.cures import names

_FAMILIES = (
    ("text", "character varying", "character", "name"),
    ("smallint", "integer", "bigint", "numeric", "real", "double precision"),
    ("date", "timestamp without time zone", "timestamp with time zone"),
)
_ON_TABLE = {"constraint", "policy", "trigger", "rule", "column"}
_VIEWS = {"view", "matview"}
_QUERIES = {"view", "matview", "policy", "rule", "function", "procedure"}


class HeldTypes:
    """The types of one drift that nobody allowed to change."""

    def __init__(self, drift: Drift, choices: Choices) -> None:
        self._domains: dict[Path, str] = {}
        self._columns: dict[Path, dict[str, str]] = {}
        self._read: dict[Path, dict[str, str]] = {}
        for one in drift.of("differs"):
            if one.expected is None or one.live is None or choices.may_retype(one.fact):
                continue
            new, old = (str(side.body.get("type")) for side in (one.expected, one.live))
            told = f"{one.fact.kind} {dotted(one.fact.path)} is {old}, and {new} only once that is allowed"
            if one.fact.kind == "column" and new != old:
                self._read.setdefault(one.fact.path[:2], {})[one.fact.path[2]] = told
            if akin(new, old):
                continue
            if one.fact.kind == "domain":
                self._domains[one.fact.path] = told
            elif one.fact.kind == "column":
                self._columns.setdefault(one.fact.path[:2], {})[one.fact.path[2]] = told
        if self._read:
            fresh = (one.expected for one in drift.of("missing", "differs"))
            self._read_on(view for view in fresh if view is not None and view.kind in _VIEWS)

    def under(self, fact: Fact) -> str:
        """Return what *fact* would stand on although it is of another type; empty if there is nothing."""
        if fact.kind == "domain_constraint":
            return self._domains.get(fact.path[:2], "")
        if not self._columns:
            return ""
        others = {"type", "references", "referenced_columns"}
        if fact.kind == "column":
            others = fact.body.keys() - {"generated"}
        body = {key: value for key, value in fact.body.items() if key not in others}
        text = "\n".join(texts_of(body))
        for table in _tables(fact):
            for column, told in self._columns.get(table, {}).items():
                if column in fact.body.get("columns", ()) or names(text, column):
                    return told
        for column in fact.body.get("referenced_columns", ()):
            held = self._columns.get(undotted(fact.body["references"]), {})
            if column in held:
                return held[column]
        return ""

    def read_by(self, fact: Fact) -> str:
        """Return the column from which a column of a view has a type that it should not; empty if there is none."""
        if fact.kind not in _VIEWS:
            return ""
        for table in referred(fact) & self._read.keys():
            for column, told in self._read[table].items():
                if names(fact.body["definition"], column):
                    return told
        return ""

    def _read_on(self, views: Iterable[Fact]) -> None:
        """Take *views*, of which some read others, for tables whose columns have the types of what they read."""
        rest = list(views)
        while found := [(view, told) for view in rest if (told := self.read_by(view))]:
            for view, told in found:
                columns = [column["name"] for column in view.body.get("columns", ())]
                self._read.setdefault(view.path, {}).update(dict.fromkeys(columns, told))
                rest.remove(view)


def _tables(fact: Fact) -> set[Path]:
    found: set[Path] = set()
    if fact.kind in _ON_TABLE:
        found.add(fact.path[:2])
    if fact.kind in {"index", "statistics"}:
        found.add(undotted(fact.body["table"]))
    if fact.kind in _QUERIES:
        found |= referred(fact)
    return found


def akin(one: str, other: str) -> bool:
    """Tell whether values of two types can be compared."""
    if one == other:
        return True
    first, second = _bare(one), _bare(other)
    return first == second or any(first in family and second in family for family in _FAMILIES)


def _bare(type_: str) -> str:
    start, parenthesis, rest = type_.partition("(")
    return (start + rest.partition(")")[2]) if parenthesis else type_
