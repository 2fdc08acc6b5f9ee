"""Step 3 holds the live schema against schema.lock: what refuses, what is reported, and what a restart costs."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from lockstep import schemas
from lockstep.catalog.schema_lock import write_lock
from lockstep.errors import ConfigurationWrong, SchemaDrifted, SchemaUnread
from lockstep.events import FileApplied, LockObtained, SchemaDiffers, StepDone
from lockstep.migrate.expected import read_expected
from lockstep.migrate.ledger import Boot as Booting
from lockstep.migrate.verification import Verification
from lockstep.postgres.connection import connect_now
from lockstep.settings import resolve
from lockstep.testing import Project

if TYPE_CHECKING:
    from tests.lockstep.migrate.conftest import Ask, Boot

Lock = Callable[[], Path]
USERS = """CREATE TABLE IF NOT EXISTS users (id int PRIMARY KEY, email text NOT NULL, age int);
CREATE INDEX IF NOT EXISTS users_email ON users (email);
COMMENT ON TABLE users IS 'Those who use it';"""
MORE = "CREATE TABLE IF NOT EXISTS posts (id int PRIMARY KEY);"
REPAIR = """-- lockstep: repair
ALTER TABLE users ADD COLUMN IF NOT EXISTS age int;"""


@pytest.fixture
def booted(project: Project, schema_lock: Lock, boot: Boot) -> Boot:
    """A project with one migration and its schema.lock, booted once."""
    project.migration("0001_users.sql", USERS)
    schema_lock()
    boot()
    return boot


def verdicts(ask: Ask) -> int:
    """Return how many verdicts are stored."""
    return int(ask("SELECT count(*) FROM lockstep.verified")[0])


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (
            "ALTER TABLE users DROP COLUMN age",
            'column public.users.age is missing: expected {"type": "integer"}',
        ),
        (
            "ALTER TABLE users ALTER age TYPE bigint",
            'column public.users.age differs: type is "bigint", expected "integer"',
        ),
        (
            "ALTER TABLE users ALTER email DROP NOT NULL",
            "column public.users.email differs: not_null is not set, expected true",
        ),
        (
            "DROP INDEX users_email",
            'index public.users_email is missing: expected {"columns": [{"column": "email"}], "table": "public.users"}',
        ),
    ],
)
def test_missing_and_different_objects_refuse(
    booted: Boot, ask: Ask, damage: str, said: str
) -> None:
    """The error has exit status 79 and exactly the line that is wrong, with its place in schema.lock."""
    ask(damage)
    with pytest.raises(SchemaDrifted) as refused:
        booted()
    (problem,) = refused.value.problems
    assert problem.what == said
    assert problem.place is not None
    assert problem.place.file == "schema.lock"
    assert problem.place.line > 1
    assert refused.value.exit_status == 79


def test_the_refusal_says_who_was_here_last_and_what_repairs_it(booted: Boot, ask: Ask) -> None:
    """The last file with its release and boot, when the schema was last right, and the command."""
    ask("UPDATE lockstep.ledger SET release = 'r7'")
    ask("DROP INDEX users_email")
    with pytest.raises(SchemaDrifted) as refused:
        booted()
    (short_id,) = ask("SELECT substr(boot_id::text, 1, 8) FROM lockstep.ledger")
    assert "0001_users.sql, on 20" in refused.value.why
    assert f"by release r7 (boot {short_id})" in refused.value.why
    assert "last seen to be as it should be on 20" in refused.value.why
    assert 'lockstep repair --database "$LOCKSTEP_DATABASE_URL"' in refused.value.next_step
    (outcome, code) = ask("SELECT outcome, error_code FROM lockstep.boots ORDER BY begun_at DESC")[
        0
    ]
    assert (outcome, code) == ("refused", "LS605")


def test_a_restart_recognises_the_database_without_a_lock(booted: Boot, ask: Ask) -> None:
    """Nothing is read and no lock is taken where nothing changed; the boot's record is complete in the same round trip."""
    (before,) = ask("SELECT xmin::text FROM lockstep.verified")
    recorder = booted()
    assert not recorder.of(LockObtained)
    assert ask("SELECT xmin::text FROM lockstep.verified") == [before]
    assert ask("SELECT DISTINCT outcome FROM lockstep.boots") == ["completed"]


def test_a_harmless_change_is_looked_at_once(booted: Boot, ask: Ask) -> None:
    """After a change that made no difference the next boot reads it all, stores its verdict, and the one after that does not."""
    (before,) = ask("SELECT token FROM lockstep.verified")
    ask("ALTER TABLE users ALTER age SET NOT NULL")
    ask("ALTER TABLE users ALTER age DROP NOT NULL")
    recorder = booted()
    assert not recorder.of(LockObtained)
    (after,) = ask("SELECT token FROM lockstep.verified")
    assert after != before


def test_extra_objects_and_comments_are_reported(booted: Boot, ask: Ask) -> None:
    """One event names them, also at the restart that reads nothing; nobody is refused."""
    ask("CREATE TABLE extra (id int)")
    ask("COMMENT ON TABLE users IS 'Somebody else'")
    for _ in range(2):
        (event,) = booted().of(SchemaDiffers)
        assert event.counts == ("1 extra table", "1 extra column", "1 different comment")
        assert "table public.extra is more than expected" in event.shown


def test_drift_can_be_reported_instead(booted: Boot, project: Project, ask: Ask) -> None:
    """Where the environment's setting says so, the boot goes on, tells it each time, and keeps no verdict."""
    (before,) = ask("SELECT token FROM lockstep.verified")
    (project.root / "lockstep.toml").write_text('[environments.staging]\ndrift = "report"\n')
    ask("ALTER TABLE users DROP COLUMN age")
    for _ in range(2):
        (event,) = booted(LOCKSTEP_ENV="staging").of(SchemaDiffers)
        assert event.counts == ("1 missing column",)
    with pytest.raises(SchemaDrifted):
        booted(LOCKSTEP_ENV="test")
    assert ask("SELECT token FROM lockstep.verified") == [before]


def test_without_a_schema_lock_nothing_is_verified(project: Project, boot: Boot, ask: Ask) -> None:
    """A project that has no schema.lock boots as ever, whatever the database has become."""
    project.migration("0001_users.sql", USERS)
    boot()
    ask("ALTER TABLE users DROP COLUMN age")
    assert not boot().of(SchemaDiffers)
    assert verdicts(ask) == 0


def test_a_file_that_is_no_lock_refuses_before_anything_runs(
    project: Project, boot: Boot, schema_lock: Lock, ask: Ask
) -> None:
    """A merge conflict in schema.lock is found before the first migration."""
    project.migration("0001_users.sql", USERS)
    file = schema_lock()
    file.write_text(file.read_text() + "<<<<<<< HEAD\n")
    with pytest.raises(ConfigurationWrong, match=r"schema\.lock cannot be used"):
        boot()
    assert ask("SELECT to_regclass('users')") == [None]


def test_a_stale_lock_is_suspected_after_migrating(
    booted: Boot, project: Project, ask: Ask
) -> None:
    """Where files were just applied, the next step says that schema.lock may be what is old."""
    project.migration(
        "0002_drop.sql",
        "-- lockstep: ignore drop-column because nobody reads it\nALTER TABLE users DROP COLUMN IF EXISTS age;",
    )
    with pytest.raises(SchemaDrifted) as refused:
        booted()
    assert "lockstep snapshot" in refused.value.next_step
    assert ask("SELECT count(*) FROM lockstep.ledger") == [2]


def test_an_older_release_is_not_refused(
    booted: Boot, project: Project, schema_lock: Lock, ask: Ask
) -> None:
    """After a newer release migrated, a restart of the old one reports what differs from its own schema.lock, without a lock."""
    old = (project.root / "schema.lock").read_text()
    newer = project.migration(
        "0002_newer.sql", f"{MORE}\nALTER TABLE users ALTER email DROP NOT NULL;"
    )
    schema_lock()
    booted()
    newer.unlink()
    (project.root / "schema.lock").write_text(old)
    recorder = booted()
    (event,) = recorder.of(SchemaDiffers)
    assert "1 different column" in event.counts
    assert "ahead of this release" in event.why
    assert not recorder.of(LockObtained)


def test_a_newer_seed_does_not_excuse_drift(booted: Boot, project: Project, ask: Ask) -> None:
    """Only a newer migration can have changed the schema."""
    seed = project.seed(
        "0001_newer.sql", "INSERT INTO users VALUES (1, 'a@b') ON CONFLICT DO NOTHING;"
    )
    booted()
    seed.unlink()
    ask("DROP INDEX users_email")
    with pytest.raises(SchemaDrifted):
        booted()


def test_a_repair_file_runs_where_the_schema_is_short(
    project: Project, boot: Boot, schema_lock: Lock, ask: Ask
) -> None:
    """On the fast path the lock is taken for it, its row is written anew, and the schema is checked again."""
    project.migration("0001_users.sql", USERS)
    project.migration("9999_repair.sql", REPAIR)
    schema_lock()
    boot()
    ask("ALTER TABLE users DROP COLUMN age")
    recorder = boot()
    assert recorder.of(LockObtained)
    assert [event.name for event in recorder.of(FileApplied)] == ["9999_repair.sql"]
    assert ask("SELECT count(*) FROM information_schema.columns WHERE column_name = 'age'") == [1]
    assert not boot().of(LockObtained)
    assert ask("SELECT count(*) FROM lockstep.ledger") == [2]


def test_a_repair_that_does_not_suffice_refuses(
    project: Project, boot: Boot, schema_lock: Lock, ask: Ask
) -> None:
    """What is still wrong after it is what is named; the lock is free afterwards."""
    project.migration("0001_users.sql", USERS)
    project.migration("9999_repair.sql", REPAIR)
    schema_lock()
    boot()
    ask("ALTER TABLE users DROP COLUMN age")
    ask("DROP INDEX users_email")
    with pytest.raises(SchemaDrifted) as refused:
        boot()
    assert [problem.what.partition(" is")[0] for problem in refused.value.problems] == [
        "index public.users_email"
    ]
    assert ask(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    ) == [0]


def test_somebody_s_lock_is_waited_for_and_named(
    booted: Boot, ask: Ask, database: str, project: Project
) -> None:
    """What cannot be read is read again until lock_timeout; then the boot ends with 75 and says who it is."""
    ask("ALTER TABLE users ADD CONSTRAINT named CHECK (id > 0)")
    ask("CREATE VIEW shown AS SELECT id FROM users")
    (project.root / "schema.lock").write_text(_with_view(project))
    with psycopg.connect(database, application_name="somebody else") as other:
        other.execute("LOCK TABLE shown, users IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(SchemaUnread) as refused:
            booted(LOCKSTEP_LOCK_TIMEOUT="200ms")
        assert refused.value.exit_status == 75
        assert "somebody else" in refused.value.problems[0].what
        threading.Timer(0.2, other.rollback).start()
        booted(LOCKSTEP_LOCK_TIMEOUT="30s")


def _with_view(project: Project) -> str:
    settings = resolve(
        flags={}, environ={"LOCKSTEP_DATABASE_URL": project.database}, root=project.root
    )
    return write_lock(schemas.of_target(settings))


def test_older_bookkeeping_gets_its_place_for_verdicts(booted: Boot, ask: Ask) -> None:
    """A database of an earlier Lockstep gets the new tables at the next boot that finds the lock free."""
    ask("DROP TABLE lockstep.verified")
    ask("DROP TABLE lockstep.needs")
    ask("SELECT pg_advisory_lock(42424242), pg_advisory_unlock(42424242)")
    booted()
    assert verdicts(ask) == 1


def test_older_bookkeeping_stays_while_somebody_migrates(
    booted: Boot, ask: Ask, database: str
) -> None:
    """Where the boot lock is held, a boot at head does not wait for it: it verifies, and keeps nothing."""
    ask("DROP TABLE lockstep.verified")
    ask("DROP TABLE lockstep.needs")
    with psycopg.connect(database, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(42424242)")
        recorder = booted()
    assert not recorder.of(LockObtained)
    assert ask("SELECT to_regclass('lockstep.verified')") == [None]


def test_the_step_stays_skipped(booted: Boot) -> None:
    """A verified boot tells the same story as one without a schema.lock."""
    done = {event.step.label: event for event in booted().of(StepDone)}
    assert done["migrate"].skipped
    assert json.dumps(done["migrate"].as_dict()["note"]) == '"0 applied, 1 in all"'


def test_only_a_recognised_boot_is_recorded_as_complete(
    booted: Boot, project: Project, ask: Ask
) -> None:
    """The round trip that recognises the database completes the record of its boot, and of no boot that has to look."""
    environ = {"LOCKSTEP_DATABASE_URL": project.database}
    settings = resolve(flags={}, environ=environ, root=project.root)
    expected = read_expected(settings.schema_lock)
    assert expected is not None
    (boot_id,) = ask("UPDATE lockstep.boots SET outcome = NULL RETURNING id::text")
    session = connect_now(project.database, "the test", "the test")
    by = Booting("default", "up", "", "test", boot_id)
    verification = Verification(
        session, by, expected, settings, lambda _: None, role="postgres", keeps=True
    )
    ask("CREATE TABLE unforeseen ()")
    assert not verification.recognised("completed")
    assert ask("SELECT outcome FROM lockstep.boots") == [None]
    verification.hold(ahead=lambda: False, applied=0, repair=lambda: False)
    assert verification.recognised("completed")
    assert verification.recorded
    assert ask("SELECT outcome FROM lockstep.boots") == ["completed"]
    session.close()
