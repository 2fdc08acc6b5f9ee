"""Foreign-data wrappers and servers."""

from __future__ import annotations

from collections.abc import Iterator

from lockstep.catalog.compare import Difference
from lockstep.catalog.fact import Fact, undotted
from lockstep.catalog.making import guards
from lockstep.catalog.making.column_changes import foreign_changes
from lockstep.catalog.making.index import Index
from lockstep.catalog.making.operators import same_function
from lockstep.catalog.making.step import Step, Unchangeable
from lockstep.catalog.making.texts import foreign_list, name_of, option_pairs
from lockstep.sql.objects import literal, qualified, quoted

_BUILT = "the foreign tables that are read by it"


def _options(fact: Fact) -> str:
    options = option_pairs(fact.body.get("options"))
    return f" OPTIONS ({foreign_list(options)})" if options else ""


def _wrapper(fact: Fact) -> str:
    return f"fdwname = {literal(fact.path[0])}"


def _server(fact: Fact) -> str:
    return f"srvname = {literal(fact.path[0])}"


def create_wrapper(fact: Fact, expected: Index) -> list[Step]:
    """Make a foreign-data wrapper."""
    action = f"CREATE FOREIGN DATA WRAPPER {quoted(fact.path[0])}{_functions(fact)}{_options(fact)}"
    return [Step(fact, action, guards.missing("pg_foreign_data_wrapper", _wrapper(fact)))]


def _functions(fact: Fact) -> str:
    told = [
        f" {key.upper()} {name_of(fact.body[key])}"
        for key in ("handler", "validator")
        if key in fact.body
    ]
    return "".join(told)


def change_wrapper(
    difference: Difference, expected: Index, live: Index
) -> list[Step] | Unchangeable:
    """Change a wrapper's functions and options."""
    wanted, found = difference.expected, difference.live
    assert wanted is not None
    assert found is not None
    parts = [
        f"{key.upper()} {name_of(wanted.body[key])}" if key in wanted.body else f"NO {key.upper()}"
        for key in ("handler", "validator")
        if key in difference.fields
    ]
    same = [
        same_function(wanted.body.get("handler"), "fdwhandler"),
        same_function(wanted.body.get("validator"), "fdwvalidator"),
    ]
    return [
        _altered(
            wanted,
            found,
            "FOREIGN DATA WRAPPER",
            parts,
            ("pg_foreign_data_wrapper", _wrapper(wanted), "fdwoptions"),
            same,
        )
    ]


def _altered(
    wanted: Fact,
    found: Fact,
    kind: str,
    parts: list[str],
    where: tuple[str, str, str],
    same: list[str],
) -> Step:
    catalog, row, column = where
    new, old = wanted.body.get("options"), found.body.get("options")
    if new != old:
        parts.append(f"OPTIONS ({foreign_changes(option_pairs(new), option_pairs(old))})")
    guard = guards.exists(catalog, row, guards.not_all([*same, guards.same_options(column, new)]))
    return Step(wanted, f"ALTER {kind} {quoted(wanted.path[0])} {' '.join(parts)}", guard)


def drop_wrapper(fact: Fact) -> list[Step]:
    """Drop a foreign-data wrapper."""
    guard = guards.exists("pg_foreign_data_wrapper", _wrapper(fact))
    return [Step(fact, f"DROP FOREIGN DATA WRAPPER {quoted(fact.path[0])}", guard, loses=_BUILT)]


def create_server(fact: Fact, expected: Index) -> list[Step]:
    """Make a foreign server."""
    told = "".join(
        f" {key.upper()} {literal(fact.body[key])}"
        for key in ("type", "version")
        if key in fact.body
    )
    action = f"CREATE SERVER {quoted(fact.path[0])}{told} FOREIGN DATA WRAPPER {qualified(*undotted(fact.body['wrapper']))}{_options(fact)}"
    return [Step(fact, action, guards.missing("pg_foreign_server", _server(fact)))]


def change_server(
    difference: Difference, expected: Index, live: Index
) -> list[Step] | Unchangeable:
    """Change a server's version and options; of another type, or by another wrapper, it is another server."""
    wanted, found = difference.expected, difference.live
    assert wanted is not None
    assert found is not None
    version = wanted.body.get("version")
    if {"type", "wrapper"} & set(difference.fields):
        guard = guards.exists(
            "pg_foreign_server", _server(wanted), guards.not_all(list(_same_server(wanted)))
        )
        drop = Step(wanted, f"DROP SERVER {quoted(wanted.path[0])}", guard, loses=_BUILT)
        return [drop, *create_server(wanted, expected)]
    parts = (
        [f"VERSION {literal(version) if version else 'NULL'}"]
        if "version" in difference.fields
        else []
    )
    same = [f"srvversion = {literal(version)}" if version else "srvversion IS NULL"]
    return [
        _altered(
            wanted,
            found,
            "SERVER",
            parts,
            ("pg_foreign_server", _server(wanted), "srvoptions"),
            same,
        )
    ]


def _same_server(fact: Fact) -> Iterator[str]:
    yield f"srvtype = {literal(fact.body['type'])}" if "type" in fact.body else "srvtype IS NULL"
    name = undotted(fact.body["wrapper"])[0]
    yield f"srvfdw = (SELECT w.oid FROM pg_catalog.pg_foreign_data_wrapper AS w WHERE w.fdwname = {literal(name)})"


_TABLELESS = guards.missing("pg_foreign_table", "ftserver = pg_foreign_server.oid")


def drop_server(fact: Fact) -> list[Step]:
    """Drop a foreign server."""
    guard = guards.exists("pg_foreign_server", _server(fact), _TABLELESS)
    # Who logs in to it as whom goes with it: that is no part of a schema. Tables do not.
    return [Step(fact, f"DROP SERVER {quoted(fact.path[0])} CASCADE", guard, loses=_BUILT)]
