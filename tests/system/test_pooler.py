"""Boots behind a real pgbouncer: what the doctor sees, which connection the boot takes, and the fallback through one
transaction.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from lockstep import Database
from lockstep.errors import MigrationFailed, PoolerUnsafe
from lockstep.events import BootCompleted, DatabaseWaiting, FileApplied, PoolerFound
from lockstep.testing import Databases, Project, Recorder, Server, finish, private_cluster, until
from lockstep.testing.pgbouncer import HOW_TO_GET_ONE, find_pgbouncer, pgbouncer

if TYPE_CHECKING:
    from tests.system.conftest import Launched, Observer

    Boot = Callable[..., Recorder]
    Launch = Callable[..., Launched]
    Pooler = Callable[..., str]

BUILD = (
    "-- lockstep: no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS items_id ON items (id);"
)
ALL_ADVISORY_LOCKS = "SELECT pid, classid, objid FROM pg_locks WHERE locktype = 'advisory'"
OURS = "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname IN ('public', 'lockstep')"
FOUND = """
SELECT pg_backend_pid() AS pid, current_user::text AS role, to_regclass('pg_temp.scratch')::text AS scratch,
       current_setting('search_path') AS schemas, current_setting('statement_timeout') AS statement_timeout,
       current_setting('lock_timeout') AS lock_timeout, current_setting('application_name') AS application
"""
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


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A PostgreSQL that a pooler can reach."""
    with private_cluster(tcp=True) as server:
        yield server


@pytest.fixture(scope="module")
def databases(server: Server) -> Iterator[Databases]:
    """Maker of databases there; every fixture that needs one gets it from here."""
    with Databases(server.conninfo()) as databases:
        yield databases


@pytest.fixture
def pooler(server: Server, database: str) -> Iterator[Pooler]:
    """Start poolers: ``pooler("transaction", 1)`` returns the connection string to the test's database through one."""
    if find_pgbouncer() is None:
        missing = f"pgbouncer is not installed; as root: {HOW_TO_GET_ONE}"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    dbname = conninfo_to_dict(database)["dbname"]
    with ExitStack() as stack:
        yield lambda *mode, **more: make_conninfo(
            stack.enter_context(pgbouncer(server, *mode, **more)), dbname=dbname
        )


@pytest.fixture
def files(project: Project) -> Project:
    """A project of two migrations and a seed."""
    project.migration("0001_items.sql", "CREATE TABLE IF NOT EXISTS items (id bigint PRIMARY KEY);")
    project.migration("0002_note.sql", "ALTER TABLE items ADD COLUMN IF NOT EXISTS note text;")
    project.seed("0001_item.sql", "INSERT INTO items VALUES (1) ON CONFLICT (id) DO NOTHING;")
    return project


def only(url: str) -> dict[str, str]:
    """Return an environment in which ``DATABASE_URL`` alone names a database."""
    return {"LOCKSTEP_DATABASE_URL": "", "DATABASE_URL": url}


def found_by_another_client(pooled: str) -> tuple[Any, ...]:
    """Return what a client finds set on the one server process of a pool of one; the pid comes first."""
    with psycopg.connect(pooled, application_name="another") as client:
        return client.execute(FOUND).fetchone() or ()


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


def test_all_files_run_in_one_transaction(
    files: Project, pooler: Pooler, boot: Boot, observer: Observer
) -> None:
    """Migrations, seeds and ledger are written by one transaction, and the boot says why."""
    told = boot(LOCKSTEP_DATABASE_URL=pooler("transaction", 2))

    assert len(told.of(PoolerFound)) == 1
    assert observer.rows("SELECT name FROM lockstep.ledger ORDER BY position") == [
        "0001_items.sql",
        "0002_note.sql",
        "0001_item.sql",
    ]
    writers = "SELECT xmin::text FROM lockstep.ledger UNION SELECT xmin::text FROM items"
    assert len(observer.rows(writers)) == 1


def test_a_failing_file_leaves_nothing_of_any(
    files: Project, pooler: Pooler, boot: Boot, observer: Observer
) -> None:
    """The seed fails: the migrations before it are rolled back too, and the message says so."""
    files.seed("0002_broken.sql", "INSERT INTO items VALUES (2);\nINSERT INTO items VALUES (2);")

    with pytest.raises(MigrationFailed, match=r"0002_broken.sql: duplicate key") as failed:
        boot(LOCKSTEP_DATABASE_URL=pooler("transaction", 2))

    assert failed.value.where == "seeds/0002_broken.sql:2:1"
    assert "So were the files before it" in failed.value.next_step
    assert observer.value(OURS) == 0


@pytest.mark.parametrize("size", [1, 2, 20])
def test_six_boots_at_once_through_a_pool(
    size: int, files: Project, pooler: Pooler, observer: Observer
) -> None:
    """Whatever the pool's size, all end well, each file is applied by one of them, and nothing stays locked."""
    pooled = pooler("transaction", size)

    boots = [files.start("up", "--json", LOCKSTEP_DATABASE_URL=pooled) for _ in range(6)]
    ended = [finish(boot) for boot in boots]

    assert [one.status for one in ended] == [0] * 6, [one.stderr for one in ended]
    applied = [name for one in ended for name in one.names("FileApplied")]
    assert sorted(applied) == ["0001_item.sql", "0001_items.sql", "0002_note.sql"]
    assert observer.rows(ALL_ADVISORY_LOCKS) == []


@pytest.mark.parametrize("fails", [False, True], ids=["applied", "failed"])
def test_nothing_is_left_on_the_server_process(
    fails: bool, project: Project, pooler: Pooler, boot: Boot, observer: Observer
) -> None:
    """What a file sets, takes or makes for its session is gone for the next file, and for the next client of the pool."""
    pooled = pooler("transaction", 1)
    project.migration(
        "0001_untidy.sql",
        "CREATE TEMPORARY TABLE scratch (id bigint); SELECT pg_advisory_lock(99);"
        "SET lock_timeout = '7s'; SET statement_timeout = '1min'; SET search_path = pg_catalog;"
        "SET application_name = 'untidy'; SET ROLE pg_monitor;",
    )
    project.migration(
        "0002_look.sql",
        f"CREATE TABLE found AS {FOUND};" + "SELECT 1 / 0;" * fails,
    )
    before = found_by_another_client(pooled)

    if fails:
        with pytest.raises(MigrationFailed, match="division by zero"):
            boot(LOCKSTEP_DATABASE_URL=pooled)
    else:
        boot(LOCKSTEP_DATABASE_URL=pooled)

    assert found_by_another_client(pooled) == before
    assert observer.rows(ALL_ADVISORY_LOCKS) == []
    if not fails:
        assert observer.rows("SELECT pid, role, scratch, schemas FROM found") == [before[:4]]


def test_limits_of_the_role_do_not_end_the_transaction(
    project: Project, pooler: Pooler, boot: Boot, observer: Observer
) -> None:
    """The one transaction takes as long as it takes, and reads what is true once it has the lock."""
    observer.rows("CREATE ROLE limited LOGIN SUPERUSER")
    for setting in (
        "statement_timeout = '200ms'",
        "idle_in_transaction_session_timeout = '200ms'",
        "default_transaction_isolation = 'serializable'",
    ):
        observer.rows(f"ALTER ROLE limited SET {setting}")
    project.migration(
        "0001_slow.sql",
        "SELECT pg_sleep(0.4); CREATE TABLE IF NOT EXISTS seen AS "
        "SELECT current_setting('transaction_isolation') AS isolation;",
    )

    boot(LOCKSTEP_DATABASE_URL=pooler("transaction", 2, roles=["limited"]))

    assert observer.value("SELECT isolation FROM seen") == "read committed"


def test_a_killed_boot_leaves_nothing(
    files: Project, pooler: Pooler, launch: Launch, boot: Boot, observer: Observer
) -> None:
    """The server ends the transaction of a boot that was killed in a long statement, and the next boot does it all."""
    pooled = pooler("transaction", 2)
    slow = files.migration("0003_slow.sql", "SELECT pg_sleep(600);")
    running = "SELECT pid FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()"
    killed = launch("up", LOCKSTEP_DATABASE_URL=pooled)
    until(lambda: observer.rows(running), what="the long statement")

    killed.kill()

    until(lambda: not observer.rows(running), what="the end of the statement")
    assert observer.value(OURS) == 0
    slow.write_text("SELECT 1;")
    assert len(boot(LOCKSTEP_DATABASE_URL=pooled).of(FileApplied)) == 4


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


def test_a_pooler_whose_server_lets_nobody_in_yet_is_asked_again(
    files: Project, pooler: Pooler, recorder: Recorder, boot: Boot, observer: Observer
) -> None:
    """A pooler that has known its server answers at once; the boot waits for what is behind it."""
    observer.rows("CREATE ROLE late LOGIN")
    observer.rows(f"ALTER DATABASE {observer.value('SELECT current_database()')} OWNER TO late")
    observer.rows("ALTER SCHEMA public OWNER TO late")
    settings = {"server_login_retry": "0.1", "query_wait_timeout": "1"}
    pooled = pooler("transaction", 2, roles=["late"], settings=settings)
    found_by_another_client(pooled)
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
