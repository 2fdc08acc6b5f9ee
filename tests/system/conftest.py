"""Boots that stop where the test wants them to, and a look into the database meanwhile.

A gate is a statement in a file, ``SELECT pg_advisory_xact_lock(<number>)``: a boot that comes to a shut gate waits there, to
be seen in ``pg_locks``, until the test opens it. Nothing here waits for a duration.
"""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest

from lockstep.attempt import Attempt
from lockstep.errors import LockstepError
from lockstep.interrupt import Interrupt
from lockstep.settings import DEFAULT_LOCK_KEY, resolve
from lockstep.startup import up
from lockstep.testing import Databases, Finished, Project, Recorder, until

STRUCTURE = """
SELECT pg_catalog.format('column %s.%s %s%s', a.attrelid::regclass, a.attname, format_type(a.atttypid, a.atttypmod),
                         CASE WHEN a.attnotnull THEN ' not null' ELSE '' END) AS line
FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT pg_catalog.format('index %s valid %s ready %s', pg_get_indexdef(i.indexrelid), i.indisvalid, i.indisready)
FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
WHERE c.relnamespace = 'public'::regnamespace
UNION ALL
SELECT pg_catalog.format('constraint %s on %s %s', conname, conrelid::regclass, pg_get_constraintdef(oid))
FROM pg_catalog.pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL
SELECT pg_catalog.format('partition %s of %s, pending %s', inhrelid::regclass, inhparent::regclass,
                         to_jsonb(i) -> 'inhdetachpending')
FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid WHERE c.relkind IN ('r', 'p')
UNION ALL
SELECT pg_catalog.format('applied %s %s %s', kind, name, checksum) FROM lockstep.ledger
UNION ALL
SELECT pg_catalog.format('journaled %s %s %s', name, statement, state) FROM lockstep.journal
ORDER BY line
"""
TABLES = """
SELECT relname FROM pg_catalog.pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY relname
"""
WAITING_AT = """
SELECT pid FROM pg_catalog.pg_locks
WHERE locktype = 'advisory' AND NOT granted AND classid = 0 AND objid = %s AND objsubid = 1
AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
"""
WAITING_FOR = """
SELECT l.pid FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a USING (pid)
WHERE NOT l.granted AND a.datname = current_database() AND a.application_name LIKE 'lockstep:%%'
AND (l.relation = to_regclass(%s) OR %s IN (l.locktype, ''))
"""
SLEEPING = """
SELECT pid FROM pg_catalog.pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'
"""
BACKENDS = """
SELECT pid, application_name, state, query FROM pg_catalog.pg_stat_activity
WHERE datname = current_database() AND application_name NOT IN ('observer', 'somebody else')
AND backend_type = 'client backend'
"""
PATIENCE = 30.0
"""Seconds until a test gives up: twenty processes that start beside it on two processors take their time."""
ADVISORY_LOCKS = """
SELECT pid, classid::bigint << 32 | objid::bigint, objsubid FROM pg_catalog.pg_locks
WHERE locktype = 'advisory' AND pid <> pg_backend_pid()
AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
"""


class Observer:
    """A session of the test's own beside the boot: it shuts gates, sees who waits, and compares what came out."""

    def __init__(self, conninfo: str) -> None:
        self.conninfo = conninfo
        self._connection = psycopg.connect(
            conninfo,
            autocommit=True,
            application_name="observer",
            cursor_factory=psycopg.ClientCursor,
        )

    def rows(self, query: str, *values: Any) -> list[Any]:
        """Run a query; return its rows, those of one column as plain values."""
        cursor = self._connection.execute(query.encode(), values or None)
        rows = cursor.fetchall() if cursor.description else []
        return [row[0] if len(row) == 1 else row for row in rows]

    def value(self, query: str, *values: Any) -> Any:
        """Run a query and return its only value."""
        (value,) = self.rows(query, *values)
        return value

    def _first(self, query: str, *values: Any, what: str) -> int:
        return int(until(lambda: self.rows(query, *values), PATIENCE, what=what)[0])

    def shut(self, gate: int) -> None:
        """Let boots wait at a gate."""
        self.rows("SELECT pg_advisory_lock(%s)", gate)

    def open(self, gate: int) -> None:
        """Let them pass."""
        assert self.value("SELECT pg_advisory_unlock(%s)", gate)

    def at_gate(self, gate: int) -> int:
        """Wait until a boot waits at the gate; return its backend's pid."""
        return self._first(WAITING_AT, gate, what=f"a boot at gate {gate}")

    def waiting_for(self, what: str = "") -> int:
        """Wait until a boot waits for a lock, on that relation or of that type; return its backend's pid."""
        return self._first(
            WAITING_FOR, what, what, what=f"a boot that waits for {what or 'a lock'}"
        )

    def sleeping(self) -> int:
        """Wait until a boot is in ``pg_sleep``; return its backend's pid."""
        return self._first(SLEEPING, what="a boot that sleeps")

    @contextmanager
    def holding(self, statement: str) -> Iterator[None]:
        """Keep what *statement* locks until the end of the block; then it is rolled back."""
        with psycopg.connect(self.conninfo, application_name="somebody else") as connection:
            connection.execute(statement.encode())
            yield
            connection.rollback()

    def backends(self) -> list[tuple[int, str, str, str]]:
        """Return pid, application name, state and query of every session that is not the test's."""
        return self.rows(BACKENDS)

    def terminate(self, pid: int) -> None:
        """End a backend, and wait until it is gone."""
        self.rows("SELECT pg_terminate_backend(%s)", pid)
        until(lambda: pid not in [b[0] for b in self.backends()], PATIENCE, what=f"end of {pid}")

    def until_quiet(self) -> None:
        """Wait until no session and no advisory lock is left but the test's own."""
        until(
            lambda: not self.backends() and not self.rows(ADVISORY_LOCKS),
            PATIENCE,
            what="the end of all sessions and locks",
        )

    def lock_is_free(self, key: int = DEFAULT_LOCK_KEY) -> bool:
        """Try the boot lock, and give it back."""
        return bool(self.value("SELECT pg_try_advisory_lock(%s)", key)) and bool(
            self.value("SELECT pg_advisory_unlock(%s)", key)
        )

    def outcomes(self) -> list[str]:
        """Return how the boots ended, the latest last."""
        return self.rows("SELECT outcome FROM lockstep.boots ORDER BY begun_at")

    def content(self) -> list[str]:
        """Return schema, rows, ledger and journal as sorted lines."""
        lines = self.rows(STRUCTURE)
        for table in self.rows(TABLES):
            rows = self.rows(f"SELECT t::text FROM public.{table} t ORDER BY 1")
            lines += [f"row {table} {row}" for row in rows]
        return lines

    def close(self) -> None:
        """Disconnect; gates that are shut open."""
        self._connection.close()


@dataclass
class Launched:
    """A ``lockstep`` process that writes its events to its standard output."""

    process: subprocess.Popen[str]
    seen: list[dict[str, Any]] = field(default_factory=list)

    def event(self, name: str) -> dict[str, Any]:
        """Wait for an event, and return it."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("{"):
                self.seen.append(json.loads(line))
                if self.seen[-1]["event"] == name:
                    return self.seen[-1]
        raise AssertionError(f"it ended without {name}; it said {self.seen}, {self.finish()}")

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def kill(self) -> None:
        """End it at once, as the kernel does, and wait until it is gone."""
        self.process.kill()
        assert self.finish().status == -signal.SIGKILL

    def finish(self) -> Finished:
        """Wait for its end; the events that were already taken are part of what is returned."""
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        taken = "".join(json.dumps(event) + "\n" for event in self.seen)
        stdout, stderr = self.process.stdout.read(), self.process.stderr.read()
        return Finished(self.process.wait(), taken + stdout, stderr)


@pytest.fixture
def observer(database: str) -> Iterator[Observer]:
    """A session beside the boot, on the test's database."""
    observer = Observer(database)
    yield observer
    observer.close()


@pytest.fixture
def launch(project: Project) -> Iterator[Callable[..., Launched]]:
    """Start ``lockstep <arguments> --json`` as a process; it is gone after the test."""
    launched: list[Launched] = []

    def begin(*arguments: str, **environment: str) -> Launched:
        launched.append(Launched(project.start(*(arguments or ("up",)), "--json", **environment)))
        return launched[-1]

    with ExitStack() as closing:
        yield begin
        for one in launched:
            one.process.kill()
            closing.enter_context(one.process)


def boot_here(project: Project, recorder: Recorder | None = None, **environment: str) -> Recorder:
    """Run ``lockstep up`` in this process; return what it reported, or raise what it raises."""
    recorder = recorder or Recorder()
    (project.root / "migrations").mkdir(parents=True, exist_ok=True)
    told = {"LOCKSTEP_DATABASE_URL": project.database, **environment}
    settings = resolve(flags={}, environ=told, root=project.root)
    up(Attempt("up", settings, recorder, Interrupt()))
    return recorder


@pytest.fixture
def boot(project: Project) -> Callable[..., Recorder]:
    """Run ``lockstep up`` in this process, which takes a tenth of the time of one of its own."""
    return lambda recorder=None, **environment: boot_here(project, recorder, **environment)


class Beside:
    """A boot in a thread of this process: what it reports, and how it ends."""

    def __init__(self, project: Project, environment: dict[str, str]) -> None:
        self.recorder = Recorder()
        self.failed: LockstepError | None = None
        self.asked = False
        self._thread = threading.Thread(target=self._run, args=(project, environment))
        self._thread.start()

    def _run(self, project: Project, environment: dict[str, str]) -> None:
        try:
            boot_here(project, self.recorder, **environment)
        except LockstepError as error:
            self.failed = error

    def error(self) -> LockstepError | None:
        """Wait for its end; return what it raised."""
        self._thread.join()
        self.asked = True
        return self.failed


@pytest.fixture
def boot_beside(project: Project) -> Iterator[Callable[..., Beside]]:
    """Begin a boot in a thread; whose error is not asked for must not fail."""
    begun: list[Beside] = []

    def begin(**environment: str) -> Beside:
        begun.append(Beside(project, environment))
        return begun[-1]

    yield begin
    unasked = [one.error() for one in begun if not one.asked]
    assert [error for error in unasked if error is not None] == []


@pytest.fixture
def undisturbed(project: Project, databases: Databases) -> Callable[[], list[str]]:
    """Boot the project's files on a database of their own, disturbed by nobody; return what came out."""

    def result() -> list[str]:
        conninfo = databases.create()
        boot_here(Project(project.root, conninfo))
        twin = Observer(conninfo)
        content = twin.content()
        twin.close()
        databases.drop(conninfo)
        return content

    return result
