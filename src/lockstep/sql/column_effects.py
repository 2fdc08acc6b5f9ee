"""The effects of ADD COLUMN, ALTER COLUMN ... TYPE and SET NOT NULL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from lockstep.sql.effect import Context, Effect, Lock, Work
from lockstep.sql.objects import Key, shown, truncated
from lockstep.sql.related import (
    checked,
    foreign_keys,
    indexes,
    not_null,
    proven_not_null,
    referrers,
    view_showing,
)
from lockstep.sql.tree import SERIALS, Node, columns_in, relation_name, strings, type_name
from lockstep.sql.type_changes import (
    Change,
    ColumnType,
    casts_in,
    changed_types,
    resolved,
    type_change,
)
from lockstep.sql.type_changes import column_type as type_of
from lockstep.sql.volatility import volatile_call

_ALL: Lock = "AccessExclusiveLock"


def add_column(table: Key, command: Node, context: Context) -> Iterator[Effect]:
    """Yield what ADD COLUMN does: a new file, or a scan, only where the definition asks for it."""
    definition = command["def"]["ColumnDef"]
    column = ("column", *table[1:], truncated(definition.get("colname", "")))
    yield Effect(table, _ALL)
    if command.get("missing_ok") and context.state.exists(column):
        return
    constraints = [item["Constraint"] for item in definition.get("constraints", ())]
    yield from _filled(table, definition, constraints, context)
    filled = _default(constraints) is not None
    for node in constraints:
        yield from _inline(table, node, context, filled=filled)


def _filled(
    table: Key, definition: Node, constraints: Sequence[Node], context: Context
) -> Iterator[Effect]:
    """Yield why existing rows must be given a value each, or cannot be."""
    kinds = {str(node.get("contype")) for node in constraints}
    type_ = type_name(definition.get("typeName"))
    name = definition.get("colname", "")
    default = _default(constraints)
    stored = any(node.get("generated_kind") == "s" for node in constraints)
    volatile = volatile_call(default, context.state) if default is not None else ""
    if type_ in SERIALS or "CONSTR_IDENTITY" in kinds or stored:
        words = f"{name} {type_ if type_ in SERIALS else 'GENERATED'}"
        yield Effect(table, _ALL, "rewrite", "generated-column-rewrite", words)
    elif type_of(definition.get("typeName"), context.state).constrained:
        yield Effect(table, _ALL, "rewrite", "constrained-domain-column", f"{name} {type_}")
    elif volatile:
        yield Effect(table, _ALL, "rewrite", "volatile-default", f"{name} DEFAULT {volatile}()")
    elif (
        kinds & {"CONSTR_NOTNULL", "CONSTR_PRIMARY"}
        and default is None
        and "CONSTR_GENERATED" not in kinds
    ):
        yield Effect(table, _ALL, "none", "required-column", name)


def _default(constraints: Sequence[Node]) -> Any:
    """Return the default that rows are filled with, None for none and for DEFAULT NULL."""
    for node in constraints:
        if node.get("contype") == "CONSTR_DEFAULT":
            expression = node.get("raw_expr", {})
            return None if expression.get("A_Const", {}).get("isnull") else expression
    return None


def _inline(table: Key, node: Node, context: Context, *, filled: bool) -> Iterator[Effect]:
    kind = node.get("contype")
    if kind == "CONSTR_CHECK" and not node.get("skip_validation"):
        yield Effect(table, _ALL, "scan", "constraint-not-valid", "CHECK")
    elif kind == "CONSTR_FOREIGN":
        target = context.state.key("relation", relation_name(node["pktable"]))
        yield Effect(target, "ShareRowExclusiveLock")
        if filled and not node.get("skip_validation"):
            yield Effect(table, _ALL, "scan", "foreign-key-validated")
    elif kind in {"CONSTR_UNIQUE", "CONSTR_PRIMARY"}:
        words = "UNIQUE" if kind == "CONSTR_UNIQUE" else "PRIMARY KEY"
        yield Effect(table, _ALL, "build", "unique-constraint-builds-index", words)


def set_not_null(table: Key, command: Node, context: Context) -> Iterator[Effect]:
    """Yield what SET NOT NULL does: it reads the table unless it is known that there is no NULL."""
    column = ("column", *table[1:], truncated(command["name"]))
    if not_null(column, context.state) or proven_not_null(column, context.state):
        yield Effect(table, _ALL)
    else:
        yield Effect(table, _ALL, "scan", "set-not-null-scan", column[3])


def column_type(table: Key, command: Node, context: Context) -> Iterator[Effect]:
    """Yield what ALTER COLUMN ... TYPE does, judged by the type that the history gave the column."""
    state = context.state
    column = ("column", *table[1:], truncated(command["name"]))
    view = view_showing(column, state)
    if view:
        yield Effect(
            table, _ALL, "none", "column-type-under-view", f"{column[3]}, which {shown(view)} shows"
        )
        return
    definition = command["def"]["ColumnDef"]
    new = type_of(definition.get("typeName"), state)
    known = state.thing(column)
    if known is None or not known.fact("type"):
        yield Effect(table, _ALL, "rewrite", "column-type-unknown", column[3])
        return
    old = resolved(str(known.fact("type")), tuple(known.fact("modifiers", ())), state)
    using = casts_in(definition.get("raw_default"), column[3], state)
    change = type_change(old, new, using, utc=context.utc)
    yield _judged(
        column, old, new, change, _collation_changes(known.definition, definition), context
    )
    yield from _partners_of(column, "none" if old.name == new.name else change.work, context)


def _judged(
    column: Key, old: ColumnType, new: ColumnType, change: Change, collation: bool, context: Context
) -> Effect:
    table: Key = ("relation", *column[1:3])
    words = f"{column[3]} from {' to '.join(changed_types(old, new))}"
    if change.work == "rewrite":
        return Effect(table, _ALL, "rewrite", "column-type-rewrite", words)
    keeps = change.keeps_order and not collation
    if any(
        _rebuilt(index.definition, index.columns or index.fact("columns", ()), column[3], keeps)
        for index in indexes(table, context.state)
    ):
        return Effect(table, _ALL, "build", "column-type-rebuild", words)
    work: Work = "scan" if checked(column, context.state) else "none"
    return Effect(table, _ALL, work, "column-type-rebuild" if work == "scan" else "", words)


def _rebuilt(definition: Any, columns: Sequence[str], name: str, keeps_order: bool) -> bool:
    """True if the index depends on the column, and PostgreSQL cannot tell that it stays as it is."""
    tree = definition or {}
    elements = [item["IndexElem"] for item in tree.get("indexParams", ())]
    expressions = [e["expr"] for e in elements if "expr" in e]
    if "whereClause" in tree:
        expressions.append(tree["whereClause"])
    used = {names[-1] for expression in expressions for names in columns_in(expression) if names}
    return name in {*columns, *used} and bool(expressions or not keeps_order)


def _collation_changes(old: Any, new: Node) -> bool:
    before = strings((old or {}).get("collClause", {}).get("collname"))
    return before != strings(new.get("collClause", {}).get("collname"))


def _partners_of(column: Key, work: Work, context: Context) -> Iterator[Effect]:
    """Foreign keys of the column, and to it, are made anew; over another type they are proven again, by a join."""
    table: Key = ("relation", *column[1:3])
    proven: Work = "scan" if work == "rewrite" else "none"
    for constraint in foreign_keys(table, context.state):
        if column[3] in constraint.columns:
            yield from (Effect(t, _ALL, proven) for t in constraint.fact("uses", ()))
    for other in referrers(table, context.state, column[3]):
        yield Effect(other, _ALL, proven)
