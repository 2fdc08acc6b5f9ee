"""Through a pooler of transactions, without a direct connection: one transaction holds the lock and does it all."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from lockstep.errors import MigrationBlocked, MigrationFailed
from lockstep.events import (
    BootCompleted,
    FileApplied,
    LockWaiting,
    PoolerFound,
)
from lockstep.settings import DEFAULT_LOCK_KEY
from lockstep.testing import Project, Recorder, Server, finish, until

if TYPE_CHECKING:
    from tests.system.conftest import Launched, Observer
    from tests.system.pooler.conftest import Pooler

    Boot = Callable[..., Recorder]
    Launch = Callable[..., Launched]

ALL_ADVISORY_LOCKS = "SELECT pid, classid, objid FROM pg_locks WHERE locktype = 'advisory'"
OURS = "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname IN ('public', 'lockstep')"
FOUND = """
SELECT pg_backend_pid() AS pid, current_user::text AS role, to_regclass('pg_temp.scratch')::text AS scratch,
       current_setting('search_path') AS schemas, current_setting('statement_timeout') AS statement_timeout,
       current_setting('lock_timeout') AS lock_timeout, current_setting('application_name') AS application
"""


def found_by_another_client(pooled: str) -> tuple[Any, ...]:
    """Return what a client finds set on the one server process of a pool of one; the pid comes first."""
    with psycopg.connect(pooled) as client:
        return client.execute(FOUND).fetchone() or ()


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
    files.seed(
        "0002_broken.sql", "SELECT 1;\nINSERT INTO items VALUES (NULL) ON CONFLICT (id) DO NOTHING;"
    )

    with pytest.raises(MigrationFailed, match=r"0002_broken.sql: null value") as failed:
        boot(LOCKSTEP_DATABASE_URL=pooler("transaction", 2))

    assert failed.value.where == "seeds/0002_broken.sql:2:1"
    assert "So were the files before it" in failed.value.next_step
    assert observer.value(OURS) == 0


@pytest.mark.sampled(1)
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
        f"CREATE TABLE IF NOT EXISTS found AS {FOUND};" + "SELECT 1 / 0;" * fails,
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


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "stopped"])
def test_a_boot_that_is_ended_leaves_nothing(
    number: signal.Signals,
    files: Project,
    pooler: Pooler,
    launch: Launch,
    boot: Boot,
    observer: Observer,
    server: Server,
) -> None:
    """The server ends the transaction of a boot that ends in a long statement, and the next boot does it all."""
    pooled = pooler("transaction", 2)
    slow = files.migration("0003_slow.sql", "SELECT pg_sleep(600);")
    running = "SELECT pid, application_name FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()"
    ended = launch("up", LOCKSTEP_DATABASE_URL=pooled)
    ((backend, name),) = until(lambda: observer.rows(running), what="the long statement")

    ended.signal(number)
    status = ended.finish().status

    assert name == "lockstep:default:migration:0003_slow.sql"
    assert status == {signal.SIGKILL: -9, signal.SIGTERM: 143}[number]
    if int(server.version.split(".")[0]) < 14:  # this server notices only when the statement ends
        observer.rows("SELECT pg_terminate_backend(%s)", backend)
    until(lambda: not observer.rows(running), what="the end of the statement")
    assert observer.value(OURS) == 0
    assert observer.rows(ALL_ADVISORY_LOCKS) == []
    slow.write_text("SELECT 1;")
    assert len(boot(LOCKSTEP_DATABASE_URL=pooled).of(FileApplied)) == 4


def test_the_fallback_waits_for_a_boot_with_a_direct_connection(
    files: Project, pooler: Pooler, boot: Boot, recorder: Recorder, observer: Observer
) -> None:
    """The lock of a session and that of a transaction are one lock: there are never two holders."""
    observer.shut(DEFAULT_LOCK_KEY)
    environment = {"LOCKSTEP_DATABASE_URL": pooler("transaction", 2)}
    booting = threading.Thread(target=boot, args=[recorder], kwargs=environment)
    booting.start()
    waiting = recorder.wait_for(LockWaiting)
    before = observer.value(OURS)
    observer.open(DEFAULT_LOCK_KEY)
    booting.join()

    assert "(observer, role " in waiting.holder
    assert before == 0
    assert recorder.of(BootCompleted)


@pytest.mark.parametrize(
    ("size", "named"), [(2, "blocked by pid"), (1, "could not be seen")], ids=["two", "one"]
)
def test_who_blocks_the_transaction_is_named(
    size: int, named: str, files: Project, pooler: Pooler, boot: Boot, observer: Observer
) -> None:
    """The watch looks at the server process that has our transaction, if the pool has one more for the watch."""
    boot()
    files.migration("0003_drop.sql", "-- lockstep: lock-timeout 900ms\nDROP TABLE IF EXISTS items;")

    with observer.holding("LOCK TABLE items"), pytest.raises(MigrationBlocked) as failed:
        boot(LOCKSTEP_DATABASE_URL=pooler("transaction", size))

    assert named in str(failed.value.as_dict())
