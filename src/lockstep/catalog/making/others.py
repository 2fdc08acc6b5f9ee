"""Schemas, extensions, collations and publications."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lockstep.catalog.compare import Difference
from lockstep.catalog.fact import Fact, Path, undotted
from lockstep.catalog.making import guards
from lockstep.catalog.making.index import Index
from lockstep.catalog.making.step import Step, Unchangeable
from lockstep.catalog.making.texts import array, names
from lockstep.sql.objects import literal, qualified, quoted
from lockstep.values import dataclass

_NAME = re.compile(r'"(?:[^"]|"")*"|[^\s.",()]+')


def create_schema(fact: Fact, expected: Index) -> list[Step]:
    """Make a schema."""
    return [
        Step(
            fact, f"CREATE SCHEMA {quoted(fact.path[0])}", f"{guards.schema(fact.path[0])} IS NULL"
        )
    ]


def drop_schema(fact: Fact) -> list[Step]:
    """Drop a schema that is empty."""
    guard = f"{guards.schema(fact.path[0])} IS NOT NULL"
    return [Step(fact, f"DROP SCHEMA {quoted(fact.path[0])}", guard, loses="what is in it")]


def create_extension(fact: Fact, expected: Index) -> list[Step]:
    """Install an extension in its schema."""
    action = f"CREATE EXTENSION {quoted(fact.path[0])}"
    # Some say themselves where they live: their schema is theirs, or the server's.
    if expected.get("schema", (fact.body["schema"],)) is not None:
        action += f" SCHEMA {quoted(fact.body['schema'])}"
    return [
        Step(fact, action, guards.missing("pg_extension", f"extname = {literal(fact.path[0])}"))
    ]


def change_extension(
    difference: Difference, expected: Index, live: Index
) -> list[Step] | Unchangeable:
    """Move an extension to another schema."""
    wanted = difference.expected
    assert wanted is not None
    name, schema = wanted.path[0], wanted.body["schema"]
    guard = guards.exists(
        "pg_extension", f"extname = {literal(name)} AND extnamespace <> {guards.schema(schema)}"
    )
    return [Step(wanted, f"ALTER EXTENSION {quoted(name)} SET SCHEMA {quoted(schema)}", guard)]


def drop_extension(fact: Fact) -> list[Step]:
    """Drop an extension that nothing is built on."""
    guard = guards.exists("pg_extension", f"extname = {literal(fact.path[0])}")
    return [
        Step(fact, f"DROP EXTENSION {quoted(fact.path[0])}", guard, loses="all that came with it")
    ]


def create_collation(fact: Fact, expected: Index) -> list[Step]:
    """Make a collation."""
    return [
        Step(fact, _collation(fact), guards.missing("pg_collation", guards.collation(fact.path)))
    ]


def _collation(fact: Fact) -> str:
    body = fact.body
    options = []
    if "provider" in body:
        options.append(f"provider = {body['provider']}")
    if "ctype" in body:
        options += [
            f"lc_collate = {literal(body['locale'])}",
            f"lc_ctype = {literal(body['ctype'])}",
        ]
    elif "locale" in body:
        options.append(f"locale = {literal(body['locale'])}")
    if body.get("deterministic") is False:
        options.append("deterministic = false")
    if "rules" in body:
        options.append(f"rules = {literal(body['rules'])}")
    return f"CREATE COLLATION {qualified(*fact.path)} ({', '.join(options)})"


def change_collation(
    difference: Difference, expected: Index, live: Index
) -> list[Step] | Unchangeable:
    """Drop a collation and make it anew, where no column has it."""
    wanted = difference.expected
    assert wanted is not None
    deterministic = str(wanted.body.get("deterministic", True)).lower()
    letter = {"libc": "c", "icu": "i", "builtin": "b"}[wanted.body.get("provider", "libc")]
    same = [f"collisdeterministic = {deterministic}", f"collprovider = '{letter}'"]
    if "locale" in wanted.body:
        # The column has another name in each version: the row is read as a document.
        row = "pg_catalog.to_jsonb(pg_collation)"
        told = (
            f"coalesce({row} ->> 'colllocale', {row} ->> 'colliculocale', {row} ->> 'collcollate')"
        )
        same.append(f"{told} = {literal(wanted.body['locale'])}")
    if "rules" in difference.fields:
        rules = wanted.body.get("rules")
        same.append(f"collicurules = {literal(rules)}" if rules else "collicurules IS NULL")
    guard = guards.exists("pg_collation", guards.collation(wanted.path), guards.not_all(same))
    return [_without_collation(wanted, guard), *create_collation(wanted, expected)]


def drop_collation(fact: Fact) -> list[Step]:
    """Drop a collation."""
    return [_without_collation(fact, guards.exists("pg_collation", guards.collation(fact.path)))]


def _without_collation(fact: Fact, guard: str) -> Step:
    return Step(fact, f"DROP COLLATION {qualified(*fact.path)}", guard, loses="the order it gives")


@dataclass(frozen=True, slots=True)
class Published:
    """A table of a publication, its columns if not all, and which of its rows if not all."""

    table: Path
    columns: tuple[str, ...]
    where: str


def read_published(entry: str) -> Published:
    """Read ``schema.table (a, b) WHERE expression``."""
    path: list[str] = []
    place = 0
    while match := _NAME.match(entry, place):
        path.append(match[0])
        place = match.end()
        if entry[place : place + 1] != ".":
            break
        place += 1
    rest, columns = entry[place:], []
    if rest.startswith(" ("):
        place = 2
        while match := _NAME.match(rest, place):
            columns.append(undotted(match[0])[0])
            place = match.end()
            if rest[place : place + 2] != ", ":
                break
            place += 2
        rest = rest[place + 1 :]
    return Published(
        undotted(".".join(path)), tuple(columns), rest.removeprefix(" WHERE ") if rest else ""
    )


def create_publication(fact: Fact, expected: Index) -> list[Step]:
    """Make a publication."""
    body = fact.body
    what = "FOR ALL TABLES" if body.get("all_tables") else ""
    if not what and (
        objects := [*_tables(body.get("tables", [])), *_schemas(body.get("schemas", []))]
    ):
        what = f"FOR {', '.join(objects)}"
    action = " ".join(
        part
        for part in (
            f"CREATE PUBLICATION {quoted(fact.path[0])}",
            what,
            f"WITH ({_settings(fact)})",
        )
        if part
    )
    return [Step(fact, action, guards.missing("pg_publication", _named(fact)))]


def _named(fact: Fact) -> str:
    return f"pubname = {literal(fact.path[0])}"


def _settings(fact: Fact) -> str:
    body = fact.body
    settings = [f"publish = {literal(', '.join(body.get('operations', [])))}"]
    settings.append(f"publish_via_partition_root = {str(bool(body.get('via_root'))).lower()}")
    if "generated_columns" in body:
        settings.append(f"publish_generated_columns = {body['generated_columns']}")
    return ", ".join(settings)


def _tables(entries: list[str]) -> Iterator[str]:
    for place, entry in enumerate(entries):
        yield f"{'ONLY' if place else 'TABLE ONLY'} {_written(read_published(entry))}"


def _written(table: Published) -> str:
    columns = f" {names(table.columns)}" if table.columns else ""
    return f"{qualified(*table.table)}{columns}" + (
        f" WHERE ({table.where})" if table.where else ""
    )


def _schemas(schemas: list[str]) -> Iterator[str]:
    return (f"TABLES IN SCHEMA {quoted(schema)}" for schema in schemas)


def change_publication(
    difference: Difference, expected: Index, live: Index
) -> list[Step] | Unchangeable:
    """Change what is published, and how; for all tables or not is for ever."""
    wanted, found = difference.expected, difference.live
    assert wanted is not None
    assert found is not None
    fields = set(difference.fields)
    if "all_tables" in fields:
        other = f"puballtables <> {str(bool(wanted.body.get('all_tables'))).lower()}"
        drop = _without(wanted, guards.exists("pg_publication", _named(wanted), other))
        return [drop, *create_publication(wanted, expected)]
    steps = (
        list(_settings_changed(wanted, found))
        if fields & {"operations", "via_root", "generated_columns"}
        else []
    )
    return [*steps, *_tables_changed(wanted, found), *_schemas_changed(wanted, found)]


def _settings_changed(wanted: Fact, found: Fact) -> Iterator[Step]:
    body = wanted.body
    told = body.get("operations", [])
    flags = ", ".join(
        str(operation in told).lower() for operation in ("insert", "update", "delete", "truncate")
    )
    same = [
        f"(pubinsert, pubupdate, pubdelete, pubtruncate) = ({flags})",
        f"pubviaroot = {str(bool(body.get('via_root'))).lower()}",
    ]
    settings = _settings(wanted)
    if "generated_columns" in body:
        same.append("pubgencols = 's'")
    elif "generated_columns" in found.body:
        settings += ", publish_generated_columns = none"
        same.append("pubgencols = 'n'")
    guard = guards.exists("pg_publication", _named(wanted), guards.not_all(same))
    yield Step(wanted, f"ALTER PUBLICATION {quoted(wanted.path[0])} SET ({settings})", guard)


def _tables_changed(wanted: Fact, found: Fact) -> Iterator[Step]:
    new = {table.table: table for table in map(read_published, wanted.body.get("tables", []))}
    old = {table.table: table for table in map(read_published, found.body.get("tables", []))}
    name = quoted(wanted.path[0])
    for path, before in old.items():
        after = new.get(path)
        if after != before:
            guard = _publishes(
                wanted, path, guards.not_all(_same_published(after)) if after else ""
            )
            action = f"ALTER PUBLICATION {name} DROP TABLE ONLY {qualified(*path)}"
            loses = "what is not published meanwhile" if after else "what is published of the table"
            yield Step(wanted, action, guard, loses=loses)
    for path, table in new.items():
        if old.get(path) != table:
            guard = guards.both(
                guards.exists("pg_publication", _named(wanted)),
                f"NOT {_publishes(wanted, path, '')}",
            )
            yield Step(wanted, f"ALTER PUBLICATION {name} ADD TABLE ONLY {_written(table)}", guard)


def _publishes(fact: Fact, table: Path, condition: str) -> str:
    publication = (
        f"prpubid = (SELECT p.oid FROM pg_catalog.pg_publication AS p WHERE p.{_named(fact)})"
    )
    return guards.exists(
        "pg_publication_rel", f"{publication} AND prrelid = {guards.relation(table)}", condition
    )


def _same_published(table: Published) -> list[str]:
    # Servers before 15 have neither list nor filter: the row is read as a document.
    row = "pg_catalog.to_jsonb(pg_publication_rel)"
    columns = guards.column_names("prrelid", "prattrs::pg_catalog.int2[]")
    found = []
    if table.columns:
        wanted = array(table.columns)
        found.append(f"{columns} @> {wanted} AND {columns} <@ {wanted}")
    else:
        found.append(f"{row} ->> 'prattrs' IS NULL")
    if table.where:
        from lockstep.catalog.making.texts import same_text

        found.append(same_text("pg_catalog.pg_get_expr(prqual, prrelid)", table.where))
    else:
        found.append(f"{row} ->> 'prqual' IS NULL")
    return found


def _schemas_changed(wanted: Fact, found: Fact) -> Iterator[Step]:
    new, old = wanted.body.get("schemas", []), found.body.get("schemas", [])
    name = quoted(wanted.path[0])
    for schema in [*new, *old]:
        if (schema in new) == (schema in old):
            continue
        publication = (
            f"pnpubid = (SELECT p.oid FROM pg_catalog.pg_publication AS p WHERE p.{_named(wanted)})"
        )
        held = guards.exists(
            "pg_publication_namespace", f"{publication} AND pnnspid = {guards.schema(schema)}"
        )
        if schema in new:
            guard = guards.both(guards.exists("pg_publication", _named(wanted)), f"NOT {held}")
            yield Step(
                wanted, f"ALTER PUBLICATION {name} ADD TABLES IN SCHEMA {quoted(schema)}", guard
            )
        else:
            action = f"ALTER PUBLICATION {name} DROP TABLES IN SCHEMA {quoted(schema)}"
            yield Step(wanted, action, held, loses="what is published of the schema")


def drop_publication(fact: Fact) -> list[Step]:
    """Drop a publication."""
    return [_without(fact, guards.exists("pg_publication", _named(fact)))]


def _without(fact: Fact, guard: str) -> Step:
    return Step(
        fact, f"DROP PUBLICATION {quoted(fact.path[0])}", guard, loses="what its subscribers follow"
    )
