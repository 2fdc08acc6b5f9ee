"""What the services declare is all that any of the studio's statements touches: it is what a boot looks at before HTTP opens.

Everything else is taken away from a database at head (columns, tables, indexes, rights); then every statement must still be
one that PostgreSQL can plan. A statement that comes to need more fails here until that is declared.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

import studio
from lockstep import Needs, load_queries
from studio.assembly import assemble
from studio.settings import Settings

STUDIO = Path(studio.__file__).parent
OTHERS = {"migrations", "seeds", "operations", "command_line"}
"""Folders of what no service runs, or what reads nothing but the server's own catalog."""
PARAMETER = re.compile(r"%\(\w+\)s")


def statements() -> Iterator[tuple[str, str]]:
    """Every statement with a name, its parameters null: PostgreSQL finds their types as it does the parameters'."""
    for file in sorted(STUDIO.rglob("*.sql")):
        if file.parent.name not in OTHERS:
            for name, text in load_queries(file).items():
                place = f"{file.relative_to(STUDIO).as_posix()}: {name}"
                yield place, PARAMETER.sub("null", text).replace("%%", "%")


def declared() -> Needs:
    """What all services of the studio declare, in one."""
    needs = Needs()
    for service in assemble(Settings()).services:
        needs |= service.needs
    return needs


def indexes_of(needs: Needs, table: str) -> list[set[str]]:
    """The columns of the unique indexes that are declared on a table."""
    return [
        {index.columns} if isinstance(index.columns, str) else set(index.columns)
        for index in needs.indexes
        if index.table == table and index.unique
    ]


def take_the_rest_away(connection: psycopg.Connection, needs: Needs) -> None:
    """Drop the tables, columns and unique constraints that are not declared."""
    found = connection.execute(
        "select relname::text, array_agg(attname::text) from pg_class join pg_attribute on attrelid = pg_class.oid"
        " where relnamespace = 'public'::regnamespace and relkind = 'r' and attnum > 0 group by relname"
    )
    for table, columns in found.fetchall():
        name = sql.Identifier(table)
        if table not in needs.tables:
            connection.execute(sql.SQL("drop table {} cascade").format(name))
            continue
        for column in set(columns) - set(needs.tables[table]):
            drop = sql.SQL("alter table {} drop column {} cascade")
            connection.execute(drop.format(name, sql.Identifier(column)))
    keys = connection.execute(
        "select conrelid::regclass::text, conname::text, array_agg(attname::text) from pg_constraint"
        " join pg_attribute on attrelid = conrelid and attnum = any(conkey)"
        " where contype in ('p', 'u') and connamespace = 'public'::regnamespace group by conrelid, conname"
    )
    for table, constraint, columns in keys.fetchall():
        if set(columns) not in indexes_of(needs, table):
            drop = sql.SQL("alter table {} drop constraint {} cascade")
            connection.execute(drop.format(sql.Identifier(table), sql.Identifier(constraint)))


def become_somebody(connection: psycopg.Connection, needs: Needs, role: str) -> None:
    """Go on as a role that may do what is declared, and nothing else."""
    connection.execute(sql.SQL("create role {}").format(sql.Identifier(role)))
    for table in needs.tables:
        for privilege in needs.privileges.get(table, ("select",)):
            grant = sql.SQL("grant {} on {} to {}").format(
                sql.SQL(privilege), sql.Identifier(table), sql.Identifier(role)
            )
            connection.execute(grant)
    connection.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))


def failures(connection: psycopg.Connection) -> dict[str, str]:
    """The statements that cannot be planned or are not allowed, each with what PostgreSQL says."""
    failed = {}
    for place, text in statements():
        try:
            with connection.transaction():
                connection.execute(f"explain {text}".encode())
        except psycopg.Error as error:
            failed[place] = error.diag.message_primary or str(error)
    return failed


@pytest.fixture
def connection(at_head: str) -> Iterator[psycopg.Connection]:
    """A transaction at the studio's head that comes to nothing; roles are the server's, and would stay."""
    with psycopg.connect(at_head) as connection:
        yield connection
        connection.rollback()


def test_every_statement_can_do_with_what_is_declared(connection: psycopg.Connection) -> None:
    """Tables, columns, the unique indexes of ON CONFLICT, and privileges: whatever is not declared is not there any more."""
    needs = declared()
    assert failures(connection) == {}
    take_the_rest_away(connection, needs)
    become_somebody(connection, needs, f"studio_{connection.info.backend_pid}")
    assert failures(connection) == {}


@pytest.mark.parametrize(
    ("take", "named"),
    [
        ("alter table users drop column role", "find_session"),
        ("alter table content drop column last_regenerated_at", "note_regenerated"),
        ("alter table rate_limits drop constraint rate_limits_pkey", "spend"),
    ],
)
def test_a_statement_that_lacks_something_is_seen(
    connection: psycopg.Connection, take: str, named: str
) -> None:
    """The test above can fail: of a column that is gone, and of an index without which there is no ON CONFLICT."""
    connection.execute(take.encode())
    assert any(place.endswith(f": {named}") for place in failures(connection))
