"""Sequences: a type, and numbers that are left out where they are the type's usual ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lockstep.catalog.compare import Difference
from lockstep.catalog.fact import Fact, undotted
from lockstep.catalog.making import guards
from lockstep.catalog.making.index import Index
from lockstep.catalog.making.step import Step, Unchangeable
from lockstep.sql.objects import literal, qualified
from lockstep.values import dataclass

_GREATEST = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}
_OWNED = "deptype = 'a' AND classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass"


@dataclass(frozen=True, slots=True)
class Numbers:
    """All that a sequence counts by."""

    type: str
    start: int
    increment: int
    least: int
    most: int
    cache: int
    cycle: bool
    told: tuple[str, ...]


def resolved(options: Mapping[str, Any] | None, type_: str) -> Numbers:
    """Return *options* with what they leave out; *type_* may be a domain, which counts as a bigint does."""
    given = options or {}
    greatest = _GREATEST.get(type_, _GREATEST["bigint"])
    increment = given.get("increment", 1)
    most = given.get("max", greatest if increment > 0 else -1)
    least = given.get("min", 1 if increment > 0 else -greatest - 1)
    start = given.get("start", least if increment > 0 else most)
    cache, cycle = given.get("cache", 1), given.get("cycle", False)
    return Numbers(type_, start, increment, least, most, cache, cycle, tuple(given))


def sequence_options(numbers: Numbers, *, complete: bool) -> Iterator[str]:
    """Yield the options as SQL: those that were told, or all."""
    texts = {
        "increment": f"INCREMENT BY {numbers.increment}",
        "min": f"MINVALUE {numbers.least}",
        "max": f"MAXVALUE {numbers.most}",
        "start": f"START WITH {numbers.start}",
        "cache": f"CACHE {numbers.cache}",
        "cycle": "CYCLE" if numbers.cycle else "NO CYCLE",
    }
    return (text for name, text in texts.items() if complete or name in numbers.told)


def sequence_values(numbers: Numbers) -> str:
    """Return the condition, on ``pg_sequence``, that a sequence counts like this."""
    values = f"{numbers.start}, {numbers.increment}, {numbers.least}, {numbers.most}, {numbers.cache}, {str(numbers.cycle).lower()}"
    return f"(seqstart, seqincrement, seqmin, seqmax, seqcache, seqcycle) = ({values})"


_AN_IDENTITYS = "classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND deptype = 'i'"


def create_sequence(fact: Fact, expected: Index) -> list[Step]:
    """Make a sequence; to be owned, it waits for its column."""
    type_ = fact.body.get("type", "bigint")
    unlogged = "UNLOGGED " if fact.body.get("persistence") else ""
    parts = [f"CREATE {unlogged}SEQUENCE {qualified(*fact.path)}"]
    if type_ != "bigint":
        parts.append(f"AS {type_}")
    parts += sequence_options(resolved(fact.body.get("options"), type_), complete=False)
    made = Step(fact, " ".join(parts), f"{guards.relation(fact.path)} IS NULL")
    return [made, *(_owned(fact) if "owned_by" in fact.body else [])]


def _owned(fact: Fact) -> list[Step]:
    sequence, owner = guards.relation(fact.path), fact.body.get("owned_by")
    if owner is None:
        guard = guards.exists("pg_depend", f"objid = {sequence}", _OWNED)
        return [Step(fact, f"ALTER SEQUENCE {qualified(*fact.path)} OWNED BY NONE", guard)]
    path = undotted(owner)
    column = (
        f"refobjid = {guards.relation(path[:2])} AND refobjsubid = (SELECT attnum FROM pg_catalog.pg_attribute "
        f"WHERE {guards.column(path[:2], path[2])})"
    )
    guard = guards.both(
        guards.exists("pg_class", f"oid = {sequence}"),
        guards.missing("pg_depend", f"objid = {sequence}", _AN_IDENTITYS),
        guards.missing("pg_depend", f"objid = {sequence}", _OWNED, column),
    )
    return [
        Step(
            fact,
            f"ALTER SEQUENCE {qualified(*fact.path)} OWNED BY {qualified(*path)}",
            guard,
            phase=1,
        )
    ]


def counting_on(alter: str) -> str:
    """Return *alter*, which changes how a sequence counts, as a statement that begins anew only where it must.

    The server refuses bounds (22023) that leave out the last number: only then does the count begin at its start.
    """
    tried = f"EXECUTE {literal(alter)}"
    else_anew = f"EXCEPTION WHEN invalid_parameter_value THEN EXECUTE {literal(alter + ' RESTART')}"
    return f"DO {literal(f'BEGIN {tried}; {else_anew}; END')}"


def change_sequence(
    difference: Difference, expected: Index, live: Index
) -> list[Step] | Unchangeable:
    """Change how a sequence counts, where it is kept, or whose it is."""
    wanted, fields = difference.expected, set(difference.fields)
    assert wanted is not None
    steps: list[Step] = []
    name = qualified(*wanted.path)
    if fields & {"type", "options"}:
        type_ = wanted.body.get("type", "bigint")
        numbers = resolved(wanted.body.get("options"), type_)
        same = f"seqtypid = 'pg_catalog.{_INTERNAL[type_]}'::pg_catalog.regtype"
        row = f"seqrelid = {guards.relation(wanted.path)}"
        differs = guards.not_all([same, sequence_values(numbers)])
        options = " ".join(sequence_options(numbers, complete=True))
        alter = f"ALTER SEQUENCE {name} AS {type_} {options}"
        guard = guards.exists("pg_sequence", row, differs)
        steps.append(Step(wanted, counting_on(alter), guard))
    if "persistence" in fields:
        letter, word = ("u", "UNLOGGED") if "persistence" in wanted.body else ("p", "LOGGED")
        guard = guards.exists(
            "pg_class", f"oid = {guards.relation(wanted.path)} AND relpersistence <> '{letter}'"
        )
        steps.append(Step(wanted, f"ALTER SEQUENCE {name} SET {word}", guard))
    if "owned_by" in fields:
        steps += _owned(wanted)
    return steps


_INTERNAL = {"smallint": "int2", "integer": "int4", "bigint": "int8"}


def drop_sequence(fact: Fact) -> list[Step]:
    """Drop a sequence."""
    guard = guards.exists("pg_class", f"oid = {guards.relation(fact.path)} AND relkind = 'S'")
    return [
        Step(
            fact, f"DROP SEQUENCE {qualified(*fact.path)}", guard, loses="the number it has reached"
        )
    ]
