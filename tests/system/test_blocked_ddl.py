"""DDL that meets a session which holds the table: it gives up soon, leaves nothing, and names who is in the way."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from lockstep.errors import LockstepError, MigrationBlocked, MigrationFailed
from lockstep.events import FileBegun, StatementBlocked
from lockstep.testing import Project, Recorder, until

if TYPE_CHECKING:
    from tests.system.conftest import Observer

    Boot = Callable[..., Recorder]

ADD = "ALTER TABLE items ADD COLUMN IF NOT EXISTS note text;"
BUILD = (
    "-- lockstep: no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS items_id ON items (id);"
)
VALIDATE = "ALTER TABLE items VALIDATE CONSTRAINT positive;"
SOME_TIME = "some time"
READER = "SELECT count(*) FROM items"
WAITING = """
SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'lockstep:default:%%'
AND wait_event_type = 'Lock' AND clock_timestamp() - query_start > %s * interval '1 s'
"""


@pytest.fixture
def items(observer: Observer) -> None:
    """A table with rows, and a check that is not valid yet."""
    observer.rows("CREATE TABLE items (id bigint)")
    observer.rows("INSERT INTO items SELECT generate_series(1, 100)")
    observer.rows("ALTER TABLE items ADD CONSTRAINT positive CHECK (id > 0) NOT VALID")


@contextmanager
def holding(conninfo: str, statement: str, name: str = "report") -> Iterator[tuple[int, str]]:
    """Keep a transaction open in which *statement* has run; yields its backend's pid, and how it is to be named."""
    with psycopg.connect(conninfo, application_name=name) as connection:
        connection.execute(statement.encode())
        pid = connection.info.backend_pid
        yield pid, f"pid {pid} ({name}, role {connection.info.user})"
        connection.rollback()


@pytest.fixture
def begin(
    boot: Boot, recorder: Recorder
) -> Iterator[Callable[..., Callable[[], LockstepError | None]]]:
    """Begin a boot in a thread, told to the recorder; what is returned waits for its end and returns its error."""
    threads: list[threading.Thread] = []

    def begun(**environment: str) -> Callable[[], LockstepError | None]:
        failures: list[LockstepError] = []

        def run() -> None:
            try:
                boot(recorder, **environment)
            except LockstepError as error:
                failures.append(error)

        thread = threading.Thread(target=run)
        threads.append(thread)
        thread.start()

        def ended() -> LockstepError | None:
            thread.join()
            return failures[0] if failures else None

        return ended

    yield begun
    for thread in threads:
        thread.join()


@pytest.mark.parametrize(
    "statement", ["LOCK TABLE items", READER], ids=["a lock", "a reader that forgot to commit"]
)
def test_a_blocked_file_fails_and_names_the_blocker(
    statement: str,
    items: None,
    project: Project,
    database: str,
    boot: Boot,
    recorder: Recorder,
    observer: Observer,
) -> None:
    """It is tried until its time is over; pid, application, state, age and query of the blocker are told; nothing of the file remains."""
    project.migration("0001_first.sql", "CREATE TABLE IF NOT EXISTS first (id bigint);")
    project.migration(
        "0002_add_note.sql",
        f"-- lockstep: lock-timeout 900ms\nCREATE TABLE IF NOT EXISTS half (id bigint);\n{ADD}",
    )

    with holding(database, statement) as (pid, named), pytest.raises(MigrationBlocked) as failed:
        boot(recorder)

    (blocked,) = failed.value.problems
    assert f"{named}, idle in transaction, " in blocked.what
    assert f"transaction open for {SOME_TIME}, query: {statement}" in re.sub(
        r"\d[\d.]* m?s", SOME_TIME, blocked.what
    )
    assert f"SELECT pg_terminate_backend({pid});" in failed.value.next_step
    assert "after 900 ms" in failed.value.what
    assert failed.value.where == "migrations/0002_add_note.sql:3:1"
    assert [one.name for one in recorder.of(FileBegun)] == ["0001_first.sql", "0002_add_note.sql"]
    assert observer.rows("SELECT name FROM lockstep.ledger") == ["0001_first.sql"]
    assert observer.value("SELECT to_regclass('half')") is None


def test_a_blocked_boot_ends_with_70_and_says_so_to_people(
    items: None, project: Project, database: str
) -> None:
    """The panel has the code, and the blocker."""
    project.migration("0001_add_note.sql", ADD)

    with holding(database, READER) as (_, named):
        told = project.run("up", LOCKSTEP_LOCK_TIMEOUT="900ms")

    assert told.status == 70
    assert "LS502 Failed (exit status 70)" in told.stderr
    assert f"- blocked by {named}, idle in transaction" in told.stderr
    assert "💥 CRITICAL: DATABASE INITIALIZATION FAILED" in told.stderr


def test_who_comes_later_is_not_kept_waiting(
    items: None,
    project: Project,
    database: str,
    begin: Callable[..., Callable[[], LockstepError | None]],
    recorder: Recorder,
    observer: Observer,
) -> None:
    """A reader with little patience gets through behind an ALTER that waits for a long report, and the ALTER gets its turn."""
    project.migration("0001_add_note.sql", ADD)

    with holding(database, READER):
        ended = begin()
        recorder.wait_for(StatementBlocked)
        with psycopg.connect(database, autocommit=True) as client:
            client.execute("SET lock_timeout = '2s'")
            until(lambda: observer.rows(WAITING, 0), what="the next try")
            assert client.execute(READER).fetchone() == (100,)

    assert ended() is None
    assert observer.rows("SELECT name FROM lockstep.ledger") == ["0001_add_note.sql"]


def test_the_lock_timeout_of_each_kind_of_statement(
    items: None, project: Project, boot: Boot, observer: Observer
) -> None:
    """Half a second at a time, less where file or setting say so, five where it cannot be repeated; validation alone waits for ever."""
    observer.rows("CREATE TABLE seen (file text, lock_timeout text)")
    observer.rows(
        "CREATE FUNCTION seen(file text) RETURNS bool LANGUAGE sql AS "
        "$$ INSERT INTO seen VALUES (file, current_setting('lock_timeout')) RETURNING true $$"
    )
    observer.rows(
        "ALTER TABLE items ADD CONSTRAINT watched CHECK (seen('validated') OR id > 0) NOT VALID"
    )
    note = "SELECT seen('{}');".format
    project.migration("0001.sql", note("default"))
    project.migration("0002.sql", "-- lockstep: lock-timeout 300ms\n" + note("directive"))
    project.migration("0003.sql", "ALTER TABLE items VALIDATE CONSTRAINT watched;")
    project.migration("0004.sql", "-- lockstep: no-transaction\n" + note("of several"))
    project.migration(
        "0004a.sql",
        "-- lockstep: no-transaction\nDO $$ BEGIN PERFORM seen('commits itself'); END $$;",
    )
    project.migration("0005.sql", "-- lockstep: lock-timeout none\n" + note("none"))
    project.migration("0006.sql", note("after all these"))
    boot()
    project.migration("0007.sql", note("setting"))
    boot(LOCKSTEP_LOCK_TIMEOUT="234ms")

    assert dict(observer.rows("SELECT DISTINCT file, lock_timeout FROM seen")) == {
        "default": "500ms",
        "directive": "300ms",
        "validated": "0",
        "of several": "500ms",
        "commits itself": "5s",
        "none": "0",
        "after all these": "500ms",
        "setting": "234ms",
    }


@pytest.mark.parametrize(
    ("text", "held"),
    [(BUILD, "INSERT INTO items VALUES (1)"), (VALIDATE, "LOCK TABLE items")],
    ids=["a concurrent build", "a validation"],
)
def test_builds_and_validation_wait_and_tell_for_whom(
    text: str,
    held: str,
    items: None,
    project: Project,
    database: str,
    begin: Callable[..., Callable[[], LockstepError | None]],
    recorder: Recorder,
    observer: Observer,
) -> None:
    """They block nobody while they wait, so no lock-timeout ends them; whom they wait for is reported meanwhile."""
    project.migration("0001_items.sql", text)

    with holding(database, held) as (_, named):
        ended = begin(LOCKSTEP_LOCK_TIMEOUT="200ms")
        told = recorder.wait_for(StatementBlocked)
        (waiter,) = observer.rows(WAITING, 0.6)

    assert ended() is None
    assert waiter
    assert told.name == "0001_items.sql"
    assert told.waited >= 1
    assert f"{named}, idle in transaction" in told.blockers
    assert observer.rows("SELECT name FROM lockstep.ledger") == ["0001_items.sql"]
    assert observer.rows("SELECT 1 FROM pg_index WHERE NOT indisvalid") == []


def test_no_wait_is_told_once_the_file_is_done(
    items: None, project: Project, boot: Boot, recorder: Recorder
) -> None:
    """A boot that nobody blocks reports no blocker."""
    project.migration("0001_slow.sql", f"SELECT pg_sleep(1.5); {ADD}")

    boot(recorder)

    assert recorder.of(StatementBlocked) == []


def test_a_long_wait_is_shown_to_people(items: None, project: Project, database: str) -> None:
    """The console says who is in the way before the wait is over."""
    project.migration("0001_add_note.sql", f"-- lockstep: lock-timeout none\n{ADD}")

    with holding(database, READER) as (_, named):
        process = project.start("up")
        assert process.stderr is not None
        lines = []
        while not lines or "has waited" not in lines[-1]:
            lines.append(process.stderr.readline())
            assert lines[-1], "".join(lines)

    assert "! 0001_add_note.sql has waited 1." in lines[-1]
    assert f"for {named}, idle in transaction" in lines[-1]
    with process:
        assert process.wait() == 0


def test_a_deadlock_is_said_to_be_one(
    items: None, project: Project, database: str, observer: Observer, begin: Any
) -> None:
    """The server ends the boot's statement; the message says which sessions waited for each other."""
    observer.rows("CREATE TABLE others (id bigint)")
    project.migration(
        "0001_both.sql",
        "SET LOCAL deadlock_timeout = '10ms';\nLOCK TABLE items;\nSELECT pg_advisory_xact_lock(5);\nLOCK TABLE others;",
    )
    observer.shut(5)
    with psycopg.connect(database, application_name="report") as other:
        other.execute("SET LOCAL deadlock_timeout = '1h'")
        other.execute("LOCK TABLE others")
        ended = begin()
        observer.at_gate(5)
        waiting = threading.Thread(target=other.execute, args=["LOCK TABLE items"])
        waiting.start()
        query = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'items'::regclass"
        until(lambda: observer.rows(query), what="the other session's wait")
        observer.open(5)
        error = ended()
        waiting.join()

    assert isinstance(error, MigrationFailed)
    assert "deadlock detected (40P01)" in error.what
    assert error.where == "migrations/0001_both.sql:4:1"
    assert "blocked by process" in error.why
    assert "Two sessions waited for each other" in error.next_step
    assert "rolled back" in error.next_step


def test_secrets_and_control_characters_of_the_blocker_are_not_shown(
    items: None, project: Project, database: str, boot: Boot
) -> None:
    """What somebody else's session runs may hold a password, or a sequence that steers a terminal."""
    project.migration("0001_add_note.sql", f"-- lockstep: lock-timeout 900ms\n{ADD}")
    query = (
        "LOCK TABLE items; /* \x1b[2J */ CREATE ROLE nobody_in_particular PASSWORD 'hunter2-secret'; "
        "SELECT 'postgresql://me:hunter3-secret@host/db password=hunter4-secret'"
    )

    with holding(database, query, "bad\x1b[31m 'name\""), pytest.raises(MigrationBlocked) as failed:
        boot()

    (problem,) = failed.value.problems
    assert "hunter" not in str(failed.value.as_dict())
    assert "PASSWORD ***" in problem.what
    assert "\x1b" not in problem.what
    assert "'name\"" in problem.what


@pytest.fixture
def ordinary_role(items: None, database: str, observer: Observer) -> Iterator[str]:
    """A role that owns all that the boot touches, and may see nobody else's doings."""
    dbname = observer.value("SELECT current_database()")
    name = f"ordinary_{dbname}"
    observer.rows(f"CREATE ROLE {name} LOGIN")
    observer.rows(f"GRANT CREATE ON DATABASE {dbname} TO {name}")
    observer.rows(f"ALTER SCHEMA public OWNER TO {name}")
    observer.rows(f"ALTER TABLE items OWNER TO {name}")
    yield name
    observer.rows(f"REASSIGN OWNED BY {name} TO CURRENT_USER")
    observer.rows(f"DROP OWNED BY {name}")
    observer.rows(f"DROP ROLE {name}")


def test_a_blocker_that_our_role_may_not_see_is_named_all_the_same(
    ordinary_role: str, project: Project, database: str, boot: Boot
) -> None:
    """An ordinary role sees another's pid and application, and is told what it would need to see more."""
    project.migration("0001_add_note.sql", f"-- lockstep: lock-timeout 900ms\n{ADD}")

    with holding(database, READER) as (_, named), pytest.raises(MigrationBlocked) as failed:
        boot(LOCKSTEP_DATABASE_URL=make_conninfo(database, user=ordinary_role))

    (problem,) = failed.value.problems
    assert named in problem.what
    assert "pg_read_all_stats" in problem.what
