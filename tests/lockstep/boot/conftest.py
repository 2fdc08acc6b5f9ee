"""A stage for services: small real ones, a log of what is done to them, and runners on a real event loop."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from lockstep.application import AsgiApp, Send, ServiceHealth
from lockstep.boot.http import HttpServer
from lockstep.boot.runner import Runner
from lockstep.boot.sockets import Reserved, reserve
from lockstep.catalog.needs.declaration import Needs
from lockstep.errors import PortInUse
from lockstep.events import Event, ServiceStopped
from lockstep.postgres.gate import Database

LOCAL = "127.0.0.1"
Hook = Callable[[], Awaitable[Any]]


@dataclass
class Part:
    """A service that notes in a common log what is done to it, and then does as its hooks say."""

    name: str
    log: list[str]
    after: tuple[str, ...] = ()
    critical: bool = True
    on_start: Hook | None = None
    on_stop: Hook | None = None
    on_health: Callable[[], ServiceHealth] = lambda: ServiceHealth(ok=True)
    needs: Needs = field(default_factory=Needs)

    async def start(self, _database: Database) -> asyncio.Task[None] | None:
        """Note it, and run the hook; its value is returned."""
        self.log.append(f"start {self.name}")
        return await self.on_start() if self.on_start is not None else None

    async def stop(self) -> None:
        """Note it, and run the hook."""
        self.log.append(f"stop {self.name}")
        if self.on_stop is not None:
            await self.on_stop()

    def health(self) -> ServiceHealth:
        """Say what the hook says."""
        return self.on_health()


def quiet_port() -> int:
    """Return a free port that the system hands to nobody meanwhile: for tests that let go of it in between."""
    while True:
        port = random.randint(20000, 32000)
        with contextlib.suppress(PortInUse):
            reserve(None, port).close()
            return port


class Stage:
    """A log, the events, and runners on them."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.events: list[Event] = []

    def part(self, name: str, *after: str, **settings: Any) -> Part:
        """Return a service that notes into this stage's log."""
        return Part(name, self.log, after, **settings)

    def runner(
        self, *parts: Part, start_timeout: float = 30.0, stop_timeout: float = 30.0
    ) -> Runner:
        """Return a runner of *parts*."""
        return Runner(
            parts,
            Database(),
            self.events.append,
            start_timeout=start_timeout,
            stop_timeout=stop_timeout,
        )

    def names(self) -> list[str]:
        """Return the events as `Class name`."""
        return [f"{type(event).__name__} {getattr(event, 'name', '')}" for event in self.events]

    def stopped(self) -> dict[str, str]:
        """Return the errors of the services that were stopped."""
        return {
            event.name: event.error for event in self.events if isinstance(event, ServiceStopped)
        }


@pytest.fixture
def stage() -> Stage:
    """A fresh stage."""
    return Stage()


def run(story: Coroutine[Any, Any, None]) -> None:
    """Run a test's story in an event loop of its own; nothing of it may be left running."""

    async def checked() -> None:
        await story
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, f"still running: {left}"

    asyncio.run(checked())


async def fail() -> None:
    """Fail as a service would."""
    raise ValueError("no such queue")


async def hang() -> None:
    """Wait for ever."""
    await asyncio.Event().wait()


@contextlib.asynccontextmanager
async def serving(
    app: AsgiApp, *, lifespan: bool = False, drain_timeout: float = 30.0
) -> AsyncIterator[tuple[HttpServer, Reserved]]:
    """Serve *app* on a free port."""
    reserved = reserve(LOCAL, 0)
    server = HttpServer(app, reserved, lifespan=lifespan, drain_timeout=drain_timeout)
    await server.start()
    try:
        yield server, reserved
    finally:
        await server.stop()


async def get(reserved: Reserved, path: str = "/") -> httpx.Response:
    """Ask once, on a connection of its own."""
    async with httpx.AsyncClient() as client:
        return await client.get(reserved.url + path)


async def answer(send: Send, body: bytes = b"hello") -> None:
    """Answer 200."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})
