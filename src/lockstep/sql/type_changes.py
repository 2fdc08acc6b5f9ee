"""Whether ALTER COLUMN ... TYPE writes the table anew: PostgreSQL's rules for values that stay as they are.

Measured on 13 to 18. A value stays where the old type is the new one seen otherwise (``pg_cast.castmethod = 'b'``), or where a
length only grows (the support functions of varchar, varbit, numeric, time, timestamp and interval). Domains stand for their
base type; one with constraints of its own has every value checked by a rewrite.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from lockstep.sql.effect import Work, heavier
from lockstep.sql.objects import Key
from lockstep.sql.state import State
from lockstep.sql.tree import Node, only, strings, type_modifiers, type_name

_NUMBERED = {
    "oid",
    "regproc",
    "regprocedure",
    "regoper",
    "regoperator",
    "regclass",
    "regcollation",
    "regtype",
    "regconfig",
    "regdictionary",
    "regrole",
    "regnamespace",
}
_TEXTS = {"text", "character varying", "character"}
_SEEN_OTHERWISE = {
    "text": {"character varying", "character", "citext"},
    "character varying": {"text", "character", "citext"},
    "citext": {"text", "character varying"},
    "xml": _TEXTS,
    "cidr": {"inet"},
    "bit": {"bit varying"},
    "bit varying": {"bit"},
    "integer": _NUMBERED,
    "oid": {"integer", *_NUMBERED},
    **{name: {"integer", "oid"} for name in _NUMBERED - {"oid"}},
}
_SAME_ORDER = ({"text", "character varying"}, {"cidr", "inet"})
_STAMPS = {"timestamp with time zone", "timestamp without time zone"}
_CLOCKS = {*_STAMPS, "time with time zone", "time without time zone"}
_MOST_DIGITS = 6
_FULL_INTERVAL = 0x7FFF
_INTERVAL_FIELDS = (1 << 12, 1 << 11, 1 << 10, 1 << 3, 1 << 1, 1 << 2)
"""Second, minute, hour, day, month, year, as the modifiers of an interval name them."""


class ColumnType(NamedTuple):
    """A type with its modifiers; of a domain those of its base type, and whether values of it must be ``constrained``."""

    name: str
    modifiers: tuple[int, ...] = ()
    domain: str = ""
    constrained: bool = False


class Change(NamedTuple):
    """What a change of type does to the table, and whether an index on the column keeps its order."""

    work: Work
    keeps_order: bool


def column_type(node: Node | None, state: State) -> ColumnType:
    """Return a TypeName node as a type, domains of the history resolved."""
    return resolved(type_name(node), type_modifiers(node), state)


def resolved(name: str, modifiers: tuple[int, ...], state: State) -> ColumnType:
    """Return a type by its name as ``tree.type_name`` writes it, domains of the history resolved."""
    key = state.key("type", tuple(name.split(".")))
    thing = state.thing(key)
    if thing is None or thing.kind != "domain":
        return ColumnType(name, modifiers)
    definition = thing.definition or {}
    base = column_type(definition.get("typeName"), state)
    constrained = base.constrained or domain_constrained(key, state)
    return ColumnType(base.name, base.modifiers, name, constrained)


def domain_constrained(key: Key, state: State) -> bool:
    """True if the history gives a domain a constraint."""
    thing = state.thing(key)
    written = (thing.definition or {}).get("constraints", ()) if thing else ()
    kinds = {item.get("Constraint", {}).get("contype") for item in written}
    return bool(kinds & {"CONSTR_CHECK", "CONSTR_NOTNULL"}) or any(
        True for _ in state.parts(key, "domain constraint")
    )


def type_change(
    old: ColumnType, new: ColumnType, casts: Sequence[ColumnType] | None = (), *, utc: bool = False
) -> Change:
    """Return what it takes to make *old* into *new*.

    *casts* are the types that a USING of nothing but casts passes on the way, None for a USING that is anything else.
    """
    if casts is None:
        return Change("rewrite", keeps_order=False)
    works: list[Work] = []
    current = old
    for step in (*casts, new):
        works.append(_step(current, step, utc=utc))
        # A cast hides the length of what was cast: varchar(10)::text may be longer than varchar(30) for all PostgreSQL knows.
        current = step
    return Change(heavier(*works), _same_order(old.name, new.name))


def casts_in(using: Node | None, column: str, state: State) -> list[ColumnType] | None:
    """Return the types that a USING casts the column to, from the inside out; None if it does anything else."""
    if using is None:
        return []
    kind, fields = only(using)
    if kind == "TypeCast":
        inner = casts_in(fields.get("arg"), column, state)
        return None if inner is None else [*inner, column_type(fields.get("typeName"), state)]
    named = kind == "ColumnRef" and strings(fields.get("fields"))[-1:] == (column,)
    return [] if named else None


def _step(old: ColumnType, new: ColumnType, *, utc: bool) -> Work:
    if old.domain and old.domain == new.domain:
        return "none"
    if new.constrained:
        return "rewrite"
    modifiers = () if old.domain else old.modifiers
    if old.name == new.name:
        return "none" if _fits(new.name, modifiers, new.modifiers) else "rewrite"
    if not _fits(new.name, (), new.modifiers):
        return "rewrite"
    if {old.name, new.name} == _STAMPS:
        return "none" if utc else "rewrite"
    return "none" if new.name in _SEEN_OTHERWISE.get(old.name, ()) else "rewrite"


def _fits(name: str, old: tuple[int, ...], new: tuple[int, ...]) -> bool:
    """True if every value under the modifiers *old* is also one under *new*, and PostgreSQL knows it."""
    if not new or old == new:
        return True
    if name == "interval":
        return _interval_fits(old, new)
    if name in _CLOCKS:
        return min(new[0], _MOST_DIGITS) >= (old[0] if old else _MOST_DIGITS)
    if not old:
        return False
    if name == "numeric":
        return (
            new[0] >= old[0]
            and new[1:2] in {old[1:2], old[1:2] or (0,)}
            and _scale(new) == _scale(old)
        )
    if name in {"character varying", "bit varying"}:
        return new[0] >= old[0]
    return False


def _scale(modifiers: tuple[int, ...]) -> int:
    return modifiers[1] if len(modifiers) > 1 else 0


def _interval_fits(old: tuple[int, ...], new: tuple[int, ...]) -> bool:
    old_least, new_least = _least_field(old), _least_field(new)
    if new_least > old_least:
        return False
    digits = new[1] if len(new) > 1 else _MOST_DIGITS
    return old_least > 0 or digits >= (old[1] if len(old) > 1 else _MOST_DIGITS)


def _least_field(modifiers: tuple[int, ...]) -> int:
    fields = modifiers[0] if modifiers else _FULL_INTERVAL
    return next((n for n, bit in enumerate(_INTERVAL_FIELDS) if fields & bit), 0)


def _same_order(old: str, new: str) -> bool:
    return old == new or any({old, new} <= group for group in _SAME_ORDER)


def changed_types(old: ColumnType, new: ColumnType) -> Iterator[str]:
    """Yield both types as people write them."""
    for one in (old, new):
        numbers = ",".join(str(number) for number in one.modifiers)
        yield one.domain or (
            f"{one.name}({numbers})" if numbers and one.name != "interval" else one.name
        )
