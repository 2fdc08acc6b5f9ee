"""``lockstep drift`` shows what of a database is not as it should be, in three ways."""

from __future__ import annotations

import json
from dataclasses import replace

import psycopg
import pytest

from lockstep.testing import Databases, Project, Server

MADE = """CREATE TABLE IF NOT EXISTS users (id int PRIMARY KEY, email text NOT NULL);
CREATE INDEX IF NOT EXISTS users_email ON users (email);
CREATE TABLE IF NOT EXISTS posts (id int);"""
DAMAGE = """ALTER TABLE users ALTER email DROP NOT NULL;
DROP INDEX users_email;
CREATE TABLE junk ();
CREATE SCHEMA aside;"""


def run(conninfo: str, text: str) -> None:
    """Run statements in a database."""
    with psycopg.connect(conninfo) as connection:
        connection.execute(text)


@pytest.fixture
def project(project: Project, cluster: Server) -> Project:
    """A project with a schema.lock, and the database as it should be."""
    project.migration("0001_made.sql", MADE)
    project = replace(project, environment={"LOCKSTEP_SCRATCH_URL": cluster.conninfo()})
    project.run("snapshot")
    run(project.database, MADE)
    return project


def test_nothing_differs(project: Project) -> None:
    """A database as it should be has no drift, in every form."""
    clean = project.run("drift", "--exit-code")
    assert (clean.status, clean.stdout, clean.stderr) == (0, "", "no difference\n")
    assert json.loads(project.run("drift", "--json").stdout) == {"differences": []}


def test_differences_in_sentences(project: Project) -> None:
    """One a line, with what was expected and what was found; 3 is for who asks for it."""
    run(project.database, DAMAGE)
    found = project.run("drift", "--exit-code")
    assert found.status == 3
    assert found.stdout.splitlines() == [
        "schema aside is more than expected",
        "table public.junk is more than expected",
        "column public.users.email differs: not_null is not set, expected true",
        'index public.users_email is missing: expected {"columns": [{"column": "email"}], "table": "public.users"}',
    ]
    assert project.run("drift").status == 0


@pytest.mark.long
def test_differences_as_a_tree(project: Project) -> None:
    """Under schema and table, marked with a sign and, where wanted, with a colour."""
    run(project.database, DAMAGE)
    assert project.run("drift", "--tree").stdout.splitlines() == [
        "(database)",
        "  + schema aside",
        "public",
        "  junk",
        "    + table public.junk",
        "  users",
        "    ~ column email",
        "        not_null: not set, expected true",
        '    - index public.users_email {"columns": [{"column": "email"}], "table": "public.users"}',
    ]
    assert "\033[33m~ column email\033[0m" in project.run("drift", "--tree", FORCE_COLOR="1").stdout


def test_differences_as_json(project: Project) -> None:
    """One object with each difference: kind, name, what, fields, and both lines."""
    run(project.database, DAMAGE)
    found = json.loads(project.run("drift", "--json").stdout)["differences"]
    assert [each["what"] for each in found] == ["extra", "extra", "differs", "missing"]
    assert found[2] == {
        "kind": "column",
        "name": "public.users.email",
        "what": "differs",
        "fields": {"not_null": {"expected": True, "found": None}},
        "expected": 'column public.users.email {"not_null": true, "type": "text"}',
        "found": 'column public.users.email {"type": "text"}',
    }


def test_against_another_database_or_file(project: Project, databases: Databases) -> None:
    """The other side may be a database or any lock file, and --database names this side."""
    other = databases.create()
    run(other, "CREATE TABLE only_there ()")
    against = project.run("drift", "--against", other).stdout
    assert "table public.only_there is missing: expected {}" in against
    turned = project.run("drift", "--against", "schema.lock", "--database", other)
    assert "table public.only_there is more than expected" in turned.stdout
    databases.drop(other)


def test_without_a_lock_file(project: Project) -> None:
    """Where there is nothing to compare with, the message says how it is made."""
    (project.root / "schema.lock").unlink()
    missing = project.run("drift", "--json")
    assert missing.status == 78
    assert "lockstep snapshot" in missing.error["next"]


def test_what_somebody_locks_is_not_guessed(project: Project) -> None:
    """A schema that cannot be read as a whole is no basis for an answer: 75, and who is in the way."""
    run(project.database, "CREATE VIEW shown AS SELECT id FROM users")
    with psycopg.connect(project.database, application_name="somebody") as other:
        other.execute("LOCK TABLE shown, users IN ACCESS EXCLUSIVE MODE")
        locked = project.run("drift", "--json")
    assert locked.status == 75
    assert "somebody" in locked.error["problems"][0]["what"]
