"""A boot whose process is killed, or whose server process is, at any step and between any two statements of a file.

Nothing of the file remains, and the next start reaches the schema and the rows of a boot that nobody disturbed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from lockstep.errors import DatabaseUnreachable
from lockstep.events import LockWaiting
from lockstep.settings import DEFAULT_LOCK_KEY
from lockstep.testing import Project, Recorder

if TYPE_CHECKING:
    from tests.system.conftest import Beside, Launched, Observer

    Launch = Callable[..., Launched]
    Boot = Callable[..., Recorder]
    BootBeside = Callable[..., Beside]
    Undisturbed = Callable[[], list[str]]

GATES = 9
NOWHERE = "postgresql://nobody@127.0.0.1:1/nowhere"


ONCE = "".join(
    f"-- lockstep: ignore {rule} because a second run must be seen\n"
    for rule in ("insert", "insert-query", "relative-update")
)


@pytest.fixture(autouse=True)
def files(project: Project) -> None:
    """Two migrations and a seed with a gate before, between and after all their statements."""
    gates = iter(f"SELECT pg_advisory_xact_lock({number});\n" for number in range(1, GATES + 1))

    def gated(*statements: str) -> str:
        text = f"-- lockstep: lock-timeout none\n{next(gates)}"
        return text + "".join(f"{ONCE}{statement};\n{next(gates)}" for statement in statements)

    project.migration(
        "0001_items.sql",
        gated(
            "CREATE TABLE IF NOT EXISTS items (id bigint PRIMARY KEY)",
            "INSERT INTO items SELECT generate_series(1, 3)",
        ),
    )
    project.migration(
        "0002_name.sql",
        gated(
            "ALTER TABLE items ADD COLUMN IF NOT EXISTS name text",
            "UPDATE items SET name = coalesce(name, '') || 'once'",
        ),
    )
    project.seed(
        "0001_more.sql",
        gated(
            "INSERT INTO items SELECT max(id) + 1, 'seed' FROM items",
            "CREATE INDEX IF NOT EXISTS items_name_idx ON items (name)",
        ),
    )


def assert_lost(beside: Beside) -> None:
    """See that a boot whose backend was ended says so, and exits with 69."""
    error = beside.error()
    assert isinstance(error, DatabaseUnreachable)
    assert error.exit_status == 69
    assert "terminating connection due to administrator command" in error.what


@pytest.mark.sampled(3)
@pytest.mark.parametrize("gate", range(1, GATES + 1))
def test_killed_between_any_two_statements(
    project: Project,
    launch: Launch,
    boot: Boot,
    undisturbed: Undisturbed,
    observer: Observer,
    gate: int,
) -> None:
    """The file's transaction is gone with its session; the next start runs it from the beginning, and only it."""
    observer.shut(gate)
    launched = launch()
    backend = observer.at_gate(gate)
    launched.kill()
    observer.terminate(backend)
    assert observer.value("SELECT count(*) FROM lockstep.ledger") == (gate - 1) // 3
    observer.open(gate)

    boot()

    assert observer.content() == undisturbed()
    observer.until_quiet()


@pytest.mark.sampled(3)
@pytest.mark.parametrize("gate", range(1, GATES + 1))
def test_cut_off_between_any_two_statements(
    boot_beside: BootBeside, boot: Boot, undisturbed: Undisturbed, observer: Observer, gate: int
) -> None:
    """The same when it is the server that ends the session: the boot says that the connection was lost."""
    observer.shut(gate)
    beside = boot_beside()
    observer.terminate(observer.at_gate(gate))
    assert_lost(beside)
    assert observer.value("SELECT count(*) FROM lockstep.ledger") == (gate - 1) // 3
    observer.open(gate)

    boot()

    assert observer.content() == undisturbed()
    observer.until_quiet()


@contextmanager
def creating(observer: Observer) -> Iterator[str]:
    """Hold boots where they create the ledger."""
    with observer.holding("CREATE SCHEMA lockstep"):
        yield "transactionid"


@contextmanager
def recording(observer: Observer) -> Iterator[str]:
    """Hold boots where they record a file, in the transaction that ran it."""
    with observer.holding("LOCK TABLE lockstep.ledger IN EXCLUSIVE MODE"):
        yield "lockstep.ledger"


@contextmanager
def beginning(observer: Observer) -> Iterator[str]:
    """Hold boots where they read the ledger and write that they have begun."""
    with observer.holding("LOCK TABLE lockstep.boots IN EXCLUSIVE MODE"):
        yield "lockstep.boots"


@contextmanager
def unlocking(observer: Observer) -> Iterator[str]:
    """Hold boots in step 5, which forgets old boots before it unlocks."""
    observer.rows(
        "INSERT INTO lockstep.boots (id, app, command, release, environment, host, pid, begun_at)"
        " VALUES (gen_random_uuid(), 'default', 'up', '', 'test', 'old', 1, now() - interval '1 year')"
    )
    with observer.holding("SELECT FROM lockstep.boots WHERE host = 'old' FOR UPDATE"):
        yield "transactionid"


@pytest.mark.sampled(3)
@pytest.mark.parametrize("hold", [creating, recording, beginning, unlocking])
@pytest.mark.parametrize("how", ["killed", "cut off"])
def test_ended_between_two_steps_of_the_engine(
    project: Project,
    launch: Launch,
    boot_beside: BootBeside,
    boot: Boot,
    undisturbed: Undisturbed,
    observer: Observer,
    hold: Callable[..., Any],
    how: str,
) -> None:
    """Making the ledger, recording a file, beginning, ending: none of the bookkeeping is left half done."""
    shipped = list(project.root.rglob("*.sql"))
    if hold is not creating:
        hidden = [path.rename(path.with_suffix(".later")) for path in shipped]
        project.migration("0000_before.sql", "CREATE TABLE IF NOT EXISTS before (id bigint);")
        boot()
        for path in hidden:
            path.rename(path.with_suffix(".sql"))
    with hold(observer) as lock:
        if how == "killed":
            launched = launch()
            backend = observer.waiting_for(lock)
            launched.kill()
            observer.terminate(backend)
        else:
            beside = boot_beside()
            observer.terminate(observer.waiting_for(lock))
            assert_lost(beside)

    boot()

    assert observer.content() == undisturbed()
    observer.until_quiet()


def test_killed_while_it_waits_for_the_lock(
    launch: Launch, boot: Boot, undisturbed: Undisturbed, observer: Observer
) -> None:
    """A waiter has nothing to leave behind."""
    observer.shut(DEFAULT_LOCK_KEY)
    launched = launch()
    launched.event("LockWaiting")
    launched.kill()
    observer.open(DEFAULT_LOCK_KEY)

    boot()

    assert observer.content() == undisturbed()
    observer.until_quiet()


def test_cut_off_while_it_waits_for_the_lock(
    boot_beside: BootBeside, boot: Boot, undisturbed: Undisturbed, observer: Observer
) -> None:
    """It finds out at its next poll, and says so."""
    observer.shut(DEFAULT_LOCK_KEY)
    beside = boot_beside()
    beside.recorder.wait_for(LockWaiting)
    for backend, *_ in observer.backends():
        observer.terminate(backend)
    assert_lost(beside)
    observer.open(DEFAULT_LOCK_KEY)

    boot()

    assert observer.content() == undisturbed()


def test_killed_while_it_waits_for_the_database(
    launch: Launch, boot: Boot, undisturbed: Undisturbed, observer: Observer
) -> None:
    """Nothing was asked of any database yet."""
    launched = launch("up", LOCKSTEP_DATABASE_URL=NOWHERE)
    launched.event("DatabaseWaiting")
    launched.kill()

    boot()

    assert observer.content() == undisturbed()
