"""The condition under which a statement has something left to do, or may still run, as SQL over the catalogs."""

from __future__ import annotations

from lockstep.sql.action import Action
from lockstep.sql.objects import Key, exists, literal, qualified, quoted
from lockstep.sql.rerun import Trouble
from lockstep.sql.rows import constant_rows
from lockstep.sql.state import State

REASONS = {
    "converts": "what the conversion makes of already converted values, only its author knows",
    "rows": "which rows are meant, only their author knows: give the table a unique key and name it in ON CONFLICT",
    "relative": "which rows are done already, only its author knows: exclude them in WHERE",
    "opaque": "what is called here, or put together at run time, is not known before it runs",
    "duplicate": "it needs a name first",
    "lost": "another statement of the file undoes it",
    "back": "another statement of the file undoes it",
    "differs": "which of the two definitions is meant, only their author knows",
    "emptied": "whether what it holds may be lost, only its author knows",
    "shadows": "which schema is meant, only its author knows: write it before the name",
    "namesake": "which table is meant, only its author knows",
    "frozen": "which moment is meant, only its author knows",
    "early": "a new value can be used only after its transaction: split the file",
    "used": "what depends on it must be dropped first, above it",
}
"""Why there is no fix, by what is wrong."""


class Unfixable(Exception):
    """There is no fix; the text says why."""


def _row_missing(action: Action, trouble: Trouble, state: State) -> str:
    """Return the condition that the first of an INSERT's rows is not there, or not as often as the history makes it."""
    row = next(iter(constant_rows(action.node, action.key, state)), {})
    known = trouble.times and set(row.values()) - {"NULL"}
    if not known or "returningList" in action.node:
        raise Unfixable(REASONS["rows"])
    _, schema, table = state.spelled(action.key)
    tests = " AND ".join(
        f"{quoted(column)} " + ("IS NULL" if text == "NULL" else f"= {literal(text)}")
        for column, text in row.items()
    )
    rows = f"FROM {qualified(schema, table)} WHERE {tests}"
    if trouble.times > 1:
        return f"(SELECT count(*) {rows}) < {trouble.times}"
    return f"NOT EXISTS (SELECT 1 {rows})"


def not_done(action: Action, trouble: Trouble, state: State) -> str:
    """Return the condition under which there is something left to do."""
    if (
        trouble.reason == "converts" and action.rule == "alter-column-type"
    ) or trouble.detail == "type":
        return _other_type(action, state)
    if trouble.reason == "rows" and action.rule == "insert":
        return _row_missing(action, trouble, state)
    if trouble.reason == "retyped":
        return _has_type(trouble.key, trouble.detail, "=", state)
    if trouble.reason not in {"exists", "missing", "duplicate"}:
        raise Unfixable(
            REASONS.get(trouble.detail) or REASONS.get(trouble.reason, "it has no guard")
        )
    if action.verb == "rename":
        return f"{there(action.key, state)} AND NOT {there(action.to, state)}"
    if action.verb == "drop":
        return there(action.key, state)
    if action.thing.kind == "shell type":
        raise Unfixable("no catalog tells simply whether this shell type exists")
    key = trouble.key
    if action.thing.kind == "primary key":
        key = ("primary key", *key[1:3])  # whatever it is called: a table has one
    return f"NOT {there(key, state)}"


def there(key: Key, state: State) -> str:
    """Return the condition that an object exists; raises ``Unfixable`` for what no catalog tells simply."""
    condition = exists(state.spelled(key))
    if not condition:
        raise Unfixable(f"no catalog tells simply whether this {key[0]} exists")
    return (
        f"({condition})"
        if " IS NOT NULL" in condition and not condition.startswith("EXISTS")
        else condition
    )


def _other_type(action: Action, state: State) -> str:
    old, new = action.node.get("old_type", ""), action.thing.fact("type", "")
    if not old or old == new:
        raise Unfixable(REASONS["converts"])
    return _has_type(action.key, new, "<>", state)


def _has_type(column: Key, type_: str, operator: str, state: State) -> str:
    _, schema, table, name = state.spelled(column)
    relation = exists(("relation", schema, table)).removesuffix(" IS NOT NULL")
    return (
        f"EXISTS (SELECT 1 FROM pg_catalog.pg_attribute WHERE attrelid = {relation} AND attname = {literal(name)}"
        f" AND atttypid {operator} pg_catalog.to_regtype({literal(_regtype(type_))}))"
    )


def _regtype(type_: str) -> str:
    """Return a type's name as ``to_regtype`` reads it: what PostgreSQL calls itself stays, other names are quoted."""
    base, brackets = type_.removesuffix("[]"), "[]" * type_.endswith("[]")
    if " " in base:
        return type_
    return qualified(*base.split(".")) + brackets
