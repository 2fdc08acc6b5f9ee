"""Whether a statement that writes rows writes them again on its second run, and what it lacks."""

from __future__ import annotations

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
from lockstep.sql.tree import Node


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
    infer = conflict.get("infer")
    if infer is None:
        given = inserted_columns(tree, table, state)
        if given is None or known is None or known.definition is None:
            return "" if reads_its_target(tree, table, state) else "no-target-unknown"
        return "" if any(set(key) <= set(given) for key in keys) else "no-target"
    columns = [item["IndexElem"].get("name", "") for item in infer.get("indexElems", ())]
    if (
        known is None
        or known.definition is None
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
    """Return the unique keys whose columns an INSERT gives in full, the primary key first."""
    given = inserted_columns(tree, table, state)
    if given is None:
        return []
    return [key for key in unique_keys(table, state) if set(key) <= set(given)]
