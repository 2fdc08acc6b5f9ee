"""A table that is there becomes another's child or partition, or leaves its parents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lockstep.catalog.fact import Fact, undotted
from lockstep.catalog.making import guards
from lockstep.catalog.making.columns import added
from lockstep.catalog.making.index import Index
from lockstep.catalog.making.step import Step
from lockstep.catalog.making.texts import name_of, same_text
from lockstep.sql.objects import literal, qualified, quoted


def moves(wanted: Fact, found: Fact, expected: Index, live: Index) -> list[Step]:
    """Return the steps that give a table other parents, or another place among them, and what it needs for that."""
    joining = list(_joining(wanted, found, expected, live))
    stays = _stays_an_heir(wanted, found, expected, live)
    steps = list(_parents(wanted, found, late=stays))
    if stays and not joining and _fits(wanted, live):
        # At once: what its old parents get from now on is not for it.
        steps = [replace(step, phase=0) for step in steps]
    return [*joining, *steps]


def _joining(wanted: Fact, found: Fact, expected: Index, live: Index) -> Iterator[Step]:
    """Yield the columns that a table needs before it can have a parent."""
    keys = ("partition_of", "bound", "inherits")
    if any(key in wanted.body and wanted.body[key] != found.body.get(key) for key in keys):
        for column in expected.children(wanted.path):
            if column.body.get("inherited") and live.get("column", column.path) is None:
                yield added(column, expected, phase=1)
        for check in _checks(wanted, expected):
            yield _checked(wanted, check)


def _checks(table: Fact, expected: Index) -> Iterator[Fact]:
    """Yield the checks that a table must have to be the child of its parents."""
    parents = (
        [table.body["partition_of"]]
        if "partition_of" in table.body
        else table.body.get("inherits", [])
    )
    for name in parents:
        parent = expected.first(("table", "foreign_table"), undotted(name))
        if parent is not None:
            for constraint in expected.children(parent.path, "constraint"):
                if constraint.body["type"] == "check" and not constraint.body.get("no_inherit"):
                    yield constraint
            yield from _checks(parent, expected)


def _checked(table: Fact, check: Fact) -> Step:
    path = (*table.path, check.path[2])
    there = guards.exists("pg_class", f"oid = {guards.relation(table.path)} AND NOT relispartition")
    guard = guards.both(there, guards.missing("pg_constraint", guards.constraint(path)))
    action = f"ALTER TABLE {qualified(*table.path)} ADD CONSTRAINT {quoted(check.path[2])} CHECK ({check.body['expression']})"
    return Step(table, action, guard, phase=1)


def _stays_an_heir(wanted: Fact, found: Fact, expected: Index, live: Index) -> bool:
    """True if all columns that came from parents come from others now: they do not become its own if those are there first."""
    if not set(wanted.body.get("inherits", [])) - set(found.body.get("inherits", [])):
        return False
    columns = [one for one in live.children(wanted.path, "column") if one.body.get("inherited")]
    return all(
        (other := expected.get("column", one.path)) is not None
        and all(
            other.body.get(key) == one.body.get(key) for key in ("inherited", "type", "collation")
        )
        for one in columns
    )


def _fits(wanted: Fact, live: Index) -> bool:
    """True if a table's columns are now what those of its parents-to-be are, as far as these are there."""
    for parent in wanted.body["inherits"]:
        for column in live.children(undotted(parent), "column"):
            own = live.get("column", (*wanted.path, column.path[2]))
            if own is None or own.body["type"] != column.body["type"]:
                return False
    return True


def _parents(wanted: Fact, found: Fact, *, late: bool = False) -> Iterator[Step]:
    """Yield the steps that give a table other parents, or another place among them; *late*: it leaves the old ones last."""
    name, child = qualified(*wanted.path), guards.relation(wanted.path)
    new, old = wanted.body, found.body
    if (old.get("partition_of"), old.get("bound")) != (new.get("partition_of"), new.get("bound")):
        if "partition_of" in old:
            yield _detached(wanted, old["partition_of"])
        if "partition_of" in new:
            attach = (
                f"ALTER TABLE {name_of(new['partition_of'])} ATTACH PARTITION {name} {new['bound']}"
            )
            guard = guards.exists("pg_class", f"oid = {child} AND NOT relispartition")
            yield Step(wanted, attach, guard, phase=1)
    for parent in new.get("inherits", []):
        if parent not in old.get("inherits", []):
            row = f"inhrelid = {child} AND inhparent = {guards.relation(undotted(parent))}"
            yield Step(
                wanted,
                f"ALTER TABLE {name} INHERIT {name_of(parent)}",
                guards.missing("pg_inherits", row),
                phase=1,
            )
    for parent in old.get("inherits", []):
        if parent not in new.get("inherits", []):
            row = f"inhrelid = {child} AND inhparent = {guards.relation(undotted(parent))}"
            loses = f"its rows among those of {parent}"
            yield Step(
                wanted,
                f"ALTER TABLE {name} NO INHERIT {name_of(parent)}",
                guards.exists("pg_inherits", row),
                loses=loses,
                phase=2 if late else 0,
            )
    if new.get("of_type") != old.get("of_type"):
        yield _typed_as(wanted)


def _detached(wanted: Fact, parent: str) -> Step:
    conditions = [
        f"inhparent = {guards.relation(undotted(wanted.body.get('partition_of', parent)))}"
    ]
    guard = guards.exists("pg_inherits", f"inhrelid = {guards.relation(wanted.path)}")
    if "partition_of" in wanted.body:
        bound = same_text(
            "(SELECT pg_catalog.pg_get_expr(relpartbound, 0) FROM pg_catalog.pg_class WHERE oid = inhrelid)",
            wanted.body["bound"],
        )
        guard = guards.exists(
            "pg_inherits",
            f"inhrelid = {guards.relation(wanted.path)}",
            guards.not_all([*conditions, bound]),
        )
    return Step(
        wanted,
        f"ALTER TABLE {name_of(parent)} DETACH PARTITION {qualified(*wanted.path)}",
        guard,
        loses=f"its rows among those of {parent}",
        phase=-1,  # others may come to where it was
    )


def _typed_as(wanted: Fact) -> Step:
    type_ = wanted.body.get("of_type")
    row = f"oid = {guards.relation(wanted.path)}"
    if type_ is None:
        return Step(
            wanted,
            f"ALTER TABLE {qualified(*wanted.path)} NOT OF",
            guards.exists("pg_class", row, "reloftype <> 0"),
        )
    other = f"reloftype <> pg_catalog.to_regtype({literal(type_)})"
    return Step(
        wanted,
        f"ALTER TABLE {qualified(*wanted.path)} OF {type_}",
        guards.exists("pg_class", row, other),
    )
