"""CREATE of everything that is neither a table nor hangs on one, as actions: types, domains, policies, roles, operators ..."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lockstep.sql.action import Action, Thing
from lockstep.sql.forms import replaceable, simple
from lockstep.sql.objects import Key
from lockstep.sql.state import State
from lockstep.sql.tree import Node, relation_name, relations_in, strings, type_name


def _schema(tree: Node, state: State) -> Iterator[Action]:
    name = tree.get("schemaname") or tree.get("authrole", {}).get("rolename", "")
    elements = tree.get("schemaElts")
    words = () if elements else ("SCHEMA",)
    yield simple("create-schema", ("schema", name), tree, words, Thing("schema"))


def _extension(tree: Node, state: State) -> Iterator[Action]:
    options = {item["DefElem"]["defname"]: item["DefElem"] for item in tree.get("options", ())}
    given = {
        name: strings([option["arg"]])[0] for name, option in options.items() if "arg" in option
    }
    schema = (
        state.key("extension's schema", (given["schema"], ""))[1] if "schema" in given else None
    )
    facts = {
        "stated": schema,
        "schema": state.path[0] if schema is None else schema,
        "version": given.get("new_version"),
    }
    thing = Thing("extension", facts=facts)
    yield simple("create-extension", ("extension", tree["extname"]), tree, ("EXTENSION",), thing)


def _statistics(tree: Node, state: State) -> Iterator[Action]:
    names = strings(tree.get("defnames"))
    if names:
        yield simple(
            "create-statistics",
            state.key("statistics", names),
            tree,
            ("STATISTICS",),
            Thing("statistics", tree),
        )
        return
    from_table = next(relations_in(tree), {})
    key = state.key("statistics", ((from_table.get("relname", "") or "") + "_stat",))
    yield Action(
        "create-statistics", "create", key, unnamed=True, thing=Thing("statistics", tree), node=tree
    )


def _aggregate_or_other(tree: Node, state: State) -> Iterator[Action]:
    kind = str(tree.get("kind", ""))
    names = strings(tree.get("defnames"))
    if kind == "OBJECT_AGGREGATE":
        key = state.key("function", names, "*")
        yield replaceable("create-aggregate", key, tree, Thing("aggregate"))
    elif kind == "OBJECT_COLLATION":
        yield simple(
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
    yield replaceable(
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
    yield simple(
        "create-server", ("server", tree["servername"]), tree, ("SERVER",), Thing("server")
    )


def _user_mapping(tree: Node, state: State) -> Iterator[Action]:
    user = tree.get("user", {}).get("rolename", tree.get("user", {}).get("roletype", ""))
    key = ("user mapping", user, tree["servername"])
    yield simple("create-server", key, tree, ("MAPPING",), Thing("user mapping"))


def _wrapper(tree: Node, state: State) -> Iterator[Action]:
    key = ("foreign data wrapper", tree["fdwname"])
    yield Action("create-foreign-data-wrapper", "create", key, thing=Thing(key[0]), node=tree)


def _language(tree: Node, state: State) -> Iterator[Action]:
    yield replaceable("create-language", ("language", tree["plname"]), tree, Thing("language"))


def _cast(tree: Node, state: State) -> Iterator[Action]:
    key = ("cast", type_name(tree.get("sourcetype")), type_name(tree.get("targettype")))
    yield Action("create-operator", "create", key, thing=Thing("cast"), node=tree)


def _transform(tree: Node, state: State) -> Iterator[Action]:
    key = ("transform", type_name(tree.get("type_name")), tree.get("lang", ""))
    yield replaceable("create-language", key, tree, Thing("transform"))


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


def _relation(node: Node, state: State) -> Key:
    return state.key("relation", relation_name(node))


DEFINED: dict[str, Callable[[Node, State], Iterator[Action]]] = {
    "CreateSchemaStmt": _schema,
    "CreateExtensionStmt": _extension,
    "CreateStatsStmt": _statistics,
    "DefineStmt": _aggregate_or_other,
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
