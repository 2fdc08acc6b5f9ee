"""``lockstep status`` and ``lockstep plan``: they tell what a boot would find and do, and touch nothing."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from lockstep.testing import Project

CONTENT = "CREATE TABLE IF NOT EXISTS content (id bigint PRIMARY KEY);"
EVERYTHING = """
SELECT format('%s.%s', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname !~ '^pg_|^information_schema$' UNION ALL SELECT nspname FROM pg_namespace ORDER BY 1
"""


@pytest.fixture
def content(project: Project) -> Project:
    """A project with two migrations, one of them concurrent, and a seed."""
    project.migration("0001_create_content.sql", f"-- Why: it is needed\n{CONTENT}")
    project.migration(
        "0002_index.sql",
        "-- lockstep: no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS content_id\n    ON content (id);",
    )
    project.seed("0001_first.sql", "INSERT INTO content VALUES (1) ON CONFLICT DO NOTHING;")
    return project


@pytest.fixture
def reader(content: Project) -> Iterator[str]:
    """The connection string of a role that may only read: neither create nor write."""
    role, name = f"reader_{secrets.token_hex(4)}", str(conninfo_to_dict(content.database)["dbname"])
    with psycopg.connect(content.database, autocommit=True) as owner:
        for statement in (
            "CREATE ROLE {role} LOGIN PASSWORD 'reading'",
            "REVOKE ALL ON DATABASE {name} FROM PUBLIC",
            "GRANT CONNECT ON DATABASE {name} TO {role}",
            "ALTER ROLE {role} SET default_transaction_read_only = on",
            "ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO {role}",
            "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {role}",
        ):
            owner.execute(
                sql.SQL(statement).format(role=sql.Identifier(role), name=sql.Identifier(name))
            )
        yield make_conninfo(content.database, user=role, password="reading")
        owner.execute(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(role)))
        owner.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


def objects(database: str) -> list[tuple[str]]:
    """Return the names of all schemas and relations that are not the system's."""
    with psycopg.connect(database) as connection:
        return connection.execute(EVERYTHING).fetchall()


def test_status_counts_and_names(content: Project) -> None:
    """Before, in between, and at head."""
    before = content.run("status").stdout.splitlines()
    address = f"{conninfo_to_dict(content.database)['dbname']} at "
    assert before[0].startswith(f"database  {address}")
    assert "(PostgreSQL " in before[0]
    assert before[1:] == [
        "applied   0 of 3 shipped",
        "pending   0001_create_content.sql, 0002_index.sql, 0001_first.sql",
    ]
    assert content.run("up").status == 0
    content.migration("0003_more.sql", "SELECT 1;")
    assert content.run("status").stdout.splitlines()[1:] == [
        "applied   3 of 4 shipped",
        "pending   0003_more.sql",
    ]
    (content.root / "migrations" / "0003_more.sql").unlink()
    assert content.run("status").stdout.splitlines()[1:] == [
        "applied   3 of 3 shipped",
        "pending   nothing: the schema is at head",
    ]


def test_status_tells_what_is_late_and_ahead(content: Project) -> None:
    """A file that sorts before applied ones, and one that a newer release has applied."""
    newer = content.migration("0009_newer.sql", "SELECT 9;")
    assert content.run("up").status == 0
    newer.unlink()
    content.migration("0000_late.sql", "SELECT 0;")

    lines = content.run("status").stdout.splitlines()

    assert lines[1:] == [
        "applied   3 of 4 shipped",
        "pending   0000_late.sql",
        "late      0000_late.sql (they sort before applied files)",
        "ahead     0009_newer.sql (applied here, not shipped by this release)",
    ]


def test_many_pending_files_are_not_all_named(content: Project) -> None:
    """A line stays a line; plan and --json have them all."""
    for number in range(3, 21):
        content.migration(f"{number:04}_more.sql", "SELECT 1;")

    assert "0008_more.sql and 13 more\n" in content.run("status").stdout
    assert len(json.loads(content.run("status", "--json").stdout)["pending"]) == 21


def test_status_as_json_is_one_object(content: Project) -> None:
    """With times in UTC."""
    assert content.run("up").status == 0
    content.migration("0003_more.sql", "SELECT 1;")

    shown = json.loads(content.run("status", "--json").stdout)

    assert [(row["kind"], row["name"]) for row in shown["applied"]] == [
        ("migration", "0001_create_content.sql"),
        ("migration", "0002_index.sql"),
        ("seed", "0001_first.sql"),
    ]
    assert all(row["applied_at"].endswith("Z") for row in shown["applied"])
    assert (shown["pending"], shown["at_head"]) == (["0003_more.sql"], False)
    assert (shown["history_lost"], shown["lock_holder"]) == (False, None)


def test_plan_shows_each_statement(content: Project) -> None:
    """By file, its first line, and how it would run."""
    assert content.run("plan").stdout.splitlines() == [
        "pending   0001_create_content.sql, 0002_index.sql, 0001_first.sql",
        "",
        "migrations/0001_create_content.sql",
        f"  {CONTENT[:-1]}",
        "",
        "migrations/0002_index.sql  (no-transaction: statement by statement)",
        "  CREATE INDEX CONCURRENTLY IF NOT EXISTS content_id ...",
        "",
        "seeds/0001_first.sql",
        "  INSERT INTO content VALUES (1) ON CONFLICT DO NOTHING",
    ]


def test_plan_as_json_has_the_whole_statements(content: Project) -> None:
    """For a tool that reviews them."""
    shown = json.loads(content.run("plan", "--json").stdout)

    assert [(f["kind"], f["name"], f["transaction"]) for f in shown["files"]] == [
        ("migration", "0001_create_content.sql", True),
        ("migration", "0002_index.sql", False),
        ("seed", "0001_first.sql", True),
    ]
    (statement,) = shown["files"][1]["statements"]
    assert statement.endswith("\n    ON content (id)")
    assert (shown["migrations"], shown["at_head"]) == (
        ["0001_create_content.sql", "0002_index.sql"],
        False,
    )


def test_plan_refuses_what_a_boot_would_refuse(content: Project) -> None:
    """A file that cannot run is found without running anything."""
    content.migration("0003_break.sql", "SELECT 'never ends")
    ended = content.run("plan")

    assert (ended.status, ended.stdout) == (65, "")
    assert "migrations/0003_break.sql:1:8" in ended.stderr


@pytest.mark.parametrize("command", ["status", "plan", "boots", "doctor"])
def test_looking_creates_nothing(content: Project, command: str) -> None:
    """On an empty database not even a schema of Lockstep's own is left."""
    before = objects(content.database)

    assert content.run(command).status == 0
    assert objects(content.database) == before


def test_looking_needs_no_more_than_reading(content: Project, reader: str) -> None:
    """A role that may not write sees what the owner sees, before and after there is a ledger."""
    for pending, boots in (("0001_create_content.sql", 0), ("nothing: the schema is at head", 1)):
        looks = {
            command: content.run(command, LOCKSTEP_DATABASE_URL=reader)
            for command in ("status", "plan", "boots")
        }
        assert [ended.stderr for ended in looks.values()] == [""] * 3
        assert [ended.status for ended in looks.values()] == [0] * 3
        assert pending in looks["status"].stdout
        assert pending in looks["plan"].stdout
        assert looks["boots"].stdout.count("completed") == boots
        assert content.run("up").status == 0


@pytest.mark.parametrize("command", ["status", "plan"])
def test_the_exit_code_tells_whether_something_is_pending(content: Project, command: str) -> None:
    """Where asked for: 3 while something is, 0 at head."""
    assert content.run(command).status == 0
    assert content.run(command, "--exit-code").status == 3
    assert content.run(command, "--exit-code", "--json").status == 3
    assert content.run("up").status == 0
    assert content.run(command, "--exit-code").status == 0


@pytest.mark.parametrize("command", ["status", "plan", "boots", "doctor"])
def test_a_database_that_is_down_is_said_so_at_once(content: Project, command: str) -> None:
    """Looking does not wait for it as a boot does: exit 69 with the reason, as text and as JSON."""
    told = {"LOCKSTEP_DATABASE_URL": "postgresql://u@127.0.0.1:1/shop"}
    text, data = content.run(command, **told), content.run(command, "--json", **told)

    assert (text.status, text.stdout) == (69, "")
    assert "LS201 Refused" in text.stderr
    assert "127.0.0.1:1/shop" in text.stderr
    assert "Connection refused" in text.stderr
    assert " 0 s" not in text.stderr
    assert (data.status, data.error["code"], data.stderr) == (69, "LS201", "")


def test_status_names_who_holds_the_boot_lock(content: Project) -> None:
    """An operator who wonders why a deploy hangs looks here."""
    with psycopg.connect(content.database, application_name="a stuck boot") as holder:
        holder.execute("SELECT pg_advisory_lock(42424242)")
        pid = holder.info.backend_pid
        shown = content.run("status").stdout

    assert f"lock      held by pid {pid} (a stuck boot, role " in shown
