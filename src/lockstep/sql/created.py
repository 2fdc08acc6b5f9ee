"""CREATE statements as actions."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lockstep.sql.action import Action, Thing, Verb
from lockstep.sql.objects import Key
from lockstep.sql.shapes import index_name, table_parts
from lockstep.sql.state import State
from lockstep.sql.tree import Node, relation_name, relations_in, strings, type_name

_INE = " IF NOT EXISTS"
_OR_REPLACE = " OR REPLACE"


def _table(tree: Node, state: State) -> Iterator[Action]:
    relation = tree["relation"]
    temporary = relation.get("relpersistence") == "t"
    key = ("relation", "pg_temp", relation["relname"]) if temporary else _relation(relation, state)
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
        token=_INE,
        node=tree,
    )


def _foreign_table(tree: Node, state: State) -> Iterator[Action]:
    yield from _table({**tree["base"], **{k: v for k, v in tree.items() if k != "base"}}, state)


def _table_as(tree: Node, state: State) -> Iterator[Action]:
    view = tree.get("objtype") == "OBJECT_MATVIEW"
    into = tree["into"]["rel"]
    temporary = into.get("relpersistence") == "t"
    key = ("relation", "pg_temp", into["relname"]) if temporary else _relation(into, state)
    query = tree.get("query", {})
    yield Action(
        "create-materialized-view" if view else "create-table-as",
        "create",
        key,
        tolerant=bool(tree.get("if_not_exists")),
        needs=tuple(state.key("relation", relation_name(node)) for node in relations_in(query)),
        thing=_query_thing(query, view, temporary, state),
        words=("VIEW",) if view else ("TABLE",),
        token=_INE,
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
        token=_INE if named else "",
        node=tree,
    )


def _sequence(tree: Node, state: State) -> Iterator[Action]:
    temporary = tree["sequence"].get("relpersistence") == "t"
    key = (
        ("relation", "pg_temp", tree["sequence"]["relname"])
        if temporary
        else _relation(tree["sequence"], state)
    )
    yield _simple(
        "create-sequence", key, tree, ("SEQUENCE",), Thing("sequence", tree.get("options"))
    )


def _schema(tree: Node, state: State) -> Iterator[Action]:
    name = tree.get("schemaname") or tree.get("authrole", {}).get("rolename", "")
    elements = tree.get("schemaElts")
    words = () if elements else ("SCHEMA",)
    yield _simple("create-schema", ("schema", name), tree, words, Thing("schema"))


def _extension(tree: Node, state: State) -> Iterator[Action]:
    yield _simple(
        "create-extension", ("extension", tree["extname"]), tree, ("EXTENSION",), Thing("extension")
    )


def _statistics(tree: Node, state: State) -> Iterator[Action]:
    names = strings(tree.get("defnames"))
    if names:
        yield _simple(
            "create-statistics",
            state.key("statistics", names),
            tree,
            ("STATISTICS",),
            Thing("statistics"),
        )
        return
    from_table = next(relations_in(tree), {})
    key = state.key("statistics", ((from_table.get("relname", "") or "") + "_stat",))
    yield Action(
        "create-statistics", "create", key, unnamed=True, thing=Thing("statistics", tree), node=tree
    )


def _view(tree: Node, state: State) -> Iterator[Action]:
    relation = tree["view"]
    temporary = relation.get("relpersistence") == "t"
    key = ("relation", "pg_temp", relation["relname"]) if temporary else _relation(relation, state)
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
        token=_OR_REPLACE,
        node=tree,
    )


def _function(tree: Node, state: State) -> Iterator[Action]:
    arguments = ",".join(
        type_name(item["FunctionParameter"].get("argType"))
        for item in tree.get("parameters", ())
        if item["FunctionParameter"].get("mode") not in {"FUNC_PARAM_OUT", "FUNC_PARAM_TABLE"}
    )
    key = state.key("function", strings(tree["funcname"]), arguments)
    yield _replaceable("create-function", key, tree, Thing("function", tree))


def _aggregate_or_other(tree: Node, state: State) -> Iterator[Action]:
    kind = str(tree.get("kind", ""))
    names = strings(tree.get("defnames"))
    if kind == "OBJECT_AGGREGATE":
        key = state.key("function", names, "*")
        yield _replaceable("create-aggregate", key, tree, Thing("aggregate"))
    elif kind == "OBJECT_COLLATION":
        yield _simple(
            "create-collation",
            state.key("collation", names),
            tree,
            ("COLLATION",),
            Thing("collation"),
        )
    elif kind == "OBJECT_OPERATOR":
        yield Action(
            "create-operator",
            "create",
            _operator_key(names, tree, state),
            thing=Thing("operator"),
            node=tree,
        )
    elif kind == "OBJECT_TYPE":
        thing = Thing("base type" if tree.get("definition") else "shell type")
        yield Action("create-type", "create", state.key("type", names), thing=thing, node=tree)
    elif kind.startswith("OBJECT_TS"):
        word = {
            "TSCONFIGURATION": "configuration",
            "TSDICTIONARY": "dictionary",
            "TSPARSER": "parser",
            "TSTEMPLATE": "template",
        }
        key = state.key(f"text search {word[kind.removeprefix('OBJECT_')]}", names)
        yield Action("create-text-search", "create", key, thing=Thing(key[0]), node=tree)


def _operator_key(names: tuple[str, ...], tree: Node, state: State) -> Key:
    sides = {}
    for item in tree.get("definition", ()):
        option = item["DefElem"]
        if option.get("defname") in {"leftarg", "rightarg"}:
            sides[option["defname"]] = type_name(option.get("arg", {}).get("TypeName"))
    written = f"{'.'.join(names)}({sides.get('leftarg', 'none')}, {sides.get('rightarg', 'none')})"
    return state.key("operator", names, written)


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
        token=_OR_REPLACE,
        node=tree,
    )


def _event_trigger(tree: Node, state: State) -> Iterator[Action]:
    yield Action(
        "create-event-trigger",
        "create",
        ("event trigger", tree["trigname"]),
        thing=Thing("event trigger"),
        node=tree,
    )


def _type(tree: Node, state: State) -> Iterator[Action]:
    if "typevar" in tree:
        key = state.key("type", relation_name(tree["typevar"]))
    else:
        key = state.key("type", strings(tree.get("typeName")))
    labels = tuple(
        (("label", *key[1:], label), Thing("label")) for label in strings(tree.get("vals"))
    )
    attributes = tuple(
        (("attribute", *key[1:], item["ColumnDef"]["colname"]), Thing("attribute"))
        for item in tree.get("coldeflist", ())
    )
    kind = "enum" if "vals" in tree or ("typeName" in tree and "params" not in tree) else "type"
    yield Action(
        "create-type", "create", key, thing=Thing(kind, tree), parts=labels + attributes, node=tree
    )


def _domain(tree: Node, state: State) -> Iterator[Action]:
    key = state.key("type", strings(tree["domainname"]))
    constrained = bool(tree.get("constraints"))
    base = type_name(tree.get("typeName"))
    named = tuple(
        (("domain constraint", *key[1:], item["Constraint"]["conname"]), Thing("domain constraint"))
        for item in tree.get("constraints", ())
        if item.get("Constraint", {}).get("conname")
    )
    facts = {"constrained": constrained, "base": base}
    yield Action(
        "create-domain",
        "create",
        key,
        thing=Thing("domain", tree, facts=facts),
        parts=named,
        node=tree,
    )


def _policy(tree: Node, state: State) -> Iterator[Action]:
    table = _relation(tree["table"], state)
    key = ("policy", *table[1:], tree["policy_name"])
    yield Action(
        "create-policy", "create", key, needs=(table,), thing=Thing("policy", tree), node=tree
    )


def _rule(tree: Node, state: State) -> Iterator[Action]:
    table = _relation(tree["relation"], state)
    yield _replaceable(
        "create-rule", ("rule", *table[1:], tree["rulename"]), tree, Thing("rule"), (table,)
    )


def _role(tree: Node, state: State) -> Iterator[Action]:
    yield Action("create-role", "create", ("role", tree["role"]), thing=Thing("role"), node=tree)


def _publication(tree: Node, state: State) -> Iterator[Action]:
    key = ("publication", tree["pubname"])
    tables = []
    for item in tree.get("pubobjects", ()):
        table = item.get("PublicationObjSpec", {}).get("pubtable", {}).get("relation")
        if table:
            name = state.spelled(_relation(table, state))
            tables.append((("published table", key[1], ".".join(filter(None, name[1:]))), Thing()))
    yield Action(
        "create-publication",
        "create",
        key,
        thing=Thing("publication"),
        parts=tuple(tables),
        node=tree,
    )


def _server(tree: Node, state: State) -> Iterator[Action]:
    yield _simple(
        "create-server", ("server", tree["servername"]), tree, ("SERVER",), Thing("server")
    )


def _user_mapping(tree: Node, state: State) -> Iterator[Action]:
    user = tree.get("user", {}).get("rolename", tree.get("user", {}).get("roletype", ""))
    key = ("user mapping", user, tree["servername"])
    yield _simple("create-server", key, tree, ("MAPPING",), Thing("user mapping"))


def _wrapper(tree: Node, state: State) -> Iterator[Action]:
    key = ("foreign data wrapper", tree["fdwname"])
    yield Action("create-foreign-data-wrapper", "create", key, thing=Thing(key[0]), node=tree)


def _language(tree: Node, state: State) -> Iterator[Action]:
    yield _replaceable("create-language", ("language", tree["plname"]), tree, Thing("language"))


def _cast(tree: Node, state: State) -> Iterator[Action]:
    key = ("cast", type_name(tree.get("sourcetype")), type_name(tree.get("targettype")))
    yield Action("create-operator", "create", key, thing=Thing("cast"), node=tree)


def _transform(tree: Node, state: State) -> Iterator[Action]:
    key = ("transform", type_name(tree.get("type_name")), tree.get("lang", ""))
    yield _replaceable("create-language", key, tree, Thing("transform"))


def _operator_class(tree: Node, state: State) -> Iterator[Action]:
    family = "opclassname" not in tree
    names = strings(tree.get("opfamilyname" if family else "opclassname"))
    key = state.key("operator family" if family else "operator class", names)
    yield Action("create-operator", "create", key, thing=Thing(key[0]), node=tree)


def _conversion(tree: Node, state: State) -> Iterator[Action]:
    key = state.key("conversion", strings(tree["conversion_name"]))
    yield Action("create-operator", "create", key, thing=Thing(key[0]), node=tree)


def _access_method(tree: Node, state: State) -> Iterator[Action]:
    yield Action(
        "create-operator",
        "create",
        ("access method", tree["amname"]),
        thing=Thing("access method"),
        node=tree,
    )


def _only_outside(rule: str, kind: str, name: str) -> Callable[[Node, State], Iterator[Action]]:
    def actions(tree: Node, state: State) -> Iterator[Action]:
        yield Action(rule, "create", (kind, tree[name]), thing=Thing(kind), node=tree)

    return actions


def _simple(rule: str, key: Key, tree: Node, words: tuple[str, ...], thing: Thing) -> Action:
    tolerant = bool(tree.get("if_not_exists"))
    return Action(
        rule, "create", key, tolerant=tolerant, thing=thing, words=words, token=_INE, node=tree
    )


def _replaceable(
    rule: str, key: Key, tree: Node, thing: Thing, needs: tuple[Key, ...] = ()
) -> Action:
    verb: Verb = "replace" if tree.get("replace") else "create"
    return Action(
        rule, verb, key, needs=needs, thing=thing, words=("CREATE",), token=_OR_REPLACE, node=tree
    )


def _relation(node: Node, state: State) -> Key:
    return state.key("relation", relation_name(node))


CREATED: dict[str, Callable[[Node, State], Iterator[Action]]] = {
    "CreateStmt": _table,
    "CreateForeignTableStmt": _foreign_table,
    "CreateTableAsStmt": _table_as,
    "IndexStmt": _index,
    "CreateSeqStmt": _sequence,
    "CreateSchemaStmt": _schema,
    "CreateExtensionStmt": _extension,
    "CreateStatsStmt": _statistics,
    "ViewStmt": _view,
    "CreateFunctionStmt": _function,
    "DefineStmt": _aggregate_or_other,
    "CreateTrigStmt": _trigger,
    "CreateEventTrigStmt": _event_trigger,
    "CreateEnumStmt": _type,
    "CompositeTypeStmt": _type,
    "CreateRangeStmt": _type,
    "CreateDomainStmt": _domain,
    "CreatePolicyStmt": _policy,
    "RuleStmt": _rule,
    "CreateRoleStmt": _role,
    "CreatePublicationStmt": _publication,
    "CreateForeignServerStmt": _server,
    "CreateUserMappingStmt": _user_mapping,
    "CreateFdwStmt": _wrapper,
    "CreatePLangStmt": _language,
    "CreateCastStmt": _cast,
    "CreateTransformStmt": _transform,
    "CreateOpClassStmt": _operator_class,
    "CreateOpFamilyStmt": _operator_class,
    "CreateConversionStmt": _conversion,
    "CreateAmStmt": _access_method,
    "CreateSubscriptionStmt": _only_outside("not-transactional", "subscription", "subname"),
    "CreatedbStmt": _only_outside("not-transactional", "database", "dbname"),
    "CreateTableSpaceStmt": _only_outside("not-transactional", "tablespace", "tablespacename"),
}
