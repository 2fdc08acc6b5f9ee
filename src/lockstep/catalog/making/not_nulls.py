"""What only PostgreSQL 18 keeps of a NOT NULL beside its column: a name that somebody gave it, and that a child has its own."""

from __future__ import annotations

from dataclasses import replace

from lockstep.catalog.compare import Difference
from lockstep.catalog.fact import Fact
from lockstep.catalog.making import guards
from lockstep.catalog.making.children import children
from lockstep.catalog.making.index import Index
from lockstep.catalog.making.step import Step, Unchangeable
from lockstep.sql.objects import literal, qualified, quoted

_LONGEST = 63
_SUFFIX = "_not_null"


def create_not_null(fact: Fact, expected: Index) -> list[Step]:
    """Name it, or make it the child's own."""
    steps = change_not_null(Difference(fact, _bare(fact)), expected, expected)
    return steps if isinstance(steps, list) else []


def change_not_null(
    difference: Difference, expected: Index, live: Index
) -> list[Step] | Unchangeable:
    """Name it otherwise, or make it the child's own."""
    wanted = difference.fact
    fact = wanted
    if wanted.body.get("own"):
        there = live.get("column", fact.path)
        return [_own(wanted, late=there is None or "not_null" not in there.body)]
    if difference.live and difference.live.body.get("own"):
        return Unchangeable("it is the child's own as well, which ends only with the NOT NULL")
    if any(_has_children(fact, index) for index in (expected, live)):
        return Unchangeable(
            "children may have it under other names, and keep it from being renamed"
        )
    return [_named(wanted)]


def drop_not_null(fact: Fact) -> list[Step]:
    """Give it a name of the server's own, if it has another."""
    return [] if fact.body.get("own") else [_named(_bare(fact))]


def _bare(fact: Fact) -> Fact:
    return Fact(fact.kind, fact.path, {})


def _has_children(fact: Fact, index: Index) -> bool:
    return next(children(fact.path[:2], index), None) is not None


def kept_by_child(column: Fact) -> Step:
    """Return the step that makes an inherited NOT NULL the child's own, so that it outlives the parent's."""
    return replace(_own(column, late=False), fact=column)


def _own(fact: Fact, *, late: bool) -> Step:
    action = (
        f"ALTER TABLE {qualified(*fact.path[:2])} ALTER COLUMN {quoted(fact.path[2])} SET NOT NULL"
    )
    held = guards.exists("pg_constraint", _row(fact), "NOT conislocal")
    # It is to be the child's own before it is its parent's no more.
    return Step(fact, action, held, phase=1 if late else -1, late=late)


def _named(fact: Fact) -> Step:
    name = fact.body.get("name") or _usual_name(fact)
    found = f"(SELECT conname FROM pg_catalog.pg_constraint WHERE {_row(fact)})"
    statement = f"ALTER TABLE {qualified(*fact.path[:2])} RENAME CONSTRAINT %I TO {quoted(name)}"
    body = f"BEGIN EXECUTE pg_catalog.format({literal(statement)}, {found}); END"
    # Of the server's own names one is as good as the other.
    other = (
        f"conname <> {literal(name)}" if "name" in fact.body else "conname !~ '_not_null[0-9]*$'"
    )
    guard = guards.exists(
        "pg_constraint", _row(fact), f"conislocal AND coninhcount = 0 AND {other}"
    )
    return Step(fact, f"DO {literal(body)}", guard, phase=1, late=True)


def _row(fact: Fact) -> str:
    column = guards.column(fact.path[:2], fact.path[2])
    number = f"(SELECT attnum FROM pg_catalog.pg_attribute WHERE {column})"
    return f"contype = 'n' AND conrelid = {guards.relation(fact.path[:2])} AND conkey = ARRAY[{number}]"


def _usual_name(fact: Fact) -> str:
    stem = f"{fact.path[1]}_{fact.path[2]}".encode()[: _LONGEST - len(_SUFFIX)]
    return stem.decode(errors="ignore") + _SUFFIX
