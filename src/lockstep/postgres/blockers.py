"""See who keeps the boot's statement waiting, before its lock-timeout ends it.

After the timeout nothing is left to see: the wait is over. So a thread with a connection of its own looks while the
statement waits, keeps what it saw last, and tells when the wait is long. It connects only when a statement runs
suspiciously long.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.rows import dict_row

from lockstep.durations import format_duration
from lockstep.events import Listener, StatementBlocked
from lockstep.postgres.session import QUERIES
from lockstep.redaction import redact
from lockstep.values import dataclass

_LOOK_EVERY, _LOOK_AFTER, _AFTER_TROUBLE = 0.1, 0.15, 1.0
_TELL_AFTER, _TELL_EVERY = 1.0, 5.0
_STILL = 0.6
"""A wait that goes on within so many seconds is the same one: it is made in bites."""
_LONGEST_QUERY = 160
_NO_ANSWER = "the connection that looks got no answer (is it the only one that a pooler has?)"

_Connection = psycopg.Connection[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Blocker:
    """A session that holds what we wait for; ``age`` in seconds, of its transaction: None if our role may not see it."""

    pid: int
    application_name: str
    role: str
    state: str
    age: float | None
    query: str

    def __str__(self) -> str:
        if not self.pid:
            return "a prepared transaction (SELECT * FROM pg_prepared_xacts;)"
        who = f"pid {self.pid} ({self.application_name or 'no application name'}, role {self.role})"
        if self.age is None:
            return f"{who}, whose state and query only a member of pg_read_all_stats may see"
        shown = f"{who}, {self.state}, transaction open for {format_duration(self.age)}"
        query = _printable(redact(self.query))[:_LONGEST_QUERY]
        return f"{shown}, query: {query}" if query else shown


@dataclass(frozen=True, slots=True)
class _Wait:
    """Since when a statement has been seen to wait, when that was last told, and when it was last seen."""

    begun: float
    told: float
    seen: float


class BlockerWatch:
    """Watches one backend from a thread of its own; use as a context manager around all files."""

    def __init__(self, parameters: dict[str, Any], pid: int, report: Listener, name: str) -> None:
        self.trouble = ""
        """Why nothing could be seen; empty if looking works."""
        self._parameters = {**parameters, "application_name": name}
        self._pid = pid
        self._report = report
        self._name = ""
        self._since: float | None = None
        self._seen: tuple[Blocker, ...] = ()
        self._turn = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="lockstep-blockers", daemon=True)

    def __enter__(self) -> BlockerWatch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        # A look that hangs (the pooler has no second server process for it) is left to end by itself.
        self._thread.join(timeout=0.3)

    @contextlib.contextmanager
    def watching(self, name: str) -> Iterator[None]:
        """Watch what runs in the block; *name* is the file's. Nothing is reported once the block is left."""
        with self._turn:
            self._name, self._seen, self._since = name, (), time.monotonic()
        try:
            yield
        finally:
            with self._turn:
                self._since = None

    @property
    def blockers(self) -> tuple[Blocker, ...]:
        """Who was seen last to block the statement; empty if nobody was."""
        return self._seen

    def _watch(self) -> None:
        with contextlib.ExitStack() as stack:
            connection: _Connection | None = None
            blocked: _Wait | None = None
            pause = _LOOK_EVERY
            while not self._stop.wait(pause):
                pause, since = _LOOK_EVERY, self._since
                if since is None or time.monotonic() - since < _LOOK_AFTER:
                    blocked = None
                    continue
                self.trouble = _NO_ANSWER
                try:
                    connection = connection or stack.enter_context(self._connect())
                    rows = connection.execute(QUERIES["blockers"].encode(), {"pid": self._pid})
                    seen = tuple(Blocker(**row) for row in rows)
                except psycopg.Error as error:
                    self.trouble, connection, pause = str(error).strip(), None, _AFTER_TROUBLE
                    continue
                self.trouble = ""
                blocked = self._take(seen, since, blocked)

    def _take(self, seen: tuple[Blocker, ...], since: float, blocked: _Wait | None) -> _Wait | None:
        """Keep what was seen, and tell of it when the wait is long; under a lock, so that it is never told too late."""
        now = time.monotonic()
        if not seen:
            return blocked if blocked and now - blocked.seen < _STILL else None
        blocked = blocked or _Wait(now, now + _TELL_AFTER - _TELL_EVERY, now)
        told = blocked.told
        with self._turn:
            if self._since != since:
                return None
            self._seen = seen
            if now - told >= _TELL_EVERY:
                told = now
                self._report(
                    StatementBlocked(self._name, "; ".join(map(str, seen)), now - blocked.begun)
                )
        return _Wait(blocked.begun, told, now)

    def _connect(self) -> _Connection:
        return psycopg.connect(
            make_conninfo(**self._parameters),
            autocommit=True,
            cursor_factory=psycopg.ClientCursor,
            row_factory=dict_row,
        )


def _printable(text: str) -> str:
    """Return *text* in one line, without what would steer a terminal."""
    return "".join(sign if sign.isprintable() else "?" for sign in " ".join(text.split()))
