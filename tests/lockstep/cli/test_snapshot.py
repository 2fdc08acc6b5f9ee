"""``lockstep snapshot`` writes what the migrations add up to, and ``--check`` says whether it is still that."""

from __future__ import annotations

import json
from dataclasses import replace

import psycopg
import pytest

from lockstep.testing import Project, Server

USERS = "CREATE TABLE IF NOT EXISTS users (id int PRIMARY KEY, email text);"


@pytest.fixture
def project(project: Project, cluster: Server) -> Project:
    """A project with one migration whose scratch databases are on the server of the run."""
    project.migration("0001_users.sql", USERS)
    return replace(project, environment={"LOCKSTEP_SCRATCH_URL": cluster.conninfo()})


def test_it_is_written_once_and_checked(project: Project) -> None:
    """The file appears beside the migrations, and is left alone while it is right; nothing runs in the database."""
    written = project.run("snapshot")
    assert (written.status, written.stdout) == (0, "")
    assert "schema.lock is written (5 objects)" in written.stderr
    text = (project.root / "schema.lock").read_text()
    assert 'column public.users.email {"type": "text"}\n' in text
    again = project.run("snapshot")
    assert (again.status, again.stdout) == (0, "")
    assert "is what it should be (5 objects)" in again.stderr
    assert project.run("snapshot", "--check").status == 0
    with psycopg.connect(project.database) as connection:
        assert connection.execute("SELECT to_regclass('users')").fetchone() == (None,)


@pytest.mark.long
def test_the_lines_that_change_are_shown(project: Project) -> None:
    """Like a diff: what goes with a minus, what comes with a plus; with --check nothing is written and the status is 3."""
    project.run("snapshot")
    file = project.root / "schema.lock"
    before = file.read_text()
    project.migration("0002_age.sql", "ALTER TABLE users ADD COLUMN IF NOT EXISTS age int;")
    project.migration("0003_email.sql", "ALTER TABLE users ALTER email SET DEFAULT '';")
    lines = [
        '- column public.users.email {"type": "text"}',
        '+ column public.users.email {"default": "\'\'::text", "type": "text"}',
        '+ column public.users.age {"type": "integer"}',
    ]
    checked = project.run("snapshot", "--check")
    assert checked.status == 3
    assert sorted(checked.stdout.splitlines()) == sorted(lines)
    assert "write it with: lockstep snapshot" in checked.stderr
    assert file.read_text() == before
    assert sorted(project.run("snapshot").stdout.splitlines()) == sorted(lines)
    assert project.run("snapshot", "--check").status == 0


def test_a_file_that_is_not_there_or_was_merged_is_out_of_date(project: Project) -> None:
    """``--check`` says what is wrong with it; writing it anew needs no leave."""
    absent = project.run("snapshot", "--check")
    assert absent.status == 3
    assert "is not there" in absent.stderr
    project.run("snapshot")
    file = project.root / "schema.lock"
    file.write_text(file.read_text() + "=======\n")
    merged = project.run("snapshot", "--check")
    assert merged.status == 3
    assert "its lines are not those that its first line was made for" in merged.stderr
    assert project.run("snapshot").status == 0
    assert project.run("snapshot", "--check").status == 0


def test_a_checkout_with_other_line_ends_is_the_same_file(project: Project) -> None:
    """CRLF is what git makes of it elsewhere."""
    project.run("snapshot")
    file = project.root / "schema.lock"
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert project.run("snapshot", "--check").status == 0


def test_an_existing_database_can_be_written_down(project: Project) -> None:
    """Who begins with a database that is there: --database, or --from-database for the one that would be booted on."""
    with psycopg.connect(project.database) as connection:
        connection.execute("CREATE TABLE grown (id int)")
    for arguments in (["--database", project.database], ["--from-database"]):
        assert project.run("snapshot", "-o", "live.lock", *arguments).status == 0
        file = project.root / "live.lock"
        assert "table public.grown {}" in file.read_text()
        file.unlink()
    assert not (project.root / "schema.lock").exists()


def test_the_result_as_json(project: Project) -> None:
    """One object: the file, whether it changed, and each difference with both lines."""
    project.run("snapshot")
    project.migration("0002_age.sql", "ALTER TABLE users ADD COLUMN IF NOT EXISTS age int;")
    found = json.loads(project.run("snapshot", "--json").stdout)
    assert found["changed"]
    assert found["objects"] == 6
    assert found["fingerprint"] in (project.root / "schema.lock").read_text()
    assert found["differences"] == [
        {
            "kind": "column",
            "name": "public.users.age",
            "what": "extra",
            "fields": {},
            "expected": None,
            "found": 'column public.users.age {"type": "integer"}',
        }
    ]


def test_what_cannot_be_made_is_said(project: Project) -> None:
    """A failing migration keeps the file as it is, and its place is named; a given server that is the target is refused."""
    project.run("snapshot")
    before = (project.root / "schema.lock").read_text()
    project.migration("0002_bad.sql", "ALTER TABLE nowhere ADD COLUMN IF NOT EXISTS x int;")
    failed = project.run("snapshot", "--json")
    assert failed.status == 70
    assert failed.error["where"].startswith("migrations/0002_bad.sql:1")
    assert (project.root / "schema.lock").read_text() == before
    assert project.run("snapshot", "--scratch", project.database).status == 78
