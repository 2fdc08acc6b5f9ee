"""SIGTERM and SIGINT at every step: the process ends in under a second with 143 or 130, and leaves nothing behind.

No lock, no transaction, no session; the boot's record says that it was interrupted, and the next start completes the boot.
"""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from lockstep.settings import DEFAULT_LOCK_KEY
from lockstep.testing import Finished, Project, Recorder, Server

if TYPE_CHECKING:
    from tests.system.conftest import Launched, Observer

    Launch = Callable[..., Launched]
    Boot = Callable[..., Recorder]

TERM, INT = signal.SIGTERM, signal.SIGINT
HEADER = "-- lockstep: no-transaction\n"
PATIENT = "-- lockstep: lock-timeout none\n"
# It sleeps for a minute in the boot that is interrupted, and not at all in the next one.
SLEEP = "SELECT pg_sleep(60) WHERE NOT EXISTS (SELECT FROM items WHERE id = 2);"
WRITING = "LOCK TABLE items IN ROW EXCLUSIVE MODE"

APPLICATION = """
import asyncio
from lockstep import Application, Needs, ServiceHealth

def tell(what):
    print('{"event": "%s"}' % what, flush=True)

class Slow:
    name, needs, after, critical = "slow", Needs({"items": ("id",)}), (), True

    async def start(self, database):
        async with database.connection() as connection:
            tell("ServiceBegun")
            await connection.execute("SELECT pg_advisory_xact_lock(1)")

    async def stop(self):
        tell("ServiceEnded")

    def health(self):
        return ServiceHealth(ok=True)

async def http(scope, receive, send):
    assert (await receive())["type"] == "lifespan.startup"
    tell("LifespanBegun")
    async with application.database.connection() as connection:
        await connection.execute("SELECT pg_advisory_xact_lock(2)")
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})

application = Application(name="default", services=(Slow(),), http=lambda: http)
"""

SLOW_MODULE = """
import time
print('{"event": "Importing"}', flush=True)
time.sleep(60)
"""
DEAF_MODULE = """
import time
print('{"event": "Importing"}', flush=True)
while True:
    try:
        time.sleep(60)
    except BaseException:
        pass
"""


class Stage:
    """A database at head, and a project with more to do, on which a boot is led to where it is to be interrupted."""

    def __init__(
        self, project: Project, launch: Launch, observer: Observer, until_over: ExitStack
    ) -> None:
        self.project = project
        self.launch = launch
        self.observer = observer
        self.until_over = until_over

    def connecting(self) -> Launched:
        """Nobody listens there."""
        launched = self.launch("up", LOCKSTEP_DATABASE_URL="postgresql://nobody@127.0.0.1:1/x")
        launched.event("DatabaseWaiting")
        return launched

    def connecting_to_silence(self) -> Launched:
        """Somebody listens there, and never says a word."""
        mute = self.until_over.enter_context(socket.create_server(("127.0.0.1", 0)))
        port = mute.getsockname()[1]
        launched = self.launch("up", LOCKSTEP_DATABASE_URL=f"postgresql://x@127.0.0.1:{port}/x")
        self.until_over.enter_context(mute.accept()[0])
        return launched

    def waiting_for_the_lock(self) -> Launched:
        """Somebody else holds the boot lock."""
        self.observer.shut(DEFAULT_LOCK_KEY)
        self.until_over.callback(self.observer.open, DEFAULT_LOCK_KEY)
        self.project.migration("0002_more.sql", "SELECT 1;")
        launched = self.launch()
        launched.event("LockWaiting")
        return launched

    def in_a_migration(self) -> Launched:
        """A statement of a migration takes its time."""
        self.project.migration(
            "0002_sleep.sql", f"INSERT INTO items VALUES (9) ON CONFLICT (id) DO NOTHING; {SLEEP}"
        )
        return self._asleep()

    def in_a_seed(self) -> Launched:
        """A statement of a seed takes its time."""
        self.project.seed(
            "0001_sleep.sql", f"INSERT INTO items VALUES (9) ON CONFLICT (id) DO NOTHING; {SLEEP}"
        )
        return self._asleep()

    def in_a_statement(self) -> Launched:
        """A statement of a no-transaction file takes its time."""
        self.project.migration("0002_sleep.sql", f"{HEADER}{SLEEP}")
        return self._asleep()

    def in_a_concurrent_build(self) -> Launched:
        """CREATE INDEX CONCURRENTLY waits for somebody's transaction."""
        self.project.migration(
            "0002_index.sql",
            f"{HEADER}CREATE INDEX CONCURRENTLY IF NOT EXISTS items_id_idx ON items (id);",
        )
        return self._blocked(WRITING)

    def blocked(self) -> Launched:
        """A statement waits for a table that somebody uses, and the boot's watch has told so."""
        self.project.migration(
            "0002_column.sql", f"{PATIENT}ALTER TABLE items ADD COLUMN IF NOT EXISTS name text;"
        )
        launched = self._blocked(WRITING)
        launched.event("StatementBlocked")
        return launched

    def recording(self) -> Launched:
        """A file has run, and its record waits."""
        self.project.migration(
            "0002_more.sql", f"{PATIENT}INSERT INTO items VALUES (9) ON CONFLICT (id) DO NOTHING;"
        )
        return self._blocked("LOCK TABLE lockstep.ledger IN EXCLUSIVE MODE")

    def _asleep(self) -> Launched:
        launched = self.launch()
        self.observer.sleeping()
        return launched

    def _blocked(self, statement: str) -> Launched:
        self.until_over.enter_context(self.observer.holding(statement))
        launched = self.launch()
        self.observer.waiting_for()
        return launched

    def starting_a_service(self) -> Launched:
        """A service takes its time to start."""
        self._shut(1)
        launched = self._serve()
        launched.event("ServiceBegun")
        self.observer.at_gate(1)
        return launched

    def starting_http(self) -> Launched:
        """The application's lifespan takes its time to start, and a service runs already."""
        self._shut(2)
        launched = self._serve()
        launched.event("LifespanBegun")
        self.observer.at_gate(2)
        return launched

    def _shut(self, gate: int) -> None:
        self.observer.shut(gate)
        self.until_over.callback(self.observer.open, gate)

    def _serve(self) -> Launched:
        (self.project.root / "app.py").write_text(APPLICATION)
        return self.launch("serve", "app:application", "--port", "0")


@pytest.fixture
def stage(project: Project, launch: Launch, boot: Boot, observer: Observer) -> Iterator[Stage]:
    """Make the table that all moments work on, and the ledger with it."""
    project.migration("0001_items.sql", "CREATE TABLE IF NOT EXISTS items (id bigint PRIMARY KEY);")
    boot()
    with ExitStack() as until_over:
        yield Stage(project, launch, observer, until_over)


def interrupt(launched: Launched, number: signal.Signals) -> Finished:
    """Send the signal; see that the process ends in under a second, with the signal's status and reason."""
    sent = time.monotonic()
    launched.process.send_signal(number)
    launched.process.wait(timeout=10)
    seconds = time.monotonic() - sent
    done = launched.finish()
    assert done.status == 128 + number, done
    assert seconds < 1
    return done


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("number", "moment", "step"),
    [
        (TERM, Stage.waiting_for_the_lock, "lock"),
        (INT, Stage.waiting_for_the_lock, "lock"),
        (TERM, Stage.in_a_migration, "migrate"),
        (INT, Stage.in_a_migration, "migrate"),
        (TERM, Stage.in_a_statement, "migrate"),
        (TERM, Stage.in_a_concurrent_build, "migrate"),
        (TERM, Stage.blocked, "migrate"),
        (TERM, Stage.recording, "migrate"),
        (TERM, Stage.in_a_seed, "seed"),
        (INT, Stage.in_a_seed, "seed"),
        (TERM, Stage.starting_a_service, "services"),
        (INT, Stage.starting_a_service, "services"),
        (TERM, Stage.starting_http, "HTTP"),
        (INT, Stage.starting_http, "HTTP"),
    ],
)
def test_interrupted_at_a_step(
    stage: Stage,
    boot: Boot,
    observer: Observer,
    number: signal.Signals,
    moment: Callable[[Stage], Launched],
    step: str,
) -> None:
    """What ran in the server is cancelled and rolled back, every session is closed, and the record tells where it was."""
    done = interrupt(moment(stage), number)

    assert done.error["code"] == "LS901"
    assert done.error["what"].startswith(f"{number.name} received during step ")
    assert done.error["what"].endswith(f" ({step})")
    observer.until_quiet()
    assert observer.rows("SELECT id FROM items") == []
    assert observer.rows("SELECT name FROM lockstep.ledger") == ["0001_items.sql"]
    latest = "SELECT outcome, step, error_code FROM lockstep.boots ORDER BY begun_at DESC LIMIT 1"
    assert observer.value(latest) == ("interrupted", step, "LS901")

    stage.until_over.close()
    observer.rows("INSERT INTO items VALUES (2)")
    boot()
    observer.until_quiet()
    assert observer.outcomes()[-2:] == ["interrupted", "completed"]


def test_what_runs_in_the_server_is_cancelled(
    stage: Stage, observer: Observer, cluster: Server
) -> None:
    """The server is told; it need not find out by itself that its client is gone."""
    launched = stage.in_a_migration()
    pid = observer.sleeping()
    interrupt(launched, TERM)
    told = f"[{pid}] ERROR:  canceling statement due to user request"
    assert cluster.log_path is None or told in cluster.log()


@pytest.mark.parametrize(
    ("number", "moment"),
    [(TERM, Stage.connecting), (INT, Stage.connecting), (TERM, Stage.connecting_to_silence)],
)
def test_interrupted_before_there_is_a_session(
    stage: Stage, number: signal.Signals, moment: Callable[[Stage], Launched]
) -> None:
    """Neither a pause between two tries nor a server that does not answer keeps the process."""
    interrupt(moment(stage), number)


@pytest.mark.sampled(1)
@pytest.mark.parametrize("moment", [Stage.starting_a_service, Stage.starting_http])
def test_killed_after_the_schema_is_final(
    stage: Stage, observer: Observer, moment: Callable[[Stage], Launched]
) -> None:
    """SIGKILL while services or HTTP start: the next start finds nothing to do and serves."""
    moment(stage).kill()
    stage.until_over.close()
    observer.until_quiet()

    again = stage.launch("serve", "app:application", "--port", "0")
    again.event("BootCompleted")
    again.process.send_signal(TERM)

    done = again.finish()
    assert done.status == 0, done
    assert done.names("FileApplied") == []
    observer.until_quiet()


@pytest.mark.parametrize(
    ("number", "module"), [(TERM, SLOW_MODULE), (INT, SLOW_MODULE), (TERM, DEAF_MODULE)]
)
def test_interrupted_while_the_application_is_imported(
    stage: Stage, number: signal.Signals, module: str
) -> None:
    """Step 0: a module that takes its time does not keep the process, not even one that catches whatever is raised in it."""
    (stage.project.root / "app.py").write_text(module)
    launched = stage.launch("serve", "app:application", "--port", "0")
    launched.event("Importing")
    done = interrupt(launched, number)
    assert (
        module is DEAF_MODULE
        or done.error["what"] == f"{number.name} received during step 0 (preflight)"
    )
