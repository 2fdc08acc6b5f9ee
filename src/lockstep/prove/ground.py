"""Where experiments take place: a server of their own for one run, or the one that ``--scratch`` names; and how a session is killed there.

A server of their own, and not the one that other scratch databases share: roles belong to a server, and files make some.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lockstep.embedded import find, start
from lockstep.embedded.memory import directory_in_memory
from lockstep.errors import LockstepError
from lockstep.interrupt import Interrupt
from lockstep.postgres.connection import read_conninfo
from lockstep.postgres.queries import load_queries
from lockstep.postgres.sending import Experiment
from lockstep.postgres.session import Row, ServerError, Session
from lockstep.prove.trial import open_experiment, session_on
from lockstep.scratch import Scratch, scratch_server
from lockstep.settings import Settings

QUERIES = load_queries(Path(__file__).with_name("ground.sql"))
_SERVER = {
    "max_locks_per_transaction": "1024",
    "autovacuum": "off",
    "shared_buffers": "64MB",
    "max_prepared_transactions": "10",
}
_MEMORY_NEEDED = 1 << 30
_POLL = 0.002
_PATIENCE = 10.0


class Ground:
    """A server on which databases are made, copied and dropped, and sessions killed. Any thread may call its methods."""

    scratch: Scratch
    _admin: Experiment

    def __init__(self, settings: Settings, url: str | None, interrupt: Interrupt) -> None:
        """Take the server that *url* names, or start one that nobody else uses."""
        self.settings = settings
        self.interrupt = interrupt
        self.made_roles: set[str] = set()
        """The roles that the files have made: they belong to the server, and are dropped in the end."""
        self._given = url
        self._turn = threading.Lock()
        self._stack = contextlib.ExitStack()
        self._open()

    def renew(self) -> None:
        """Throw away everything that is there, a server of our own with it: a file has left it in a state that is of no use."""
        self.close()
        self._open()

    def _open(self) -> None:
        with contextlib.ExitStack() as stack:
            url = self._given or stack.enter_context(_own_server())
            self.scratch = stack.enter_context(
                scratch_server(self.settings, url, interrupt=self.interrupt)
            )
            self._admin = open_experiment(url, self.interrupt)
            stack.callback(self._admin.close)
            stack.callback(self._drop_all)
            self._stack = stack.pop_all()

    @property
    def server_version(self) -> int:
        """The server's version as ``server_version_num`` has it."""
        return self._admin.server_version

    def create(self, template: str | None = None) -> str:
        """Return a new database, empty or a copy of *template*, once all sessions there have ended."""
        if template is None:
            return self.scratch.create()
        name = read_conninfo(template, "the database")["dbname"]
        self._until(lambda: not self._ask("is_used", name=name))
        return self.scratch.create(template)

    def drop(self, url: str) -> None:
        """Drop a database, and before it what a file may have left that keeps it."""
        try:
            self.scratch.drop(url)
        except ServerError:
            self._release(url)
            self.scratch.drop(url)

    def _release(self, url: str) -> None:
        """End what outlives its session: prepared transactions, subscriptions, replication slots."""
        with self.session(url) as session:
            for query in ("prepared", "subscriptions", "slots"):
                for row in session.fetch(QUERIES[query]):
                    for statement in row["statements"]:
                        with contextlib.suppress(ServerError):
                            session.script(statement)

    @contextmanager
    def copy(self, template: str) -> Iterator[str]:
        """Give a copy during the block."""
        url = self.create(template)
        try:
            yield url
        finally:
            self.drop(url)

    @contextmanager
    def session(self, url: str) -> Iterator[Experiment]:
        """Open a session for the block."""
        with session_on(url, self.interrupt) as session:
            yield session

    def roles(self) -> frozenset[tuple[str, str]]:
        """Return the roles of the server, each with what it may do."""
        return frozenset((row["name"], row["attributes"]) for row in self._ask("roles"))

    def _drop_all(self) -> None:
        """Drop the databases, then the roles that the files have made; what owns something elsewhere is left."""
        for url in self.scratch.urls:
            with contextlib.suppress(ServerError, LockstepError):
                self.drop(url)
        for name in sorted(self.made_roles):
            with contextlib.suppress(ServerError):
                (row,) = self._ask("drop_role", name=name)
                with self._turn:
                    self._admin.script(row["statement"])

    def kill(self, session: Session) -> None:
        """Terminate the backend of *session*, and return when it is gone; the session does not know yet."""
        pid = session.libpq_pid
        self._ask("terminate", pid=pid)
        self._until(lambda: not self._ask("is_there", pid=pid))

    def status_of(self, transaction: str) -> str:
        """Return what the server says of a transaction that has ended: ``committed`` or ``aborted``."""
        return str(self._ask("status", transaction=transaction)[0]["status"])

    def until_waiting(self, session: Session, at_work: Callable[[], bool]) -> bool:
        """Return True once the backend of *session* waits for another transaction; False if it ends its work instead."""
        pid = session.libpq_pid
        while at_work():
            if self._ask("waits", pid=pid):
                return True
            time.sleep(_POLL)
        return False

    def close(self) -> None:
        """Drop what was made, and stop a server of our own."""
        self._stack.close()

    def _ask(self, query: str, **values: object) -> list[Row]:
        with self._turn:
            return self._admin.fetch(QUERIES[query], **values)

    def _until(self, reached: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _PATIENCE
        while not reached() and time.monotonic() < deadline:
            time.sleep(_POLL)


@contextmanager
def proving_ground(
    settings: Settings, url: str | None = None, *, interrupt: Interrupt | None = None
) -> Iterator[Ground]:
    """Give a ground for the block: on the server that *url* or the setting names, else on one that exists as long as the block."""
    ground = Ground(settings, url or settings.scratch, interrupt or Interrupt())
    try:
        yield ground
    finally:
        ground.close()


@contextmanager
def _own_server() -> Iterator[str]:
    folder = Path(
        tempfile.mkdtemp(prefix="lockstep-prove-", dir=directory_in_memory(_MEMORY_NEEDED))
    )
    try:
        with start(folder, settings=_SERVER, durable=False, discard=True, binaries=find()) as one:
            yield one.conninfo()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
