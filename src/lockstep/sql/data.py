"""INSERT, UPDATE, COPY and function calls as actions, and whether their second run leaves the rows as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lockstep.sql.action import Action, Thing
from lockstep.sql.objects import Key
from lockstep.sql.state import State
from lockstep.sql.tree import (
    Node,
    gathered,
    only,
    relation_name,
    relations_in,
    strings,
    type_name,
    walk,
)

_HARMLESS_CALLS = frozenset(
    [
        "setval",
        "set_config",
        "now",
        "clock_timestamp",
        "current_setting",
        "pg_sleep",
        "version",
        "count",
        "max",
        "min",
        "sum",
        "avg",
        "coalesce",
        "nullif",
        "pg_advisory_lock",
        "pg_advisory_unlock",
        "pg_advisory_xact_lock",
        "pg_try_advisory_lock",
        "pg_notify",
        "to_regclass",
        "to_regtype",
        "format_type",
        "pg_get_serial_sequence",
        "greatest",
        "least",
        "lower",
        "upper",
        "concat",
        "format",
        "quote_ident",
        "quote_literal",
        "array_agg",
        "string_agg",
        "json_agg",
        "jsonb_agg",
        "row_number",
        "generate_series",
        "unnest",
        "has_table_privilege",
        "pg_reload_conf",
        "exists",
        "jsonb_build_object",
        "json_build_object",
        "array_length",
        "length",
        "md5",
        "extract",
        "date_trunc",
        "pg_stat_reset",
        "bool_or",
        "bool_and",
        "pg_get_constraintdef",
        "pg_backend_pid",
        "current_database",
        "current_schema",
        "txid_current",
        "pg_relation_size",
    ]
)
_IDEMPOTENT_CALLS = frozenset(
    [
        "lower",
        "upper",
        "trim",
        "btrim",
        "ltrim",
        "rtrim",
        "coalesce",
        "nullif",
        "abs",
        "ceil",
        "floor",
        "round",
        "date_trunc",
        "jsonb_strip_nulls",
        "initcap",
        "greatest",
        "least",
        "sign",
        "trunc",
        "jsonb_set",
        "array_remove",
        "replace",
        "regexp_replace",
        "array_distinct",
        "unaccent",
    ]
)


def _select(tree: Node, state: State) -> Iterator[Action]:
    schemas = _search_path_set(tree)
    if schemas is not None:
        state.set_path(schemas)
        return
    into = tree.get("intoClause", {}).get("rel")
    if into:
        key = state.key("relation", relation_name(into))
        if into.get("relpersistence") == "t":
            key = ("relation", "pg_temp", into["relname"])
        used = tuple(one for one in _relations(tree, state) if one != key)
        yield Action("select-into", "create", key, needs=used, thing=Thing("table"), node=tree)
        return
    for name in _calls(tree):
        yield Action(
            "opaque",
            "opaque",
            ("function", "", name, "*"),
            needs=_relations(tree, state),
            node=tree,
        )
        return
    yield from _writing_ctes(tree, state)
    yield Action("statement", "use", ("statement",), needs=_relations(tree, state), node=tree)


def _search_path_set(tree: Node) -> tuple[str, ...] | None:
    for fields in gathered(tree).get("FuncCall", ()):
        if strings(fields.get("funcname"))[-1:] == ("set_config",):
            values = [
                item["A_Const"].get("sval", {}).get("sval", "")
                for item in fields.get("args", ())
                if "A_Const" in item
            ]
            if len(values) > 1 and values[0] == "search_path":
                return tuple(
                    part.strip().strip('"') for part in values[1].split(",") if part.strip()
                )
    return None


def _calls(tree: Node) -> Iterator[str]:
    for fields in gathered(tree).get("FuncCall", ()):
        name = strings(fields.get("funcname"))
        if name and name[-1] not in _HARMLESS_CALLS:
            yield ".".join(name)


def _writing_ctes(tree: Node, state: State) -> Iterator[Action]:
    for item in tree.get("withClause", {}).get("ctes", ()):
        kind, fields = only(item["CommonTableExpr"].get("ctequery", {}))
        if kind in _WRITES:
            yield from _WRITES[kind](fields, state)


def _insert(tree: Node, state: State) -> Iterator[Action]:
    yield from _writing_ctes(tree, state)
    table = state.key("relation", relation_name(tree["relation"]))
    columns = tuple(
        ("column", *table[1:], item["ResTarget"]["name"]) for item in tree.get("cols", ())
    )
    yield Action("insert", "write", table, needs=(*_relations(tree, state), *columns), node=tree)


def _update(tree: Node, state: State) -> Iterator[Action]:
    yield from _writing_ctes(tree, state)
    table = state.key("relation", relation_name(tree["relation"]))
    columns = tuple(
        ("column", *table[1:], item["ResTarget"]["name"]) for item in tree.get("targetList", ())
    )
    yield Action("update", "write", table, needs=(*_relations(tree, state), *columns), node=tree)


def _delete(tree: Node, state: State) -> Iterator[Action]:
    yield from _writing_ctes(tree, state)
    table = state.key("relation", relation_name(tree["relation"]))
    yield Action("delete", "write", table, needs=_relations(tree, state), node=tree)


def _merge(tree: Node, state: State) -> Iterator[Action]:
    table = state.key("relation", relation_name(tree["relation"]))
    yield Action("merge", "write", table, needs=_relations(tree, state), node=tree)


def _copy(tree: Node, state: State) -> Iterator[Action]:
    if not tree.get("is_from") or "relation" not in tree:
        return
    table = state.key("relation", relation_name(tree["relation"]))
    yield Action("copy", "write", table, needs=(table,), node=tree)


def _truncate(tree: Node, state: State) -> Iterator[Action]:
    tables = [state.key("relation", relation_name(item["RangeVar"])) for item in tree["relations"]]
    cascade = tree.get("behavior") == "DROP_CASCADE"
    facts = {"with": frozenset(tables)}
    for table in tables:
        thing = Thing(facts=facts)
        yield Action(
            "truncate", "write", table, needs=(table,), thing=thing, cascade=cascade, node=tree
        )


def _call(tree: Node, state: State) -> Iterator[Action]:
    name = ".".join(strings(tree.get("funccall", {}).get("funcname")))
    yield Action("opaque", "opaque", ("function", "", name, "*"), node=tree)


def _import_schema(tree: Node, state: State) -> Iterator[Action]:
    yield Action(
        "import-foreign-schema", "opaque", ("schema", tree.get("local_schema", "")), node=tree
    )


def _lock(tree: Node, state: State) -> Iterator[Action]:
    yield Action("statement", "use", ("statement",), needs=_relations(tree, state), node=tree)


def _relations(tree: Node, state: State) -> tuple[Key, ...]:
    names = (relation_name(node) for node in relations_in(tree))
    return tuple(dict.fromkeys(state.key("relation", name) for name in names))


def candidate_columns(tree: Node, state: State) -> Iterator[tuple[Key, ...]]:
    """Yield, for each column that a statement names, the columns of its tables that may be meant."""
    if "selectStmt" in tree:
        tree = tree["selectStmt"]  # the columns that an INSERT fills are needed anyhow
    elif "query" in tree:
        tree = tree["query"]  # of a view; its relations were looked for already
    tables: dict[str, Key] = {}
    for node in relations_in(tree):
        key = state.key("relation", relation_name(node))
        tables[node.get("alias", {}).get("aliasname", node["relname"])] = key
    for fields in gathered(tree).get("ColumnRef", ()):
        names = strings(fields.get("fields"))
        if len(names) == 2 and names[0] in tables:
            yield (("column", *tables[names[0]][1:], names[1]),)
        elif len(names) == 1:
            yield tuple(("column", *table[1:], names[0]) for table in tables.values())


def texts_in(node: object) -> Iterator[str]:
    """Yield the string constants in a statement."""
    for fields in gathered(node).get("A_Const", ()):
        if "sval" in fields:
            yield fields["sval"].get("sval", "")


def unique_keys(table: Key, state: State) -> list[tuple[str, ...]]:
    """Return the column lists of the table's known unique indexes that cover all rows."""
    constraints = [
        thing
        for _, thing in state.parts(table, "constraint")
        if thing.kind in {"unique", "primary key"}
    ]
    indexes = [thing for _, thing in state.parts(table, "relation") if thing.kind == "index"]
    found = [thing.columns for thing in constraints]
    found += [
        tuple(thing.fact("columns", ()))
        for thing in indexes
        if thing.fact("unique") and not thing.fact("partial")
    ]
    return [columns for columns in dict.fromkeys(found) if columns and all(columns)]


def inserted_columns(tree: Node, table: Key, state: State) -> tuple[str, ...] | None:
    """Return the columns that an INSERT gives values for, None if it gives all and the table is not known."""
    if tree.get("cols"):
        return tuple(item["ResTarget"]["name"] for item in tree["cols"])
    select = tree.get("selectStmt", {}).get("SelectStmt")
    if select is None:
        return ()  # DEFAULT VALUES
    known = state.thing(table)
    if known is None or known.packed is None:
        return None
    columns = tuple(key[3] for key, _ in state.parts(table, "column"))
    rows = select.get("valuesLists")
    return columns[: len(rows[0]["List"].get("items", ()))] if rows else columns


def reads_its_target(tree: Node, table: Key, state: State) -> bool:
    """True if an INSERT's query looks at the very table it fills: NOT EXISTS, NOT IN, EXCEPT, an outer join."""
    query = tree.get("selectStmt", {})
    return any(state.key("relation", relation_name(node)) == table for node in relations_in(query))


def takes_rows_from_tables(tree: Node) -> bool:
    """True if an INSERT's rows come from a query over tables, not from a list of values."""
    select = tree.get("selectStmt", {}).get("SelectStmt", {})
    return "valuesLists" not in select and any(True for _ in relations_in(select))


def repeats(node: Node, column: str) -> bool:
    """True if setting *column* to the expression makes something else of it each time: ``n + 1``, ``name || 'x'``."""
    for kind, fields in walk({"": node}):
        if kind == "A_Expr" and _names(fields, column) and _moves_on(fields):
            return True
        if kind == "FuncCall" and _names(fields.get("args", []), column):
            name = strings(fields.get("funcname"))[-1:]
            if name and name[0] not in _IDEMPOTENT_CALLS:
                return True
    return False


def _moves_on(expression: Node) -> bool:
    operator = strings(expression.get("name"))[-1:]
    if operator not in _MOVING:
        return False
    kind, right = only(expression.get("rexpr", {}))
    if operator == ("-",) and "sval" in right:
        return False  # a key taken out of a JSON object
    if operator == ("||",) and kind == "TypeCast":
        return type_name(right.get("typeName")) != "jsonb"  # keys put into one
    return not (operator == ("||",) and kind == "FuncCall" and "jsonb_build_object" in str(right))


_MOVING = {("+",), ("-",), ("*",), ("/",), ("%",), ("||",), ("^",)}


def _names(node: object, column: str) -> bool:
    return any(
        kind == "ColumnRef" and strings(fields.get("fields"))[-1:] == (column,)
        for kind, fields in walk({"": node})
    )


def relative_columns(targets: object, where: Node | None) -> list[str]:
    """Return the columns that an UPDATE's SET list changes relative to themselves, and that its WHERE does not look at."""
    found = []
    for item in targets if isinstance(targets, list) else ():
        target = item["ResTarget"]
        column = target["name"]
        if repeats(target.get("val", {}), column) and not _names(where or {}, column):
            found.append(column)
    return found


_WRITES: dict[str, Callable[[Node, State], Iterator[Action]]] = {
    "InsertStmt": _insert,
    "UpdateStmt": _update,
    "DeleteStmt": _delete,
}
DATA: dict[str, Callable[[Node, State], Iterator[Action]]] = {
    **_WRITES,
    "SelectStmt": _select,
    "MergeStmt": _merge,
    "CopyStmt": _copy,
    "TruncateStmt": _truncate,
    "CallStmt": _call,
    "ImportForeignSchemaStmt": _import_schema,
    "LockStmt": _lock,
}
