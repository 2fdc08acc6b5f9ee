"""What cannot run twice does not run once: up, run and serve refuse it before the first statement of any file."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from lockstep.testing import Project

if TYPE_CHECKING:
    from tests.system.conftest import Observer

FINE = "CREATE TABLE IF NOT EXISTS users (id bigint PRIMARY KEY);"
PLAIN = "-- Why: a test\n\nSELECT 1;\n  CREATE TABLE content (id bigint PRIMARY KEY);\n"
SEED = "INSERT INTO content VALUES (1);\n"
UNTOUCHED = """
SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname IN ('lockstep', 'public')
UNION ALL SELECT relname FROM pg_catalog.pg_class WHERE relnamespace = 'public'::regnamespace
"""
DYNAMIC = "DO $$ BEGIN EXECUTE 'ANALYZE ' || quote_ident('pg_class'); END $$;"
IGNORED = (
    "-- lockstep: ignore create-table because it is only made once\nCREATE TABLE content (id int);"
)
JUDGES = ("lockstep.migrate.lawful", "lockstep.migrate.script", "_lockstep_libpg_query")
IMPORTED_AT_HEAD = """
import json, sys
from lockstep.cli.main import run
assert run(["up"]) == 0
print(json.dumps(sorted(sys.modules)))
"""
NAMED = [
    "migrations/0002_content.sql:4:3: create-table: ",
    "    4 |   CREATE TABLE content (id bigint PRIMARY KEY);",
    "`lockstep lint --fix migrations/0002_content.sql` writes it.",
]


@pytest.fixture
def unlawful(project: Project) -> Project:
    """A file that may run twice, then one that may not."""
    project.migration("0001_users.sql", FINE)
    project.migration("0002_content.sql", PLAIN)
    return project


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.mark.parametrize("command", ["up", "run", "serve"])
def test_every_way_to_boot_is_refused(command: str, unlawful: Project, observer: Observer) -> None:
    """Exit 65 with place, rule and fix; not even the lawful file before it ran, no program, no port."""
    ran = unlawful.root / "ran"
    (unlawful.root / "application.py").write_text(
        "import lockstep\napplication = lockstep.Application(name='shop')\n"
    )
    port = free_port()
    rest = {
        "run": ["--", "touch", str(ran)],
        "serve": ["application:application", "--port", str(port)],
    }

    done = unlawful.run(command, *rest.get(command, []))

    assert done.status == 65, done.stderr
    assert [part for part in NAMED if part not in done.stderr] == []
    assert "LS401 Refused; nothing was changed (exit status 65)" in done.stderr
    assert observer.rows(UNTOUCHED) == ["public"]
    assert not ran.exists()
    with socket.socket() as client:
        assert client.connect_ex(("127.0.0.1", port)) != 0


def test_the_refusal_as_json(unlawful: Project) -> None:
    """Every finding of every file, each with its place and its next step; the file was never begun."""
    unlawful.seed("0001_first.sql", SEED)

    done = unlawful.run("up", "--json")

    assert (done.status, done.error["code"], done.error["exit_status"]) == (65, "LS401", 65)
    assert done.error["what"] == "2 files cannot be run as they are (2 problems)"
    assert [(p["where"], p["what"].split(":")[0]) for p in done.error["problems"]] == [
        ("migrations/0002_content.sql:4:3", "create-table"),
        ("seeds/0001_first.sql:1:1", "insert"),
    ]
    assert all("lockstep lint --fix" in problem["next"] for problem in done.error["problems"])
    assert done.names("FileBegun") == []


def test_the_fix_lets_it_pass(unlawful: Project, observer: Observer) -> None:
    """What the refusal tells to type is enough, for migrations and seeds."""
    unlawful.seed("0001_first.sql", SEED)
    fixed = unlawful.run("lint", "--fix", "migrations/0002_content.sql", "seeds/0001_first.sql")

    assert fixed.status == 0, fixed.stdout
    assert unlawful.run("up").status == 0
    assert observer.rows("SELECT id FROM content") == [1]


def test_an_ignored_finding_lets_it_pass(unlawful: Project, observer: Observer) -> None:
    """With a reason beside the statement; an ignore of something else does not help."""
    unlawful.migration("0002_content.sql", IGNORED.replace("create-table", "insert"))
    assert unlawful.run("up").status == 65
    unlawful.migration("0002_content.sql", IGNORED)

    assert unlawful.run("up").status == 0
    assert observer.value("SELECT count(*) FROM content") == 0


def test_applied_files_are_only_learnt(unlawful: Project, observer: Observer) -> None:
    """They never change, so they refuse nothing; what they made is known when later files are judged."""
    assert unlawful.run("up", LOCKSTEP_LINT="report").status == 0
    assert unlawful.run("up").status == 0
    seed = "INSERT INTO content (id) VALUES (1) ON CONFLICT ({}) DO NOTHING;"
    unlawful.seed("0001_first.sql", seed.format("title"))
    refused = unlawful.run("up", "--json")
    assert [p["what"].split(":")[0] for p in refused.error["problems"]] == ["conflict-target"]
    unlawful.seed("0001_first.sql", seed.format("id"))

    assert unlawful.run("up").status == 0
    assert observer.rows("SELECT id FROM content") == [1]


def test_the_record_says_that_it_was_refused(unlawful: Project, observer: Observer) -> None:
    """With the error, where an earlier boot has made the ledger; and no boot is unfinished."""
    (unlawful.root / "migrations" / "0002_content.sql").rename(unlawful.root / "later")
    assert unlawful.run("up").status == 0
    (unlawful.root / "later").rename(unlawful.root / "migrations" / "0002_content.sql")

    assert unlawful.run("up").status == 65

    query = "SELECT outcome, step, error_code FROM lockstep.boots ORDER BY begun_at"
    assert observer.rows(query) == [("completed", "unlock", ""), ("refused", "lock", "LS401")]
    assert observer.rows("SELECT name FROM lockstep.ledger") == ["0001_users.sql"]


@pytest.mark.long
def test_status_and_plan_tell_beforehand(unlawful: Project, observer: Observer) -> None:
    """Status counts what a boot would refuse; plan is refused as the boot would be."""
    shown = unlawful.run("status")
    assert shown.status == 0
    assert "refused   1 file cannot be run as it is (1 problem)" in shown.stdout
    told = json.loads(unlawful.run("status", "--json").stdout)
    assert told["refused"]["problems"][0]["where"] == "migrations/0002_content.sql:4:3"

    planned = unlawful.run("plan")

    assert planned.status == 65
    assert [part for part in NAMED if part not in planned.stderr] == []
    assert observer.rows(UNTOUCHED) == ["public"]


@pytest.mark.long
def test_a_report_instead_of_a_refusal(unlawful: Project) -> None:
    """Where the setting says so the file runs, and what is wrong with it is said: once, in a few lines."""
    for number in range(3, 10):
        unlawful.migration(f"000{number}_more.sql", f"CREATE TABLE more_{number} (id int);")

    planned = unlawful.run("plan", LOCKSTEP_LINT="report")
    done = unlawful.run("up", "--json", LOCKSTEP_LINT="report")

    assert planned.stdout.count("warning   migrations/000") == 8
    assert done.status == 0
    (warned,) = (event for event in done.events if event["event"] == "FilesWarned")
    assert (warned["count"], len(warned["shown"])) == (8, 5)
    assert warned["shown"][0].startswith("migrations/0002_content.sql:4:3: create-table: ")
    assert unlawful.run("up", "--json").names("FileBegun") == []


def test_a_boot_at_head_knows_nothing_of_it(unlawful: Project) -> None:
    """Neither the analyser nor the grammar is imported when nothing is pending."""
    assert unlawful.run("up", LOCKSTEP_LINT="report").status == 0
    command = [sys.executable, "-c", IMPORTED_AT_HEAD]
    environment = {**os.environ, "LOCKSTEP_DATABASE_URL": unlawful.database}

    done = subprocess.run(
        command, cwd=unlawful.root, env=environment, capture_output=True, text=True, check=True
    )

    modules = json.loads(done.stdout.splitlines()[-1])
    assert "lockstep.migrate.upgrade" in modules
    assert [name for name in modules if name.startswith(("lockstep.sql", *JUDGES))] == []


def test_a_warning_does_not_refuse(project: Project, observer: Observer) -> None:
    """It is shown, and the file runs."""
    project.migration("0001_dynamic.sql", DYNAMIC)

    done = project.run("up")

    assert done.status == 0
    assert "! migrations/0001_dynamic.sql:1:" in done.stderr
    assert observer.rows("SELECT name FROM lockstep.ledger") == ["0001_dynamic.sql"]
