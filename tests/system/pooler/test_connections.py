"""Behind a real pgbouncer: what the doctor sees, which connection the boot takes, what it refuses."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.request import urlopen

import psycopg
import pytest

from lockstep import Database
from lockstep.errors import PoolerUnsafe
from lockstep.events import (
    BootCompleted,
    DatabaseWaiting,
    FileApplied,
    PoolerFound,
)
from lockstep.testing import Project, Recorder, until

if TYPE_CHECKING:
    from tests.system.conftest import Launched, Observer
    from tests.system.pooler.conftest import Pooler

    Boot = Callable[..., Recorder]
    Launch = Callable[..., Launched]

BUILD = (
    "-- lockstep: no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS items_id ON items (id);"
)
ALL_ADVISORY_LOCKS = "SELECT pid, classid, objid FROM pg_locks WHERE locktype = 'advisory'"
OURS = "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname IN ('public', 'lockstep')"
APPLICATION = """
import lockstep

database = lockstep.Database()

async def web(scope, receive, send):
    async with database.connection() as connection:
        (pid,) = await (await connection.execute("SELECT pg_backend_pid()")).fetchone()
        body = b"pooled" if pid != connection.info.backend_pid else b"direct"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})

application = lockstep.Application(name="shop", database=database, http=lambda: web, lifespan=False)
"""


def only(url: str) -> dict[str, str]:
    """Return an environment in which ``DATABASE_URL`` alone names a database."""
    return {"LOCKSTEP_DATABASE_URL": "", "DATABASE_URL": url}


@pytest.mark.parametrize("mode", ["transaction", "session", "statement"])
def test_the_doctor_says_what_answers(mode: str, files: Project, pooler: Pooler) -> None:
    """It tells a pooler that keeps sessions from those that do not, and the boot's connection from the pool's."""
    pooled = pooler(mode, 3)

    told = files.run("doctor", "--json", DATABASE_URL=pooled)
    shown = files.run("doctor", **only(pooled))

    boot, pool = told.events[0]["connections"]
    assert (boot["role"], boot["pooling"]) == ("boot", "none")
    assert (pool["role"], pool["pooling"]) == ("pool", mode)
    advises = "DATABASE_UNPOOLED_URL" in shown.stdout
    expected = {"session": (0, False), "transaction": (0, True), "statement": (78, True)}
    assert (shown.status, advises) == expected[mode], shown


def test_the_boot_takes_the_direct_connection_and_the_services_the_pool(
    files: Project, database: str, pooler: Pooler, launch: Launch
) -> None:
    """With both named, a file that needs a session runs, and the services go through the pooler all the same."""
    files.migration("0003_index.sql", BUILD)
    (files.root / "app.py").write_text(APPLICATION)
    environment = {**only(pooler("transaction", 2)), "DATABASE_UNPOOLED_URL": database}

    serving = launch("serve", "app:application", PORT="0", **environment)
    with urlopen(serving.event("HttpListening")["url"], timeout=10) as answer:
        body = answer.read()
    serving.signal(signal.SIGTERM)
    ended = serving.finish()

    assert (ended.status, body) == (0, b"pooled")
    assert ended.names("FileApplied") == [
        "0001_items.sql",
        "0002_note.sql",
        "0003_index.sql",
        "0001_item.sql",
    ]
    assert "PoolerFound" not in [event["event"] for event in ended.events]


def test_a_file_that_needs_a_session_is_refused(
    files: Project, pooler: Pooler, observer: Observer
) -> None:
    """Without a direct connection it is named, exit 78, and no file has run."""
    files.migration("0003_index.sql", BUILD)

    ended = files.run("up", "--json", **only(pooler("transaction", 2)))

    assert (ended.status, ended.error["code"]) == (78, PoolerUnsafe.code)
    assert [problem["what"] for problem in ended.error["problems"]] == [
        "migrations/0003_index.sql is no-transaction"
    ]
    assert "DATABASE_UNPOOLED_URL" in ended.error["next"]
    assert observer.value(OURS) == 0


def test_statement_pooling_is_refused(files: Project, pooler: Pooler, boot: Boot) -> None:
    """Where no transaction is possible nothing is tried."""
    with pytest.raises(PoolerUnsafe, match="a pooler in statement mode answers at 127"):
        boot(LOCKSTEP_DATABASE_URL=pooler("statement", 2))


def test_a_pooler_that_keeps_sessions_is_as_good_as_none(
    files: Project, pooler: Pooler, boot: Boot, observer: Observer
) -> None:
    """The boot lock is the session's, files that need a session run, and each file has a transaction of its own."""
    files.migration("0003_index.sql", BUILD)

    told = boot(LOCKSTEP_DATABASE_URL=pooler("session", 3))

    assert "PoolerFound" not in told.names()
    assert len(observer.rows("SELECT DISTINCT xmin::text FROM lockstep.ledger")) == 4
    assert observer.value("SELECT indisvalid FROM pg_index WHERE indexrelid = 'items_id'::regclass")
    until(lambda: not observer.rows(ALL_ADVISORY_LOCKS))


def test_in_doubt_the_boot_does_what_is_safe_behind_every_pooler(
    files: Project, pooler: Pooler, boot: Boot
) -> None:
    """A pooler of sessions with one server process has none to spare for the question what it is."""
    told = boot(LOCKSTEP_DATABASE_URL=pooler("session", 1))

    assert len(told.of(PoolerFound)) == 1
    assert len(told.of(FileApplied)) == 3


def test_a_pooler_whose_server_lets_nobody_in_yet_is_asked_again(
    files: Project, pooler: Pooler, recorder: Recorder, boot: Boot, observer: Observer
) -> None:
    """A pooler that has known its server answers at once; the boot waits for what is behind it."""
    observer.rows("CREATE ROLE late LOGIN")
    observer.rows(f"ALTER DATABASE {observer.value('SELECT current_database()')} OWNER TO late")
    observer.rows("ALTER SCHEMA public OWNER TO late")
    settings = {"server_login_retry": "0.1", "query_wait_timeout": "1"}
    pooled = pooler("transaction", 2, roles=["late"], settings=settings)
    with psycopg.connect(pooled) as client:
        client.execute("SELECT 1")
    observer.rows("ALTER ROLE late CONNECTION LIMIT 0")
    observer.rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'late'")

    booting = threading.Thread(target=boot, args=[recorder], kwargs=only(pooled))
    booting.start()
    waiting = recorder.wait_for(DatabaseWaiting)
    observer.rows("ALTER ROLE late CONNECTION LIMIT -1")
    booting.join()

    assert "query_wait_timeout" in waiting.reason
    assert recorder.of(BootCompleted)


def test_the_services_pool_repeats_a_query_through_a_pooler(pooler: Pooler) -> None:
    """Many runs of one statement on few server processes: none is prepared, which this pooler could not follow."""
    pooled = pooler("transaction", 2)

    async def query(database: Database, number: int) -> int:
        async with database.connection() as connection:
            for _ in range(20):
                cursor = await connection.execute("SELECT %s::int", [number])
            (answer,) = await cursor.fetchone()
            return answer

    async def story() -> list[int]:
        database = Database(max_size=4)
        await database.open(pooled, "shop")
        try:
            return await asyncio.gather(*(query(database, number) for number in range(12)))
        finally:
            await database.close()

    assert asyncio.run(story()) == list(range(12))
