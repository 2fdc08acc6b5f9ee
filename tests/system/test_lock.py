"""The boot lock among processes: one works, the others wait without standing in its way, and leave when it is done."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from lockstep.errors import LockLost, LockNotObtained
from lockstep.events import BootCompleted, FileBegun, LockObtained, LockWaiting, StepBegun, StepDone
from lockstep.settings import DEFAULT_LOCK_KEY
from lockstep.testing import Project, Recorder, until

if TYPE_CHECKING:
    from tests.system.conftest import Beside, Launched, Observer

    Launch = Callable[..., Launched]
    Boot = Callable[..., Recorder]
    BootBeside = Callable[..., Beside]

ONCE = "-- lockstep: ignore insert because a second run must be seen"
LOG = "CREATE TABLE IF NOT EXISTS log (what text NOT NULL);"
GATE = "SELECT pg_advisory_xact_lock({});"
CONNECTED_BOOTS = """
SELECT pid, query_start, state, wait_event_type, backend_xid::text, backend_xmin::text, xact_start
FROM pg_catalog.pg_stat_activity
WHERE datname = current_database() AND application_name LIKE 'lockstep:default:%'
"""


def gated(project: Project, gate: int) -> None:
    """Write a migration that waits at *gate* and then logs that it ran."""
    project.migration(
        "0001_log.sql",
        f"-- lockstep: lock-timeout none\n{GATE.format(gate)}\n{LOG}\nINSERT INTO log VALUES ('ran'); {ONCE}",
    )


def test_twenty_at_once_apply_each_file_once(
    project: Project, launch: Launch, observer: Observer
) -> None:
    """All exit 0, and no file ran twice, though its rows are not guarded."""
    project.migration("0001_log.sql", f"{LOG} INSERT INTO log VALUES ('0001'); {ONCE}")
    project.migration("0002_more.sql", f"INSERT INTO log VALUES ('0002'); {ONCE}")
    project.migration(
        "0003_index.sql",
        f"-- lockstep: no-transaction\nINSERT INTO log VALUES ('0003'); {ONCE}\n"
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS log_what_idx ON log (what);",
    )
    project.seed("0001_first.sql", f"INSERT INTO log VALUES ('seed'); {ONCE}")
    observer.shut(DEFAULT_LOCK_KEY)
    boots = [launch() for _ in range(20)]
    until(lambda: len(observer.rows(CONNECTED_BOOTS)) == 20, 60, what="twenty boots that wait")
    observer.open(DEFAULT_LOCK_KEY)

    ended = [boot.finish() for boot in boots]

    assert [one.status for one in ended] == [0] * 20, [one.stderr for one in ended]
    assert observer.rows("SELECT what FROM log ORDER BY what") == ["0001", "0002", "0003", "seed"]
    assert observer.rows("SELECT name, count(*) FROM lockstep.ledger GROUP BY kind, name") == [
        (name, 1) for name in observer.rows("SELECT name FROM lockstep.ledger GROUP BY kind, name")
    ]
    assert observer.value("SELECT count(*) FROM lockstep.ledger") == 4
    assert observer.outcomes() == ["completed"] * 20


def test_an_index_is_built_concurrently_while_others_wait(
    project: Project, launch: Launch, observer: Observer
) -> None:
    """Whoever waits for the lock keeps no snapshot that the build would have to wait for."""
    project.migration(
        "0001_items.sql",
        "CREATE TABLE IF NOT EXISTS items (id bigint PRIMARY KEY); "
        "INSERT INTO items SELECT generate_series(1, 1000) ON CONFLICT (id) DO NOTHING;",
    )
    project.migration(
        "0002_items_id_idx.sql",
        f"-- lockstep: no-transaction\n-- lockstep: lock-timeout none\n{GATE.format(1)}\n"
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS items_id_idx ON items (id);",
    )
    observer.shut(1)
    boots = [launch()]
    observer.at_gate(1)
    boots += [launch() for _ in range(3)]
    for waiter in boots[1:]:
        waiter.event("LockWaiting")
    observer.open(1)

    ended = [boot.finish() for boot in boots]

    assert [one.status for one in ended] == [0] * 4, [one.stderr for one in ended]
    assert observer.value(
        "SELECT indisvalid FROM pg_index WHERE indexrelid = 'items_id_idx'::regclass"
    )


def test_waiters_are_idle_and_hold_no_snapshot(
    project: Project, boot_beside: BootBeside, observer: Observer
) -> None:
    """Between two polls a waiter's session is idle, outside of a transaction, and waits for no lock in the server."""
    project.migration("0001_log.sql", LOG)
    observer.shut(DEFAULT_LOCK_KEY)
    for waiter in [boot_beside().recorder for _ in range(3)]:
        waiter.wait_for(LockWaiting)
    looks: list[tuple[Any, ...]] = []

    def nine_polls_of_three() -> bool:
        looks.extend(observer.rows(CONNECTED_BOOTS))
        return len({look[:2] for look in looks}) >= 9 and len({look[0] for look in looks}) == 3

    until(nine_polls_of_three, what="nine polls by the three")
    observer.open(DEFAULT_LOCK_KEY)

    assert {state for _, _, state, *_ in looks} <= {"idle", "active"}
    assert "Lock" not in {wait for _, _, _, wait, *_ in looks}
    assert {tuple(held) for _, _, state, _, *held in looks if state == "idle"} == {(None,) * 3}


def test_a_holder_that_is_killed_frees_the_others(
    project: Project, launch: Launch, boot_beside: BootBeside, observer: Observer
) -> None:
    """In under 2 s, though the server was told to sleep for a minute on its behalf."""
    if int(observer.value("SHOW server_version_num")) < 140000:
        pytest.skip("before PostgreSQL 14 a server does not look whether its client is still there")
    observer.rows("CREATE TABLE once (done boolean)")
    project.migration(
        "0001_slow.sql",
        f"SELECT pg_sleep(60) WHERE NOT EXISTS (SELECT FROM once); {LOG} INSERT INTO log VALUES ('ran'); {ONCE}",
    )
    holder = launch()
    observer.sleeping()
    observer.rows("INSERT INTO once VALUES (true)")
    waiters = [boot_beside().recorder for _ in range(2)]
    for waiter in waiters:
        waiter.wait_for(LockWaiting)

    killed = time.monotonic()
    holder.process.kill()
    until(lambda: any(waiter.of(FileBegun) for waiter in waiters), what="a waiter that works")
    seconds = time.monotonic() - killed

    assert seconds < 2
    assert holder.finish().status == -signal.SIGKILL
    for waiter in waiters:
        waiter.wait_for(BootCompleted)
    assert observer.rows("TABLE log") == ["ran"]


def test_a_waiter_names_the_holder_at_once(
    project: Project, launch: Launch, boot_beside: BootBeside, observer: Observer
) -> None:
    """Its first word tells the pid, the application's name and what it runs."""
    gated(project, 1)
    observer.shut(1)
    launch()
    pid = observer.at_gate(1)

    waiter = boot_beside().recorder
    waiting = waiter.wait_for(LockWaiting)
    observer.open(1)

    before = waiter.events[waiter.events.index(waiting) - 1]
    assert isinstance(before, StepBegun)
    assert f"pid {pid} (lockstep:default:migration:0001_log.sql, role " in waiting.holder
    assert "active for" in waiting.holder
    assert "pg_advisory_xact_lock(1)" in waiting.holder


def test_at_the_deadline_a_waiter_gives_up(
    project: Project, launch: Launch, observer: Observer
) -> None:
    """Exit status 75, which means: try again; the holder is in the error, and in what people read before it."""
    gated(project, 1)
    observer.shut(1)
    launch()
    pid = observer.at_gate(1)

    told = project.run("up", "--json", LOCKSTEP_LOCK_WAIT="1s")
    shown = project.run("up", LOCKSTEP_LOCK_WAIT="0s")

    assert (told.status, shown.status) == (75, 75)
    assert told.error["code"] == "LS301"
    assert f"pid {pid} (lockstep:default:migration:0001_log.sql" in told.error["why"]
    assert f"pg_terminate_backend({pid})" in told.error["next"]
    assert [event["event"] for event in told.events].count("LockWaiting") == 1
    assert f"It is held by pid {pid} (lockstep:default:migration:0001_log.sql" in shown.stderr
    observer.open(1)


def test_waiters_leave_together_while_the_lock_is_still_held(
    project: Project, launch: Launch, boot: Boot, boot_beside: BootBeside, observer: Observer
) -> None:
    """Once the holder has reached head nobody needs the lock after it: four leave before it gives it back."""
    project.migration("0000_before.sql", "CREATE TABLE IF NOT EXISTS before (id bigint);")
    boot()
    observer.rows(
        "INSERT INTO lockstep.boots (id, app, command, release, environment, host, pid, begun_at)"
        " VALUES (gen_random_uuid(), 'default', 'up', '', 'test', '', 1, now() - interval '1 year')"
    )
    gated(project, 1)
    observer.shut(1)
    holder = launch()
    observer.at_gate(1)
    waiters = [boot_beside().recorder for _ in range(4)]
    for waiter in waiters:
        waiter.wait_for(LockWaiting)
    # Step 5 forgets old boots: who holds such a row holds the holder after its last file.
    with observer.holding("SELECT FROM lockstep.boots WHERE host = '' FOR UPDATE"):
        observer.open(1)
        observer.waiting_for("transactionid")
        for waiter in waiters:
            waiter.wait_for(BootCompleted)
        assert not observer.lock_is_free()

    assert holder.finish().status == 0
    assert [waiter.of(LockObtained) for waiter in waiters] == [[]] * 4
    assert [done.note for w in waiters for done in w.of(StepDone) if done.step == 2] == [
        "not needed: the schema is at head"
    ] * 4


def test_at_head_no_lock_is_needed_unless_always(
    project: Project, boot: Boot, observer: Observer
) -> None:
    """With lock=auto a boot passes a lock that somebody holds; with lock=always it wants it."""
    project.migration("0001_log.sql", LOG)
    boot()
    always = boot(LOCKSTEP_LOCK="always")
    observer.shut(DEFAULT_LOCK_KEY)
    auto = boot(LOCKSTEP_LOCK_WAIT="0s")

    assert len(always.of(LockObtained)) == 1
    assert auto.of(LockObtained) == []
    with pytest.raises(LockNotObtained):
        boot(LOCKSTEP_LOCK="always", LOCKSTEP_LOCK_WAIT="0s")


def test_with_always_a_waiter_takes_the_lock_even_at_head(
    project: Project, boot: Boot, boot_beside: BootBeside, observer: Observer
) -> None:
    """It polls on although nothing is left to do."""
    project.migration("0001_log.sql", LOG)
    boot()
    observer.shut(DEFAULT_LOCK_KEY)
    waiter = boot_beside(LOCKSTEP_LOCK="always").recorder
    waiter.wait_for(LockWaiting)
    observer.open(DEFAULT_LOCK_KEY)

    assert waiter.wait_for(LockObtained).waited > 0


@pytest.mark.parametrize("key", [1, -1, 2**31, -(2**40) - 5, 2**63 - 1, -(2**63)])
def test_the_lock_has_the_key_that_is_set(
    project: Project, boot_beside: BootBeside, boot: Boot, observer: Observer, key: int
) -> None:
    """Any bigint will do: it is what is locked, what is found to be ours, what the ledger notes, and who holds it is told."""
    gated(project, 7)
    observer.shut(7)
    boot_beside(LOCKSTEP_LOCK_KEY=str(key))
    pid = observer.at_gate(7)
    assert not observer.lock_is_free(key)
    assert observer.lock_is_free(DEFAULT_LOCK_KEY)
    with pytest.raises(LockNotObtained, match=str(key)) as refused:
        boot(LOCKSTEP_LOCK_KEY=str(key), LOCKSTEP_LOCK_WAIT="0s")
    assert f"pid {pid} " in refused.value.why
    observer.open(7)
    until(lambda: observer.rows("SELECT name FROM lockstep.ledger"), what="the file's record")
    assert observer.value("SELECT lock_key FROM lockstep.bookkeeping") == key
    observer.until_quiet()


@pytest.mark.parametrize("header", ["", "-- lockstep: no-transaction\n"])
def test_a_file_that_gives_the_lock_away_stops_the_boot(
    project: Project, observer: Observer, header: str
) -> None:
    """The next file does not run: somebody else may be at work by then."""
    project.migration("0001_unlock.sql", f"{header}SELECT pg_advisory_unlock_all();")
    project.migration("0002_log.sql", LOG)

    done = project.run("up", "--json")

    assert done.status == 70
    assert done.error["code"] == "LS302"
    assert done.names("FileApplied") == ["0001_unlock.sql"]
    assert done.names("FileBegun") == ["0001_unlock.sql"]
    assert observer.value("SELECT to_regclass('log')") is None
    assert observer.rows("SELECT outcome, error_code FROM lockstep.boots") == [("failed", "LS302")]


def test_a_lock_that_the_last_file_gave_away_is_missed_too(project: Project, boot: Boot) -> None:
    """Step 5 does not take it for released by itself."""
    project.migration("0001_unlock.sql", "SELECT pg_advisory_unlock_all();")
    with pytest.raises(LockLost):
        boot()
