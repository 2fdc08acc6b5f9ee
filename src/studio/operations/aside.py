"""A connection beside the pool: what operators ask must be answered when the pool is exhausted, for that is when they ask."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from lockstep import Database

_CONNECT_WITHIN = 2
_KEEP = 60.0


class Aside:
    """Lends one connection of its own, to one at a time: opened when first asked for, closed when nobody has for a while."""

    def __init__(
        self,
        database: Database,
        name: str,
        *,
        keep: float = _KEEP,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Connect to where *database* does; *name* is shown to whoever looks at the server's connections."""
        self._database = database
        self._name = name
        self._keep = keep
        self._clock = clock
        self._turn = asyncio.Lock()
        self._used = 0.0
        self._connection: Any = None
        self._closing: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        """Lend the connection, in a transaction, which the block's end commits."""
        async with self._turn:
            if self._connection is None or self._connection.closed:
                self._connection = None
                self._connection = await self._database.connect_aside(
                    self._name, within=_CONNECT_WITHIN
                )
            try:
                async with self._connection.transaction():
                    yield self._connection
            finally:
                self._used = self._clock()
                if self._closing is None or self._closing.done():
                    self._closing = asyncio.create_task(self._close_when_idle())

    async def close(self) -> None:
        """Disconnect; whoever asks again is connected again."""
        if self._closing is not None and self._closing is not asyncio.current_task():
            self._closing.cancel()
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(Exception):  # whatever state it was in, it is gone
                await connection.close()

    async def _close_when_idle(self) -> None:
        while self._connection is not None:
            remaining = self._used + self._keep - self._clock()
            if remaining > 0:
                await asyncio.sleep(remaining)
                continue
            async with self._turn:
                if self._clock() - self._used >= self._keep:
                    await self.close()
