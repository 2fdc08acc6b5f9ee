"""The effects of ADD, VALIDATE and DROP CONSTRAINT."""

from __future__ import annotations

from collections.abc import Iterator

from lockstep.sql.effect import Context, Effect, Lock
from lockstep.sql.objects import Key, truncated
from lockstep.sql.related import (
    not_null,
    partitioned,
    partitions,
    proven_not_null,
    referrers,
    valid,
)
from lockstep.sql.shapes import constraint_columns, constraint_kind
from lockstep.sql.tree import Node, relation_name

_ALL: Lock = "AccessExclusiveLock"
_NAMES = {"unique": "UNIQUE", "primary key": "PRIMARY KEY", "exclusion": "EXCLUDE"}


def add_constraint(table: Key, command: Node, context: Context) -> Iterator[Effect]:
    """Yield what ADD CONSTRAINT does: it proves the constraint for every row, unless NOT VALID, or builds its index."""
    node = command["def"]["Constraint"]
    kind = constraint_kind(node)
    if kind == "foreign key":
        yield from _foreign_key(table, node, context)
    elif kind in _NAMES:
        yield from _indexed(table, node, kind, context)
    elif kind == "not null":
        column = ("column", *table[1:], *constraint_columns(node))
        proven = not_null(column, context.state) or proven_not_null(column, context.state)
        yield _proving(table, "NOT NULL", done=proven or bool(node.get("skip_validation")))
    else:
        yield _proving(table, "CHECK", done=bool(node.get("skip_validation")))


def _proving(table: Key, words: str, *, done: bool) -> Effect:
    if done:
        return Effect(table, _ALL)
    return Effect(table, _ALL, "scan", "constraint-not-valid", words)


def _foreign_key(table: Key, node: Node, context: Context) -> Iterator[Effect]:
    target = context.state.key("relation", relation_name(node["pktable"]))
    for other in (target, *partitions(target, context.state)):
        yield Effect(other, "ShareRowExclusiveLock")
    if node.get("skip_validation"):
        yield Effect(table, "ShareRowExclusiveLock")
    elif partitioned(table, context.state) and context.server < 18:
        # NOT VALID is refused here (42809): there is nothing better to say.
        yield Effect(
            table,
            "ShareRowExclusiveLock",
            "scan",
            "foreign-key-validated",
            "; partition by partition before 18",
        )
    else:
        yield Effect(table, "ShareRowExclusiveLock", "scan", "foreign-key-validated")


def _indexed(table: Key, node: Node, kind: str, context: Context) -> Iterator[Effect]:
    if not node.get("indexname"):
        hazard = "exclusion-constraint" if kind == "exclusion" else "unique-constraint-builds-index"
        yield Effect(table, _ALL, "build", hazard, _NAMES[kind])
        return
    index = context.state.thing(("relation", table[1], node["indexname"]))
    columns = [("column", *table[1:], name) for name in (index.columns if index else ())]
    state = context.state
    proven = all(not_null(column, state) or proven_not_null(column, state) for column in columns)
    if kind == "primary key" and not (columns and proven):
        yield Effect(table, _ALL, "scan", "primary-key-over-nullable")
    else:
        yield Effect(table, _ALL)


def validate(table: Key, command: Node, context: Context) -> Iterator[Effect]:
    """Yield what VALIDATE does: it reads the table, and lets others write meanwhile."""
    key = ("constraint", *table[1:], truncated(command["name"]))
    known = context.state.thing(key)
    if known is not None and valid(known) and key not in context.unproven:
        yield Effect(table, "ShareUpdateExclusiveLock")
        return
    hazard = "validate-in-same-transaction" if key in context.unproven else ""
    yield Effect(table, "ShareUpdateExclusiveLock", "scan", hazard, key[-1])
    if known is not None:
        yield from (Effect(t, "RowShareLock") for t in known.fact("uses", ()) if t != table)


def drop_constraint(table: Key, command: Node, context: Context) -> Iterator[Effect]:
    """Yield what DROP CONSTRAINT does; a foreign key has triggers on both tables."""
    yield Effect(table, _ALL)
    known = context.state.thing(("constraint", *table[1:], truncated(command["name"])))
    if known is None:
        return
    if known.kind == "foreign key":
        yield from (Effect(t, _ALL) for t in known.fact("uses", ()))
    elif known.kind in {"primary key", "unique"} and command.get("behavior") == "DROP_CASCADE":
        yield from (Effect(t, _ALL) for t in referrers(table, context.state))
