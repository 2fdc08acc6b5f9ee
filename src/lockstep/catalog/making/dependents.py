"""What is lost with an object that is dropped to be made anew, and so has to be made anew as well."""

from __future__ import annotations

import re

from lockstep.catalog.fact import BESIDE, RIGHTS, Fact, Path, dotted, undotted
from lockstep.catalog.making.index import Index
from lockstep.catalog.making.order import in_order
from lockstep.catalog.making.references import names_in, referred, texts_of, word_of

_RELATIONS = {"table", "foreign_table", "view", "matview"}
_TYPES = {"enum", "domain", "composite", "range"}
_CODE = {"function", "procedure", "aggregate"}
_BUILT = {"view", "matview", "rule", "policy", "trigger", "publication", "statistics", *_CODE}
_CALLING = {"constraint", "domain_constraint", "index"}
_PARTS = ("column", "constraint", "trigger", "rule", "policy")
_COMMENTED = {
    "table": "table", "foreign_table": "foreign table", "view": "view", "matview": "materialized view", "index": "index",
    "sequence": "sequence", "function": "function", "procedure": "procedure", "aggregate": "aggregate",
    "trigger": "trigger", "rule": "rule", "policy": "policy", "constraint": "table constraint", "column": "table column",
    "statistics": "statistics object", "publication": "publication", "enum": "type", "range": "type",
    "composite": "composite type", "domain": "domain", "domain_constraint": "domain constraint",
    "event_trigger": "event trigger", "collation": "collation",
}  # fmt: skip
_GRANTED = {"table": "table", "foreign_table": "table", "view": "table", "matview": "table", "sequence": "sequence",
            "function": "function", "procedure": "procedure", "aggregate": "function",
            "enum": "type", "domain": "type", "composite": "type", "range": "type", "column": "column"}  # fmt: skip


def dependents(fact: Fact, live: Index) -> list[Fact]:
    """Return what of *live* is built on *fact*, and what goes with each: views, their indexes, grants and comments.

    The fact itself is not among them, but its own grants and comments are. They stand in the order in which they are to be
    made again; what has to be dropped before is the same list backwards.
    """
    found: dict[tuple[str, Path], Fact] = {}
    pending = [fact]
    while pending:
        one = pending.pop()
        for other in [*_built_on(one, live), *_going_with(one, live)]:
            if other.key not in found and other.key != fact.key:
                found[other.key] = other
                pending.append(other)
    return in_order(found.values())


def called_by_default(routine: Fact, live: Index) -> list[Fact]:
    """Return the columns and domains whose default calls a routine."""
    if routine.kind not in _CODE:
        return []
    return [
        fact
        for fact in live.mentioning(word_of(routine.path[1]))
        if fact.kind in {"column", "domain"}
        and routine.path[:2] in names_in(fact.body.get("default", ""))
    ]


def must_drop(facts: list[Fact], of: Fact | None = None) -> list[Fact]:
    """Return those of *facts*, the dependents of one, that stand in the way of its DROP; the others go with it."""
    alone = (
        of is not None and of.kind in _CODE
    )  # the table stays, so that its constraints have to go by themselves
    return [
        fact
        for fact in facts
        if fact.kind not in BESIDE
        and (not _goes_along(fact) or (alone and fact.kind == "constraint"))
    ]


def _goes_along(fact: Fact) -> bool:
    """True for a part that goes with its table, whatever that is dropped for."""
    if fact.kind == "column":
        return "generated" not in fact.body
    return fact.kind == "constraint" and fact.body["type"] != "foreign key"


def _built_on(fact: Fact, live: Index) -> list[Fact]:
    if fact.kind == "column":
        return _built_on_column(fact, live)
    if fact.kind == "constraint":
        return _keyed_by(fact, live)
    if fact.kind == "index":
        return _on_index(fact, live)
    if fact.kind not in {*_RELATIONS, *_TYPES, *_CODE}:
        return []
    name = (fact.path[0], fact.path[1])
    kinds = _BUILT if fact.kind not in _CODE else {*_BUILT, *_CALLING}
    if fact.kind in {"table", "foreign_table"}:
        kinds = {*kinds, "constraint"}
    return [
        other
        for other in live.mentioning(word_of(fact.path[1]))
        if other.kind in kinds and name in referred(other) and other.path != fact.path
    ]


def _built_on_column(column: Fact, live: Index) -> list[Fact]:
    """Return what names the column beside its table: what the server would refuse to keep."""
    table, name = (column.path[0], column.path[1]), column.path[2]
    word = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
    found = []
    for other in live.mentioning(word_of(column.path[1])):
        if other.kind not in {
            "view",
            "matview",
            "rule",
            "policy",
            "trigger",
            "publication",
            *_CODE,
            "column",
        }:
            continue
        on_table = other.path[:2] == table and other.kind in {"rule", "policy", "trigger", "column"}
        if not on_table and (table not in referred(other) or other.kind == "column"):
            continue
        told = {key: value for key, value in other.body.items() if key not in {"type", "default"}}
        texts = "\n".join(texts_of(told))
        plain = other.kind == "column" and "generated" not in other.body
        if other.key != column.key and not plain and word.search(texts):
            found.append(other)
    return found


def _keyed_by(constraint: Fact, live: Index) -> list[Fact]:
    """Return the foreign keys that refer to a key, and the queries that group by a primary key and read what depends on it."""
    if constraint.body["type"] not in {"primary key", "unique"}:
        return []
    table = dotted(constraint.path[:2])
    return [
        other
        for other in live.mentioning(word_of(constraint.path[1]))
        if _groups_by(other, constraint)
        or (
            other.kind == "constraint"
            and other.body.get("references") == table
            and sorted(other.body["referenced_columns"]) == sorted(constraint.body["columns"])
        )
    ]


def _on_index(index: Fact, live: Index) -> list[Fact]:
    """Return the keys of partitions that stand on their part of an index, and the foreign keys that a unique one allows."""
    found = [
        one
        for one in live.mentioning('"part_of": ')
        if one.body.get("part_of") == dotted(index.path)
    ]
    if not index.body.get("unique") or "where" in index.body:
        return found
    columns = sorted(key.get("column", "") for key in index.body["columns"])
    return found + [
        one
        for one in live.mentioning('"references": ')
        if one.body.get("references") == index.body["table"]
        and sorted(one.body["referenced_columns"]) == columns
    ]


def _groups_by(query: Fact, key: Fact) -> bool:
    return (
        key.body["type"] == "primary key"
        and query.kind in {"view", "matview"}
        and "GROUP BY" in query.body["definition"]
        and key.path[:2] in referred(query)
    )


def _going_with(fact: Fact, live: Index) -> list[Fact]:
    found: list[Fact] = []
    if fact.kind in _RELATIONS:
        for kind in _PARTS:
            if kind != "column" or fact.kind in {"table", "foreign_table"}:
                found += live.children(fact.path, kind)
        found += [index for index in live.mentioning(word_of(fact.path[1])) if index.kind in {"index", "statistics"}
                  and undotted(index.body["table"]) == fact.path]  # fmt: skip
        found += _described(
            ("view column" if fact.kind == "view" else "materialized view column", *fact.path), live
        )
    if fact.kind == "domain":
        found += live.children(fact.path, "domain_constraint")
    if kind_of_comment := _COMMENTED.get(fact.kind):
        comment = live.get("comment", (kind_of_comment, *fact.path))
        found += [comment] if comment else []
    if kind_of_grant := _GRANTED.get(fact.kind):
        for kind in sorted(RIGHTS):
            found += live.children((kind_of_grant, *fact.path), kind)
        if fact.kind in {"view", "matview"}:
            found += _of_columns(fact, live)
    return found


def _described(path: Path, live: Index) -> list[Fact]:
    return live.children(path, "comment")


def _of_columns(fact: Fact, live: Index) -> list[Fact]:
    names = [column["name"] for column in fact.body.get("columns", [])]
    return [
        grant for name in names for grant in live.children(("column", *fact.path, name), "grant")
    ]
