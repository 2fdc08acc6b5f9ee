"""CREATE of tables and of what hangs on them, as actions: views, indexes, sequences, functions, triggers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lockstep.sql.action import Action, Thing
from lockstep.sql.forms import INE, OR_REPLACE, replaceable, simple
from lockstep.sql.objects import Key
from lockstep.sql.shapes import index_name, table_parts
from lockstep.sql.state import State
from lockstep.sql.tree import Node, relation_name, relations_in, strings, type_name


def _table(tree: Node, state: State) -> Iterator[Action]:
    relation = tree["relation"]
    temporary = relation.get("relpersistence") == "t"
    key = _new_relation(relation, state)
    parents = tuple(
        state.key("relation", relation_name(parent["RangeVar"]))
        for parent in tree.get("inhRelations", ())
    )
    copied = [
        e["TableLikeClause"]["relation"]
        for e in tree.get("tableElts", ())
        if "TableLikeClause" in e
    ]
    likes = tuple(state.key("relation", relation_name(node)) for node in copied)
    facts = {"partitioned": "partspec" in tree, "parents": parents, "temporary": temporary}
    yield Action(
        "create-table",
        "create",
        key,
        tolerant=bool(tree.get("if_not_exists")),
        needs=parents + likes,
        thing=Thing("table", tree.get("tableElts", []), facts=facts),
        parts=table_parts(key, tree, state, parents, likes),
        words=("TABLE",),
        token=INE,
        node=tree,
    )


def _foreign_table(tree: Node, state: State) -> Iterator[Action]:
    yield from _table({**tree["base"], **{k: v for k, v in tree.items() if k != "base"}}, state)


def _table_as(tree: Node, state: State) -> Iterator[Action]:
    view = tree.get("objtype") == "OBJECT_MATVIEW"
    into = tree["into"]["rel"]
    temporary = into.get("relpersistence") == "t"
    key = _new_relation(into, state)
    query = tree.get("query", {})
    yield Action(
        "create-materialized-view" if view else "create-table-as",
        "create",
        key,
        tolerant=bool(tree.get("if_not_exists")),
        needs=tuple(state.key("relation", relation_name(node)) for node in relations_in(query)),
        thing=_query_thing(query, view, temporary, state),
        words=("VIEW",) if view else ("TABLE",),
        token=INE,
        node=tree,
    )


def _query_thing(query: Node, view: bool, temporary: bool, state: State) -> Thing:
    if not view:
        return Thing("table", facts={"temporary": temporary})
    used = tuple(state.key("relation", relation_name(node)) for node in relations_in(query))
    return Thing("materialized view", query, facts={"uses": used, "temporary": temporary})


def _index(tree: Node, state: State) -> Iterator[Action]:
    table = _relation(tree["relation"], state)
    named = bool(tree.get("idxname"))
    name = tree.get("idxname") or index_name(table[2], tree)
    key = state.key("relation", (table[1], name) if table[1] else (name,))
    if named:
        key = ("relation", table[1], key[2])
    columns = tuple(
        element["IndexElem"].get("name", "")
        for element in (*tree.get("indexParams", ()), *tree.get("indexIncludingParams", ()))
    )
    facts = {
        "unique": bool(tree.get("unique")),
        "columns": tuple(e["IndexElem"].get("name", "") for e in tree.get("indexParams", ())),
        "partial": "whereClause" in tree,
    }
    plain_columns = tuple(column for column in columns if column)
    yield Action(
        "create-index" if named else "unnamed-index",
        "create",
        key,
        tolerant=bool(tree.get("if_not_exists")),
        needs=(table, *(("column", *table[1:], column) for column in plain_columns)),
        thing=Thing("index", tree, table, plain_columns, facts),
        unnamed=not named,
        words=("INDEX", "CONCURRENTLY") if tree.get("concurrent") else ("INDEX",),
        token=INE if named else "",
        node=tree,
    )


def _sequence(tree: Node, state: State) -> Iterator[Action]:
    key = _new_relation(tree["sequence"], state)
    thing = Thing("sequence", tree.get("options", []))
    yield simple("create-sequence", key, tree, ("SEQUENCE",), thing)


def _view(tree: Node, state: State) -> Iterator[Action]:
    relation = tree["view"]
    temporary = relation.get("relpersistence") == "t"
    key = _new_relation(relation, state)
    used = tuple(
        state.key("relation", relation_name(node)) for node in relations_in(tree.get("query", {}))
    )
    thing = Thing("view", tree.get("query"), facts={"uses": used, "temporary": temporary})
    yield Action(
        "create-view",
        "replace" if tree.get("replace") else "create",
        key,
        needs=used,
        thing=thing,
        words=("CREATE",),
        token=OR_REPLACE,
        node=tree,
    )


def _function(tree: Node, state: State) -> Iterator[Action]:
    arguments = ",".join(
        type_name(item["FunctionParameter"].get("argType"))
        for item in tree.get("parameters", ())
        if item["FunctionParameter"].get("mode") not in {"FUNC_PARAM_OUT", "FUNC_PARAM_TABLE"}
    )
    key = state.key("function", strings(tree["funcname"]), arguments)
    yield replaceable("create-function", key, tree, Thing("function", tree))


def _trigger(tree: Node, state: State) -> Iterator[Action]:
    table = _relation(tree["relation"], state)
    constraint = bool(tree.get("isconstraint"))
    function = state.key("function", strings(tree.get("funcname")), "")
    key = ("trigger", *table[1:], tree["trigname"])
    yield Action(
        "create-constraint-trigger" if constraint else "create-trigger",
        "replace" if tree.get("replace") else "create",
        key,
        needs=(table,),
        thing=Thing("trigger", tree, facts={"uses": (function,)}),
        words=() if constraint else ("CREATE",),
        token=OR_REPLACE,
        node=tree,
    )


def _relation(node: Node, state: State) -> Key:
    return state.key("relation", relation_name(node))


def _new_relation(node: Node, state: State) -> Key:
    if node.get("relpersistence") == "t":
        return ("relation", "pg_temp", node["relname"])
    return state.new_key("relation", relation_name(node))


CREATED: dict[str, Callable[[Node, State], Iterator[Action]]] = {
    "CreateStmt": _table,
    "CreateForeignTableStmt": _foreign_table,
    "CreateTableAsStmt": _table_as,
    "IndexStmt": _index,
    "CreateSeqStmt": _sequence,
    "ViewStmt": _view,
    "CreateFunctionStmt": _function,
    "CreateTrigStmt": _trigger,
}
