"""Start the development PostgreSQL, or join the one that runs; leave it, and it stops with its last user.

Everything that decides happens under the lock of the root directory. Whether a server runs is known from the lock that the
server itself holds; nothing here trusts a process id.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from lockstep.embedded import conninfo, locks, postmaster
from lockstep.embedded.binaries import Binaries, find
from lockstep.embedded.data import make_data_directory
from lockstep.embedded.launch import give_up_if_late, launch, wait_until_ready
from lockstep.embedded.place import Place, prepare, storage_problems
from lockstep.errors import LockNotObtained

SECONDS_TO_WAIT_FOR_THE_STOP = 60.0

_SMALL = {"listen_addresses": "", "shared_buffers": "16MB", "max_connections": "100"}
_FORGETFUL = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
}


class Cluster:
    """A PostgreSQL that runs as long as somebody uses it. Made by ``start``; use it as a context manager, or call ``stop``."""

    def __init__(
        self, place: Place, status: postmaster.Status, lifeline: int, *, created: bool, joined: bool
    ) -> None:
        self._place = place
        self._status = status
        self._lifeline: int | None = lifeline
        self._user = os.getpid()
        self.created = created
        self.joined = joined

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def version(self) -> str:
        """The version of the programs, such as ``18.6``."""
        return self._place.binaries.version

    @property
    def directory(self) -> Path:
        """What holds the data directory and the log; under the root that was asked for, unless root had to move."""
        return self._place.home

    @property
    def log_path(self) -> Path:
        """The server's log."""
        return self._place.log

    @property
    def socket_directory(self) -> str:
        """The directory of the Unix socket: the ``host`` of a connection."""
        return self._status.socket_directory

    @property
    def port(self) -> int:
        """The port: a part of the socket's name, and of TCP if it was switched on."""
        return self._status.port

    def conninfo(self, dbname: str = "postgres") -> str:
        """Return the connection as libpq's keywords and values."""
        return conninfo.keywords(self._connection(dbname))

    def url(self, dbname: str = "postgres") -> str:
        """Return the connection as a URL, for drivers that take nothing else."""
        return conninfo.url(self._connection(dbname))

    def keep_across_exec(self) -> None:
        """Let a program that replaces this process keep the server, until it and all that inherit its open files have ended."""
        if self._lifeline is not None:
            os.set_inheritable(self._lifeline, True)

    def stop(self) -> None:
        """Leave. When nobody else uses the server, return once it has stopped. Does nothing the second time.

        A forked child that calls this gives up only its own share.
        """
        lifeline, self._lifeline = self._lifeline, None
        if lifeline is None:
            return
        try:
            if os.getpid() == self._user:
                # Leaving is always possible, even when somebody has removed our files.
                with suppress(LockNotObtained, OSError):
                    _leave(self._place, lifeline)
                locks.release(lifeline)
        finally:
            os.close(lifeline)

    def _connection(self, dbname: str) -> dict[str, str | int]:
        where = self._status
        return {
            "host": where.socket_directory,
            "port": where.port,
            "user": "postgres",
            "dbname": dbname,
        }


def start(
    root: Path,
    *,
    settings: Mapping[str, str] | None = None,
    durable: bool = True,
    discard: bool = False,
    binaries: Binaries | None = None,
    give_up_after: float = 300.0,
) -> Cluster:
    """Start PostgreSQL under *root*, making its data directory if need be; or join the server that runs there.

    *settings* are PostgreSQL's own and override everything; a server that is joined keeps those it was started with.
    ``durable=False`` is for data that a crash of the machine may destroy. *discard* removes *root* when the last user has gone,
    even if it was killed. *give_up_after*, in seconds, is a bound for what hangs: a recovery may take its time.

    Raises ``ConfigurationWrong`` when there is no PostgreSQL, or *root* cannot hold one; ``DatabaseUnreachable``, with the last
    lines of its log, when the server does not start; ``LockNotObtained`` when another process starts one and does not finish.
    """
    deadline = time.monotonic() + give_up_after
    options = {**_SMALL, **({} if durable else _FORGETFUL), **(settings or {})}
    with storage_problems(root):
        place = prepare(root, binaries or find())
        with locks.exclusively(place.lock, deadline) as lock:
            lifeline = locks.open_lock(place.users)
            try:
                server = locks.open_lock(place.server)
                try:
                    status = _join(place, lifeline, server, deadline)
                    if status:
                        return Cluster(place, status, lifeline, created=False, joined=True)
                    created = make_data_directory(place, durable=durable, lock=lock)
                    log_begins = launch(place, server, options, discard=discard)
                finally:
                    os.close(server)  # from here on, only the watcher and the server hold its lock
                status = wait_until_ready(place, log_begins, deadline)
                return Cluster(place, status, lifeline, created=created, joined=False)
            except BaseException:
                os.close(lifeline)
                raise


def _leave(place: Place, lifeline: int) -> None:
    """Give up our share, and wait for the end of the server if it was the last one."""
    deadline = time.monotonic() + SECONDS_TO_WAIT_FOR_THE_STOP
    with locks.exclusively(place.lock, deadline):
        server = locks.open_lock(place.server)
        try:
            alone = locks.attempt(lifeline, locks.EXCLUSIVE)
            if not alone:  # refused by another user; or by the watcher, who shares with nobody and is stopping the server
                alone = not locks.attempt(lifeline, locks.SHARED)
            locks.release(lifeline)
            if alone and not locks.attempt(server, locks.EXCLUSIVE):
                postmaster.interrupt(place.data)  # should the watcher have been killed
                while not locks.attempt(server, locks.EXCLUSIVE) and time.monotonic() < deadline:
                    time.sleep(locks.POLL_SECONDS)
        finally:
            os.close(server)


def _join(place: Place, lifeline: int, server: int, deadline: float) -> postmaster.Status | None:
    """Become a user; return the server to use, or None when there is none and *server* is locked for a new one."""
    # A server without users has lost its watcher, or is just being stopped by it: help, rather than trust it.
    alone = locks.attempt(lifeline, locks.EXCLUSIVE)
    runs = not locks.attempt(server, locks.EXCLUSIVE)
    doomed = alone and runs and postmaster.interrupt(place.data)
    locks.take(lifeline, place.users, locks.SHARED, deadline)
    while not locks.attempt(server, locks.EXCLUSIVE):
        status = None if doomed else postmaster.ready(place.data)
        if status and postmaster.answers(status):
            return status
        give_up_if_late(place, 0, deadline)
        time.sleep(locks.POLL_SECONDS)
    return None
