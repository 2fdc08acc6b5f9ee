"""Which changes of type keep every value; and what a change of a column is built on."""

from __future__ import annotations

import psycopg
import pytest

from lockstep.catalog.fact import dotted
from lockstep.catalog.making import Index, dependents, must_drop, widens
from lockstep.testing import Databases

from .converging import load, snapshot


@pytest.mark.parametrize(
    ("old", "new", "wider"),
    [
        ("character varying(10)", "character varying(20)", True),
        ("character varying(20)", "character varying(10)", False),
        ("character varying(10)", "character varying", True),
        ("character varying", "character varying(10)", False),
        ("character varying(10)", "text", True),
        ("text", "character varying", True),
        ("text", "character varying(10)", False),
        ("smallint", "integer", True),
        ("integer", "bigint", True),
        ("bigint", "integer", False),
        ("integer", "numeric", True),
        ("integer", "numeric(5,2)", False),
        ("real", "double precision", True),
        ("integer", "double precision", False),
        ("numeric(8,2)", "numeric(10,2)", True),
        ("numeric(8,2)", "numeric(10,3)", False),
        ("numeric(8,2)", "numeric", True),
        ("numeric", "numeric(8,2)", False),
        ("timestamp(3) without time zone", "timestamp(6) without time zone", True),
        ("timestamp(3) without time zone", "timestamp without time zone", True),
        ("timestamp without time zone", "timestamp with time zone", False),
        ("bit varying(3)", "bit varying(5)", True),
        ("bit(3)", "bit(5)", False),
        ("character(3)", "character(5)", False),
        ("app.a", "app.b", False),
        ("text", "uuid", False),
    ],
)
def test_wider_types(old: str, new: str, wider: bool) -> None:
    """A type is wider if every value of the other is one of it, and looks the same."""
    assert widens(old, new) is wider


def test_a_wider_type_takes_every_value(database: str) -> None:
    """The server agrees: what is called wider holds the greatest values of the narrower type unchanged."""
    with psycopg.connect(database) as connection:
        for old, new, value in (
            ("smallint", "integer", "32767"),
            ("bigint", "numeric", "9223372036854775807"),
            ("numeric(8,2)", "numeric(10,2)", "999999.99"),
            ("character varying(3)", "text", "abc"),
        ):
            row = connection.execute(
                f"SELECT '{value}'::{old}::text, '{value}'::{old}::{new}::text"  # type: ignore[arg-type]
            ).fetchone()
            assert row == (value, value)


SCHEMA = """
CREATE SCHEMA app;
CREATE TABLE app.t (id int PRIMARY KEY, name text, other int);
CREATE VIEW app.names AS SELECT id, name FROM app.t;
CREATE VIEW app.over AS SELECT id FROM app.names;
CREATE MATERIALIZED VIEW app.others AS SELECT other FROM app.t;
CREATE INDEX others_index ON app.others (other);
CREATE TABLE app.child (t int REFERENCES app.t);
CREATE POLICY own ON app.t USING (name <> '');
CREATE FUNCTION app.f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE VIEW app.calls AS SELECT app.f(1);
CREATE INDEX by_f ON app.t (app.f(other));
GRANT SELECT ON app.over TO app_ro;
COMMENT ON VIEW app.names IS 'x';
COMMENT ON COLUMN app.names.name IS 'y';
"""


@pytest.fixture(scope="module")
def live(databases: Databases) -> Index:
    """A database in which things stand on others."""
    conninfo = databases.create()
    load(conninfo, SCHEMA)
    return Index(snapshot(conninfo).lines)


@pytest.mark.parametrize(
    ("kind", "path", "standing"),
    [
        (
            "view",
            ("app", "names"),
            [
                "view app.over",
                "grant table.app.over.app_ro",
                'comment "view column".app.names.name',
                "comment view.app.names",
            ],
        ),
        ("column", ("app", "t", "name"), ["view app.names", "view app.over", "policy app.t.own"]),
        ("column", ("app", "t", "other"), ["matview app.others", "index app.others_index"]),
        ("constraint", ("app", "t", "t_pkey"), ["constraint app.child.child_t_fkey"]),
        ("function", ("app", "f", "integer"), ["index app.by_f", "view app.calls"]),
        ("matview", ("app", "others"), ["index app.others_index"]),
    ],
)
def test_what_stands_on_an_object(
    live: Index, kind: str, path: tuple[str, ...], standing: list[str]
) -> None:
    """All that is lost with an object is known, and no more, in the order in which it can be made again."""
    fact = live.get(kind, path)
    assert fact is not None
    found = [f"{one.kind} {dotted(one.path)}" for one in dependents(fact, live)]
    comments = {name for name in found if name.startswith(("comment", "grant"))}
    assert [name for name in found if name not in comments] == [
        name for name in standing if not name.startswith(("comment", "grant"))
    ]
    assert {name for name in standing if name.startswith(("comment", "grant"))} <= comments


def test_what_goes_along_is_not_dropped(live: Index) -> None:
    """Before a table is dropped, what others have of it is dropped; its own columns, keys and grants go with it."""
    table = live.get("table", ("app", "t"))
    assert table is not None
    names = {dotted(fact.path) for fact in must_drop(dependents(table, live))}
    assert {"app.names", "app.over", "app.others", "app.child.child_t_fkey"} <= names
    assert not names & {"app.t.id", "app.t.t_pkey", "table.app.over.app_ro"}
