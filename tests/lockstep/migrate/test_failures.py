"""A statement that fails is named with its file, its line and its column; nothing of its file remains."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from lockstep.errors import MigrationFailed
from lockstep.testing import Databases, Project, Recorder

Boot = Callable[..., Recorder]
Ask = Callable[..., list[Any]]
ROLLED_BACK = "The file was rolled back: nothing of it remains, and it is not recorded."
MARK = "👉"


@pytest.fixture
def failure(project: Project, boot: Boot, ask: Ask) -> Callable[[str], MigrationFailed]:
    """Boot with a migration that fails; return its error after having seen that nothing of it remains."""

    def run(text: str) -> MigrationFailed:
        project.migration("0001_fine.sql", "CREATE TABLE IF NOT EXISTS fine (id int PRIMARY KEY);")
        project.migration("0002_fails.sql", text)
        project.migration("0003_later.sql", "CREATE TABLE IF NOT EXISTS later (id int);")
        with pytest.raises(MigrationFailed) as caught:
            boot(LOCKSTEP_LINT="report")
        assert ask(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
        ) == ["fine"]
        assert ask("SELECT count(*) FROM fine") == [0]
        assert ask("SELECT name FROM lockstep.ledger") == ["0001_fine.sql"]
        assert ask("SELECT outcome, error_code, step FROM lockstep.boots") == [
            ("failed", "LS501", "migrate")
        ]
        assert ask(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        ) == [0]
        return caught.value

    return run


@pytest.mark.parametrize(
    ("text", "sqlstate"),
    [
        ("CREATE TABLE a (id int, x 👉intt);", "42704"),
        ("-- größe\nCREATE TABLE \"größe 日本\" (id int);\n\tINSERT INTO \"größe 日本\" (id, 👉nix) VALUES (1, 'ü');", "42703"),
        ("CREATE TABLE a (id int); SELECT 'ü→', * FROM a, 👉gone;", "42P01"),
        ("INSERT INTO fine VALUES (1);\n\n/* why */ 👉INSERT INTO fine VALUES (1);\nSELECT 1;", "23505"),
        ("SELECT 1;; ;\n;SELECT 2;\n👉INSERT INTO fine VALUES (NULL);", "23502"),
        ("SELECT 1;\n👉DO $$ BEGIN\n  RAISE EXCEPTION 'no';\nEND $$;", "P0001"),
        ("SELECT 1;\n👉DO $$ BEGIN COMMIT; END $$;", "2D000"),
        ("CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1 / 0; END $$;\n\n👉SELECT f();", "22012"),
        ("DO $$ BEGIN\n  PERFORM 1;\n  SELECT FROM 👉FROM x;\nEND $$;", "42601"),
        ("SELECT 1;\nCREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\n  👉RETURNN 1;\nEND $$;", "42601"),
        ("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT ''ü'' FROM 👉gone';", "42P01"),
        ("SELECT 1;\r\n-- ü\r\nSELECT 👉ü;\r\n", "42703"),
        ("👉SELECT pg_sleep(NULL), 1/0", "22012"),
        ("SAVEPOINT a; SELECT 1; ROLLBACK TO a; 👉RELEASE b;", "3B001"),
    ],
)  # fmt: skip
def test_the_place_is_where_the_server_points_or_the_statement_begins(
    failure: Callable[[str], MigrationFailed], text: str, sqlstate: str
) -> None:
    """In characters, whatever stands before; inside bodies where the server says so."""
    lines = text[: text.index(MARK)].split("\n")
    error = failure(text.replace(MARK, ""))
    assert error.sqlstate == sqlstate
    assert error.where == f"migrations/0002_fails.sql:{len(lines)}:{len(lines[-1]) + 1}"
    assert error.place is not None
    assert error.place.excerpt.count("^") == 1
    assert error.next_step.endswith(ROLLED_BACK)
    assert error.exit_status == 70


def test_what_the_server_says_is_passed_on(failure: Callable[[str], MigrationFailed]) -> None:
    """Message, detail, hint and context."""
    error = failure(
        "DO $$ BEGIN RAISE EXCEPTION 'no %', 'rows' USING DETAIL = 'none at all', HINT = 'add some'; END $$"
    )
    assert error.what == "0002_fails.sql: no rows (P0001)"
    assert error.why == (
        "none at all\nHint: add some\nPL/pgSQL function inline_code_block line 1 at RAISE"
    )


RULES = """
CREATE TABLE a (id int);
CREATE RULE also_one AS ON INSERT TO a DO ALSO SELECT 'one';
CREATE RULE also_two AS ON INSERT TO a DO ALSO SELECT 'two';
CREATE RULE instead AS ON UPDATE TO a DO INSTEAD (SELECT 1; SELECT 2; SELECT 3);
CREATE RULE nothing AS ON DELETE TO a DO INSTEAD NOTHING;
"""


def test_results_of_rules_are_not_counted_as_statements(
    failure: Callable[[str], MigrationFailed],
) -> None:
    """A statement may have more results than one, or none that a client sees: it is still one statement."""
    text = (
        RULES
        + "INSERT INTO a VALUES (1);\nUPDATE a SET id = 2;\nDELETE FROM a;\nINSERT INTO fine VALUES (NULL);\nSELECT 1;\nSELECT 2;"
    )
    assert failure(text).where == "migrations/0002_fails.sql:10:1"


FORGED_ROW = """
INSERT INTO lockstep.ledger (app, kind, name, checksum, breaking, applied_at, seconds, release, boot_id)
SELECT app, kind, '0002_fails.sql', '', false, applied_at, 0, '', boot_id FROM lockstep.ledger
"""


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        (
            "CREATE TABLE a (id int UNIQUE DEFERRABLE INITIALLY DEFERRED); INSERT INTO a VALUES (1), (1);",
            "Its statements ran, but COMMIT failed: a deferred constraint or trigger",
        ),
        ("DROP SCHEMA lockstep CASCADE;", "Its statements ran, but the ledger did not take its row"),
        ("DROP TABLE lockstep.ledger;", "Its statements ran, but the ledger did not take its row"),
        (
            FORGED_ROW,
            "Its statements ran, but the ledger did not take its row",
        ),
    ],
)  # fmt: skip
def test_what_fails_after_the_last_statement(
    failure: Callable[[str], MigrationFailed], text: str, advice: str
) -> None:
    """No statement of the file is blamed for what its COMMIT or its ledger row meets."""
    error = failure(text)
    assert error.where == "migrations/0002_fails.sql"
    assert error.next_step.startswith(advice)


def test_an_expression_too_deep_for_the_server(
    failure: Callable[[str], MigrationFailed],
) -> None:
    """The grammar takes it, the server does not: the statement is named all the same."""
    error = failure("SELECT 1;\nSELECT " + " || ".join(["'a'"] * 20_000))
    assert (error.sqlstate, error.where) == ("54001", "migrations/0002_fails.sql:2:1")


def test_text_that_the_server_does_not_understand_at_all(
    project: Project, databases: Databases, boot: Boot
) -> None:
    """It is read as a whole before its first statement runs: none ran, and none is said to have. What fits, is fine."""
    latin = databases.create()
    name = conninfo_to_dict(latin)["dbname"]
    with psycopg.connect(project.database, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name}")
        connection.execute(
            f"CREATE DATABASE {name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0"
        )
    project.migration(
        "0001_fine.sql", 'CREATE TABLE IF NOT EXISTS "größe" AS SELECT \'é\'::text AS "ü";'
    )
    project.migration(
        "0002_fails.sql", "CREATE TABLE IF NOT EXISTS arrow AS SELECT '→'::text AS x;"
    )
    with pytest.raises(MigrationFailed) as caught:
        boot(LOCKSTEP_DATABASE_URL=latin)
    assert caught.value.what.startswith(
        "0002_fails.sql: character with byte sequence 0xe2 0x86 0x92"
    )
    assert caught.value.next_step.startswith("The server did not understand the text")
    with psycopg.connect(latin, client_encoding="utf8") as connection:
        assert connection.execute('SELECT "ü" FROM "größe"').fetchall() == [("é",)]
    databases.drop(latin)


def test_the_next_start_with_a_corrected_file_completes(
    project: Project, boot: Boot, failure: Callable[[str], MigrationFailed], ask: Ask
) -> None:
    """What failed was not recorded, so it may be corrected."""
    failure("SELECT 1/0;")
    project.migration("0002_fails.sql", "INSERT INTO fine VALUES (1) ON CONFLICT (id) DO NOTHING;")
    boot()
    assert ask("SELECT name FROM lockstep.ledger ORDER BY position") == [
        "0001_fine.sql",
        "0002_fails.sql",
        "0003_later.sql",
    ]


SETTINGS = """
CREATE SCHEMA IF NOT EXISTS elsewhere;
SET search_path = elsewhere;
SET ROLE pg_read_all_data;
SET standard_conforming_strings = off;
SET lock_timeout = '1h';
CREATE TEMPORARY TABLE fine2 (id int);
"""


def test_a_file_leaves_nothing_behind_in_the_session(
    project: Project, boot: Boot, ask: Ask
) -> None:
    """Role, settings and temporary tables of one file are gone for its own ledger row and for the next file."""
    project.migration("0001_sets.sql", SETTINGS)
    project.migration(
        "0002_finds.sql",
        "CREATE TABLE IF NOT EXISTS found AS SELECT current_user::text AS role, current_schema()::text AS schema, "
        "'a\\b' AS text, current_setting('lock_timeout') AS timeout, to_regclass('pg_temp.fine2') AS temporary;",
    )
    project.seed("0001_sets.sql", "SET ROLE pg_read_all_data; SELECT 1;")
    boot()
    (role,) = ask("SELECT current_user::text")
    assert ask("SELECT * FROM found") == [(role, "public", "a\\b", "500ms", None)]
    assert boot().names()[-2:] == ["SchemaFinal", "BootCompleted"]
