"""Whether a statement that writes rows writes them again on its second run, and what it lacks."""

from __future__ import annotations

from collections.abc import Sequence

from lockstep.sql.action import Action
from lockstep.sql.data import (
    inserted_columns,
    reads_its_target,
    relative_columns,
    takes_rows_from_tables,
    texts_in,
    unique_keys,
)
from lockstep.sql.objects import Key
from lockstep.sql.state import State
from lockstep.sql.tree import Node, constant, gathered, strings


def rows_repeat(action: Action, state: State) -> str:
    """Return why a second run changes rows again: a word for each way, empty if it does not.

    ``insert``: rows are inserted again; ``insert-query``: the same, from a query over tables; ``no-target``: ON CONFLICT DO
    NOTHING without a target over rows that conflict with nothing; ``unmatched-target``: no unique index has those columns;
    ``relative``: values are changed relative to what they are; ``copy``: rows are copied in again.
    """
    if action.key in state.emptied or action.key[1:2] == ("pg_temp",):
        return ""
    if action.rule == "insert":
        return _insert(action.node, action.key, state)
    if action.rule == "update":
        relative = relative_columns(
            action.node.get("targetList", []), action.node.get("whereClause")
        )
        return "relative" if relative else ""
    return "copy" if action.rule == "copy" else ""


def _insert(tree: Node, table: Key, state: State) -> str:
    conflict = tree.get("onConflictClause")
    if conflict is None:
        if reads_its_target(tree, table, state):
            return ""
        if _replaces_deleted(tree, state.deleted.get(table, set())):
            return ""
        return "insert-query" if takes_rows_from_tables(tree) else "insert"
    if relative_columns(conflict.get("targetList", []), conflict.get("whereClause")):
        return "relative"
    known = state.thing(table)
    keys = unique_keys(table, state)
    given = inserted_columns(tree, table, state)
    infer = conflict.get("infer")
    if infer is None:
        if given is None or known is None or known.packed is None:
            return "" if reads_its_target(tree, table, state) else "no-target-unknown"
        return "" if fitting_keys(tree, table, state) else "no-target"
    columns = [item["IndexElem"].get("name", "") for item in infer.get("indexElems", ())]
    if given is not None and _new_each_time(tree, given, columns):
        return "no-target"
    if (
        known is None
        or known.packed is None
        or not all(columns)
        or infer.get("conname")
        or infer.get("whereClause")
    ):
        return ""
    return "" if any(set(key) == set(columns) for key in keys) else "unmatched-target"


def _replaces_deleted(tree: Node, deleted: set[str]) -> bool:
    """True if each of the inserted rows names something by which rows were deleted before."""
    select = tree.get("selectStmt", {}).get("SelectStmt", {})
    rows = select.get("valuesLists") or [select]
    return bool(deleted) and all(deleted & set(texts_in(row)) for row in rows)


def fitting_keys(tree: Node, table: Key, state: State) -> list[tuple[str, ...]]:
    """Return the unique keys whose columns an INSERT gives in full, the same in every run; the primary key first."""
    given = inserted_columns(tree, table, state)
    if given is None:
        return []
    keys = [key for key in unique_keys(table, state) if set(key) <= set(given)]
    return [key for key in keys if not _new_each_time(tree, given, key)]


def _new_each_time(tree: Node, given: Sequence[str], key: Sequence[str]) -> bool:
    """True if a value for *key* is another in each run: a random or counted one, or the default."""
    for row in value_rows(tree):
        values = [node for column, node in zip(given, row, strict=False) if column in key]
        for value in values:
            found = gathered(value)
            calls = {strings(call.get("funcname"))[-1] for call in found.get("FuncCall", ())}
            if "SetToDefault" in value or calls & _NEW_EACH_TIME:
                return True
    return False


_NEW_EACH_TIME = frozenset(
    [
        "clock_timestamp",
        "cuid",
        "gen_random_bytes",
        "gen_random_uuid",
        "gen_ulid",
        "generate_ulid",
        "nanoid",
        "nextval",
        "now",
        "random",
        "statement_timestamp",
        "timeofday",
        "transaction_timestamp",
        "txid_current",
        "uuid_generate_v1",
        "uuid_generate_v1mc",
        "uuid_generate_v4",
        "uuidv4",
        "uuidv7",
    ]
)


def value_rows(tree: Node) -> list[list[Node]]:
    """Return the rows of values of an INSERT; of a query, its target list as the one row."""
    select = tree.get("selectStmt", {}).get("SelectStmt", {})
    if "valuesLists" in select:
        return [row["List"].get("items", []) for row in select["valuesLists"]]
    return [[item.get("ResTarget", {}).get("val", {}) for item in select.get("targetList", ())]]


def constant_rows(tree: Node, table: Key, state: State) -> list[dict[str, str]]:
    """Return the constants of an INSERT's rows that can be looked for, by column; ``NULL`` as such, long ones left out."""
    if takes_rows_from_tables(tree):
        return []
    given = inserted_columns(tree, table, state) or ()
    types = {key[3]: thing.fact("type", "") for key, thing in state.parts(table, "column")}
    comparable = [types.get(column, "") in _COMPARABLE for column in given]
    rows = []
    for row in value_rows(tree):
        cells = zip(given, comparable, row, strict=False)
        found = {column: constant(node) for column, fits, node in cells if fits}
        shorter = {c: text for c, text in found.items() if text is not None}
        rows.append({c: text for c, text in shorter.items() if len(text) <= _LONGEST_VALUE})
    return rows


_LONGEST_VALUE = 200
_COMPARABLE = frozenset(
    [
        "bigint",
        "boolean",
        "character",
        "character varying",
        "citext",
        "date",
        "integer",
        "numeric",
        "smallint",
        "text",
        "timestamp with time zone",
        "timestamp without time zone",
        "uuid",
    ]
)
