"""Give a column another type: which changes keep every value, and the one statement that does it."""

from __future__ import annotations

import re

from lockstep.catalog.fact import Fact
from lockstep.catalog.making import guards
from lockstep.catalog.making.step import Step
from lockstep.catalog.making.texts import name_of
from lockstep.sql.objects import literal, qualified, quoted

_MODIFIED = re.compile(r"([a-z ]+?)\s*(?:\(([\d,]+)\))?((?: with(?:out)? time zone)?)\Z")
_NUMBERS = ("smallint", "integer", "bigint", "numeric")
_REALS = ("real", "double precision")
_TEXTS = ("character varying", "text")
_CLOCKS = ("timestamp", "time", "interval", "timestamp with time zone", "time with time zone",
           "timestamp without time zone", "time without time zone")  # fmt: skip

_CAST_BY_EXTENSIONS = {("hstore", "json"), ("hstore", "jsonb")}
_READ_BY_TEXT = ("json", "jsonb")
_ALONE = {("integer", "boolean"), ("boolean", "integer")}
_KINDS = {
    "number": (*_NUMBERS, *_REALS),
    "clock": (*_CLOCKS, "date"),
    "boolean": ("boolean",),
    "uuid": ("uuid",),
    "json": _READ_BY_TEXT,
    "bytes": ("bytea",),
    "address": ("inet", "cidr"),
}
"""Types of different kinds have no cast between them, but for those that stand alone, and that PostgreSQL 18 has for bytea."""


def widens(old: str, new: str) -> bool:
    """True if every value of type *old* is one of type *new*, the same for every user of it."""
    one, other = _MODIFIED.fullmatch(old), _MODIFIED.fullmatch(new)
    if one is None or other is None:
        return False
    was, now = one[1] + one[3], other[1] + other[3]
    before, after = _modifiers(one[2]), _modifiers(other[2])
    if was != now:
        if was in _TEXTS and now in _TEXTS:
            return not after
        for family in (_NUMBERS, _REALS):
            if was in family and now in family:
                return family.index(was) < family.index(now) and not after
        return False
    if not after:
        return True
    if was == "numeric":
        return bool(before) and before[1] == after[1] and before[0] <= after[0]
    return was in (*_TEXTS, "bit varying", *_CLOCKS) and bool(before) and before[0] <= after[0]


def _modifiers(text: str | None) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split(",")) if text else ()


def change_type(wanted: Fact, found: Fact, kind: str) -> list[Step]:
    """Return the step that changes type and collation; a default that stands in the way goes first, and comes back after."""
    new, old = wanted.body, found.body
    column = quoted(wanted.path[2])
    parts = [f"ALTER COLUMN {column} DROP DEFAULT"] if "default" in old else []
    change = f"ALTER COLUMN {column} {'SET DATA ' if kind != 'TABLE' else ''}TYPE {new['type']}"
    if "collation" in new:
        change += f" COLLATE {name_of(new['collation'])}"
    if kind == "TABLE" and new["type"] != old["type"] and "generated" not in new:
        change += f" USING {using(column, old['type'], new['type'])}"
    parts.append(change)
    if "default" in new:
        parts.append(f"ALTER COLUMN {column} SET DEFAULT {new['default']}")
    guard = guards.exists(
        "pg_attribute",
        guards.column(wanted.path[:2], wanted.path[2]),
        guards.not_all([typed(wanted)]),
    )
    return [
        Step(
            wanted,
            f"ALTER {kind} {qualified(*wanted.path[:2])} {', '.join(parts)}",
            guard,
            loses=_lost(wanted, found),
        )
    ]


def using(column: str, old: str, new: str) -> str:
    """Return the expression that makes a value of the one type into one of the other."""
    if widens(old, new) or (_last(old), _last(new)) in _CAST_BY_EXTENSIONS:
        return f"{column}::{new}"
    # Two types that know nothing of each other, such as two enums, have their text in common.
    plain = {word for text in (old, new) if (word := text.removesuffix("[]").partition("(")[0])}
    named = any("." in word or '"' in word for word in plain) or not _castable(old, new)
    return (
        f"{column}::pg_catalog.text{'[]' if old.endswith('[]') else ''}::{new}"
        if named
        else f"{column}::{new}"
    )


def _castable(old: str, new: str) -> bool:
    """Tell whether the server has a cast from the one of its own types to the other, as far as that is known here."""
    one, other = (_kind_of(text) for text in (old, new))
    if "" in {one, other} or one == other:
        return True
    return (old, new) in _ALONE or (one == "json" and other in {"number", "boolean"})


def _kind_of(type_: str) -> str:
    bare = re.sub(r"\([\d,]+\)", "", type_)
    return next((kind for kind, types in _KINDS.items() if bare in types), "")


def back(value: str, old: str, new: str) -> str:
    """Return the expression that makes a *value* of type *new* one of type *old* again; empty if there is no such way.

    What can be cast in one direction cannot always be cast in the other, but every type can be read from its own text.
    """
    if (_last(old), _last(new)) in _CAST_BY_EXTENSIONS:
        return ""
    by_text = old in _READ_BY_TEXT and new not in _READ_BY_TEXT
    return f"({value})::pg_catalog.text::{old}" if by_text else using(f"({value})", new, old)


def _last(type_: str) -> str:
    return type_.rpartition(".")[2]


def typed(fact: Fact) -> str:
    """Return the condition, on ``pg_attribute``, that a column is of the fact's type and collation."""
    same = f"pg_catalog.format_type(atttypid, atttypmod) = {literal(fact.body['type'])}"
    usual = "(SELECT typcollation FROM pg_catalog.pg_type AS t WHERE t.oid = atttypid)"
    if "collation" not in fact.body:
        return f"{same} AND attcollation = {usual}"
    from lockstep.catalog.fact import undotted

    named = guards.exists(
        "pg_collation",
        f"oid = attcollation AND {guards.collation(undotted(fact.body['collation']))}",
    )
    return f"{same} AND {named}"


def _lost(wanted: Fact, found: Fact) -> str:
    old, new = found.body["type"], wanted.body["type"]
    if old == new:
        return "the order in which its values are sorted and compared"
    if widens(old, new):
        return ""
    return f"values of type {old} that {new} cannot hold"
