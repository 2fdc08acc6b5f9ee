"""``lockstep prove`` as a process: its exit status, its object, its annotations, and what it leaves on the server."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from lockstep.testing import Project, Server

_CHECKS = {"applies", "twice", "crash", "replay", "online"}


@pytest.fixture
def folder(project: Project) -> Path:
    """A folder with one good file, one that cannot run twice, and one that cannot run."""
    project.migration("1_good.sql", "CREATE TABLE IF NOT EXISTS t (id bigint PRIMARY KEY);\n")
    project.migration("2_twice.sql", "\nCREATE TABLE u (id bigint);\n")
    project.migration("3_never.sql", "CREATE TABEL v (id bigint);\n")
    return project.root / "migrations"


def test_the_object_holds_every_file(project: Project, folder: Path, cluster: Server) -> None:
    """One object: a verdict a file with its checks, reason, statement and line; it goes on past a failing file; status 1."""
    done = project.run("prove", "--migrations", str(folder), "--json", "--scratch", cluster.dsn)
    told = json.loads(done.stdout)
    assert done.status == 1
    shown = [(f["name"], f["verdict"], f["statement"], f["line"]) for f in told["files"]]
    assert shown == [
        ("1_good.sql", "proven", "", None),
        ("2_twice.sql", "unsafe", "CREATE TABLE u (id bigint)", 2),
        ("3_never.sql", "fails", "CREATE TABEL v (id bigint)", 1),
    ]
    assert all(_CHECKS - {"online"} <= f["checks"].keys() <= _CHECKS for f in told["files"])
    assert told["files"][1]["reason"] == 'run again: relation "u" already exists (42P07)'
    summary = told["summary"]
    assert {k: summary[k] for k in ("files", "proven", "unsafe", "fails", "ok")} == {
        "files": 3, "proven": 1, "unsafe": 1, "fails": 1, "ok": False,
    }  # fmt: skip


def test_annotations_and_a_report(project: Project, folder: Path, cluster: Server) -> None:
    """What is wrong becomes an annotation of its line, and a failure in the JUnit report beside."""
    report = project.root / "prove.xml"
    done = project.run(
        "prove", "--format", "github", "--junit", str(report), "--scratch", cluster.dsn
    )
    assert done.status == 1
    lines = done.stdout.splitlines()
    assert lines[0].startswith(
        "::error file=migrations/2_twice.sql,line=2,title=lockstep prove%3A twice::run again"
    )
    assert len(lines) == 2
    written = report.read_text(encoding="utf-8")
    assert 'failures="2"' in written.splitlines()[1]
    assert folder.is_dir()


@pytest.mark.long
def test_only_what_a_change_touches(project: Project, folder: Path, cluster: Server) -> None:
    """With --since the files that the revision had are only applied, and those from the first new one on are judged."""
    (folder / "3_never.sql").unlink()
    (folder / "2_twice.sql").unlink()
    for command in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "one"],
    ):
        subprocess.run(["git", *command], cwd=project.root, check=True)
    project.migration("2_more.sql", "ALTER TABLE t ADD COLUMN IF NOT EXISTS n integer;\n")
    done = project.run("prove", "--json", "--since", "HEAD", "--scratch", cluster.dsn)
    told = json.loads(done.stdout)
    assert [(f["name"], f["verdict"]) for f in told["files"]] == [("2_more.sql", "proven")]
    assert told["history"]["upgrade from HEAD"] == {"result": "ok"}
    assert done.status == 0
    unknown = project.run("prove", "--since", "nowhere", "--scratch", cluster.dsn)
    assert (unknown.status, "no revision 'nowhere'" in unknown.stderr) == (78, True)


@pytest.mark.long
def test_a_lock_that_is_too_strong(project: Project, cluster: Server) -> None:
    """--max-lock turns the locks that are reported into a check; tables of the file's own do not count."""
    project.migration(
        "1_t.sql",
        "CREATE TABLE IF NOT EXISTS t (id bigint);\nCREATE INDEX IF NOT EXISTS t_id ON t (id);\n",
    )
    project.migration("2_n.sql", "SELECT 1;\nALTER TABLE t ADD COLUMN IF NOT EXISTS n integer;\n")
    done = project.run("prove", "--json", "--max-lock", "share", "--scratch", cluster.dsn)
    first, second = json.loads(done.stdout)["files"]
    assert (first["verdict"], second["verdict"], second["line"]) == ("proven", "unsafe", 2)
    assert second["reason"] == "takes ACCESS EXCLUSIVE on public.t; no more than SHARE is allowed"
    assert project.run("prove", "--max-lock", "padlock").status == 2


@pytest.mark.long
def test_an_older_release_is_still_answered(project: Project, cluster: Server) -> None:
    """A query that was answered before a file is answered after it, unless the file says that it is breaking."""
    project.migration(
        "1_t.sql", "CREATE TABLE IF NOT EXISTS t (id bigint, n integer, m integer);\n"
    )
    project.migration("2_n.sql", "ALTER TABLE t DROP COLUMN IF EXISTS n;\n")
    project.migration("3_m.sql", "-- lockstep: breaking\nALTER TABLE t DROP COLUMN IF EXISTS m;\n")
    probe = project.root / "probe.sql"
    probe.write_text("SELECT n FROM t; SELECT m FROM t;")
    done = project.run("prove", "--json", "--probe", str(probe), "--scratch", cluster.dsn)
    shown = [f["checks"]["release"]["result"] for f in json.loads(done.stdout)["files"]]
    assert shown == ["ok", "unsafe", "ok"]


@pytest.mark.long
@pytest.mark.parametrize("option", ["--before", "--fixture", "--probe", "--needs"])
def test_a_file_that_is_not_there(project: Project, option: str) -> None:
    """A file of an option that cannot be read is the caller's mistake, and is named."""
    project.migration("1_t.sql", "SELECT 1;\n")
    done = project.run("prove", option, "nowhere.sql")
    assert (done.status, "nowhere.sql cannot be read" in done.stderr) == (78, True)


@pytest.mark.long
def test_eight_boots_at_once(project: Project, cluster: Server) -> None:
    """The race is run by real boots, of which one applies the file."""
    project.migration("1_t.sql", "CREATE TABLE IF NOT EXISTS t (id bigint);\n")
    done = project.run("prove", "--json", "--race", "--scratch", cluster.dsn)
    (one,) = json.loads(done.stdout)["files"]
    assert (done.status, one["checks"]["race"]) == (0, {"result": "ok", "points": 8})


def test_roles_that_files_make_are_gone_in_the_end(project: Project, cluster: Server) -> None:
    """Roles belong to a server: what a proof has made of them there, it takes away."""
    name = f"prover_{project.root.parent.name.replace('-', '_')}"[:60]
    project.migration("1_role.sql", f"CREATE ROLE {name};\n")
    done = project.run("prove", "--json", "--scratch", cluster.dsn)
    (one,) = json.loads(done.stdout)["files"]
    assert one["reason"] == f'run again: role "{name}" already exists (42710)'
    again = project.run("prove", "--json", "--scratch", cluster.dsn)
    assert json.loads(again.stdout)["files"][0]["checks"]["applies"]["result"] == "ok"
