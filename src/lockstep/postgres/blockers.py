"""See who keeps the boot's statement waiting, before its lock-timeout ends it.

After the timeout nothing is left to see: the wait is over. So a thread with a connection of its own looks while the
statement waits, and keeps what it saw last. It connects only when a statement runs suspiciously long.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.rows import dict_row

from lockstep.durations import format_duration
from lockstep.postgres.session import QUERIES

_LOOK_EVERY = 0.1
_LOOK_AFTER = 0.15


@dataclass(frozen=True, slots=True)
class Blocker:
    """A session that holds what we wait for; ``age`` in seconds, of its transaction."""

    pid: int
    application_name: str
    role: str
    state: str
    age: float
    query: str

    def __str__(self) -> str:
        query = " ".join(self.query.split())[:160]
        return (
            f"pid {self.pid} ({self.application_name or 'no application name'}, role {self.role}), "
            f"{self.state}, transaction open for {format_duration(self.age)}"
            + (f", query: {query}" if query else "")
        )


class BlockerWatch:
    """Watches one backend from a thread of its own; use as a context manager around all files."""

    def __init__(self, parameters: dict[str, Any], pid: int) -> None:
        self._parameters = {**parameters, "application_name": "lockstep:watch"}
        self._pid = pid
        self._since: float | None = None
        self._seen: tuple[Blocker, ...] = ()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, name="lockstep-blockers", daemon=True)

    def __enter__(self) -> BlockerWatch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(timeout=1.0)

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Watch what runs in the block."""
        self._seen = ()
        self._since = time.monotonic()
        try:
            yield
        finally:
            self._since = None

    @property
    def blockers(self) -> tuple[Blocker, ...]:
        """Who was seen last to block the statement; empty if nobody was."""
        return self._seen

    def _look(self) -> None:
        connection: psycopg.Connection[dict[str, Any]] | None = None
        while not self._stop.wait(_LOOK_EVERY):
            since = self._since
            if since is None or time.monotonic() - since < _LOOK_AFTER:
                continue
            try:
                connection = connection or psycopg.connect(
                    make_conninfo(**self._parameters),
                    autocommit=True,
                    cursor_factory=psycopg.ClientCursor,
                    row_factory=dict_row,
                )
                rows = connection.execute(
                    QUERIES["blockers"].encode(), {"pid": self._pid}
                ).fetchall()
            except psycopg.Error:
                connection = None
                continue
            if rows and self._since == since:
                self._seen = tuple(Blocker(**row) for row in rows)
        if connection is not None:
            connection.close()
