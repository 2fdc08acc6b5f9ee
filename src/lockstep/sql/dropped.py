"""DROP, RENAME and SET SCHEMA as actions."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lockstep.sql.action import Action
from lockstep.sql.forms import IE, dropped
from lockstep.sql.objects import Key
from lockstep.sql.state import State
from lockstep.sql.tree import Node, only, relation_name, strings, type_name

_RELATIONS = {
    "OBJECT_TABLE": ("TABLE",),
    "OBJECT_VIEW": ("VIEW",),
    "OBJECT_MATVIEW": ("VIEW",),
    "OBJECT_INDEX": ("INDEX", "CONCURRENTLY?"),
    "OBJECT_SEQUENCE": ("SEQUENCE",),
    "OBJECT_FOREIGN_TABLE": ("TABLE",),
}
_ON_TABLE = {"OBJECT_TRIGGER": "trigger", "OBJECT_POLICY": "policy", "OBJECT_RULE": "rule"}
_ROUTINES = {
    "OBJECT_FUNCTION": ("FUNCTION",),
    "OBJECT_PROCEDURE": ("PROCEDURE",),
    "OBJECT_ROUTINE": ("ROUTINE",),
    "OBJECT_AGGREGATE": ("AGGREGATE",),
}
_NAMED = {
    "OBJECT_SCHEMA": ("schema", ("SCHEMA",)),
    "OBJECT_EXTENSION": ("extension", ("EXTENSION",)),
    "OBJECT_EVENT_TRIGGER": ("event trigger", ("TRIGGER",)),
    "OBJECT_PUBLICATION": ("publication", ("PUBLICATION",)),
    "OBJECT_FOREIGN_SERVER": ("server", ("SERVER",)),
    "OBJECT_FDW": ("foreign data wrapper", ("WRAPPER",)),
    "OBJECT_ACCESS_METHOD": ("access method", ("METHOD",)),
    "OBJECT_LANGUAGE": ("language", ("LANGUAGE",)),
}
_IN_SCHEMA = {
    "OBJECT_STATISTIC_EXT": ("statistics", ("STATISTICS",)),
    "OBJECT_COLLATION": ("collation", ("COLLATION",)),
    "OBJECT_CONVERSION": ("conversion", ("CONVERSION",)),
    "OBJECT_TSCONFIGURATION": ("text search configuration", ("CONFIGURATION",)),
    "OBJECT_TSDICTIONARY": ("text search dictionary", ("DICTIONARY",)),
    "OBJECT_TSPARSER": ("text search parser", ("PARSER",)),
    "OBJECT_TSTEMPLATE": ("text search template", ("TEMPLATE",)),
}
_RENAMED_RELATIONS = {*_RELATIONS, "OBJECT_SEQUENCE"}


def drop(tree: Node, state: State) -> Iterator[Action]:
    """Yield one action for each object of a DROP."""
    kind = str(tree.get("removeType", ""))
    for item in tree.get("objects", ()):
        found = _key(kind, item, state)
        if found is None:
            continue
        key, words = found
        yield dropped("drop-object", key, tree, words)


def _key(kind: str, item: Node, state: State) -> tuple[Key, tuple[str, ...]] | None:
    node_kind, fields = only(item)
    names = strings(fields.get("items", ())) if node_kind == "List" else ()
    if kind in _RELATIONS:
        return state.key("relation", names), _RELATIONS[kind]
    if kind in _ON_TABLE:
        table = state.key("relation", names[:-1])
        return (_ON_TABLE[kind], *table[1:], names[-1]), (_ON_TABLE[kind].upper(),)
    if kind in _ROUTINES:
        return state.key("function", strings(fields.get("objname")), _arguments(fields)), _ROUTINES[
            kind
        ]
    if kind in {"OBJECT_TYPE", "OBJECT_DOMAIN"}:
        return state.key("type", strings(fields.get("names"))), (kind.removeprefix("OBJECT_"),)
    if kind in _NAMED:
        class_, words = _NAMED[kind]
        return (class_, fields.get("sval", "")), words
    if kind in _IN_SCHEMA:
        class_, words = _IN_SCHEMA[kind]
        return state.key(class_, names), words
    return _rare_key(kind, fields, names, state)


def _rare_key(
    kind: str, fields: Node, names: tuple[str, ...], state: State
) -> tuple[Key, tuple[str, ...]] | None:
    if kind == "OBJECT_OPERATOR":
        sides = [type_name(only(item)[1]) or "none" for item in fields.get("objargs", ())]
        operator = strings(fields.get("objname"))
        return state.key("operator", operator, f"{'.'.join(operator)}({', '.join(sides)})"), (
            "OPERATOR",
        )
    if kind == "OBJECT_OPCLASS":
        return state.key("operator class", names[1:]), ("CLASS",)
    if kind == "OBJECT_OPFAMILY":
        return state.key("operator family", names[1:]), ("FAMILY",)
    if kind == "OBJECT_CAST":
        types = [type_name(only(item)[1]) for item in fields.get("items", ())]
        return ("cast", *types), ("CAST",)
    if kind == "OBJECT_TRANSFORM":
        type_, language = fields["items"]
        return ("transform", type_name(only(type_)[1]), strings([language])[0]), ("TRANSFORM",)
    return None


def _arguments(fields: Node) -> str:
    if fields.get("args_unspecified"):
        return "*"
    inputs = [
        item["FunctionParameter"].get("argType")
        for item in fields.get("objfuncargs", ())
        if item.get("FunctionParameter", {}).get("mode")
        not in {"FUNC_PARAM_OUT", "FUNC_PARAM_TABLE"}
    ]
    if not inputs:
        inputs = [only(item)[1] for item in fields.get("objargs", ())]
    return ",".join(type_name(item) for item in inputs)


def drop_role(tree: Node, state: State) -> Iterator[Action]:
    """Yield one action for each role."""
    for item in tree.get("roles", ()):
        key = ("role", item["RoleSpec"].get("rolename", ""))
        tolerant = bool(tree.get("missing_ok"))
        yield Action(
            "drop-object",
            "drop",
            key,
            tolerant=tolerant,
            words=("ROLE|USER|GROUP",),
            token=IE,
            node=tree,
        )


def _drop_one(
    kind: str, name: str, words: tuple[str, ...], rule: str = "drop-object"
) -> Callable[[Node, State], Iterator[Action]]:
    def actions(tree: Node, state: State) -> Iterator[Action]:
        tolerant = bool(tree.get("missing_ok"))
        yield Action(
            rule, "drop", (kind, tree[name]), tolerant=tolerant, words=words, token=IE, node=tree
        )

    return actions


def drop_user_mapping(tree: Node, state: State) -> Iterator[Action]:
    """Yield DROP USER MAPPING."""
    key = ("user mapping", tree["user"].get("rolename", ""), tree["servername"])
    tolerant = bool(tree.get("missing_ok"))
    yield Action(
        "drop-object", "drop", key, tolerant=tolerant, words=("MAPPING",), token=IE, node=tree
    )


def rename(tree: Node, state: State) -> Iterator[Action]:
    """Yield ALTER ... RENAME."""
    kind = str(tree.get("renameType", ""))
    if kind in _INSIDE:
        yield _rename_inside(_INSIDE[kind], tree, state)
        return
    old = _renamed_key(kind, tree, state)
    if old is None:
        return
    new = (*old[:2], tree["newname"], *old[3:]) if len(old) > 2 else (old[0], tree["newname"])
    yield Action("rename", "rename", old, to=new, tolerant=bool(tree.get("missing_ok")), node=tree)


_INSIDE = {
    "OBJECT_COLUMN": "column",
    "OBJECT_ATTRIBUTE": "attribute",
    "OBJECT_TABCONSTRAINT": "constraint",
    "OBJECT_DOMCONSTRAINT": "domain constraint",
    "OBJECT_TRIGGER": "trigger",
    "OBJECT_POLICY": "policy",
    "OBJECT_RULE": "rule",
}
"""What is renamed within a table or type; IF EXISTS there is about the table."""


def _rename_inside(kind: str, tree: Node, state: State) -> Action:
    if kind == "domain constraint":
        whole = state.key("type", strings(only(tree["object"])[1].get("items")))
    else:
        whole = state.key("relation", relation_name(tree["relation"]))
    old: Key = (kind, *whole[1:], tree["subname"])
    needs = () if kind == "attribute" else (whole,)
    excused = bool(tree.get("missing_ok"))
    return Action(
        "rename",
        "rename",
        old,
        to=(*old[:-1], tree["newname"]),
        excused=excused,
        needs=needs,
        node=tree,
    )


def _renamed_key(kind: str, tree: Node, state: State) -> Key | None:
    if kind in _RENAMED_RELATIONS:
        return state.key("relation", relation_name(tree["relation"]))
    if kind in {"OBJECT_SCHEMA", "OBJECT_ROLE"}:
        return (kind.removeprefix("OBJECT_").lower(), tree["subname"])
    if kind in _NAMED:
        return (_NAMED[kind][0], strings([tree.get("object", {})])[0])
    return _routine_or_type(kind, tree, state)


def _routine_or_type(kind: str, tree: Node, state: State) -> Key | None:
    fields = only(tree.get("object", {}))[1]
    if kind in _ROUTINES:
        return state.key("function", strings(fields.get("objname")), _arguments(fields))
    if kind in {"OBJECT_TYPE", "OBJECT_DOMAIN"}:
        return state.key("type", strings(fields.get("items")))
    if kind in _IN_SCHEMA:
        return state.key(_IN_SCHEMA[kind][0], strings(fields.get("items")))
    return None


def set_schema(tree: Node, state: State) -> Iterator[Action]:
    """Yield ALTER ... SET SCHEMA: the object has another name afterwards."""
    schema = state.key("relation", (tree["newschema"], "x"))[1]
    if "relation" in tree:
        old: Key | None = state.key("relation", relation_name(tree["relation"]))
    else:
        old = _routine_or_type(str(tree.get("objectType", "")), tree, state)
    if old is not None:
        tolerant = bool(tree.get("missing_ok"))
        new = (old[0], schema, *old[2:])
        yield Action("set-schema", "rename", old, to=new, tolerant=tolerant, node=tree)


DROPPED: dict[str, Callable[[Node, State], Iterator[Action]]] = {
    "DropStmt": drop,
    "DropRoleStmt": drop_role,
    "DropUserMappingStmt": drop_user_mapping,
    "DropSubscriptionStmt": _drop_one("subscription", "subname", ("SUBSCRIPTION",)),
    "DropdbStmt": _drop_one("database", "dbname", ("DATABASE",)),
    "DropTableSpaceStmt": _drop_one("tablespace", "tablespacename", ("TABLESPACE",)),
    "RenameStmt": rename,
    "AlterObjectSchemaStmt": set_schema,
}
