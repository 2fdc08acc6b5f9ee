"""What a statement changes about objects that stay: defaults, NOT NULL, valid constraints, default partitions.

``rerun`` follows what comes and goes, and column types; whether a change is dangerous, or a definition another one, depends on
what things are like as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lockstep.sql.action import Thing
from lockstep.sql.bodies import inner_statements
from lockstep.sql.objects import Key, truncated
from lockstep.sql.parser import Statement
from lockstep.sql.related import valid
from lockstep.sql.shapes import constraint_columns, constraint_kind
from lockstep.sql.state import State
from lockstep.sql.tree import Node, only, relation_name, strings


def follow(statement: Statement, state: State) -> None:
    """Note in *state*, to which the statement's actions were applied, what else it has changed."""
    tree = statement.tree
    if not tree:
        return
    if statement.kind == "DoStmt":
        for inner in inner_statements(statement) or ():
            follow(inner.statement, state)
    elif statement.kind == "AlterTableStmt" and tree.get("objtype") != "OBJECT_TYPE":
        table = state.key("relation", relation_name(tree["relation"]))
        for item in tree.get("cmds", ()):
            _command(table, item["AlterTableCmd"], state)
    elif statement.kind == "CreateStmt":
        _created(tree, state)
    elif statement.kind in _REDEFINES:
        _redefined(_REDEFINES[statement.kind](tree, state), state)
    elif statement.kind == "AlterDomainStmt" and tree.get("subtype") in {"O", "AD_SetNotNull"}:
        domain = state.key("type", strings(tree["typeName"]))
        if state.thing(domain):
            state.add(("domain constraint", *domain[1:], "not_null"), Thing("domain constraint"))


def _extension(tree: Node, _state: State) -> Key:
    if "extname" in tree:
        return ("extension", tree["extname"])
    kind, fields = only(tree.get("object", {}))
    return ("extension", fields.get("sval", "")) if kind == "String" else ()


_REDEFINES: dict[str, Callable[[Node, State], Key]] = {
    "AlterExtensionStmt": _extension,
    "AlterObjectSchemaStmt": _extension,
    "AlterPolicyStmt": lambda tree, state: (
        "policy",
        *state.key("relation", relation_name(tree["table"]))[1:],
        tree["policy_name"],
    ),
    "AlterSeqStmt": lambda tree, state: state.key("relation", relation_name(tree["sequence"])),
}
"""After these an object is not what its CREATE says."""


def _redefined(key: Key, state: State) -> None:
    known = state.thing(key)
    if known is not None:
        state.add(key, Thing(known.kind, None, known.owner, known.columns))


def _command(table: Key, command: Node, state: State) -> None:
    subtype = command.get("subtype", "AT_AddColumn")
    column = ("column", *table[1:], truncated(command.get("name", "")))
    if subtype in {"AT_SetNotNull", "AT_DropNotNull"}:
        _change(column, state, not_null=subtype == "AT_SetNotNull")
    elif subtype == "AT_ColumnDefault":
        _change(column, state, default=command.get("def"))
    elif subtype == "AT_AddConstraint":
        _constrained(table, command["def"]["Constraint"], state)
    elif subtype == "AT_ValidateConstraint":
        _validated(("constraint", *table[1:], truncated(command["name"])), state)
    elif subtype == "AT_AttachPartition":
        definition = command["def"]["PartitionCmd"]
        child = state.key("relation", relation_name(definition["name"]))
        _partition(table, child, definition.get("bound", {}), state)


def _change(column: Key, state: State, **facts: Any) -> None:
    known = state.thing(column)
    if known is not None:
        merged = {**(known.facts or {}), **facts}
        state.add(column, known._replace(facts=merged))


def _constrained(table: Key, node: Node, state: State) -> None:
    kind = constraint_kind(node)
    columns = constraint_columns(node)
    if node.get("indexname"):
        index = state.thing(("relation", table[1], node["indexname"]))
        columns = index.columns if index else ()
    if kind == "primary key" or (kind == "not null" and not node.get("skip_validation")):
        for column in columns:
            _change(("column", *table[1:], column), state, not_null=True)
    if kind == "not null" and node.get("conname"):
        key = ("constraint", *table[1:], truncated(node["conname"]))
        state.add(key, Thing("not null", node, None, columns))


def _validated(key: Key, state: State) -> None:
    known = state.thing(key)
    if known is None or valid(known):
        return
    definition = {**(known.definition or {}), "skip_validation": False}
    state.add(key, Thing(known.kind, definition, known.owner, known.columns, known.facts))
    if known.kind == "not null":
        for column in known.columns:
            _change(("column", *key[1:3], column), state, not_null=True)


def _created(tree: Node, state: State) -> None:
    if "partbound" not in tree and not any("Constraint" in e for e in tree.get("tableElts", ())):
        return
    names = relation_name(tree["relation"])
    temporary = tree["relation"].get("relpersistence") == "t"
    table = ("relation", "pg_temp", names[-1]) if temporary else state.new_key("relation", names)
    made = state.thing(table)
    if made is not None and made.definition != tree.get("tableElts", []):
        return  # IF NOT EXISTS has kept another
    for item in tree.get("tableElts", ()):
        if "Constraint" in item:
            node = item["Constraint"]
            _constrained(table, {**node, "conname": ""}, state)
            _validated(("constraint", *table[1:], truncated(node.get("conname", ""))), state)
    if "partbound" in tree and tree.get("inhRelations"):
        parent = state.key("relation", relation_name(tree["inhRelations"][0]["RangeVar"]))
        _partition(parent, table, tree["partbound"], state)


def _partition(parent: Key, child: Key, bound: Node, state: State) -> None:
    if bound.get("is_default"):
        name = ".".join(part for part in state.spelled(child)[1:] if part)
        thing = Thing("partition", facts={"default": True})
        state.add(("partition", *parent[1:], name), thing)
