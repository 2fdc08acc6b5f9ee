"""A schema that somebody changed by hand, and the boots that meet it: whole processes, many at once, killed in between."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lockstep.testing import Finished, Project, Recorder

if TYPE_CHECKING:
    from tests.system.conftest import Beside, Launched, Observer

    Boot = Callable[..., Recorder]
    BootBeside = Callable[..., Beside]
    Launch = Callable[..., Launched]
    SchemaLock = Callable[[], Path]

GATE = 1
MADE = """CREATE TABLE IF NOT EXISTS users (id int PRIMARY KEY, email text NOT NULL, age int);
CREATE INDEX IF NOT EXISTS users_email ON users (email);"""
REPAIR = f"""-- lockstep: repair
-- lockstep: lock-timeout none
SELECT pg_advisory_xact_lock({GATE});
ALTER TABLE users ADD COLUMN IF NOT EXISTS age int;
CREATE INDEX IF NOT EXISTS users_email ON users (email);"""
DAMAGE = "ALTER TABLE users DROP COLUMN age; DROP INDEX users_email"


@pytest.fixture(autouse=True)
def files(project: Project, schema_lock: SchemaLock) -> None:
    """One migration and its schema.lock."""
    project.migration("0001_users.sql", MADE)
    schema_lock()


@pytest.fixture
def repair(project: Project, schema_lock: SchemaLock) -> None:
    """A repair file with a gate before its first change."""
    project.migration("9999_repair.sql", REPAIR)
    schema_lock()


def test_a_change_by_hand_refuses_the_deploy(project: Project, observer: Observer) -> None:
    """The process ends with 79; its message and its JSON name exactly the line, and the record keeps it."""
    assert project.run("up").status == 0
    observer.rows("ALTER TABLE users DROP COLUMN age")
    refused = project.run("up", "--json")
    assert refused.status == 79
    (problem,) = refused.error["problems"]
    assert problem["what"] == 'column public.users.age is missing: expected {"type": "integer"}'
    assert problem["where"].startswith("schema.lock:")
    told = project.run("up")
    assert told.status == 79
    assert "LS605" in told.stderr
    assert problem["what"] in told.stderr
    assert "lockstep repair --database" in told.stderr
    assert observer.outcomes() == ["completed", "refused", "refused"]


def test_a_program_is_not_started_on_a_drifted_schema(project: Project, observer: Observer) -> None:
    """``run`` does not become its program, unless drift is only to be reported; then the log has it."""
    project.run("up")
    observer.rows("DROP INDEX users_email")
    refused = project.run("run", "--", "echo", "started")
    assert (refused.status, refused.stdout) == (79, "")
    reported = project.run("run", "--", "echo", "started", LOCKSTEP_DRIFT="report")
    assert (reported.status, reported.stdout) == (0, "started\n")
    assert "1 missing index" in reported.stderr
    assert "index public.users_email is missing" in reported.stderr


@pytest.mark.long
def test_many_restart_at_once_without_a_lock(project: Project, boot: Boot) -> None:
    """Ten boots at head recognise the database, none of them takes the lock or writes a verdict."""
    boot()
    with ThreadPoolExecutor(5) as pool:
        finished = list(pool.map(lambda _: project.run("up", "--json"), range(10)))
    assert {one.status for one in finished} == {0}
    assert not any(event["event"] == "LockObtained" for one in finished for event in one.events)


def test_of_many_that_find_drift_one_repairs(
    project: Project, repair: None, boot: Boot, observer: Observer
) -> None:
    """The repair runs once, under the lock; the others see that it is done, and all boot."""
    boot()
    observer.rows(DAMAGE)
    with ThreadPoolExecutor(5) as pool:
        finished: list[Finished] = list(pool.map(lambda _: project.run("up", "--json"), range(5)))
    assert [one.error for one in finished] == [{}] * 5
    assert [name for one in finished for name in one.names("FileApplied")] == ["9999_repair.sql"]
    assert observer.lock_is_free()


def test_a_repair_that_is_killed_is_done_by_the_next_boot(
    repair: None, boot: Boot, launch: Launch, observer: Observer
) -> None:
    """Killed before its first change, nothing of it is there; the next boot repairs, and the one after that has no work."""
    boot()
    observer.rows(DAMAGE)
    observer.shut(GATE)
    doomed = launch("up")
    observer.at_gate(GATE)
    doomed.kill()
    observer.until_quiet()
    observer.open(GATE)
    assert observer.rows("SELECT to_regclass('users_email')") == [None]
    assert [event.name for event in boot().events if type(event).__name__ == "FileApplied"] == [
        "9999_repair.sql"
    ]
    assert "LockObtained" not in boot().names()


def test_a_rolling_deploy(
    project: Project,
    boot: Boot,
    boot_beside: BootBeside,
    schema_lock: SchemaLock,
    observer: Observer,
) -> None:
    """While a newer release migrates, the older one restarts, during and after; both boot, and drift refuses only the newer."""
    boot()
    old = (project.root / "schema.lock").read_text()
    newer = project.migration(
        "0002_newer.sql",
        f"SELECT pg_advisory_xact_lock({GATE});\nALTER TABLE users ALTER email DROP NOT NULL;",
    )
    new = schema_lock().read_text()
    observer.shut(GATE)
    migrating = boot_beside()
    observer.at_gate(GATE)
    text = newer.read_text()
    newer.unlink()
    (project.root / "schema.lock").write_text(old)
    assert "LockObtained" not in boot().names()
    observer.open(GATE)
    assert migrating.error() is None
    told = boot()
    assert "SchemaDiffers" in told.names()
    observer.rows("DROP INDEX users_email")
    assert boot().names()[-1] == "BootCompleted"
    newer.write_text(text)
    (project.root / "schema.lock").write_text(new)
    failed = boot_beside().error()
    assert failed is not None
    assert [each.what.partition(" is")[0] for each in failed.problems] == [
        "index public.users_email"
    ]
