"""Ask the database what of all services' needs is missing: one message, one round trip, as the role that the services use."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from lockstep.catalog.needs.names import Name
from lockstep.catalog.needs.requirements import Requirement
from lockstep.catalog.needs.verdicts import Facts, Missing, Relation, unmet
from lockstep.postgres.at_once import fetch_at_once
from lockstep.postgres.gate import Database
from lockstep.postgres.queries import load_queries

QUERIES = load_queries(Path(__file__).with_name("missing.sql"))


class Around(NamedTuple):
    """What there is instead of what is missing.

    ``role`` is who asks and ``path`` where its unqualified names lead. ``tables`` are (schema, name, may its schema be used),
    ``columns`` and ``indexes`` (name, what it is) by schema and table, ``functions`` (schema, name, arguments), ``extensions`` the
    versions that the server has of them.
    """

    role: str
    path: tuple[str, ...]
    tables: tuple[tuple[str, str, bool], ...]
    columns: Mapping[Name, tuple[tuple[str, str], ...]]
    indexes: Mapping[Name, tuple[tuple[str, str], ...]]
    functions: tuple[tuple[str, str, str], ...]
    extensions: Mapping[str, str]


async def find_missing(database: Database, needed: Sequence[Requirement]) -> list[Missing]:
    """Return what the live schema lacks of what is *needed*, in that order; what a missing table would have is not told apart."""
    if not needed:
        return []
    tables, others = _questions(needed)
    wanted = [name for name, values in others.items() if values]
    queries = ["settle", "tables", *wanted]
    _, *results = await fetch_at_once(
        database,
        *(QUERIES[name] for name in queries),
        tables=json.dumps(list(tables.values())),
        **{name: sorted(values) for name, values in others.items()},
    )
    rows: dict[str, list[tuple[Any, ...]]] = dict(zip(queries[1:], results, strict=True))
    names = list(tables)
    facts = Facts(
        {names[row[0]]: Relation(*row[1:]) for row in rows["tables"]},
        dict(rows.get("types", ())),
        rows.get("functions", []),
        dict(rows.get("extensions", ())),
        dict(rows.get("schemas", ())),
    )
    return _told_once(unmet(needed, facts))


def _questions(
    needed: Iterable[Requirement],
) -> tuple[dict[tuple[str, str], dict[str, Any]], dict[str, set[str]]]:
    """Return what is to be asked: table by table, and the names of types without a schema, functions, extensions and schemas."""
    tables: dict[tuple[str, str], dict[str, Any]] = {}
    others: dict[str, set[str]] = {name: set() for name in _OTHERS.values()}
    for one in needed:
        for type_ in (*one.types, *(one.arguments or ())):
            if type_.name and not type_.schema:
                others["types"].add(type_.name)
        other = _OTHERS.get(one.object or one.kind)
        if other is not None:
            others[other].add(one.name)
            continue
        place = one.place
        table = tables.get(place) or _table(tables, place)
        if one.kind == "column":
            table["columns"].append(one.column)
            if one.nullable is False:
                table["proven"] = True
        elif one.kind == "index":
            table["indexed"] = True
            table["also"] += one.columns
        elif one.kind == "foreign key":
            table["keyed"] = True
            _table(tables, (one.to_schema, one.to_name))
        elif one.kind == "privilege":
            table["privileges"].append(one.privilege)
    return tables, others


_OTHERS = {"type": "types", "function": "functions", "extension": "extensions", "schema": "schemas"}


def _table(tables: dict[tuple[str, str], dict[str, Any]], place: tuple[str, str]) -> dict[str, Any]:
    schema, name = place
    made = {"number": len(tables), "name": name, "columns": [], "also": [], "privileges": []}
    return tables.setdefault(place, {**made, "schema": schema} if schema else made)


async def look_around(database: Database, missing: Sequence[Missing]) -> Around:
    """Return what there is instead of what is *missing*; for the refusal, when time does not matter any more."""
    needed = [item.needed for item in missing]
    _, rows = await fetch_at_once(
        database,
        QUERIES["settle"],
        QUERIES["nearest"],
        tables=[one.name for one in needed if one.kind not in {"function", "extension"}],
        schemas=[one.schema for one in needed if one.schema],
        functions=[one.name for one in needed if "function" in {one.kind, one.object}],
        extensions=any(one.kind == "extension" for one in needed),
    )
    kinds: dict[str, list[Any]] = {}
    for kind, *rest in rows:
        kinds.setdefault(kind, []).append(rest)
    ((path, _, role, _, _),) = kinds["role"]
    return Around(
        role,
        tuple(json.loads(path)),
        tuple((schema, name, usable) for schema, name, _, _, usable in kinds.get("table", ())),
        _by_table(kinds.get("column", ())),
        _by_table(kinds.get("index", ())),
        tuple((schema, name, detail) for schema, name, _, detail, _ in kinds.get("function", ())),
        {name: version for _, name, _, version, _ in kinds.get("extension", ())},
    )


def _told_once(missing: Iterable[Missing]) -> list[Missing]:
    """Leave out what follows from something else that is missing: parts of a table that is not there, an index on no column."""
    found = list(missing)
    tables = {
        (one.needed.service, one.needed.declared)
        for one in found
        if one.needed.kind == "table" and one.why == "missing"
    }
    gone = {
        (one.needed.declared, one.needed.column)
        for one in found
        if one.needed.kind == "column" and one.why == "missing"
    }
    return [one for one in found if not _follows(one.needed, tables, gone)]


def _follows(one: Requirement, tables: set[tuple[str, str]], gone: set[tuple[str, str]]) -> bool:
    if one.kind == "table":
        return False
    if (one.service, one.declared) in tables:
        return True
    on_columns = one.kind in {"index", "foreign key"}
    return on_columns and any((one.declared, column) in gone for column in one.columns)


def _by_table(rows: Iterable[Any]) -> dict[Name, tuple[tuple[str, str], ...]]:
    found: dict[Name, tuple[tuple[str, str], ...]] = {}
    for schema, table, name, detail, _ in sorted(rows):
        key = Name(schema, table)
        found[key] = (*found.get(key, ()), (name, detail))
    return found
