"""Indexes that belong to no constraint, and extended statistics."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lockstep.catalog.compare import Difference
from lockstep.catalog.fact import Fact, undotted
from lockstep.catalog.making import guards
from lockstep.catalog.making.clustering import clustered
from lockstep.catalog.making.index import Index
from lockstep.catalog.making.step import Step, Unchangeable
from lockstep.catalog.making.tables import changed_options
from lockstep.catalog.making.texts import (
    array,
    name_of,
    names,
    option_pairs,
    same_text,
    set_list,
    with_options,
)
from lockstep.sql.objects import literal, qualified, quoted

_KINDS = {"ndistinct": "d", "dependencies": "f", "mcv": "m"}


def index_definition(fact: Fact, *, concurrently: bool = False, only: bool = False) -> str:
    """Return the statement that builds an index; *only* leaves out the partitions of its table."""
    body = fact.body
    parts = ["CREATE UNIQUE INDEX" if body.get("unique") else "CREATE INDEX"]
    if concurrently:
        parts.append("CONCURRENTLY")
    parts.append(f"{quoted(fact.path[1])} ON {'ONLY ' if only else ''}{name_of(body['table'])}")
    if "method" in body:
        parts.append(f"USING {quoted(body['method'])}")
    parts.append(f"({', '.join(map(index_key, body['columns']))})")
    if "include" in body:
        parts.append(f"INCLUDE {names(body['include'])}")
    if body.get("nulls_not_distinct"):
        parts.append("NULLS NOT DISTINCT")
    text = " ".join(parts) + with_options(body.get("options"))
    return text + (f" WHERE {body['where']}" if "where" in body else "")


def index_key(key: dict[str, Any]) -> str:
    """Return one key of an index."""
    parts = [quoted(key["column"]) if "column" in key else f"({key['expression']})"]
    if "collation" in key:
        parts.append(f"COLLATE {name_of(key['collation'])}")
    if "operator_class" in key:
        options = key.get("operator_class_options")
        told = f" ({set_list(option_pairs(options))})" if options else ""
        parts.append(name_of(key["operator_class"]) + told)
    if key.get("descending"):
        parts.append("DESC")
    if "nulls" in key:
        parts.append(f"NULLS {key['nulls'].upper()}")
    return " ".join(parts)


def create_index(fact: Fact, expected: Index) -> list[Step]:
    """Build an index, on a table with partitions on all of them; one that is invalid there is not attached to any."""
    only = bool(fact.body.get("invalid")) and _partitioned(fact, expected)
    made = Step(fact, index_definition(fact, only=only), f"{guards.relation(fact.path)} IS NULL")
    marked = [clustered(fact, undotted(fact.body["table"]))] if fact.body.get("clustered") else []
    return [made, *marked, *_key_statistics(fact, {})]


def _key_statistics(fact: Fact, old: dict[str, int]) -> Iterator[Step]:
    new = fact.body.get("statistics", {})
    for number in sorted({*new, *old}):
        target = new.get(number, -1)
        if target != old.get(number, -1):
            row = f"attrelid = {guards.relation(fact.path)} AND attnum = {number} AND coalesce(attstattarget, -1) <> {target}"
            action = (
                f"ALTER INDEX {qualified(*fact.path)} ALTER COLUMN {number} SET STATISTICS {target}"
            )
            yield Step(fact, action, guards.exists("pg_attribute", row))


def _partitioned(fact: Fact, expected: Index) -> bool:
    table = expected.get("table", undotted(fact.body["table"]))
    return table is not None and "partition_by" in table.body


def change_index(difference: Difference, expected: Index, live: Index) -> list[Step] | Unchangeable:
    """Change what is beside an index; one with other keys, or an invalid one, is dropped and built."""
    wanted, found = difference.expected, difference.live
    assert wanted is not None
    assert found is not None
    fields = set(difference.fields)
    steps: list[Step] = []
    if fields <= {"options", "clustered", "statistics"}:
        if "options" in fields:
            steps += changed_options(wanted, found, "INDEX")
        if "clustered" in fields:
            steps.append(clustered(wanted, undotted(wanted.body["table"])))
        return [*steps, *_key_statistics(wanted, found.body.get("statistics", {}))]
    if fields <= {"attached", "invalid"} and wanted.body.get("invalid"):
        return Unchangeable(
            "it serves more partitions than it should, and does all the same what it should"
        )
    differs = guards.not_all([same_index(wanted), "indisvalid"])
    unbuilt = bool(found.body.get("invalid"))
    loses = (
        ""
        if unbuilt
        else "its help for queries, and what it keeps out if it is unique, while it is built anew"
    )
    return [_dropped(wanted, differs, loses), *create_index(wanted, expected)]


def same_index(fact: Fact) -> str:
    """Return the condition, on ``pg_index``, that an index is what the fact says, valid or not."""
    body = fact.body
    number = len(body["columns"])
    conditions = [
        f"indrelid = {guards.relation(undotted(body['table']))}",
        f"indisunique = {str(bool(body.get('unique'))).lower()}",
        f"indnkeyatts = {number}",
        f"{guards.column_names('indrelid', '(indkey::pg_catalog.int2[])[indnkeyatts:]')} = {array(body.get('include', []))}",
        f"(SELECT m.amname FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_am AS m ON m.oid = c.relam WHERE c.oid = indexrelid) = {literal(body.get('method', 'btree'))}",
        same_text("pg_catalog.pg_get_expr(indpred, indrelid)", body["where"])
        if "where" in body
        else "indpred IS NULL",
        *[_same_key(place, key) for place, key in enumerate(body["columns"])],
    ]
    conditions.append(
        guards.newer_flag("pg_index", "indnullsnotdistinct", body.get("nulls_not_distinct"))
    )
    return " AND ".join(conditions)


def _same_key(place: int, key: dict[str, Any]) -> str:
    if "column" in key:
        column = f"(SELECT a.attname FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = indrelid AND a.attnum = indkey[{place}])"
        found = [f"{column} = {literal(key['column'])}"]
    else:
        found = [
            same_text(
                f"pg_catalog.pg_get_indexdef(indexrelid, {place + 1}, false)", key["expression"]
            )
        ]
    descending = bool(key.get("descending"))
    nulls_first = key.get("nulls", "first" if descending else "last") == "first"
    found.append(f"indoption[{place}] = {int(descending) + 2 * int(nulls_first)}")
    if options := key.get("operator_class_options"):
        row = f"attrelid = indexrelid AND attnum = {place + 1}"
        found.append(guards.exists("pg_attribute", row, guards.same_options("attoptions", options)))
    usual = f"(SELECT o.opcdefault FROM pg_catalog.pg_opclass AS o WHERE o.oid = indclass[{place}])"
    if "operator_class" in key:
        schema, name = undotted(key["operator_class"])
        found.append(
            f"EXISTS (SELECT FROM pg_catalog.pg_opclass AS o WHERE o.oid = indclass[{place}] AND o.opcname = {literal(name)}"
            f" AND o.opcnamespace = {guards.schema(schema)})"
        )
    else:
        found.append(usual)
    found.append(_same_collation(place, key))
    return " AND ".join(found)


def _same_collation(place: int, key: dict[str, Any]) -> str:
    if "collation" in key:
        other = guards.collation(undotted(key["collation"]))
        return guards.exists("pg_collation", f"oid = indcollation[{place}] AND {other}")
    own = f"(SELECT a.attcollation FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = indrelid AND a.attnum = indkey[{place}])"
    usual = "'pg_catalog.\"default\"'::pg_catalog.regcollation"
    return f"indcollation[{place}] IN (0, coalesce({own}, {usual}))"


def drop_index(fact: Fact) -> list[Step]:
    """Drop an index, as long as no constraint has its name: that one's own index goes only with it."""
    own = guards.missing(
        "pg_constraint AS k", "k.conindid = indexrelid", "k.contype IN ('p', 'u', 'x')"
    )
    return [_dropped(fact, own, "its help for queries, and what it keeps out if it is unique")]


def _dropped(fact: Fact, held: str, loses: str) -> Step:
    guard = guards.exists("pg_index", f"indexrelid = {guards.relation(fact.path)} AND {held}")
    return Step(fact, f"DROP INDEX {qualified(*fact.path)}", guard, loses=loses)


def create_statistics(fact: Fact, expected: Index) -> list[Step]:
    """Have the server keep statistics of columns together."""
    body = fact.body
    keys = [
        *map(quoted, body.get("columns", [])),
        *(f"({text})" for text in body.get("expressions", [])),
    ]
    kinds = f" ({', '.join(body['kinds'])})" if "kinds" in body and len(keys) > 1 else ""
    action = f"CREATE STATISTICS {qualified(*fact.path)}{kinds} ON {', '.join(keys)} FROM {name_of(body['table'])}"
    made = Step(fact, action, guards.missing("pg_statistic_ext", guards.statistics(fact.path)))
    return [made, *([_target(fact)] if "target" in body else [])]


def _target(fact: Fact) -> Step:
    target = fact.body.get("target", -1)
    guard = guards.exists(
        "pg_statistic_ext", guards.statistics(fact.path), f"coalesce(stxstattarget, -1) <> {target}"
    )
    return Step(fact, f"ALTER STATISTICS {qualified(*fact.path)} SET STATISTICS {target}", guard)


def change_statistics(
    difference: Difference, expected: Index, live: Index
) -> list[Step] | Unchangeable:
    """Change how fine statistics are; of other columns they are others."""
    wanted = difference.expected
    assert wanted is not None
    if set(difference.fields) == {"target"}:
        return [_target(wanted)]
    differs = guards.not_all([_same_statistics(wanted)])
    return [_without_statistics(wanted, differs), *create_statistics(wanted, expected)]


def _same_statistics(fact: Fact) -> str:
    body = fact.body
    columns = (
        "ARRAY(SELECT a.attname::pg_catalog.text FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = stxrelid "
        'AND a.attnum = ANY (stxkeys::pg_catalog.int2[]) ORDER BY a.attname COLLATE "C")'
    )
    kinds = array([_KINDS[kind] for kind in body.get("kinds", [])])
    built = "pg_catalog.array_remove(stxkind::pg_catalog.text[], 'e')"
    found = [
        f"stxrelid = {guards.relation(undotted(body['table']))}",
        f"{columns} = {array(sorted(body.get('columns', [])))}",
        f"{built} @> {kinds} AND {built} <@ {kinds}",
    ]
    if "expressions" in body:
        texts = "pg_catalog.pg_get_statisticsobjdef_expressions(pg_statistic_ext.oid)"
        found.append(
            f"{texts} @> {array(body['expressions'])} AND {texts} <@ {array(body['expressions'])}"
        )
    return " AND ".join(found)


def drop_statistics(fact: Fact) -> list[Step]:
    """Drop extended statistics."""
    return [_without_statistics(fact, "")]


def _without_statistics(fact: Fact, held: str) -> Step:
    guard = guards.exists("pg_statistic_ext", guards.statistics(fact.path), held)
    return Step(fact, f"DROP STATISTICS {qualified(*fact.path)}", guard, loses="what was gathered")
