"""Instances of live updates in this process, on the test's database, and connections that the test holds the other end of."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeVar

import pytest

from lockstep import Database
from lockstep.testing import until
from studio.live_updates.client import Client
from studio.live_updates.cursor import Cursor, parse_cursor
from studio.live_updates.policy import LivePolicy
from studio.live_updates.service import LiveUpdates

T = TypeVar("T")
QUICK = LivePolicy(poll=60, pace=0.0, tick=0.02)
"""A poll so slow that only notifications can make a test pass in time."""


async def seen(predicate: Callable[[], T], what: str, within: float = 20) -> T:
    """Wait for something to be visible, without standing in the way of what is under test."""
    return await asyncio.to_thread(until, predicate, within, what=what)


class Peer:
    """The far end of a connection, and the server between: it takes what is sent, unless it is told to stall."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.closed: int | None = None
        self.reading = asyncio.Event()
        self.reading.set()
        self._said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def receive(self) -> dict[str, Any]:
        """Return what the peer says next."""
        return await self._said.get()

    async def send(self, message: Any) -> None:
        """Take a message, when the peer reads."""
        await self.reading.wait()
        if message["type"] == "websocket.close":
            self.closed = message["code"]
        else:
            self.got.append(json.loads(message["text"]))

    def say(self, text: str | None = None, **message: Any) -> None:
        """Send a message: *text* as it is, or JSON."""
        self._said.put_nowait(
            {"type": "websocket.receive", "text": json.dumps(message) if text is None else text}
        )

    def say_bytes(self, data: bytes) -> None:
        """Send a binary message."""
        self._said.put_nowait({"type": "websocket.receive", "bytes": data})

    def leave(self, code: int = 1000) -> None:
        """Close the connection."""
        self._said.put_nowait({"type": "websocket.disconnect", "code": code, "reason": ""})

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Return the messages of a type."""
        return [message for message in self.got if message["type"] == kind]

    @property
    def changes(self) -> list[dict[str, Any]]:
        """All changes that it was told of."""
        return [change for message in self.of("changes") for change in message["changes"]]

    @property
    def ids(self) -> list[int]:
        """The events' ids, in the order in which they came."""
        return [change["id"] for change in self.changes]

    @property
    def cursor(self) -> Cursor:
        """The last cursor that it was given."""
        return parse_cursor(self.got[-1]["cursor"])


class Instance:
    """One instance of live updates, with a pool of its own."""

    def __init__(self, service: LiveUpdates, database: Database) -> None:
        self.service = service
        self.database = database

    @asynccontextmanager
    async def peer(
        self,
        user: str = "u",
        *,
        project: int | None = None,
        after: Cursor | None = None,
        sid: str = "s",
    ) -> AsyncIterator[Peer]:
        """Connect as *user* during the block, and be told hello."""
        client = await self.service.admit(user, sid, project, after)
        async with self.serving(client) as peer:
            await seen(lambda: peer.got, "hello")
            yield peer

    @asynccontextmanager
    async def serving(self, client: Client) -> AsyncIterator[Peer]:
        """Serve an admitted client during the block; it leaves at the end, if it is still there."""
        peer = Peer()
        task = asyncio.create_task(self.service.serve(client, peer.receive, peer.send))
        try:
            yield peer
            peer.leave()
            peer.reading.set()
            await task
        finally:
            task.cancel()
            await asyncio.wait({task})

    def figure(self, *path: str) -> Any:
        """Return one of its figures."""
        found: Any = self.service.statistics()
        for name in path:
            found = found[name]
        return found


@asynccontextmanager
async def running(conninfo: str, policy: LivePolicy) -> AsyncIterator[Instance]:
    """Run an instance; it must stop in good order."""
    database = Database(max_size=4)
    await database.open(conninfo, "live updates under test")
    service = LiveUpdates(policy)
    task = await service.start(database)
    try:
        await seen(lambda: service.ready and service.health().details["listening"], "the listener")
        yield Instance(service, database)
        assert not task.done()
        await service.stop()
        assert task.cancelled()
    finally:
        task.cancel()
        await asyncio.wait({task})
        await database.close()


class Live:
    """What the tests of this folder work with."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo

    def running(self, **policy: Any) -> AbstractAsyncContextManager[Instance]:
        """Run an instance on the test's database during a block."""
        return running(self._conninfo, dataclasses.replace(QUICK, **policy))

    async def seen(self, predicate: Callable[[], T], what: str) -> T:
        """Wait for something to be visible."""
        return await seen(predicate, what)


@pytest.fixture
def live(at_head: str) -> Live:
    """Instances on a database of the test's own."""
    return Live(at_head)


@pytest.fixture
def anyio_backend() -> str:
    """The event loop's kind."""
    return "asyncio"
