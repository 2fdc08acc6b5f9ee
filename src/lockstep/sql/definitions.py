"""IF NOT EXISTS and guards compare names only: whether what is there is what the statement defines.

PostgreSQL accepts a table, view or index of any shape under the name with a NOTICE (42P07, 42701), on every version; a guard in
a DO block says nothing at all. What one definition leaves open is no difference, nor is another spelling of the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lockstep.sql.action import Action, Thing
from lockstep.sql.objects import Key
from lockstep.sql.related import indexes
from lockstep.sql.state import State
from lockstep.sql.tree import Node, only, plain, strings, type_name

_UNSTATED = {
    ("increment", "1"),
    ("start", "1"),
    ("cache", "1"),
    ("minvalue", ""),
    ("minvalue", "1"),
    ("maxvalue", ""),
    ("maxvalue", "9223372036854775807"),
    ("cycle", ""),
    ("cycle", "False"),
    ("as", "bigint"),
}
"""What a sequence is if nothing is said of it."""


def differs(action: Action, key: Key, state: State) -> bool:
    """True if *action* (which may find its object there) defines something else than what is known under the name *key*."""
    known = state.thing(key)
    if known is None:
        return action.rule == "create-table" and _is_type(("type", *key[1:]), state)
    compare = _BY_RULE.get(action.rule)
    return compare is not None and compare(action, known, state)


def in_another_schema(action: Action, state: State) -> Key | None:
    """Return the table that CREATE TABLE IF NOT EXISTS may mean but does not find: the same, further down the search_path."""
    if action.rule != "create-table" or not action.tolerant or action.key[1] == "pg_temp":
        return None
    if action.node["relation"].get("schemaname") or state.exists(action.key):
        return None
    for schema in state.path[1:]:
        key: Key = ("relation", schema, action.key[2])
        known = state.thing(key)
        if (
            known is not None
            and known.kind == "table"
            and not _other_columns(action, key, known, state)
        ):
            return key
    return None


def _is_type(key: Key, state: State) -> bool:
    known = state.thing(key)
    return known is not None and known.kind not in {"row type", "shell type"}


def _other_table(action: Action, known: Thing, state: State) -> bool:
    return known.kind != "table" or _other_columns(action, action.key, known, state)


def _other_columns(action: Action, table: Key, known: Thing, state: State) -> bool:
    if known.definition is None:
        return False
    there = {key[3]: thing for key, thing in state.parts(table, "column")}
    wanted = {key[3]: thing for key, thing in action.parts if key[0] == "column"}
    if not wanted or any("TableLikeClause" in item for item in action.thing.definition or ()):
        return False
    return there.keys() != wanted.keys() or any(
        _retyped(thing, there[name]) for name, thing in wanted.items()
    )


def _other_column(action: Action, known: Thing, state: State) -> bool:
    return (
        _retyped(action.thing, known)
        or _facts_differ(action.thing, known, "modifiers")
        or _other_values(action.thing, known)
        or any(
            _lacks(thing, action.key, state)
            for key, thing in action.parts
            if key[0] == "constraint" and known.definition is not None
        )
    )


def _retyped(one: Thing, other: Thing) -> bool:
    types = [str(thing.fact("type", "")).removeprefix("public.") for thing in (one, other)]
    return all(types) and types[0] != types[1]


def _other_values(wanted: Thing, known: Thing) -> bool:
    """True if one column is NOT NULL and the other is not, or if their defaults are two."""
    if wanted.fact("generated") or known.fact("generated") or known.fact("default", ...) is ...:
        return False
    if _value(wanted.fact("default")) != _value(known.fact("default")):
        return True
    return _facts_differ(wanted, known, "not_null")


def _value(node: Node | None) -> Any:
    """Return an expression so that two spellings of a value become equal: casts of constants, ``now()``, ``public.``."""
    kind, fields = only(node or {})
    if kind == "TypeCast":
        return _value(fields.get("arg"))
    if kind == "A_Const":
        return _constant(fields)
    if kind == "A_ArrayExpr" and not fields.get("elements"):
        return "{}"
    if kind == "SQLValueFunction" and fields.get("op") == "SVFOP_CURRENT_TIMESTAMP":
        return ("now",)
    if kind == "FuncCall":
        return (strings(fields.get("funcname"))[-1], *map(_value, fields.get("args", ())))
    return _bare(node) if node else None


def _constant(fields: Node) -> str | None:
    if fields.get("isnull"):
        return None
    if "boolval" in fields:
        return str(bool(fields["boolval"].get("boolval"))).lower()
    ((name, inner),) = [(n, v) for n, v in fields.items() if isinstance(v, Mapping)]
    text = str(inner.get(name, 0 if name == "ival" else ""))
    return text.rstrip("0").rstrip(".") if name == "fval" and "." in text else text


def _lacks(wanted: Thing, column: Key, state: State) -> bool:
    """True if the column's table has no constraint of that kind over the column."""
    table: Key = ("relation", *column[1:3])
    if wanted.kind == "unique" and any(
        index.fact("unique") and index.fact("columns") == wanted.columns
        for index in indexes(table, state)
    ):
        return False
    return not any(
        thing.kind == wanted.kind
        and (column[3] in thing.columns if wanted.kind == "check" else _agree(wanted, thing))
        for _, thing in state.parts(table, "constraint")
    )


def _agree(wanted: Thing, there: Thing) -> bool:
    return wanted.columns == there.columns and wanted.fact("uses") == there.fact("uses")


def _other_index(action: Action, known: Thing, state: State) -> bool:
    if known.kind != "index":
        return True
    owner = known.owner
    if owner is not None and owner[0] == "relation" and owner != action.thing.owner:
        return True
    if not isinstance(known.definition, dict) or _renamed(known, owner, state):
        return False
    fields = ("indexParams", "whereClause", "unique", "accessMethod")
    return any(_bare(known.definition.get(f)) != _bare(action.node.get(f)) for f in fields)


def _renamed(known: Thing, table: Key | None, state: State) -> bool:
    """True if a column that a definition names is gone: the server has followed, its text here has not."""
    return table is not None and any(
        state.exists(("column", *table[1:3], column)) is False for column in known.columns
    )


def _other_constraint(action: Action, known: Thing, state: State) -> bool:
    wanted, table = action.thing, ("relation", *action.key[1:3])
    if not isinstance(known.definition, Mapping) or _renamed(known, table, state):
        return False
    if known.kind != wanted.kind:
        return True
    one, other = wanted.definition, known.definition
    if known.kind == "check":
        return bool(_bare(one.get("raw_expr")) != _bare(other.get("raw_expr")))
    if known.kind == "exclusion":
        return bool(_bare(one.get("exclusions")) != _bare(other.get("exclusions")))
    if known.kind != "foreign key":
        return bool(wanted.columns and known.columns) and wanted.columns != known.columns
    if any(state.exists(target) is False for target in known.fact("uses", ())):
        return False
    columns = wanted.fact("target_columns"), known.fact("target_columns")
    return (
        not _agree(wanted, known)
        or (all(columns) and columns[0] != columns[1])
        or any(one.get(f, "a") != other.get(f, "a") for f in ("fk_del_action", "fk_upd_action"))
    )


def _other_materialized_view(action: Action, known: Thing, state: State) -> bool:
    if known.kind != "materialized view":
        return True
    if known.definition is None or any(state.exists(key) is False for key in known.fact("uses")):
        return False
    return bool(_bare(known.definition) != _bare(action.thing.definition))


def _other_sequence(action: Action, known: Thing, _state: State) -> bool:
    if known.kind != "sequence":
        return True
    if known.definition is None:  # a column's, or altered since
        return False
    return _options(known.definition) != _options(action.thing.definition)


def _options(items: Any) -> set[tuple[str, str]]:
    found = set()
    for item in items or ():
        name, value = item["DefElem"].get("defname", ""), item["DefElem"].get("arg", {})
        kind, fields = only(value)
        text = (
            type_name(fields)
            if kind == "TypeName"
            else str(next(iter((fields or {}).values()), ""))
        )
        if name != "owned_by":
            found.add((name, text))
    return found - _UNSTATED


def _other_statistics(action: Action, known: Thing, _state: State) -> bool:
    if known.definition is None:
        return False
    return _measured(known.definition) != _measured(action.node)


def _measured(tree: Node) -> tuple[set[str], list[str], Any]:
    kinds = set(strings(tree.get("stat_types"))) or {"ndistinct", "dependencies", "mcv"}
    columns = sorted(str(_bare(item)) for item in tree.get("exprs", ()))
    return kinds, columns, _bare(tree.get("relations"))


def _other_extension(action: Action, known: Thing, _state: State) -> bool:
    schema = action.thing.fact("stated")
    if schema not in {None, "pg_catalog"} and known.fact("schema", schema) != schema:
        return True
    return _facts_differ(action.thing, known, "version")


def _other_type(action: Action, known: Thing, state: State) -> bool:
    if known.kind == "shell type" or (known.definition is None and known.kind != "row type"):
        return False
    if known.kind != action.thing.kind:
        return True
    if _bare(known.definition.get("params")) != _bare(action.node.get("params")):
        return True
    own = {"label", "attribute"}
    return any(key[0] in own and not state.exists(key) for key, _ in action.parts)


def _other_domain(action: Action, known: Thing, _state: State) -> bool:
    return known.kind != "domain" or _facts_differ(action.thing, known, "base")


def _other_policy(action: Action, known: Thing, _state: State) -> bool:
    if known.definition is None:
        return False
    fields = ("cmd_name", "permissive", "roles", "qual", "with_check")
    return any(_bare(known.definition.get(f)) != _bare(action.node.get(f)) for f in fields)


def _facts_differ(one: Thing, other: Thing, fact: str) -> bool:
    first, second = one.fact(fact), other.fact(fact)
    return first is not None and second is not None and first != second


def _bare(node: Any) -> Any:
    """Return *node* without its places and without the schema that need not be written."""
    return _without_public(plain(node))


def _without_public(node: Any) -> Any:
    if isinstance(node, dict):
        return {
            key: _without_public(value)
            for key, value in node.items()
            if (key, value) != ("schemaname", "public")
        }
    if isinstance(node, list):
        public = {"String": {"sval": "public"}}
        return [_without_public(item) for item in (node[1:] if node[:1] == [public] else node)]
    return node


_BY_RULE: Mapping[str, Callable[[Action, Thing, State], bool]] = {
    "add-column": _other_column,
    "add-constraint": _other_constraint,
    "add-primary-key": _other_constraint,
    "create-domain": _other_domain,
    "create-extension": _other_extension,
    "create-index": _other_index,
    "create-materialized-view": _other_materialized_view,
    "create-policy": _other_policy,
    "create-sequence": _other_sequence,
    "create-statistics": _other_statistics,
    "create-table": _other_table,
    "create-table-as": lambda _action, known, _state: known.kind != "table",
    "create-type": _other_type,
    "create-view": lambda _action, known, _state: known.kind != "view",
}
