"""What a table is made of: its columns, constraints and the indexes and names that PostgreSQL adds of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lockstep.sql.action import Action, Thing
from lockstep.sql.objects import Key, truncated
from lockstep.sql.state import State
from lockstep.sql.tree import (
    SERIALS,
    Node,
    columns_in,
    relation_name,
    strings,
    type_modifiers,
    type_name,
)

Part = tuple[Key, Thing]

_KINDS = {
    "CONSTR_PRIMARY": "primary key",
    "CONSTR_UNIQUE": "unique",
    "CONSTR_CHECK": "check",
    "CONSTR_FOREIGN": "foreign key",
    "CONSTR_EXCLUSION": "exclusion",
    "CONSTR_NOTNULL": "not null",
}
_SUFFIXES = {
    "primary key": "pkey",
    "unique": "key",
    "check": "check",
    "foreign key": "fkey",
    "exclusion": "excl",
    "not null": "not_null",
}


def constraint_kind(node: Node) -> str:
    """Return what kind of constraint a Constraint node is, empty for what is none (a default, an attribute)."""
    return _KINDS.get(str(node.get("contype", "")), "")


def made_name(first: str, second: str, suffix: str) -> str:
    """Return ``first_second_suffix`` shortened as PostgreSQL does it (``makeObjectName`` in indexcmds.c): 63 bytes in all."""
    room = 63 - len(suffix.encode()) - 1 - (1 if second else 0)
    one, two = first.encode(), second.encode()
    while len(one) + len(two) > room:
        if len(one) > len(two):
            one = one[:-1]
        else:
            two = two[:-1]
    pieces = [one.decode(errors="ignore"), two.decode(errors="ignore"), suffix]
    return "_".join(piece for piece in pieces if piece)


def constraint_name(table: str, node: Node, column: str = "") -> str:
    """Return the name that a constraint has or that PostgreSQL gives it (without the number that avoids a clash)."""
    if node.get("conname"):
        return truncated(node["conname"])
    kind = constraint_kind(node)
    columns = constraint_columns(node, column)
    if kind == "primary key":
        columns = ()
    if kind == "check" and not column:
        columns = columns[:1] if len(columns) == 1 else ()
    return made_name(table, "_".join(columns), _SUFFIXES.get(kind, "check"))


def constraint_columns(node: Node, column: str = "") -> tuple[str, ...]:
    """Return the columns of its own table that a constraint is about."""
    named = strings(node.get("keys")) or strings(node.get("fk_attrs"))
    if named:
        return named
    if "exclusions" in node:
        firsts = (item["List"]["items"][0] for item in node["exclusions"])
        return tuple(first["IndexElem"].get("name", "") for first in firsts if "IndexElem" in first)
    if column:
        return (column,)
    return tuple(dict.fromkeys(names[-1] for names in columns_in(node.get("raw_expr")) if names))


def index_name(table: str, tree: Node) -> str:
    """Return the name that PostgreSQL gives an index without one (``ChooseIndexName``)."""
    names = []
    for element in tree.get("indexParams", ()):
        item = element["IndexElem"]
        call = item.get("expr", {}).get("FuncCall")
        names.append(item.get("name") or (strings(call["funcname"])[-1] if call else "expr"))
    return made_name(table, "_".join(names), "idx")


def constraint_part(
    table: Key, node: Node, column: str = "", state: State | None = None
) -> Part | None:
    """Return a constraint as a part of its table; None for what leaves no object behind that a name can find."""
    kind = constraint_kind(node)
    if not kind or kind == "not null":
        return None
    columns = constraint_columns(node, column)
    key = ("constraint", *table[1:], constraint_name(table[2], node, column))
    facts: dict[str, Any] = {"columns": columns}
    if kind == "foreign key" and state is not None:
        target = state.key("relation", relation_name(node.get("pktable")))
        facts |= {"uses": (target,), "target_columns": strings(node.get("pk_attrs"))}
    return key, Thing(kind, node, None, columns, facts)


def column_parts(table: Key, node: Node, state: State | None = None) -> Iterator[Part]:
    """Yield a column and everything that its definition makes with it."""
    name = truncated(node.get("colname", ""))
    type_ = type_name(node.get("typeName"))
    constraints = [item["Constraint"] for item in node.get("constraints", ())]
    kinds = {str(one.get("contype")) for one in constraints}
    default = next(
        (one.get("raw_expr") for one in constraints if one.get("contype") == "CONSTR_DEFAULT"), None
    )
    facts = {
        "type": SERIALS.get(type_, type_),
        "modifiers": type_modifiers(node.get("typeName")),
        "not_null": bool(kinds & {"CONSTR_NOTNULL", "CONSTR_PRIMARY", "CONSTR_IDENTITY"})
        or type_ in SERIALS,
        "default": default,
        "generated": bool(kinds & {"CONSTR_GENERATED", "CONSTR_IDENTITY"}) or type_ in SERIALS,
    }
    yield ("column", *table[1:], name), Thing("column", node, facts=facts)
    if "CONSTR_IDENTITY" in kinds:
        yield ("identity", *table[1:], name), Thing("identity")
    if type_ in SERIALS or "CONSTR_IDENTITY" in kinds:
        owner = ("column", *table[1:], name)
        sequence = ("relation", table[1], made_name(table[2], name, "seq"))
        yield sequence, Thing("sequence", owner=owner)
    for constraint in constraints:
        if constraint_kind(constraint):
            yield from constraint_parts(table, constraint, name, state)


def constraint_parts(
    table: Key, node: Node, column: str = "", state: State | None = None
) -> Iterator[Part]:
    """Yield a constraint with the index that bears it."""
    part = constraint_part(table, node, column, state)
    if part is None:
        return
    key, thing = part
    yield part
    if thing.kind == "primary key":
        yield ("primary key", *table[1:]), Thing("primary key", owner=key)
    if thing.kind in {"primary key", "unique", "exclusion"}:
        facts = {"unique": thing.kind != "exclusion", "columns": thing.columns, "partial": False}
        yield ("relation", table[1], key[-1]), Thing("index", None, key, (), facts)


def table_parts(
    table: Key, tree: Node, state: State, parents: tuple[Key, ...], likes: tuple[Key, ...]
) -> tuple[Part, ...]:
    """Return everything that comes into being with a table."""
    parts: dict[Key, Thing] = {}
    for parent in (*parents, *likes):
        for key, thing in state.parts(parent, "column"):
            parts["column", *table[1:], key[3]] = Thing(
                "column", thing.definition, facts=thing.facts
            )
    for item in tree.get("tableElts", ()):
        if "ColumnDef" in item:
            found: Iterator[Part] = column_parts(table, item["ColumnDef"], state)
        elif "Constraint" in item:
            found = constraint_parts(table, item["Constraint"], "", state)
        else:
            continue
        for key, thing in found:
            parts[_free(key, parts)] = thing
    if "partbound" in tree and parents:
        parts["partition", *parents[0][1:], ".".join(filter(None, state.spelled(table)[1:]))] = (
            Thing()
        )
    return tuple(parts.items())


def _free(key: Key, taken: dict[Key, Any]) -> Key:
    number, candidate = 0, key
    while candidate in taken and key[0] in {"constraint", "relation"}:
        number += 1
        candidate = (*key[:-1], f"{key[-1]}{number}")
    return candidate


def constraint_action(table: Key, node: Node, state: State, **common: Any) -> Action | None:
    """Return ADD CONSTRAINT as an action, None for a kind that can be added twice."""
    kind = constraint_kind(node)
    parts = tuple(constraint_parts(table, node, "", state))
    if not parts:
        return None
    (key, thing), *others = parts
    named = bool(node.get("conname"))
    rule = "add-constraint" if named else "unnamed-constraint"
    needs = [("column", *table[1:], column) for column in thing.columns]
    if node.get("pktable"):
        needs.append(state.key("relation", relation_name(node["pktable"])))
    if node.get("indexname"):
        rule = "constraint-using-index"
        needs.append(("relation", table[1], truncated(node["indexname"])))
        key = ("constraint", *table[1:], truncated(node.get("conname") or node["indexname"]))
    elif kind == "primary key":
        rule = "add-primary-key"
    return Action(
        rule,
        "create",
        key,
        needs=(*common.pop("needs", ()), *needs),
        thing=thing,
        parts=tuple(others),
        unnamed=not named and kind != "primary key" and not node.get("indexname"),
        node=node,
        **common,
    )
