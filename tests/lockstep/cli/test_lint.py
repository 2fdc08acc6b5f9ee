"""``lockstep lint`` as a command: what it reads, prints, writes, and how it exits."""

from __future__ import annotations

import json
import subprocess
import sys

import psycopg
import pytest

from lockstep.testing import Project

PLAIN = "CREATE TABLE content (id bigint);\n"
GOOD = "CREATE TABLE IF NOT EXISTS content (id bigint);\n"
WARNED = "-- lockstep: ignore template because it was one\nSELECT 1;\n"
IMPORTED = """
import json, os, sys
from lockstep.cli.main import run
sys.stdout = open(os.devnull, "w")
status = run(sys.argv[1:])
sys.stdout = sys.__stdout__
print(json.dumps([status, sorted(sys.modules)]))
"""


@pytest.fixture
def lint(project: Project) -> Project:
    """A project in production that names no database: linting must not ask for one."""
    return Project(project.root, "", {"LOCKSTEP_ENV": "production"})


def piped(project: Project, text: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run ``lockstep lint`` with a text on stdin."""
    project.root.mkdir(exist_ok=True)
    return subprocess.run(
        [sys.executable, "-m", "lockstep", "lint", *arguments],
        cwd=project.root,
        input=text.encode(),
        capture_output=True,
        check=False,
    )


def test_clean_files(lint: Project) -> None:
    """Exit 0; each format says so in its own way."""
    lint.migration("0001_a.sql", GOOD)
    lint.seed("0001_s.sql", "SELECT 1;")
    shown = lint.run("lint")
    assert (shown.status, shown.stdout, shown.stderr) == (0, "2 files are clean\n", "")
    assert lint.run("lint", "--quiet").stdout == ""
    assert lint.run("lint", "--json").stdout == "[]\n"
    assert lint.run("lint", "--format", "github").stdout == ""


def test_findings(lint: Project) -> None:
    """Exit 1; the place, the rule, the line, the help, the count."""
    lint.migration("0001_a.sql", f"-- ü\n{PLAIN}")
    shown = lint.run("lint")
    lines = shown.stdout.splitlines()
    assert (shown.status, shown.stderr) == (1, "")
    assert lines[0].startswith("migrations/0001_a.sql:2:1: create-table: ")
    assert lines[1:3] == [f"    2 | {PLAIN.strip()}", "      | " + "^" * 32]
    assert lines[-1] == "1 error in 1 of 1 file; --fix cures 1 of them, --diff shows how"
    (found,) = json.loads(lint.run("lint", "--json").stdout)
    assert (found["file"], found["line"], found["end_column"]) == ("migrations/0001_a.sql", 2, 33)
    assert lint.run("lint", "--exclude", "create-table,template").status == 0


def test_the_second_run_that_a_finding_foretells(project: Project) -> None:
    """PostgreSQL refuses to run twice what lint finds, and runs twice what lint has fixed."""
    path = project.migration("0001_a.sql", PLAIN)
    with psycopg.connect(project.database, autocommit=True) as connection:
        connection.execute(path.read_bytes())
        with pytest.raises(psycopg.errors.DuplicateTable):
            connection.execute(path.read_bytes())
        assert project.run("lint").status == 1
        assert project.run("lint", "--fix").status == 0
        connection.execute(path.read_bytes())
    assert path.read_text(encoding="utf-8") == GOOD


def test_warnings_fail_only_where_that_is_asked_for(lint: Project) -> None:
    """With --strict."""
    lint.migration("0001_a.sql", WARNED)
    assert lint.run("lint").stdout.endswith("\n1 warning in 1 of 1 file\n")
    assert (lint.run("lint").status, lint.run("lint", "--strict").status) == (0, 1)
    assert "unused-ignore (warning): " in lint.run("lint").stdout


def test_fix_writes_and_reports_what_remains(lint: Project) -> None:
    """In place; files without a fix are not touched; the exit status is that of the result."""
    plain = lint.migration("0001_a.sql", PLAIN.replace("\n", "\r\n"))
    broken = lint.migration("0002_b.sql", "SELEC 1;")
    before = broken.stat()
    shown = lint.run("lint", "--fix", "--json")
    assert shown.status == 1
    assert [found["rule"] for found in json.loads(shown.stdout)] == ["syntax-error"]
    assert plain.read_bytes() == GOOD.replace("\n", "\r\n").encode()
    assert (broken.stat().st_mtime_ns, broken.stat().st_ino) == (before.st_mtime_ns, before.st_ino)
    assert lint.run("lint", "--fix", "migrations/0001_a.sql").status == 0


def test_diff_shows_and_writes_nothing(lint: Project) -> None:
    """The diff on stdout, the count on stderr; exit 1 while there is something to fix."""
    path = lint.migration("0001_a.sql", PLAIN)
    shown = lint.run("lint", "--diff", "--fix")
    assert (shown.status, path.read_text(encoding="utf-8")) == (1, PLAIN)
    assert shown.stdout.splitlines()[-2:] == [f"-{PLAIN.strip()}", f"+{GOOD.strip()}"]
    assert shown.stderr.startswith("1 error in 1 of 1 file")
    assert lint.run("lint", "--fix").status == 0
    again = lint.run("lint", "--diff")
    assert (again.status, again.stdout, again.stderr) == (0, "", "1 file is clean\n")


def test_stdin(lint: Project) -> None:
    """It has a name, and with --fix it comes out fixed, the findings on the other stream."""
    found = piped(lint, PLAIN, "-", "--json")
    assert (found.returncode, json.loads(found.stdout)[0]["file"]) == (1, "<stdin>")
    named = piped(lint, PLAIN, "-", "--stdin-filename", "a b.sql")
    assert named.stdout.startswith(b"a b.sql:1:1: create-table: ")
    fixed = piped(lint, PLAIN, "--fix", "-")
    assert (fixed.returncode, fixed.stdout, fixed.stderr) == (
        0,
        GOOD.encode(),
        b"1 file is clean\n",
    )
    broken = piped(lint, "SELEC 1;", "--fix", "-", "--quiet")
    assert (broken.returncode, broken.stdout) == (1, b"SELEC 1;")
    assert broken.stderr.startswith(b"<stdin>:1:1: syntax-error: ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.sql"], "there is no file or folder nowhere.sql"),
        (["--select", "creat-table"], "there is no rule 'creat-table'; did you mean 'create-table'?"),
        (["--exclude", "nul-byte,x"], "there is no rule 'x'; there are "),
        (["--explain", "nul-bytes"], "there is no rule 'nul-bytes'; did you mean 'nul-byte'?"),
        (["--json", "--format", "sarif"], "--json is --format json, and --format is sarif"),
        (["--diff", "--json"], "--diff shows a diff, not json"),
        (["--server", "12"], "invalid choice: '12'"),
        (["--format", "xml"], "invalid choice: 'xml'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_usage_errors(lint: Project, arguments: list[str], said: str) -> None:
    """Exit 2, with nothing on stdout."""
    shown = lint.run("lint", *arguments)
    assert (shown.status, shown.stdout) == (2, "")
    assert shown.stderr.startswith("usage: lockstep lint ")
    assert said in shown.stderr


def test_the_server_comes_from_the_settings(lint: Project) -> None:
    """A wrong one is a wrong setting; a flag is stronger."""
    lint.migration("0001_a.sql", GOOD)
    wrong = lint.run("lint", LOCKSTEP_SERVER_VERSION="12")
    assert wrong.status == 78
    assert "'12' is not a major version of PostgreSQL from 13 to 18" in wrong.stderr
    assert lint.run("lint", "--server", "13", LOCKSTEP_SERVER_VERSION="12").status == 0


def test_rules_are_explained(lint: Project) -> None:
    """With their examples."""
    shown = lint.run("lint", "--explain", "create-table")
    assert (shown.status, shown.stderr) == (0, "")
    assert shown.stdout.startswith("create-table (idempotence, error)\n")
    assert "\nBad:\n    CREATE TABLE " in shown.stdout


def test_names_that_are_no_text_are_shown(lint: Project) -> None:
    """Nothing that a folder holds stops the run."""
    path = lint.migration("x.sql", PLAIN)
    path.rename(path.parent / b"\xff\n.sql".decode(errors="surrogateescape"))
    for form in ("text", "json", "github", "sarif", "junit"):
        shown = lint.run("lint", "--format", form)
        assert (shown.status, shown.stderr) == (1, "")


def test_no_driver_is_imported(lint: Project) -> None:
    """Nor anything else that only a boot needs."""
    lint.migration("0001_a.sql", PLAIN)
    command = [sys.executable, "-c", IMPORTED, "lint", str(lint.root / "migrations")]
    status, modules = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert status == 1
    assert {"psycopg", "asyncio", "ssl", "uvicorn"} & set(modules) == set()


def test_colour_is_for_terminals(lint: Project) -> None:
    """Or for those who force it; NO_COLOR is stronger."""
    lint.migration("0001_a.sql", PLAIN)
    assert "\033[" not in lint.run("lint").stdout
    assert "\033[31;1mcreate-table\033[0m" in lint.run("lint", FORCE_COLOR="1").stdout
    assert "\033[" not in lint.run("lint", FORCE_COLOR="1", NO_COLOR="1").stdout
