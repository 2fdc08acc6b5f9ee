"""Small readings of libpg_query's JSON trees: names, types, lists; nothing here knows what a statement means."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Node = Mapping[str, Any]

_SHORT = {
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "float4": "real",
    "float8": "double precision",
    "bool": "boolean",
    "bpchar": "character",
    "varchar": "character varying",
    "timestamptz": "timestamp with time zone",
    "timestamp": "timestamp without time zone",
    "timetz": "time with time zone",
    "time": "time without time zone",
    "varbit": "bit varying",
    "serial4": "serial",
    "serial8": "bigserial",
    "serial2": "smallserial",
}
SERIALS = {"serial": "integer", "bigserial": "bigint", "smallserial": "smallint"}


def strings(items: Iterable[Node] | None) -> tuple[str, ...]:
    """Return the texts of a list of String nodes."""
    return tuple([item["String"].get("sval", "") for item in items or () if "String" in item])


def only(node: Node) -> tuple[str, Any]:
    """Return the kind and the fields of a wrapped node: ``{"ColumnDef": {...}}``."""
    return next(iter(node.items()), ("", {}))


def relation_name(node: Node | None) -> tuple[str, ...]:
    """Return a RangeVar's name as written: ``("t",)`` or ``("s", "t")``."""
    if not node:
        return ()
    name = node.get("relname", "")
    return (node["schemaname"], name) if node.get("schemaname") else (name,)


def type_name(node: Node | None) -> str:
    """Return a type as PostgreSQL writes it, without its modifiers: ``integer``, ``app.mood[]``."""
    if not node:
        return ""
    parts = [part for part in strings(node.get("names")) if part != "pg_catalog"]
    base = _SHORT.get(parts[-1], parts[-1]) if len(parts) == 1 else ".".join(parts)
    return base + "[]" * len(node.get("arrayBounds", ()))


def type_modifiers(node: Node | None) -> tuple[int, ...]:
    """Return the numbers in a type's parentheses: ``(12, 2)`` of ``numeric(12, 2)``."""
    found = []
    for item in (node or {}).get("typmods", ()):
        constant = item.get("A_Const", {})
        if "ival" in constant:
            found.append(int(constant["ival"].get("ival", 0)))
    return tuple(found)


def walk(node: Any) -> Iterator[tuple[str, Node]]:
    """Yield every wrapped node below *node* with its kind, outermost first."""
    stack = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, dict):
            for kind, fields in current.items():
                if isinstance(fields, dict):
                    yield kind, fields
                if isinstance(fields, dict | list):
                    stack.append(fields)
        elif isinstance(current, list):
            stack.extend(reversed(current))


def plain(node: Any) -> Any:
    """Return *node* without its places: two spellings of the same thing become equal."""
    if isinstance(node, dict):
        return {key: plain(value) for key, value in node.items() if key not in _PLACES}
    if isinstance(node, list):
        return [plain(item) for item in node]
    return node


_PLACES = {
    "location",
    "list_start",
    "list_end",
    "rexpr_list_start",
    "rexpr_list_end",
    "stmt_location",
    "stmt_len",
}


def columns_in(node: Any) -> Iterator[tuple[str, ...]]:
    """Yield the column references in an expression, as written: ``("a",)`` or ``("t", "a")``."""
    for kind, fields in walk({"": node}):
        if kind == "ColumnRef":
            yield strings(fields.get("fields"))


def relations_in(node: Any) -> Iterator[Node]:
    """Yield the RangeVars in a statement or a query, but those that name one of its own CTEs."""
    found = gathered(node)
    own = {fields.get("ctename") for fields in found.get("CommonTableExpr", ())}
    for fields in (*found.get("RangeVar", ()), *found.get("relation", ())):
        if "relname" in fields and (fields["relname"] not in own or "schemaname" in fields):
            yield fields


def gathered(node: Any) -> Mapping[str, list[Node]]:
    """Return every wrapped node below *node* by kind.

    A statement is asked for this several times, in both runs: the last answers are kept, by identity.
    """
    known = _GATHERED.get(id(node))
    if known is not None and known[0] is node:
        return known[1]
    result: dict[str, list[Node]] = {}
    stack = [node]
    while stack:
        current = stack.pop()
        if type(current) is dict:
            for kind, fields in current.items():
                type_ = type(fields)
                if type_ is dict:
                    if kind in result:
                        result[kind].append(fields)
                    else:
                        result[kind] = [fields]
                    stack.append(fields)
                elif type_ is list:
                    stack.append(fields)
        else:
            stack.extend([item for item in reversed(current) if type(item) is dict])
    if len(_GATHERED) >= _MOST_GATHERED:
        _GATHERED.clear()
    _GATHERED[id(node)] = (node, result)
    return result


_GATHERED: dict[int, tuple[Any, Mapping[str, list[Node]]]] = {}
_MOST_GATHERED = 64


_UNWRITTEN = {"ival": 0, "boolval": False}
"""What libpg_query leaves out of the tree."""


def constant(node: Node | None) -> str | None:
    """Return the text of a constant (through casts), or None if the expression is none."""
    kind, fields = only(node or {})
    if kind == "TypeCast":
        return constant(fields.get("arg"))
    if kind != "A_Const":
        return None
    for value in ("sval", "ival", "fval", "boolval", "bsval"):
        if value in fields:
            inner = fields[value]
            return str(inner.get(value, _UNWRITTEN.get(value, "")))
    return "NULL" if fields.get("isnull") else ""
