"""How the database of a running application stands to its release, as its own pages can ask: ledger and drift, in bounded time."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from lockstep import Database, SchemaState, look_at_schema
from lockstep.errors import (
    ConfigurationWrong,
    DatabaseUnreachable,
    HistoryDiverged,
    PrivilegeMissing,
    SchemaNotReady,
)
from lockstep.settings import resolve
from lockstep.testing import until

if TYPE_CHECKING:
    from lockstep.testing import Project

USERS = "CREATE TABLE IF NOT EXISTS users (id int PRIMARY KEY, email text NOT NULL);"
POSTS = "CREATE TABLE IF NOT EXISTS posts (id int);"
Run = Callable[[str], None]
Look = Callable[..., SchemaState]


@pytest.fixture
def booted(project: Project, schema_lock: Callable[[], Path]) -> Project:
    """A project of two migrations and a seed, at its head."""
    project.migration("0001_users.sql", USERS)
    project.migration("0002_posts.sql", POSTS)
    project.seed(
        "0001_first.sql",
        "INSERT INTO users VALUES (1, 'a@example.com') ON CONFLICT (id) DO NOTHING;",
    )
    schema_lock()
    assert project.run("up", LOCKSTEP_RELEASE="first").status == 0
    return project


@pytest.fixture
def run(database: str) -> Run:
    """Run statements in the test's database."""

    def run(text: str) -> None:
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute(text.encode())

    return run


@pytest.fixture
def look(booted: Project) -> Look:
    """Look at the project's database as an application does that has booted on it; *url*: as whom."""

    def look(url: str = "", *, within: float = 10.0, **environment: str) -> SchemaState:
        told = {"LOCKSTEP_DATABASE_URL": booted.database, **environment}
        settings = resolve(flags={}, environ=told, root=booted.root)

        async def main() -> SchemaState:
            database = Database(max_size=1)
            await database.open(url or booted.database, settings.app, settings)
            try:
                async with database.connection():  # the pool is exhausted
                    return await look_at_schema(database, within=within)
            finally:
                await database.close()

        return asyncio.run(main())

    return look


def test_a_database_at_head_is_as_it_should_be(look: Look) -> None:
    """The whole ledger, the newest first, with who applied it and how long it took; no difference; also beside a pool that is lent."""
    state = look()
    assert state.applied is not None
    assert [(row.kind, row.name) for row in state.applied] == [
        ("seed", "0001_first.sql"),
        ("migration", "0002_posts.sql"),
        ("migration", "0001_users.sql"),
    ]
    assert {row.release for row in state.applied} == {"first"}
    assert all(0 < row.seconds < 60 for row in state.applied)
    assert (state.pending, state.ahead, state.newer, state.ledger_trouble) == ((), (), False, None)
    assert (state.differences, state.unread, state.drift_trouble) == ((), (), None)


def test_what_differs_is_told_in_words_and_lines(look: Look, run: Run) -> None:
    """Missing, different and extra, in the order of a lock file; what is extra refuses no boot."""
    run("ALTER TABLE users ALTER email DROP NOT NULL; DROP TABLE posts; CREATE TABLE junk ()")
    state = look()
    assert state.differences is not None
    assert [(each.what, each.kind, each.name, each.refuses) for each in state.differences] == [
        ("extra", "table", "public.junk", False),
        ("missing", "table", "public.posts", True),
        ("missing", "column", "public.posts.id", True),
        ("differs", "column", "public.users.email", True),
    ]
    differs = state.differences[-1]
    assert differs.sentence == (
        "column public.users.email differs: not_null is not set, expected true"
    )
    assert differs.expected == 'column public.users.email {"not_null": true, "type": "text"}'
    assert differs.found == 'column public.users.email {"type": "text"}'
    assert [each.found for each in state.differences if each.what == "missing"] == [None, None]
    reported = look(LOCKSTEP_DRIFT="report").differences
    assert reported is not None
    assert not [each for each in reported if each.refuses]


def test_pending_and_newer_files_are_named(look: Look, booted: Project, run: Run) -> None:
    """A file that nobody has applied yet, and one that a newer release has: then what differs refuses nothing."""
    booted.migration("0003_tags.sql", "CREATE TABLE IF NOT EXISTS tags (id int);")
    assert look().pending == ("0003_tags.sql",)
    assert booted.run("up", LOCKSTEP_DRIFT="report").status == 0
    (booted.root / "migrations" / "0003_tags.sql").unlink()
    run("DROP TABLE posts")
    state = look()
    assert (state.pending, state.ahead, state.newer) == ((), ("0003_tags.sql",), True)
    assert state.differences is not None
    assert {(each.what, each.refuses) for each in state.differences} == {
        ("missing", False),
        ("extra", False),
    }


def test_a_history_that_a_boot_would_refuse_is_shown_with_the_reason(
    look: Look, booted: Project
) -> None:
    """The ledger is known, and so is why a boot would stop at it."""
    booted.migration("0001_users.sql", USERS + "-- edited")
    state = look()
    assert isinstance(state.ledger_trouble, HistoryDiverged)
    assert state.applied is not None
    assert len(state.applied) == 3
    assert state.differences == ()


def test_without_a_lock_file_drift_is_not_known(look: Look, booted: Project) -> None:
    """It says which file is not there; one that was edited by hand is of no more use. The ledger is known all the same."""
    lock = booted.root / "schema.lock"
    text = lock.read_text()
    lock.unlink()
    for trouble in ("ships no schema.lock", "schema.lock cannot be used"):
        state = look()
        assert state.differences is None
        assert isinstance(state.drift_trouble, ConfigurationWrong)
        assert trouble in state.drift_trouble.what
        assert state.applied is not None
        lock.write_text(text + "table public.more {}\n")


def test_a_role_without_rights_learns_which_one_is_missing(
    look: Look, run: Run, database: str
) -> None:
    """It may not read the ledger: the GRANT is named, and does help. The catalogs are everybody's: drift is known."""
    run('CREATE ROLE "Plain\'s" LOGIN')
    url = make_conninfo(database, user="Plain's")
    try:
        state = look(url)
        assert state.applied is None
        assert isinstance(state.ledger_trouble, PrivilegeMissing)
        assert (state.role, state.differences) == ("Plain's", ())
        run(state.ledger_trouble.next_step)
        again = look(url)
        assert again.ledger_trouble is None
        assert len(again.applied or ()) == 3
    finally:
        run('DROP OWNED BY "Plain\'s"; DROP ROLE "Plain\'s"')


def test_a_locked_table_is_not_waited_for(look: Look, database: str) -> None:
    """What cannot be read because somebody locks it is named, and differs from nothing."""
    with psycopg.connect(database) as holder:
        holder.execute("ALTER TABLE users ADD CHECK (id > 0)")
        holder.execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
        state = look()
    assert state.differences == ()
    assert state.drift_trouble is None


def test_a_server_that_hangs_is_left_in_time(look: Look, database: str) -> None:
    """Its process is stopped in the middle of a look: the look ends, says so, and leaves no thread behind."""
    before = threading.active_count()
    with (
        hanging(database) as stopped,
        pytest.raises(DatabaseUnreachable, match="has not answered within"),
    ):
        look(within=1.5)
    assert stopped
    until(lambda: threading.active_count() <= before, what="the threads' end")


@contextmanager
def hanging(database: str) -> Iterator[list[int]]:
    """Keep the ledger locked, and stop the server process of a look when it waits for it; yields whom it has stopped."""
    stopped: list[int] = []
    mine = (
        "SELECT pid FROM pg_stat_activity WHERE application_name LIKE '%:schema'"
        " AND datname = current_database() AND wait_event_type = 'Lock'"
    )

    def stop(watcher: psycopg.Connection) -> None:
        ((pid,),) = until(lambda: watcher.execute(mine).fetchall(), what="the wait")
        os.kill(pid, signal.SIGSTOP)
        stopped.append(pid)

    with psycopg.connect(database) as holder, psycopg.connect(database, autocommit=True) as watcher:
        holder.execute("LOCK TABLE lockstep.ledger IN ACCESS EXCLUSIVE MODE")
        thread = threading.Thread(target=stop, args=[watcher])
        thread.start()
        try:
            yield stopped
        finally:
            thread.join()
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)


def test_no_boot_no_release() -> None:
    """Before the gate is open there is nothing to look at."""
    with pytest.raises(SchemaNotReady, match="while the gate was shut"):
        asyncio.run(look_at_schema(Database()))


def test_a_database_that_no_boot_has_opened_has_no_release(booted: Project) -> None:
    """What is shipped is the boot's to know."""

    async def main() -> None:
        database = Database(max_size=1)
        await database.open(booted.database, "default")
        try:
            await look_at_schema(database)
        finally:
            await database.close()

    with pytest.raises(ConfigurationWrong, match="opened by no boot"):
        asyncio.run(main())
