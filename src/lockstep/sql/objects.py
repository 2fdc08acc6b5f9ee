"""What statements are about: objects, named by keys, and the SQL that asks a server whether one exists.

A key is a tuple: the class of the object, then its schema (empty for "wherever search_path leads"), then its names from the
outside in. ``("column", "", "users", "email")`` is ``users.email``. Everything that shares a namespace in PostgreSQL shares a
class here: tables, views, indexes and sequences are all a ``relation`` (PostgreSQL manual, 5.10 Schemas).
"""

from __future__ import annotations

from lockstep.sql.tokens import plain_name

Key = tuple[str, ...]

PARENT = {
    "column": "relation",
    "constraint": "relation",
    "primary key": "relation",
    "trigger": "relation",
    "policy": "relation",
    "rule": "relation",
    "identity": "column",
    "partition": "relation",
    "inheritance": "relation",
    "label": "type",
    "attribute": "type",
    "domain constraint": "type",
    "published table": "publication",
    "published schema": "publication",
    "function": "function name",
}
"""The class of the object that takes these with it when it goes; its key is theirs without the last name."""
SCHEMALESS = {
    "schema",
    "extension",
    "role",
    "publication",
    "published table",
    "published schema",
    "subscription",
    "event trigger",
    "server",
    "foreign data wrapper",
    "user mapping",
    "language",
    "cast",
    "transform",
    "access method",
    "database",
    "tablespace",
}


def parent_of(key: Key) -> Key | None:
    """Return the object that *key* is a part of."""
    outer = PARENT.get(key[0])
    if outer is None:
        return None
    if key[0] == "function":
        return (outer, *key[1:3])
    if key[0] in {"published table", "published schema"}:
        return (outer, key[1])
    if key[0] in {"primary key", "partition", "inheritance"}:
        return (outer, *key[1:3])
    return (outer, *key[1:-1])


def shown(key: Key) -> str:
    """Return the object's name as people write it: ``users.email``."""
    names = key[1:] if key[0] in SCHEMALESS else key[2:] if not key[1] else key[1:]
    if key[0] == "function":
        arguments = "" if names[-1] == "*" else f"({names[-1]})"
        return ".".join(names[:-1]) + arguments
    if key[0] in {"cast", "transform"}:
        return " AS ".join(names)
    if key[0] in {"partition", "inheritance"}:
        return ".".join(part for part in key[-2:] if part)
    if key[0] == "label":
        return f"{'.'.join(names[:-1])}: {names[-1]!r}"
    return ".".join(names)


def literal(text: str) -> str:
    """Return *text* as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def quoted(name: str) -> str:
    """Return a name with quotes if it needs them."""
    return name if plain_name(name) else '"' + name.replace('"', '""') + '"'


def truncated(name: str) -> str:
    """Return *name* as PostgreSQL keeps it: the first 63 bytes, in whole characters (manual, 4.1.1)."""
    if len(name) < 16:
        return name  # no character has more than four bytes
    raw = name.encode()
    return name if len(raw) <= 63 else raw[:63].decode(errors="ignore")


def qualified(*names: str) -> str:
    """Return a dotted name, without the parts that are empty."""
    return ".".join(quoted(name) for name in names if name)


def exists(key: Key) -> str:
    """Return the condition that is true where the object exists; empty if no catalog can be asked for it simply."""
    template = _PROBES.get(key[0])
    if template is None:
        return ""
    if key[0] in SCHEMALESS:
        names = [truncated(name) for name in key[1:]]
        dotted = ""
    else:
        names = [truncated(name) for name in key[3:]]
        dotted = qualified(key[1], key[2])
    values = {f"n{number}": literal(name) for number, name in enumerate(names)}
    own = {
        "schema": literal(key[1]),
        "name": literal(truncated(key[2] if len(key) > 2 else key[1])),
    }
    return template.format(
        dotted=literal(dotted), visible=_visible(key), last=literal(key[-1]), **own, **values
    )


def _visible(key: Key) -> str:
    """Return the condition on a namespace column: the schema that was written, or the one where objects are made."""
    if key[0] in SCHEMALESS:
        return ""
    schema = literal(key[1]) if key[1] else "pg_catalog.current_schema()"
    return f"(SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = {schema})"


_CATALOG = "SELECT 1 FROM pg_catalog."
_RELATION = "pg_catalog.to_regclass({dotted})"
_TYPE = "pg_catalog.to_regtype({dotted})"
_PROBES = {
    "relation": f"{_RELATION} IS NOT NULL",
    "type": f"{_TYPE} IS NOT NULL",
    "column": f"EXISTS ({_CATALOG}pg_attribute WHERE attrelid = {_RELATION} AND attname = {{n0}} AND NOT attisdropped)",
    "identity": f"EXISTS ({_CATALOG}pg_attribute WHERE attrelid = {_RELATION} AND attname = {{n0}} AND attidentity <> '')",
    "constraint": f"EXISTS ({_CATALOG}pg_constraint WHERE conrelid = {_RELATION} AND conname = {{n0}})",
    "primary key": f"EXISTS ({_CATALOG}pg_constraint WHERE conrelid = {_RELATION} AND contype = 'p')",
    "trigger": f"EXISTS ({_CATALOG}pg_trigger WHERE tgrelid = {_RELATION} AND tgname = {{n0}} AND NOT tgisinternal)",
    "policy": f"EXISTS ({_CATALOG}pg_policy WHERE polrelid = {_RELATION} AND polname = {{n0}})",
    "rule": f"EXISTS ({_CATALOG}pg_rewrite WHERE ev_class = {_RELATION} AND rulename = {{n0}})",
    "partition": f"EXISTS ({_CATALOG}pg_inherits WHERE inhparent = {_RELATION} AND inhrelid = pg_catalog.to_regclass({{last}}))",
    "inheritance": f"EXISTS ({_CATALOG}pg_inherits WHERE inhrelid = {_RELATION} AND inhparent = pg_catalog.to_regclass({{last}}))",
    "label": f"EXISTS ({_CATALOG}pg_enum WHERE enumtypid = {_TYPE} AND enumlabel = {{n0}})",
    "attribute": f"EXISTS ({_CATALOG}pg_attribute a JOIN pg_catalog.pg_type t ON t.typrelid = a.attrelid"
    f" WHERE t.oid = {_TYPE} AND a.attname = {{n0}} AND NOT a.attisdropped)",
    "domain constraint": f"EXISTS ({_CATALOG}pg_constraint WHERE contypid = {_TYPE} AND conname = {{n0}})",
    "schema": "pg_catalog.to_regnamespace(pg_catalog.quote_ident({n0})) IS NOT NULL",
    "role": "pg_catalog.to_regrole(pg_catalog.quote_ident({n0})) IS NOT NULL",
    "extension": f"EXISTS ({_CATALOG}pg_extension WHERE extname = {{n0}})",
    "publication": f"EXISTS ({_CATALOG}pg_publication WHERE pubname = {{n0}})",
    "published table": f"EXISTS ({_CATALOG}pg_publication_rel r JOIN pg_catalog.pg_publication p ON p.oid = r.prpubid"
    " WHERE p.pubname = {n0} AND r.prrelid = pg_catalog.to_regclass({n1}))",
    "published schema": f"EXISTS ({_CATALOG}pg_publication_namespace n JOIN pg_catalog.pg_publication p ON p.oid = n.pnpubid"
    " WHERE p.pubname = {n0} AND n.pnnspid = pg_catalog.to_regnamespace(pg_catalog.quote_ident({n1})))",
    "event trigger": f"EXISTS ({_CATALOG}pg_event_trigger WHERE evtname = {{n0}})",
    "server": f"EXISTS ({_CATALOG}pg_foreign_server WHERE srvname = {{n0}})",
    "foreign data wrapper": f"EXISTS ({_CATALOG}pg_foreign_data_wrapper WHERE fdwname = {{n0}})",
    "language": f"EXISTS ({_CATALOG}pg_language WHERE lanname = {{n0}})",
    "access method": f"EXISTS ({_CATALOG}pg_am WHERE amname = {{n0}})",
    "cast": f"EXISTS ({_CATALOG}pg_cast WHERE castsource = pg_catalog.to_regtype({{n0}})"
    " AND casttarget = pg_catalog.to_regtype({n1}))",
    "statistics": f"EXISTS ({_CATALOG}pg_statistic_ext WHERE stxname = {{name}} AND stxnamespace = {{visible}})",
    "collation": f"EXISTS ({_CATALOG}pg_collation WHERE collname = {{name}} AND collnamespace = {{visible}})",
    "conversion": f"EXISTS ({_CATALOG}pg_conversion WHERE conname = {{name}} AND connamespace = {{visible}})",
    "operator": "pg_catalog.to_regoperator({last}) IS NOT NULL",
    "operator class": f"EXISTS ({_CATALOG}pg_opclass WHERE opcname = {{name}} AND opcnamespace = {{visible}})",
    "operator family": f"EXISTS ({_CATALOG}pg_opfamily WHERE opfname = {{name}} AND opfnamespace = {{visible}})",
    "text search configuration": f"EXISTS ({_CATALOG}pg_ts_config WHERE cfgname = {{name}} AND cfgnamespace = {{visible}})",
    "text search dictionary": f"EXISTS ({_CATALOG}pg_ts_dict WHERE dictname = {{name}} AND dictnamespace = {{visible}})",
    "text search parser": f"EXISTS ({_CATALOG}pg_ts_parser WHERE prsname = {{name}} AND prsnamespace = {{visible}})",
    "text search template": f"EXISTS ({_CATALOG}pg_ts_template WHERE tmplname = {{name}} AND tmplnamespace = {{visible}})",
    "function": f"EXISTS ({_CATALOG}pg_proc WHERE proname = {{name}} AND pronamespace = {{visible}})",
}
