"""ALTER TABLE and its kin as actions, one for each command."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from lockstep.sql.action import Action, Thing, Verb
from lockstep.sql.forms import IE, INE, dropped
from lockstep.sql.objects import Key, truncated
from lockstep.sql.shapes import column_parts, constraint_action
from lockstep.sql.state import State
from lockstep.sql.tree import (
    Node,
    only,
    relation_name,
    strings,
    type_modifiers,
    type_name,
)


def alter_table(tree: Node, state: State) -> Iterator[Action]:
    """Yield what each command of an ALTER TABLE (VIEW, INDEX, SEQUENCE, TYPE) does."""
    if tree.get("objtype") == "OBJECT_TYPE":
        yield from _alter_composite(tree, state)
        return
    table = state.key("relation", relation_name(tree["relation"]))
    common = {"needs": (table,), "excused": bool(tree.get("missing_ok"))}
    for number, item in enumerate(tree.get("cmds", ())):
        command = item["AlterTableCmd"]
        make = _COMMANDS.get(str(command.get("subtype", "")), _other)
        yield from make(table, command, state, {**common, "part": number})


def _other(table: Key, command: Node, state: State, common: dict[str, Any]) -> Iterator[Action]:
    yield Action("statement", "use", table, node=command, **common)


def _add_column(
    table: Key, command: Node, state: State, common: dict[str, Any]
) -> Iterator[Action]:
    definition = command["def"]["ColumnDef"]
    (key, thing), *parts = column_parts(table, definition, state)
    references = [
        state.key("relation", relation_name(item["Constraint"]["pktable"]))
        for item in definition.get("constraints", ())
        if "pktable" in item["Constraint"]
    ]
    common["needs"] = (*common["needs"], *references)
    yield Action(
        "add-column",
        "create",
        key,
        tolerant=bool(command.get("missing_ok")),
        thing=thing,
        parts=tuple(parts),
        words=("ADD", "COLUMN?"),
        token=INE,
        node=definition,
        **common,
    )


def _drop_column(
    table: Key, command: Node, state: State, common: dict[str, Any]
) -> Iterator[Action]:
    key = ("column", *table[1:], truncated(command["name"]))
    yield dropped("drop-column", key, command, ("DROP", "COLUMN?"), **common)


def _drop_constraint(
    table: Key, command: Node, state: State, common: dict[str, Any]
) -> Iterator[Action]:
    key = ("constraint", *table[1:], truncated(command["name"]))
    yield dropped("drop-constraint", key, command, ("CONSTRAINT",), **common)


def _add_constraint(
    table: Key, command: Node, state: State, common: dict[str, Any]
) -> Iterator[Action]:
    action = constraint_action(table, command["def"]["Constraint"], state, **common)
    yield action or Action("statement", "use", table, node=command, **common)


def _column_command(
    table: Key, command: Node, state: State, common: dict[str, Any]
) -> Iterator[Action]:
    column = ("column", *table[1:], truncated(command.get("name", "")))
    common["needs"] = (*common["needs"], column)
    yield Action("statement", "use", column, node=command, **common)


def _column_type(
    table: Key, command: Node, state: State, common: dict[str, Any]
) -> Iterator[Action]:
    name = truncated(command["name"])
    column = ("column", *table[1:], name)
    common["needs"] = (*common["needs"], column)
    definition = command["def"]["ColumnDef"]
    using = definition.get("raw_default")
    converts = using is not None and not _only_casts(using, name)
    known = state.thing(column)
    facts = {
        **(known.facts or {} if known else {}),
        "type": type_name(definition.get("typeName")),
        "modifiers": type_modifiers(definition.get("typeName")),
    }
    thing = (known or Thing())._replace(kind="column", owner=None, columns=(), facts=facts)
    rule = "alter-column-type" if converts else "statement"
    old = known.fact("type", "") if known else ""
    yield Action(rule, "use", column, thing=thing, node={**command, "old_type": old}, **common)


def _only_casts(expression: Node, column: str) -> bool:
    kind, fields = only(expression)
    if kind == "TypeCast":
        return _only_casts(fields.get("arg", {}), column)
    return kind == "ColumnRef" and strings(fields.get("fields"))[-1:] == (column,)


def _add_identity(
    table: Key, command: Node, state: State, common: dict[str, Any]
) -> Iterator[Action]:
    column = ("column", *table[1:], truncated(command["name"]))
    common["needs"] = (*common["needs"], column)
    key = ("identity", *column[1:])
    yield Action("add-identity", "create", key, thing=Thing("identity"), node=command, **common)


def _drop_identity(
    table: Key, command: Node, state: State, common: dict[str, Any]
) -> Iterator[Action]:
    column = ("column", *table[1:], truncated(command["name"]))
    common["needs"] = (*common["needs"], column)
    identity = command.get("subtype") == "AT_DropIdentity"
    key = ("identity" if identity else "expression", *column[1:])
    words = ("IDENTITY",) if identity else ("EXPRESSION",)
    yield dropped("drop-identity", key, command, words, **common)


def _partition(table: Key, command: Node, state: State, common: dict[str, Any]) -> Iterator[Action]:
    child = state.key("relation", relation_name(command["def"]["PartitionCmd"]["name"]))
    if state.thing(table) and state.thing(table).kind == "index":  # type: ignore[union-attr]
        yield Action("statement", "use", table, node=command, **common)
        return
    attach = command.get("subtype") == "AT_AttachPartition"
    key = ("partition", *table[1:], _dotted(child, state))
    common["needs"] = (*common["needs"], child)
    yield _joined(key, attach, command, common)


def _inheritance(
    table: Key, command: Node, state: State, common: dict[str, Any]
) -> Iterator[Action]:
    parent = state.key("relation", relation_name(command["def"]["RangeVar"]))
    added = command.get("subtype") == "AT_AddInherit"
    key = ("inheritance", *table[1:], _dotted(parent, state))
    yield _joined(key, added, command, common)


def _joined(key: Key, added: bool, command: Node, common: dict[str, Any]) -> Action:
    verb: Verb = "create" if added else "drop"
    return Action("partition", verb, key, thing=Thing(key[0]), node=command, **common)


def _dotted(key: Key, state: State) -> str:
    return ".".join(part for part in state.spelled(key)[1:] if part)


def _alter_composite(tree: Node, state: State) -> Iterator[Action]:
    type_ = state.key("type", relation_name(tree["relation"]))
    for number, item in enumerate(tree.get("cmds", ())):
        command = item["AlterTableCmd"]
        subtype = command.get("subtype")
        common: dict[str, Any] = {"part": number, "needs": (type_,)}
        if subtype == "AT_AddColumn":
            key = ("attribute", *type_[1:], command["def"]["ColumnDef"]["colname"])
            yield Action(
                "alter-type-attribute",
                "create",
                key,
                thing=Thing("attribute"),
                node=command,
                **common,
            )
        elif subtype == "AT_DropColumn":
            key = ("attribute", *type_[1:], command["name"])
            yield dropped("alter-type-attribute", key, command, ("ATTRIBUTE",), **common)
        else:
            yield Action("statement", "use", type_, node=command, **common)


def alter_enum(tree: Node, state: State) -> Iterator[Action]:
    """Yield ALTER TYPE ... ADD VALUE or RENAME VALUE."""
    type_ = state.key("type", strings(tree["typeName"]))
    label = ("label", *type_[1:], tree["newVal"])
    if tree.get("oldVal"):
        old = ("label", *type_[1:], tree["oldVal"])
        yield Action("rename", "rename", old, to=label, needs=(type_,), node=tree)
        return
    tolerant = bool(tree.get("skipIfNewValExists"))
    yield Action(
        "add-enum-value",
        "create",
        label,
        tolerant=tolerant,
        needs=(type_,),
        thing=Thing("label"),
        words=("VALUE",),
        token=INE,
        node=tree,
    )


def alter_domain(tree: Node, state: State) -> Iterator[Action]:
    """Yield ALTER DOMAIN: constraints that come and go; all else can be repeated."""
    domain = state.key("type", strings(tree["typeName"]))
    kind = tree.get("subtype", "")
    if kind in {"C", "AD_AddConstraint"}:
        constraint = tree["def"]["Constraint"]
        if constraint.get("contype") == "CONSTR_NOTNULL":
            return
        name = constraint.get("conname", "")
        key = ("domain constraint", *domain[1:], name or f"{domain[2]}_check")
        thing = Thing("domain constraint", constraint)
        yield Action(
            "domain-constraint",
            "create",
            key,
            needs=(domain,),
            thing=thing,
            unnamed=not name,
            node=tree,
        )
    elif kind in {"X", "AD_DropConstraint"}:
        key = ("domain constraint", *domain[1:], tree.get("name", ""))
        tolerant = bool(tree.get("missing_ok"))
        yield Action(
            "domain-constraint",
            "drop",
            key,
            tolerant=tolerant,
            needs=(domain,),
            words=("CONSTRAINT",),
            token=IE,
            node=tree,
        )


def alter_publication(tree: Node, state: State) -> Iterator[Action]:
    """Yield the tables that a publication gains or loses; SET is no change of ours to judge."""
    action = tree.get("action", "AP_AddObjects")
    if action == "AP_SetObjects":
        return
    for item in tree.get("pubobjects", ()):
        published = item.get("PublicationObjSpec", {})
        table = published.get("pubtable", {}).get("relation")
        if table is not None:
            name = _dotted(state.key("relation", relation_name(table)), state)
            key = ("published table", tree["pubname"], name)
        elif published.get("name"):
            key = ("published schema", tree["pubname"], published["name"])
        else:
            continue
        verb: Any = "drop" if action == "AP_DropObjects" else "create"
        yield Action("alter-publication", verb, key, thing=Thing(), node=tree)


def alter_sequence(tree: Node, state: State) -> Iterator[Action]:
    """Yield ALTER SEQUENCE; RESTART sets a value that the first run's rows have passed."""
    key = state.key("relation", relation_name(tree["sequence"]))
    restarts = any(item["DefElem"].get("defname") == "restart" for item in tree.get("options", ()))
    rule = "restart-sequence" if restarts else "statement"
    yield Action(rule, "use", key, needs=(key,), excused=bool(tree.get("missing_ok")), node=tree)


_COMMANDS: dict[str, Callable[[Key, Node, State, dict[str, Any]], Iterator[Action]]] = {
    "AT_AddColumn": _add_column,
    "AT_DropColumn": _drop_column,
    "AT_DropConstraint": _drop_constraint,
    "AT_AddConstraint": _add_constraint,
    "AT_AlterColumnType": _column_type,
    "AT_ColumnDefault": _column_command,
    "AT_SetNotNull": _column_command,
    "AT_DropNotNull": _column_command,
    "AT_SetStatistics": _column_command,
    "AT_SetStorage": _column_command,
    "AT_SetExpression": _column_command,
    "AT_AddIdentity": _add_identity,
    "AT_DropIdentity": _drop_identity,
    "AT_DropExpression": _drop_identity,
    "AT_AttachPartition": _partition,
    "AT_DetachPartition": _partition,
    "AT_AddInherit": _inheritance,
    "AT_DropInherit": _inheritance,
}
