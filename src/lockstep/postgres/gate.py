"""The gate: services hold a ``Database`` whose pool stays shut until the schema is final.

Reaching for it earlier raises ``SchemaNotReady`` with the caller's file and line. There is no other way to a connection in
the engine's API, so "before the schema" is not a matter of discipline.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lockstep.errors import ConfigurationWrong, DatabaseUnreachable, Place, SchemaNotReady
from lockstep.postgres.connection import connect_now, is_permanent, read_conninfo
from lockstep.postgres.session import QUERIES, Session

if TYPE_CHECKING:
    import psycopg
    from psycopg_pool import AsyncConnectionPool

    from lockstep.settings import Settings

_LARGEST_POOL = 10
_OPEN_TIMEOUT = 30.0


class Database:
    """A connection pool behind the gate; make one at import time, use it after step 5.

    The engine opens and closes it. Connections are asynchronous, never use prepared statements by themselves (a migration
    that changes a row's shape must not break replicas of the old release), and are named ``<app>`` in ``pg_stat_activity``.
    """

    def __init__(self, *, max_size: int = _LARGEST_POOL) -> None:
        self._max_size = max_size
        self._pool: AsyncConnectionPool[psycopg.AsyncConnection[Any]] | None = None
        self._closed = False
        self._aside: dict[str, Any] = {}
        self.settings: Settings | None = None
        """What the boot was told that opened the gate; for the engine's own use."""

    @property
    def ready(self) -> bool:
        """True between the opening of the gate and the end of the application."""
        return self._pool is not None and not self._closed

    def connection(self) -> AbstractAsyncContextManager[psycopg.AsyncConnection[Any]]:
        """Lend a connection; leaving the block commits, or rolls back on an exception.

        Raises ``SchemaNotReady`` at once, not only when entered, if the gate is shut.
        """
        if self._pool is None or self._closed:
            raise _not_ready(_caller(), closed=self._closed)
        return self._pool.connection()

    async def connect_aside(self, name: str, *, within: int) -> psycopg.AsyncConnection[Any]:
        """Open a connection beside the pool, named ``<app>:<name>``, for what must work while the pool is exhausted.

        It autocommits; the caller closes it. The server gets *within* seconds to accept it (libpq rounds 1 up to 2).
        """
        import psycopg

        if self._pool is None or self._closed:
            raise _not_ready(_caller(), closed=self._closed)
        options = {**self._aside, "connect_timeout": within}
        options["application_name"] = f"{options['application_name']}:{name}"
        return await psycopg.AsyncConnection.connect(**options, autocommit=True)

    def session_aside(self, name: str, *, within: int) -> Session:
        """Do the same for the engine's own questions, in a thread: it blocks. Raises ``DatabaseUnreachable``."""
        from psycopg.conninfo import make_conninfo

        if self._pool is None or self._closed:
            raise _not_ready(_caller(), closed=self._closed)
        given = {key: value for key, value in self._aside.items() if key != "prepare_threshold"}
        url = make_conninfo(**{**given, "connect_timeout": within})
        return connect_now(url, "DATABASE_URL", f"{given['application_name']}:{name}")

    def statistics(self) -> dict[str, int]:
        """Return the pool's counters as psycopg_pool names them; empty while the gate is shut."""
        return dict(self._pool.get_stats()) if self._pool is not None else {}

    async def open(self, url: str, application_name: str, settings: Settings | None = None) -> None:
        """Open the gate: the engine's part, once, after step 5; *settings* are those of the boot.

        Raises ``DatabaseUnreachable`` if not one connection can be made: at once when the server says no, else when the
        time is up.
        """
        from psycopg.conninfo import make_conninfo
        from psycopg_pool import AsyncConnectionPool

        complaints = _Complaints()
        parameters = read_conninfo(url, "DATABASE_URL")
        own = {"prepare_threshold": None, "application_name": application_name}
        pool = AsyncConnectionPool(
            make_conninfo(**parameters),
            connection_class=_connections(complaints),
            min_size=1,
            max_size=self._max_size,
            open=False,
            name=application_name,
            kwargs=own,
        )
        try:
            if not await _opens(pool, complaints.rejected):
                raise _pool_unreachable(complaints.last)
        except BaseException:
            await pool.close()
            raise
        self._pool, self._aside, self.settings = pool, {**parameters, **own}, settings

    async def identity(self) -> tuple[str, object]:
        """Return what tells the pool's database from another: its name and its server's start."""
        async with self.connection() as connection:
            row = await (await connection.execute(QUERIES["identity"].encode())).fetchone()
        assert row is not None
        return row[0], row[1]

    async def probe(self) -> None:
        """Make one round trip; raise if the server does not answer. The caller bounds it."""
        async with self.connection() as connection:
            await connection.execute("SELECT 1")

    async def close(self) -> None:
        """Close the gate for good, waiting for lent connections to come back."""
        self._closed = True
        if self._pool is not None:
            await self._pool.close(timeout=5.0)

    @asynccontextmanager
    async def listening(self, *channels: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        """Lend an autocommit connection for LISTEN; it leaves the pool's count while it is lent."""
        from psycopg import sql

        async with self.connection() as connection:
            await connection.set_autocommit(True)
            try:
                for channel in channels:
                    await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
                yield connection
            finally:
                await _hear_no_more(connection)


def different_database(boot: tuple[str, object], pool: tuple[str, object]) -> ConfigurationWrong:
    """Return the refusal to make when services would use another database than the one that was migrated."""
    return ConfigurationWrong(
        f"the services' pool reaches database {pool[0]!r}, but the boot database {boot[0]!r} of another server"
        if pool[0] == boot[0]
        else f"the services' pool reaches database {pool[0]!r}, but the boot {boot[0]!r}",
        why="DATABASE_URL (the pool) and the boot's direct connection lead to different places.",
        next_step="Make both name the same database.",
    )


async def _hear_no_more(connection: psycopg.AsyncConnection[Any]) -> None:
    """Make a connection fit for other work, or close it: a failure must not take the place of a cancellation."""
    import psycopg

    try:
        if not connection.closed:
            await connection.execute("UNLISTEN *")
            await connection.set_autocommit(False)
    except psycopg.Error:
        await connection.close()


async def _opens(pool: AsyncConnectionPool[Any], rejected: asyncio.Event) -> bool:
    """Open *pool*; False if it has no connection in time, or as soon as *rejected* is set."""
    await pool.open()
    filled = asyncio.create_task(pool.wait(timeout=_OPEN_TIMEOUT))
    refused = asyncio.create_task(rejected.wait())
    try:
        await asyncio.wait({filled, refused}, return_when=asyncio.FIRST_COMPLETED)
        return filled.done() and filled.exception() is None
    finally:
        filled.cancel()
        refused.cancel()
        await asyncio.wait({filled, refused})


class _Complaints:
    """Why connections were not made: the pool itself keeps that to its log. ``rejected``: trying again cannot help."""

    def __init__(self) -> None:
        self.last = ""
        self.rejected = asyncio.Event()

    def note(self, error: Exception) -> None:
        """Keep what was said last."""
        self.last = str(error).strip()
        if is_permanent(self.last):
            self.rejected.set()


def _connections(complaints: _Complaints) -> type[psycopg.AsyncConnection[Any]]:
    """Return the class of a pool's connections; it notes why one was not made."""
    import psycopg

    class Connection(psycopg.AsyncConnection[Any]):
        @classmethod
        async def connect(cls, *arguments: Any, **options: Any) -> Any:
            try:
                return await super().connect(*arguments, **options)
            except psycopg.Error as error:
                complaints.note(error)
                raise

    return Connection


def _caller() -> Any:
    """Return the frame of whoever called this module from outside."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename in {__file__, contextlib.__file__}:
        frame = frame.f_back
    return frame


def _not_ready(caller: Any, *, closed: bool) -> SchemaNotReady:
    file, line = caller.f_code.co_filename, caller.f_lineno
    function = caller.f_code.co_name
    if closed:
        why = "The application is stopping: the pool is closed."
        next_step = "Stop using the database before stop() returns."
    else:
        why = "The database may be used only after step 5, when the schema is final."
        next_step = (
            "Move it into a service's start(), a route, or the application's lifespan."
            if function == "<module>"
            else "Call it later: from a service's start(), a route, or the application's lifespan."
        )
    return SchemaNotReady(
        f"{Path(file).name}:{line} ({function}) reached for the database while the gate was shut",
        place=Place(file, line),
        why=why,
        next_step=next_step,
    )


def _pool_unreachable(said: str) -> DatabaseUnreachable:
    return DatabaseUnreachable(
        "the services' pool could not make a single connection",
        why=next((line for line in said.splitlines() if "FATAL" in line), said)
        or f"The server did not answer within {_OPEN_TIMEOUT:.0f} s.",
        next_step="Check DATABASE_URL: the boot's own connection worked, the pool's does not (another role? a pooler?).",
    )
