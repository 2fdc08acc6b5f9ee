"""Columns of tables: what a definition can say at once, and what only ALTER COLUMN can."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from lockstep.catalog.compare import Difference
from lockstep.catalog.fact import Fact, Path, undotted
from lockstep.catalog.making import guards
from lockstep.catalog.making.column_changes import (
    CHANGES,
    HANDED_DOWN,
    NOT_NULL,
    Change,
    generated_as,
    identity,
    no_heirs,
)
from lockstep.catalog.making.index import Index
from lockstep.catalog.making.numbers import going_on
from lockstep.catalog.making.retyping import change_type, widens
from lockstep.catalog.making.sequences import counting_on
from lockstep.catalog.making.step import Step, Unchangeable
from lockstep.catalog.making.texts import (
    foreign_list,
    name_of,
    option_pairs,
)
from lockstep.sql.objects import qualified, quoted

Body = Mapping[str, Any]
_DERIVED = "its values are computed anew, and what is built on the column goes with it"
_VALUES = "the column's values, and what is built on the column"
_IN_DEFINITION = {"type", "collation", "default", "generated", "virtual", "identity", "sequence"}


def column_definition(fact: Fact, *, deferred: bool = False) -> str:
    """Return a column as CREATE TABLE and ADD COLUMN take it; *deferred* leaves its default out."""
    body = fact.body
    parts = [quoted(fact.path[2]), body["type"]]
    if options := body.get("foreign_options"):
        parts.append(f"OPTIONS ({foreign_list(option_pairs(options))})")
    return " ".join([*parts, *column_constraints(body, deferred=deferred)])


def column_constraints(body: Body, *, deferred: bool = False) -> Iterator[str]:
    """Yield what stands behind a column's type."""
    if "collation" in body:
        yield f"COLLATE {name_of(body['collation'])}"
    if "generated" in body:
        yield f"GENERATED ALWAYS AS ({body['generated']}) {_kept(body)}"
    elif "identity" in body:
        yield identity(body)
    elif "default" in body and not deferred:
        yield f"DEFAULT {body['default']}"
    if body.get("not_null") is True:
        yield f"NOT NULL{no_heirs(body)}"


def create_column(fact: Fact, expected: Index) -> list[Step]:
    """Add a column to a table that is there."""
    if fact.body.get("inherited"):
        return follow_parent(fact, expected)
    if _of_type(fact, expected):
        return _typed(fact, expected)
    return [added(fact, expected), *settings_of(fact, expected)]


def _of_type(column: Fact, index: Index) -> bool:
    table = index.get("table", column.path[:2])
    return table is not None and "of_type" in table.body


def _typed(fact: Fact, expected: Index) -> list[Step]:
    """Return the steps for a column of a typed table: it came with the type, unless the table is only now to be of it."""
    body = {key: fact.body[key] for key in ("type", "collation") if key in fact.body}
    bare = Fact("column", fact.path, body)
    add = added(bare, expected)
    free = guards.exists("pg_class", f"oid = {guards.relation(fact.path[:2])}", "reloftype = 0")
    return [replace(add, guard=guards.both(add.guard, free)), *_changed(fact, bare, expected)]


def added(fact: Fact, expected: Index, phase: int = 0) -> Step:
    """Return the step that adds a column."""
    table, name = fact.path[:2], fact.path[2]
    there = guards.exists("pg_class", f"oid = {guards.relation(table)}")
    guard = guards.both(there, guards.missing("pg_attribute", guards.column(table, name)))
    action = (
        f"ALTER {kind_of(table, expected)} {qualified(*table)} ADD COLUMN {column_definition(fact)}"
    )
    return Step(fact, action, guard, phase=phase)


def settings_of(fact: Fact, expected: Index) -> list[Step]:
    """Return the steps for what a definition cannot say."""
    if fact.body.keys() <= _IN_DEFINITION or (
        fact.body.get("not_null") is True and fact.body.keys() - {"not_null"} <= _IN_DEFINITION
    ):
        return []
    fresh = {key: fact.body[key] for key in fact.body if key in _IN_DEFINITION}
    if fact.body.get("not_null") is True:
        fresh |= {key: fact.body[key] for key in NOT_NULL if key in fact.body}
    if fact.body.get("inherited"):
        fresh["inherited"] = True
    if fact.body.get("foreign_options"):
        fresh["foreign_options"] = fact.body["foreign_options"]
    return _changed(fact, Fact("column", fact.path, fresh), expected)


def follow_parent(fact: Fact, expected: Index) -> list[Step]:
    """Return the steps that make a column that came from a parent what it is in the child."""
    fresh = fresh_child(fact, expected)
    return [] if fresh is None else _changed(fact, fresh, expected)


def fresh_child(fact: Fact, expected: Index) -> Fact | None:
    """Return a column as it comes from the first parent that has it; None if no parent is known."""
    table = expected.first(("table", "foreign_table"), fact.path[:2])
    parents = [table.body["partition_of"]] if table and "partition_of" in table.body else []
    parents += table.body.get("inherits", []) if table else []
    for parent in parents:
        column = expected.get("column", (*undotted(parent), fact.path[2]))
        if column is not None:
            return Fact("column", fact.path, _as_inherited(column.body, fact.body))
    return None


def _as_inherited(parent: Body, child: Body) -> Body:
    left = {"statistics", "options", "sequence", "foreign_options"}
    if "identity" not in child:
        left.add("identity")
    return {**{key: parent[key] for key in parent if key not in left}, "inherited": True}


def change_column(
    difference: Difference, expected: Index, live: Index
) -> list[Step] | Unchangeable:
    """Make a column what it should be, in place where that can be."""
    wanted, found = difference.expected, difference.live
    assert wanted is not None
    assert found is not None
    if set(difference.fields) == {"inherited"}:
        return _inheritance(wanted, expected, live)
    if _of_type(wanted, expected) and _of_type(wanted, live):
        # The type brings its own types.
        theirs = {key: wanted.body[key] for key in ("type", "collation") if key in wanted.body}
        kept = {key: found.body[key] for key in found.body if key not in {"type", "collation"}}
        return _changed(wanted, Fact("column", found.path, {**kept, **theirs}), live)
    if _made_anew(wanted.body, found.body, live.server):
        loses = _DERIVED if "generated" in found.body else _VALUES
        return _replaced(wanted, expected, loses)
    return _changed(wanted, found, live)


def _inheritance(wanted: Fact, expected: Index, live: Index) -> list[Step] | Unchangeable:
    kinds = ("table", "foreign_table")
    table, found = expected.first(kinds, wanted.path[:2]), live.first(kinds, wanted.path[:2])
    if table is None or found is None:
        return []
    if wanted.body.get("inherited"):
        # ATTACH PARTITION makes it the parent's; INHERIT leaves it the child's own as well.
        if table.body.get("partition_of") != found.body.get("partition_of"):
            return []
    elif not any(
        expected.get("column", (*undotted(parent), wanted.path[2]))
        for parent in _parents(table.body) & _parents(found.body)
    ):
        return []  # it comes and goes with the parent
    return Unchangeable(
        "whether a column is a table's own, beside being its parent's, is decided when the table is made"
    )


def _parents(table: Body) -> set[str]:
    return {
        *table.get("inherits", []),
        *([table["partition_of"]] if "partition_of" in table else []),
    }


def _made_anew(wanted: Body, found: Body, server: int) -> bool:
    was, now = found.get("generated"), wanted.get("generated")
    if now is None:
        return bool(was is not None and found.get("virtual"))
    if was is None or found.get("virtual") != wanted.get("virtual"):
        return True
    return was != now and (server < 17 or bool(wanted.get("virtual")))


def _replaced(wanted: Fact, expected: Index, loses: str) -> list[Step]:
    table, name = wanted.path[:2], wanted.path[2]
    drop = Step(
        wanted,
        f"ALTER TABLE {qualified(*table)} DROP COLUMN {quoted(name)}",
        guards.exists(
            "pg_attribute", guards.column(table, name), guards.not_all([generated_as(wanted)])
        ),
        loses=loses,
    )
    return [drop, *create_column(wanted, expected)]


def _changed(wanted: Fact, found: Fact, live: Index) -> list[Step]:
    """Return the steps from the one to the other, in an order in which each is possible."""
    new, old = wanted.body, found.body
    steps: list[Step] = []
    retyped = any(new.get(key) != old.get(key) for key in ("type", "collation"))
    if retyped:
        steps += change_type(wanted, found, kind_of(wanted.path[:2], live))
        old = {**old, **({"default": new["default"]} if "default" in new else {})}
        if "default" not in new:
            old = {key: value for key, value in old.items() if key != "default"}
        if _is_childs(wanted, live):
            # The parent's statement changed its type, and gave it the parent's default.
            old = {**old, "default": ""}
    for fields, make in CHANGES:
        if any(new.get(field) != old.get(field) for field in fields):
            made = [_step(wanted, part, live) for part in make(wanted, new, old)]
            # The bounds of an identity's sequence must fit a narrower type before the column has it.
            counts = retyped and "identity" in new and "identity" in old and "sequence" in fields
            first = counts and not widens(found.body["type"], new["type"])
            steps = [*made, *steps] if first else [*steps, *made]
    return steps


def _is_childs(column: Fact, live: Index) -> bool:
    table = live.first(("table", "foreign_table"), column.path[:2])
    parents = _parents(table.body) if table else set()
    return any(live.get("column", (*undotted(name), column.path[2])) for name in parents)


def _step(wanted: Fact, part: Change, live: Index) -> Step:
    command, held, loses, *phase = part
    table, name = wanted.path[:2], wanted.path[2]
    # What a child may have otherwise than its parent is not handed down.
    only = "" if HANDED_DOWN.search(command) else "ONLY "
    action = f"ALTER {kind_of(table, live)} {only}{qualified(*table)} {command}"
    if " SET MINVALUE " in command:
        action = counting_on(action)
    if " ADD GENERATED " in command or " SET DEFAULT nextval(" in command:
        action = going_on(action, wanted, live.get("column", wanted.path))
    guard = guards.exists("pg_attribute", guards.column(table, name), held)
    return Step(wanted, action, guard, loses=loses, phase=phase[0] if phase else 0)


def drop_column(fact: Fact) -> list[Step]:
    """Drop a column; as long as it is a parent's too, it goes with that one, and with the type of a typed table."""
    table, name = fact.path[:2], fact.path[2]
    action = f"ALTER TABLE {qualified(*table)} DROP COLUMN {quoted(name)}"
    free = guards.exists("pg_class", "oid = attrelid", "reloftype = 0")
    held = guards.column(table, name), "attislocal AND attinhcount = 0", free
    return [Step(fact, action, guards.exists("pg_attribute", *held), loses=_VALUES)]


def kind_of(table: Path, index: Index) -> str:
    """Return TABLE, or FOREIGN TABLE."""
    return "FOREIGN TABLE" if index.get("foreign_table", table) else "TABLE"


def _kept(body: Body) -> str:
    return "VIRTUAL" if body.get("virtual") else "STORED"
