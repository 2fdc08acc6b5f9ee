"""The effects of ALTER TABLE, command by command."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lockstep.sql.column_effects import add_column, column_type, set_not_null
from lockstep.sql.constraint_effects import add_constraint, drop_constraint, validate
from lockstep.sql.effect import Context, Effect, Lock
from lockstep.sql.objects import Key, truncated
from lockstep.sql.related import (
    default_partition,
    not_null,
    partitioned,
    partitions,
    referrers,
    valid,
)
from lockstep.sql.shapes import constraint_columns, constraint_kind
from lockstep.sql.tree import Node, relation_name

Maker = Callable[[Key, Node, Context], Iterator[Effect]]

_WEAK: dict[str, Lock] = {
    **dict.fromkeys(
        [
            "AT_SetStatistics",
            "AT_SetOptions",
            "AT_ResetOptions",
            "AT_SetRelOptions",
            "AT_ResetRelOptions",
            "AT_ClusterOn",
            "AT_DropCluster",
        ],
        "ShareUpdateExclusiveLock",
    ),
    **dict.fromkeys(
        [
            "AT_EnableTrig",
            "AT_EnableAlwaysTrig",
            "AT_EnableReplicaTrig",
            "AT_DisableTrig",
            "AT_EnableTrigAll",
            "AT_DisableTrigAll",
            "AT_EnableTrigUser",
            "AT_DisableTrigUser",
        ],
        "ShareRowExclusiveLock",
    ),
}
"""Commands that take less than ACCESS EXCLUSIVE."""
_TABLE_ONLY = {
    "AT_ChangeOwner",
    "AT_EnableRowSecurity",
    "AT_DisableRowSecurity",
    "AT_ForceRowSecurity",
    "AT_NoForceRowSecurity",
    "AT_ReplicaIdentity",
    "AT_AttachPartition",
    "AT_DetachPartition",
    "AT_SetAccessMethod",
    "AT_SetTableSpace",
    "AT_SetRelOptions",
    "AT_ResetRelOptions",
}
"""Commands that do not descend to partitions."""


def alter_table(tree: Node, context: Context) -> Iterator[Effect]:
    """Yield the effects of every command; nothing for a table that is known not to be there, under IF EXISTS."""
    if tree.get("objtype") == "OBJECT_TYPE":
        return
    table = context.state.key("relation", relation_name(tree["relation"]))
    if tree.get("missing_ok") and context.state.exists(table) is False:
        return
    for number, item in enumerate(tree.get("cmds", ())):
        command = item["AlterTableCmd"]
        subtype = str(command.get("subtype", ""))
        for effect in _COMMANDS.get(subtype, _other)(table, command, context):
            own = effect._replace(part=number)
            descends = effect.relation == table and subtype not in _TABLE_ONLY
            yield from _descending(own, command, context) if descends else [own]


def _descending(effect: Effect, command: Node, context: Context) -> Iterator[Effect]:
    """A partitioned table holds no rows: the work is its partitions'."""
    if not partitioned(effect.relation, context.state):
        yield effect
        return
    yield effect._replace(work="none")
    only_index = context.server < 18 and _only_builds(effect.relation, command, context)
    lock: Lock = "ShareLock" if only_index else effect.lock
    for child in partitions(effect.relation, context.state):
        yield effect._replace(relation=child, hazard="", lock=lock)


def _only_builds(table: Key, command: Node, context: Context) -> bool:
    """True for a constraint that gives the partitions an index and nothing else: no NOT NULL."""
    node = command.get("def", {}).get("Constraint", {})
    kind = constraint_kind(node)
    columns = (("column", *table[1:], name) for name in constraint_columns(node))
    return kind == "unique" or (
        kind == "primary key" and all(not_null(column, context.state) for column in columns)
    )


def _other(table: Key, command: Node, _context: Context) -> Iterator[Effect]:
    yield Effect(table, _WEAK.get(str(command.get("subtype", "")), "AccessExclusiveLock"))


def _drop_column(table: Key, command: Node, context: Context) -> Iterator[Effect]:
    name = truncated(command["name"])
    if command.get("missing_ok") and context.state.exists(("column", *table[1:], name)) is False:
        yield Effect(table, "AccessExclusiveLock")
        return
    column = ("column", *table[1:], name)
    yield Effect(table, "AccessExclusiveLock", hazard="breaking-drop", subject=column)
    for _, thing in context.state.parts(table, "constraint"):
        if thing.kind == "foreign key" and name in thing.columns:
            yield from (Effect(t, "AccessExclusiveLock") for t in thing.fact("uses", ()))
    for other in referrers(table, context.state, name):
        yield Effect(other, "AccessExclusiveLock")


def _rewrite(table: Key, command: Node, _context: Context) -> Iterator[Effect]:
    words = _REWRITES[str(command["subtype"])]
    yield Effect(table, "AccessExclusiveLock", "rewrite", "table-rewrite", words)


_REWRITES = {
    "AT_SetLogged": "SET LOGGED",
    "AT_SetUnLogged": "SET UNLOGGED",
    "AT_SetTableSpace": "SET TABLESPACE",
    "AT_SetAccessMethod": "SET ACCESS METHOD",
    "AT_SetExpression": "SET EXPRESSION",
}


def _move(table: Key, command: Node, context: Context) -> Iterator[Effect]:
    """SET TABLESPACE and ACCESS METHOD write the table anew unless it has what is asked for."""
    if command.get("name") in {"pg_default", "heap"}:
        yield Effect(table, "AccessExclusiveLock")
    else:
        yield from _rewrite(table, command, context)


def _attach(table: Key, command: Node, context: Context) -> Iterator[Effect]:
    state = context.state
    child = state.key("relation", relation_name(command["def"]["PartitionCmd"]["name"]))
    if (known := state.thing(table)) and known.kind == "index":
        return
    yield Effect(table, "ShareUpdateExclusiveLock")
    proven = any(t.kind == "check" and valid(t) for _, t in state.parts(child, "constraint"))
    hazard = "" if proven else "attach-partition-scan"
    yield Effect(child, "AccessExclusiveLock", "none" if proven else "scan", hazard)
    rest = default_partition(table, state)
    if rest:
        yield Effect(rest, "AccessExclusiveLock", "scan", "attach-partition-scan")


def _detach(table: Key, command: Node, context: Context) -> Iterator[Effect]:
    state = context.state
    definition = command["def"]["PartitionCmd"]
    child = state.key("relation", relation_name(definition["name"]))
    if definition.get("concurrent"):
        yield Effect(table, "ShareUpdateExclusiveLock")
        yield Effect(child, "AccessExclusiveLock")
        return
    rest = default_partition(table, state)
    hazard = "detach-partition-not-concurrent" if context.server >= 14 and not rest else ""
    yield Effect(table, "AccessExclusiveLock", hazard=hazard)
    yield Effect(
        child, "AccessExclusiveLock" if context.server >= 14 else "ShareUpdateExclusiveLock"
    )
    if rest:
        yield Effect(rest, "AccessExclusiveLock")


def _inherit(table: Key, command: Node, context: Context) -> Iterator[Effect]:
    parent = context.state.key("relation", relation_name(command["def"]["RangeVar"]))
    added = command.get("subtype") == "AT_AddInherit"
    yield Effect(table, "AccessExclusiveLock")
    yield Effect(parent, "ShareUpdateExclusiveLock" if added else "AccessShareLock")


_COMMANDS: dict[str, Maker] = {
    "AT_AddColumn": add_column,
    "AT_AlterColumnType": column_type,
    "AT_SetNotNull": set_not_null,
    "AT_AddConstraint": add_constraint,
    "AT_DropConstraint": drop_constraint,
    "AT_ValidateConstraint": validate,
    "AT_DropColumn": _drop_column,
    "AT_SetLogged": _rewrite,
    "AT_SetUnLogged": _rewrite,
    "AT_SetExpression": _rewrite,
    "AT_SetTableSpace": _move,
    "AT_SetAccessMethod": _move,
    "AT_AttachPartition": _attach,
    "AT_DetachPartition": _detach,
    "AT_AddInherit": _inherit,
    "AT_DropInherit": _inherit,
}
