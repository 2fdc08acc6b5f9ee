"""The effects of statements about indexes, and of those that write a whole relation anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lockstep.sql.effect import Context, Effect, Lock
from lockstep.sql.objects import Key
from lockstep.sql.related import partitioned, partitions, table_of
from lockstep.sql.tree import Node, constant, relation_name, relations_in, strings

_CONCURRENT: Lock = "ShareUpdateExclusiveLock"
_ALL: Lock = "AccessExclusiveLock"


def _create_index(tree: Node, context: Context) -> Iterator[Effect]:
    state = context.state
    table = state.key("relation", relation_name(tree["relation"]))
    concurrent = bool(tree.get("concurrent"))
    index = ("relation", table[1], tree.get("idxname", ""))
    present = bool(tree.get("if_not_exists")) and bool(state.exists(index))
    parent = partitioned(table, state)
    if parent and concurrent:
        yield Effect(table, _CONCURRENT, "none", "concurrent-index-on-partitioned")
    elif concurrent or present:
        yield Effect(
            table, _CONCURRENT if concurrent else "ShareLock", "none" if present else "build"
        )
    elif parent and not tree["relation"].get("inh"):
        yield Effect(table, "ShareLock")
    else:
        yield Effect(table, "ShareLock", "none" if parent else "build", "index-not-concurrent")
        yield from (Effect(child, "ShareLock", "build") for child in partitions(table, state))


def drop_index(tree: Node, context: Context) -> Iterator[Effect]:
    """Yield what DROP INDEX does, to the table more than to the index."""
    state = context.state
    concurrent = bool(tree.get("concurrent"))
    for item in tree.get("objects", ()):
        index = state.key("relation", strings(item["List"]["items"]))
        if tree.get("missing_ok") and state.exists(index) is False:
            continue
        hazard = "" if concurrent else "drop-index-not-concurrent"
        table = table_of(index, state) or index
        lock = _CONCURRENT if concurrent else _ALL
        yield Effect(table, lock, "none", hazard, subject=index)


def _reindex(tree: Node, context: Context) -> Iterator[Effect]:
    state = context.state
    if "relation" not in tree:
        return
    named = state.key("relation", relation_name(tree["relation"]))
    whole = tree.get("kind") == "REINDEX_OBJECT_TABLE"
    table = named if whole else table_of(named, state) or named
    concurrent = any(_is_on(item["DefElem"], "concurrently") for item in tree.get("params", ()))
    hazard = "" if concurrent else "reindex-not-concurrent"
    yield Effect(table, _CONCURRENT if concurrent else "ShareLock", "build", hazard)


def _is_on(option: Node, name: str) -> bool:
    return option.get("defname") == name and constant(option.get("arg")) not in {
        "false",
        "off",
        "0",
    }


def _vacuum(tree: Node, context: Context) -> Iterator[Effect]:
    full = any(_is_on(item["DefElem"], "full") for item in tree.get("options", ()))
    for item in tree.get("rels", ()):
        relation = item["VacuumRelation"].get("relation")
        table = context.state.key("relation", relation_name(relation))
        if full:
            yield Effect(table, _ALL, "rewrite", "table-rewrite", "VACUUM FULL")
        else:
            yield Effect(table, _CONCURRENT)


def _cluster(tree: Node, context: Context) -> Iterator[Effect]:
    if "relation" in tree:
        table = context.state.key("relation", relation_name(tree["relation"]))
        yield Effect(table, _ALL, "rewrite", "table-rewrite", "CLUSTER")


def _refresh(tree: Node, context: Context) -> Iterator[Effect]:
    view: Key = context.state.key("relation", relation_name(tree["relation"]))
    if tree.get("concurrent"):
        yield Effect(view, "ExclusiveLock")
    else:
        yield Effect(view, _ALL, "rewrite", "refresh-not-concurrent")


def _statistics(tree: Node, context: Context) -> Iterator[Effect]:
    for node in relations_in(tree):
        yield Effect(context.state.key("relation", relation_name(node)), _CONCURRENT)


INDEXES: dict[str, Callable[[Node, Context], Iterator[Effect]]] = {
    "IndexStmt": _create_index,
    "ReindexStmt": _reindex,
    "VacuumStmt": _vacuum,
    "ClusterStmt": _cluster,
    "RefreshMatViewStmt": _refresh,
    "CreateStatsStmt": _statistics,
}
