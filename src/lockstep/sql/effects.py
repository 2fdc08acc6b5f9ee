"""From a statement to its effects: what it locks, and what it does under the lock."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lockstep.sql.action import Thing
from lockstep.sql.altered_effects import alter_table
from lockstep.sql.bodies import inner_statements
from lockstep.sql.effect import STRENGTH, Context, Effect, Lock
from lockstep.sql.index_effects import INDEXES, drop_index
from lockstep.sql.objects import Key, truncated
from lockstep.sql.parser import Statement
from lockstep.sql.related import default_partition, partitions, partners, referrers
from lockstep.sql.tree import Node, only, relation_name, relations_in, strings, type_name

Maker = Callable[[Node, Context], Iterator[Effect]]

_ALL: Lock = "AccessExclusiveLock"


def effects_of(statement: Statement, context: Context) -> list[Effect]:
    """Return what *statement* locks and does, as far as the history tells; reading is no effect.

    The statements of a DO block are taken to run, whatever guards them.
    """
    if statement.kind == "DoStmt":
        return [
            effect._replace(line=inner.line)
            for inner in inner_statements(statement) or ()
            for effect in effects_of(inner.statement, context)
        ]
    make = _MAKERS.get(statement.kind)
    return list(make(statement.tree, context)) if make and statement.tree else []


def _create_table(tree: Node, context: Context) -> Iterator[Effect]:
    state = context.state
    table = state.key("relation", relation_name(tree["relation"]))
    if tree.get("if_not_exists") and state.exists(table):
        return
    for node in _foreign_keys(tree):
        yield Effect(state.key("relation", relation_name(node["pktable"])), "ShareRowExclusiveLock")
    for item in tree.get("inhRelations", ()):
        parent = state.key("relation", relation_name(item["RangeVar"]))
        if "partbound" not in tree:
            yield Effect(parent, "ShareUpdateExclusiveLock")
            continue
        yield Effect(parent, _ALL)
        rest = default_partition(parent, state)
        if rest:
            yield Effect(rest, _ALL, "scan", "partition-beside-default")


def _foreign_keys(tree: Node) -> Iterator[Node]:
    for element in tree.get("tableElts", ()):
        own = (
            [element]
            if "Constraint" in element
            else element.get("ColumnDef", {}).get("constraints", ())
        )
        yield from (item["Constraint"] for item in own if "pktable" in item["Constraint"])


def _drop(tree: Node, context: Context) -> Iterator[Effect]:
    kind = tree.get("removeType")
    state = context.state
    if kind == "OBJECT_INDEX":
        yield from drop_index(tree, context)
        return
    for item in tree.get("objects", ()):
        names = strings(item.get("List", {}).get("items", ()))
        if kind in {"OBJECT_TRIGGER", "OBJECT_POLICY", "OBJECT_RULE"}:
            owner = state.key("relation", names[:-1])
            own = (str(kind).removeprefix("OBJECT_").lower(), *owner[1:], names[-1])
            if not (tree.get("missing_ok") and state.exists(own) is False):
                yield Effect(owner, _ALL)
        elif kind in _DROPPED:
            yield from _dropped(state.key("relation", names), tree, context)
        elif kind in _CALLED:
            yield from _called(_CALLED[kind], item, tree, context)


_DROPPED = {
    "OBJECT_TABLE",
    "OBJECT_VIEW",
    "OBJECT_MATVIEW",
    "OBJECT_SEQUENCE",
    "OBJECT_FOREIGN_TABLE",
}


_CALLED = {
    "OBJECT_TYPE": "type",
    "OBJECT_DOMAIN": "type",
    "OBJECT_FUNCTION": "function",
    "OBJECT_PROCEDURE": "function",
    "OBJECT_ROUTINE": "function",
    "OBJECT_AGGREGATE": "function",
    "OBJECT_SCHEMA": "schema",
}
"""What statements name although it is no relation."""


def _called(kind: str, item: Node, tree: Node, context: Context) -> Iterator[Effect]:
    fields = only(item)[1]
    if kind == "schema":
        key: Key = ("schema", fields.get("sval", ""))
    elif kind == "type":
        key = context.state.key("type", strings(fields.get("names")))
    else:
        key = context.state.key("function", strings(fields.get("objname")), "*")
    there = context.state.exists(key)
    if tree.get("missing_ok") and not there:
        return
    if kind == "function" and all(map(_fires, context.state.functions(key))) and there:
        return
    yield Effect(key, _ALL, hazard="breaking-drop", subject=key)


def _fires(function: Thing) -> bool:
    """True for a trigger's function: only the trigger calls it."""
    returned = type_name((function.definition or {}).get("returnType"))
    return returned in {"trigger", "event_trigger"}


def _dropped(relation: Key, tree: Node, context: Context) -> Iterator[Effect]:
    state = context.state
    if tree.get("missing_ok") and state.exists(relation) is False:
        return
    hazard = "" if tree.get("removeType") == "OBJECT_SEQUENCE" else "breaking-drop"
    yield Effect(relation, _ALL, hazard=hazard, subject=relation)
    for other in (
        *partitions(relation, state),
        *partners(relation, state),
        *_parents(relation, context),
    ):
        yield Effect(other, _ALL)


def _parents(relation: Key, context: Context) -> Iterator[Key]:
    thing = context.state.thing(relation)
    yield from thing.fact("parents", ()) if thing else ()


def _truncate(tree: Node, context: Context) -> Iterator[Effect]:
    state = context.state
    for item in tree.get("relations", ()):
        table = state.key("relation", relation_name(item["RangeVar"]))
        yield Effect(table, _ALL, "none", "truncate")
        yield from (Effect(child, _ALL) for child in partitions(table, state))
        if tree.get("behavior") == "DROP_CASCADE":
            yield from _cascaded(table, context, {table})


def _cascaded(table: Key, context: Context, seen: set[Key]) -> Iterator[Effect]:
    for other in referrers(table, context.state):
        if other not in seen:
            seen.add(other)
            yield Effect(other, _ALL, "none", "truncate")
            yield from _cascaded(other, context, seen)


def _rename(tree: Node, context: Context) -> Iterator[Effect]:
    """RENAME and SET SCHEMA of what belongs to a relation; the name of an index is its own affair."""
    kind = tree.get("renameType") or tree.get("objectType")
    if "relation" not in tree or kind in {"OBJECT_INDEX", "OBJECT_TYPE", "OBJECT_ATTRIBUTE"}:
        return
    relation = context.state.key("relation", relation_name(tree["relation"]))
    if tree.get("missing_ok") and context.state.exists(relation) is False:
        return
    subject = (
        ("column", *relation[1:], truncated(tree["subname"]))
        if kind == "OBJECT_COLUMN"
        else relation
    )
    new = tree.get("newname") or f"{tree.get('newschema')}.{relation[2]}"
    hazard = "breaking-rename" if kind in _SEEN_BY_USERS else ""
    yield Effect(relation, _ALL, hazard=hazard, detail=new, subject=subject)
    if kind == "OBJECT_COLUMN":
        yield from (Effect(child, _ALL) for child in partitions(relation, context.state))


_SEEN_BY_USERS = {
    "OBJECT_TABLE",
    "OBJECT_VIEW",
    "OBJECT_MATVIEW",
    "OBJECT_FOREIGN_TABLE",
    "OBJECT_COLUMN",
}


def _on(field: str, lock: Lock) -> Maker:
    def make(tree: Node, context: Context) -> Iterator[Effect]:
        relation = context.state.key("relation", relation_name(tree[field]))
        yield Effect(relation, lock)

    return make


def _trigger(tree: Node, context: Context) -> Iterator[Effect]:
    table = context.state.key("relation", relation_name(tree["relation"]))
    for relation in (table, *partitions(table, context.state)):
        yield Effect(relation, "ShareRowExclusiveLock")


def _view(tree: Node, context: Context) -> Iterator[Effect]:
    view = context.state.key("relation", relation_name(tree["view"]))
    if tree.get("replace") and context.state.exists(view) is not False:
        yield Effect(view, _ALL)


def _domain(tree: Node, context: Context) -> Iterator[Effect]:
    """A constraint of a domain is proven in every table that uses it."""
    subtype = tree.get("subtype")
    constraint = tree.get("def", {}).get("Constraint", {})
    proves = subtype in {"V", "O"} or (subtype == "C" and not constraint.get("skip_validation"))
    if not proves:
        return
    state = context.state
    domain = state.key("type", strings(tree["typeName"]))
    if state.thing(domain) is None:
        yield Effect(domain, "ShareLock", "scan", "domain-constraint-validated")
    users = dict.fromkeys(("relation", *key[1:3]) for key in state.columns_of(domain))
    for table in users:
        yield Effect(table, "ShareLock", "scan", "domain-constraint-validated")


def _lock(tree: Node, context: Context) -> Iterator[Effect]:
    mode = STRENGTH[int(tree.get("mode", 8)) - 1]
    for item in tree.get("relations", ()):
        yield Effect(context.state.key("relation", relation_name(item["RangeVar"])), mode)


def _publication(tree: Node, context: Context) -> Iterator[Effect]:
    for node in relations_in(tree):
        yield Effect(context.state.key("relation", relation_name(node)), "ShareUpdateExclusiveLock")


def _comment(tree: Node, context: Context) -> Iterator[Effect]:
    kind = tree.get("objtype")
    names = strings(tree.get("object", {}).get("List", {}).get("items", ()))
    if kind == "OBJECT_COLUMN":
        names = names[:-1]
    elif kind not in {"OBJECT_TABLE", "OBJECT_VIEW", "OBJECT_MATVIEW", "OBJECT_SEQUENCE"}:
        return
    if names:  # the grammar takes a column without its table
        yield Effect(context.state.key("relation", names), "ShareUpdateExclusiveLock")


def _grant(tree: Node, context: Context) -> Iterator[Effect]:
    if context.server >= 18 and tree.get("objtype") == "OBJECT_TABLE":
        for node in relations_in(tree):
            yield Effect(context.state.key("relation", relation_name(node)), "AccessShareLock")


def _written(hazard: str) -> Maker:
    def make(tree: Node, context: Context) -> Iterator[Effect]:
        table = context.state.key("relation", relation_name(tree["relation"]))
        unbounded = hazard and "whereClause" not in tree
        yield Effect(table, "RowExclusiveLock", "none", hazard if unbounded else "")

    return make


_MAKERS: dict[str, Maker] = {
    **INDEXES,
    "AlterTableStmt": alter_table,
    "CreateStmt": _create_table,
    "DropStmt": _drop,
    "TruncateStmt": _truncate,
    "RenameStmt": _rename,
    "AlterObjectSchemaStmt": _rename,
    "CreateTrigStmt": _trigger,
    "CreatePolicyStmt": _on("table", _ALL),
    "AlterPolicyStmt": _on("table", _ALL),
    "RuleStmt": _on("relation", _ALL),
    "ViewStmt": _view,
    "AlterSeqStmt": _on("sequence", "ShareRowExclusiveLock"),
    "AlterDomainStmt": _domain,
    "LockStmt": _lock,
    "CreatePublicationStmt": _publication,
    "AlterPublicationStmt": _publication,
    "CommentStmt": _comment,
    "GrantStmt": _grant,
    "InsertStmt": _written(""),
    "UpdateStmt": _written("unbounded-update"),
    "DeleteStmt": _written("unbounded-delete"),
}
