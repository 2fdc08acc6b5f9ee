"""Comments, on whatever they are."""

from __future__ import annotations

from collections.abc import Callable

from lockstep.catalog.compare import Difference
from lockstep.catalog.fact import Fact, Path
from lockstep.catalog.making import guards
from lockstep.catalog.making.index import Index
from lockstep.catalog.making.operators import cast, operator, operator_name
from lockstep.catalog.making.step import Step, Unchangeable
from lockstep.catalog.making.texts import same_text
from lockstep.sql.objects import literal, qualified, quoted

Address = tuple[str, str, str, str]
"""How COMMENT ON names an object, its catalog, what finds it there, and which part of it (0 for all)."""


def create_comment(fact: Fact, expected: Index) -> list[Step]:
    """Write a comment."""
    return [_commented(fact, fact.body["text"])] if known(fact) else []


def change_comment(
    difference: Difference, expected: Index, live: Index
) -> list[Step] | Unchangeable:
    """Write another comment."""
    wanted = difference.expected
    assert wanted is not None
    if not known(wanted):
        return Unchangeable(f"Lockstep does not know how to comment on a {wanted.path[0]}")
    return [_commented(wanted, wanted.body["text"])]


def drop_comment(fact: Fact) -> list[Step]:
    """Remove a comment."""
    if not known(fact):
        return []
    name, catalog, row, part = _address(fact)
    guard = _held(catalog, row, part, "")
    return [Step(fact, f"COMMENT ON {name} IS NULL", f"EXISTS {guard}", loses="the text")]


def _commented(fact: Fact, text: str) -> Step:
    name, catalog, row, part = _address(fact)
    there = guards.exists(catalog, row)
    written = f"NOT EXISTS {_held(catalog, row, part, same_text('d.description', text))}"
    return Step(
        fact,
        f"COMMENT ON {name} IS {literal(text)}",
        guards.both(there, written),
        phase=2 if fact.path[0] == "event trigger" else 0,
    )


def _held(catalog: str, row: str, part: str, condition: str) -> str:
    more = f" AND {condition}" if condition else ""
    oid = "attrelid" if catalog == "pg_attribute" else f"{catalog}.oid"
    class_ = "pg_class" if catalog == "pg_attribute" else catalog
    return (
        f"(SELECT FROM pg_catalog.pg_description AS d, pg_catalog.{catalog} WHERE {row} AND d.objoid = {oid}"
        f" AND d.classoid = 'pg_catalog.{class_}'::pg_catalog.regclass AND d.objsubid = {part}{more})"
    )


def _address(fact: Fact) -> Address:
    type_, path = fact.path[0], fact.path[1:]
    if type_.endswith(" column"):
        return (
            f"COLUMN {qualified(*path)}",
            "pg_attribute",
            guards.column(path[:2], path[2]),
            "attnum",
        )
    if type_ in _SPECIAL:
        return (*_SPECIAL[type_](path), "0")
    if type_ in _RELATIONS:
        return (
            f"{_RELATIONS[type_]} {qualified(*path)}",
            "pg_class",
            f"pg_class.oid = {guards.relation(path)}",
            "0",
        )
    if type_ in _NAMED:
        words, catalog, column = _NAMED[type_]
        return (f"{words} {quoted(path[-1])}", catalog, f"{column} = {literal(path[-1])}", "0")
    if type_ in _IN_SCHEMA:
        words, catalog, prefix = _IN_SCHEMA[type_]
        row = f"{prefix}namespace = {guards.schema(path[0])} AND {prefix}name = {literal(path[1])}"
        return (f"{words} {qualified(*path)}", catalog, row, "0")
    raise ValueError(f"a comment on a {type_}")


def known(fact: Fact) -> bool:
    """True if it is known how to write a comment on an object of this kind."""
    type_ = fact.path[0]
    return type_.endswith(" column") or any(
        type_ in kinds for kinds in (_SPECIAL, _RELATIONS, _NAMED, _IN_SCHEMA)
    )


_RELATIONS = {
    "table": "TABLE",
    "view": "VIEW",
    "materialized view": "MATERIALIZED VIEW",
    "foreign table": "FOREIGN TABLE",
    "index": "INDEX",
    "sequence": "SEQUENCE",
}
_NAMED = {
    "schema": ("SCHEMA", "pg_namespace", "nspname"),
    "publication": ("PUBLICATION", "pg_publication", "pubname"),
    "event trigger": ("EVENT TRIGGER", "pg_event_trigger", "evtname"),
    "language": ("LANGUAGE", "pg_language", "lanname"),
    "access method": ("ACCESS METHOD", "pg_am", "amname"),
    "foreign-data wrapper": ("FOREIGN DATA WRAPPER", "pg_foreign_data_wrapper", "fdwname"),
    "server": ("SERVER", "pg_foreign_server", "srvname"),
}
_IN_SCHEMA = {
    "collation": ("COLLATION", "pg_collation", "coll"),
    "conversion": ("CONVERSION", "pg_conversion", "con"),
    "statistics object": ("STATISTICS", "pg_statistic_ext", "stx"),
    "text search configuration": ("TEXT SEARCH CONFIGURATION", "pg_ts_config", "cfg"),
    "text search dictionary": ("TEXT SEARCH DICTIONARY", "pg_ts_dict", "dict"),
    "text search parser": ("TEXT SEARCH PARSER", "pg_ts_parser", "prs"),
    "text search template": ("TEXT SEARCH TEMPLATE", "pg_ts_template", "tmpl"),
}


def _routine(path: Path) -> tuple[str, str, str]:
    return f"ROUTINE {qualified(*path[:2])}({path[2]})", "pg_proc", guards.routine(path)


def _type(path: Path) -> tuple[str, str, str]:
    return f"TYPE {qualified(*path)}", "pg_type", f"pg_type.oid = {guards.type_(path)}"


def _part(
    word: str, catalog: str, finder: Callable[[Path], str], of: str = ""
) -> Callable[[Path], tuple[str, str, str]]:
    return lambda path: (
        f"{word} {quoted(path[2])} ON {of}{qualified(*path[:2])}",
        catalog,
        finder(path),
    )


def _operator(path: Path) -> tuple[str, str, str]:
    return f"OPERATOR {operator_name(path)} ({path[2]})", "pg_operator", operator(path)


def _cast(path: Path) -> tuple[str, str, str]:
    return f"CAST ({path[0]} AS {path[1]})", "pg_cast", cast(path)


_SPECIAL: dict[str, Callable[[Path], tuple[str, str, str]]] = {
    "function": _routine,
    "procedure": _routine,
    "aggregate": _routine,
    "type": _type,
    "domain": _type,
    "composite type": _type,
    "table constraint": _part("CONSTRAINT", "pg_constraint", guards.constraint),
    "domain constraint": _part("CONSTRAINT", "pg_constraint", guards.domain_constraint, "DOMAIN "),
    "trigger": _part("TRIGGER", "pg_trigger", guards.trigger),
    "rule": _part("RULE", "pg_rewrite", guards.rule),
    "policy": _part("POLICY", "pg_policy", guards.policy),
    "operator": _operator,
    "cast": _cast,
}
