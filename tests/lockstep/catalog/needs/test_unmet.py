"""The refusal names the service, the thing, what there is instead, and the file that should have made it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from lockstep import ANY, Column, ForeignKey, Index, Needs, NeedsUnmet
from lockstep.testing import Project

Refusal = Callable[..., NeedsUnmet]
Run = Callable[..., list[Any]]
FILES = {
    "0001_users.sql": "CREATE TABLE IF NOT EXISTS users (id bigint PRIMARY KEY, title text);",
    "0002_content.sql": "-- content has a column ghost, says this comment\n"
    "CREATE TABLE IF NOT EXISTS public.content (id bigint PRIMARY KEY, owner bigint, title text);",
    "0003_more.sql": "DO $$ BEGIN ALTER TABLE content ADD COLUMN body text; EXCEPTION WHEN duplicate_column THEN NULL; END $$;",
    "0004_broken.sql": "THIS IS NOT SQL",
    "0005_index.sql": "-- lockstep: no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS content_title ON content (title);",
    "0006_rename.sql": "ALTER TABLE content RENAME COLUMN owner TO owner_id;",
    "0007_key.sql": "ALTER TABLE content ADD CONSTRAINT k FOREIGN KEY (owner_id) REFERENCES users NOT VALID;",
    "0008_function.sql": "CREATE OR REPLACE FUNCTION slugify(text) RETURNS text LANGUAGE sql AS 'SELECT $1';",
    "0009_extension.sql": "CREATE EXTENSION IF NOT EXISTS hstore;",
    "0010_other.sql": "CREATE SCHEMA IF NOT EXISTS app; CREATE TABLE IF NOT EXISTS app.archive (id bigint);",
}


@pytest.fixture(autouse=True)
def history(project: Project) -> None:
    """Ship files; the database has none of what they make."""
    for name, text in FILES.items():
        project.migration(name, text)


CASES: list[tuple[Needs, str, str]] = [
    (Needs({"users": ("id",)}), "table users", "0001_users.sql should have made it"),
    (Needs({"app.archive": ()}), "table app.archive", "0010_other.sql should have made it"),
    (Needs({"nothing": ()}), "table nothing", "no migration makes it"),
    (
        Needs(indexes=[Index("content", "title")]),
        "an index on content (title)",
        "0005_index.sql should have made it",
    ),
    (
        Needs(indexes=[Index("content", "id", unique=True)]),
        "a unique index on content (id)",
        "0002_content.sql should have made it",
    ),
    (
        Needs(foreign_keys=[ForeignKey("content", "owner_id", "users")]),
        "a foreign key from content (owner_id) to table users",
        "0007_key.sql should have made it",
    ),
    (Needs(functions=["slugify(text)"]), "function slugify(text)", "0008_function.sql should have made it"),
    (Needs(extensions=["hstore"]), "extension hstore", "0009_extension.sql should have made it"),
]  # fmt: skip


@pytest.mark.parametrize(("needs", "what", "next_step"), CASES, ids=[what for _, what, _ in CASES])
def test_the_file_that_makes_it_is_named(
    refusal: Refusal, needs: Needs, what: str, next_step: str
) -> None:
    """Whatever kind of thing it is; a comment makes nothing, and a file that cannot be parsed is passed over."""
    error = refusal(needs)

    assert [(p.what, p.next_step) for p in error.problems] == [
        (f"service 'scheduler' needs {what}", next_step)
    ]
    assert (error.code, error.exit_status) == ("LS601", 79)


@pytest.mark.parametrize(
    ("column", "next_step"),
    [
        ("title", "0002_content.sql should have made it"),
        ("body", "0003_more.sql should have made it"),
        ("owner_id", "0006_rename.sql should have made it"),
        ("ghost", "no migration makes it"),
        ("tittles", "no migration makes it; did you mean titles?"),
    ],
)
def test_a_column_is_traced_through_its_history(
    refusal: Refusal, run: Run, column: str, next_step: str
) -> None:
    """Where it was made, added in a block, or named anew; a misspelt one is told what is there."""
    run("CREATE TABLE content (id bigint, titles text)")

    (problem,) = refusal(Needs({"content": (column,)})).problems

    assert (problem.what, problem.next_step) == (
        f"service 'scheduler' needs column content.{column}",
        next_step,
    )


NEAREST = [
    (Needs({"orders": ()}), "table orders", "no migration makes it; there is shop.orders"),
    (Needs({"shop.order": ()}), "table shop.order", "no migration makes it; did you mean orders?"),
    (
        Needs({"shop.orders": {"id": "int"}}),
        "column shop.orders.id to be integer; it is bigint",
        "Change it in a migration, or declare this type too if the service can do with it.",
    ),
    (
        Needs({"shop.orders": {"at": Column(("timestamptz", "date"))}}),
        "column shop.orders.at to be timestamp with time zone or date; it is text",
        "Change it in a migration, or declare this type too if the service can do with it.",
    ),
    (
        Needs({"shop.orders": {"at": Column(nullable=False)}}),
        "column shop.orders.at to be NOT NULL",
        "Change it in a migration, or declare what the service can do with.",
    ),
    (
        Needs({"shop.orders": {"id": Column(nullable=True)}}),
        "column shop.orders.id to take NULL; it is NOT NULL",
        "Change it in a migration, or declare what the service can do with.",
    ),
    (
        Needs({"shop.orders": {"id": ANY}}, indexes=[Index("shop.orders", "at")]),
        "an index on shop.orders (at); broken is INVALID",
        "A concurrent build failed: DROP INDEX broken, then build it again in a migration.",
    ),
    (
        Needs(indexes=[Index("shop.orders", "note")]),
        "an index on shop.orders (note)",
        (
            "no migration makes it; there are others: broken is an INVALID index on (at), "
            "orders_note is a partial index on (id, note), orders_pkey is a unique index on (id)"
        ),
    ),
    (
        Needs(functions=["shop.ship(text)"]),
        "function shop.ship(text)",
        "no migration makes it; there is shop.ship(bigint)",
    ),
    (
        Needs(extensions=["plpgsqll"]),
        "extension plpgsqll",
        "no migration makes it; did you mean plpgsql?",
    ),
    (
        Needs(extensions={"plpgsql": "99"}),
        "extension plpgsql 99 or newer; it is 1.0",
        "ALTER EXTENSION plpgsql UPDATE;",
    ),
]


@pytest.mark.parametrize(("needs", "what", "next_step"), NEAREST, ids=[case[1] for case in NEAREST])
def test_what_there_is_instead_is_told(
    refusal: Refusal, run: Run, needs: Needs, what: str, next_step: str
) -> None:
    """In another schema, under a near name, of another type, INVALID, with other arguments."""
    run(
        "CREATE SCHEMA shop; CREATE TABLE shop.orders (id bigint PRIMARY KEY, at text, note text);"
        "CREATE INDEX broken ON shop.orders (at); CREATE INDEX orders_note ON shop.orders (id, note) WHERE id > 0;"
        "CREATE FUNCTION shop.ship(bigint) RETURNS int LANGUAGE sql AS 'SELECT 1'"
    )
    run("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'shop.broken'::regclass")

    (problem,) = refusal(needs).problems

    assert (problem.what, problem.next_step) == (f"service 'scheduler' needs {what}", next_step)


def test_what_only_a_grant_is_missing_for_is_no_fault_of_migrations(
    refusal: Refusal, run: Run, database: str
) -> None:
    """The refusal says so, with every GRANT."""
    run(
        "CREATE SEQUENCE s; CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TABLE t (id int)"
    )
    name = f"needless_{conninfo_to_dict(database)['dbname']}"
    run(f"CREATE ROLE {name} LOGIN; REVOKE ALL ON FUNCTION f() FROM PUBLIC")
    needs = Needs(
        {"t": ("id",)},
        privileges={
            "t": ("select", "insert"),
            "sequence s": ("usage",),
            "function f()": ("execute",),
        },
    )

    error = refusal(needs, make_conninfo(database, user=name))
    run(f"DROP ROLE {name}")

    assert [p.next_step for p in error.problems] == [
        f'GRANT SELECT ON t TO "{name}";',
        f'GRANT INSERT ON t TO "{name}";',
        f'GRANT USAGE ON SEQUENCE s TO "{name}";',
        f'GRANT EXECUTE ON FUNCTION f() TO "{name}";',
    ]
    assert "may not use it" in error.why
