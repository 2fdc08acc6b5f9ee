"""A stage for schedulers: run some on the test's database, with publishers that do what the test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

import studio
from lockstep import Database
from lockstep.testing import until
from studio.content.misfire import MisfirePolicy
from studio.content.model import Claim, Receipt
from studio.publishing.publishers import Publisher, Rejected
from studio.scheduler.policy import Policy
from studio.scheduler.service import ContentScheduler

if TYPE_CHECKING:
    from tests.studio.conftest import Shelf

T = TypeVar("T")
NAME = "scheduler under test"
MIGRATIONS = Path(studio.__file__).parent / "migrations"
QUICK = Policy(poll=60, lease=30, attempts=3, first_pause=0.05)
"""A poll so slow that only the timer or a notification can make a test pass in time."""


class Platform:
    """A publisher that remembers what it was asked, and does what the test says instead of succeeding."""

    def __init__(self, *behaviours: Callable[[Claim], Awaitable[None]]) -> None:
        self.asked: list[tuple[int, int]] = []
        self._behaviours = list(behaviours)

    async def publish(self, claim: Claim) -> Receipt:
        """Take the next behaviour, the last one for ever; without any, accept."""
        self.asked.append((claim.id, claim.attempt))
        if self._behaviours:
            behave = self._behaviours[0] if len(self._behaviours) == 1 else self._behaviours.pop(0)
            await behave(claim)
        return Receipt(claim.key)


class Stage:
    """Runs schedulers on one database."""

    platform = Platform

    def __init__(self, conninfo: str, shelf: Shelf) -> None:
        self.conninfo = conninfo
        self._shelf = shelf

    @asynccontextmanager
    async def scheduler(
        self, publisher: Publisher, policy: Policy = QUICK, misfires: MisfirePolicy | None = None
    ) -> AsyncIterator[ContentScheduler]:
        """Run a scheduler with a pool of its own; it must stop in good order."""
        database = Database(max_size=4)
        await database.open(self.conninfo, NAME)
        service = ContentScheduler(publisher, policy, misfires=misfires, migrations=MIGRATIONS)
        task = await service.start(database)
        try:
            yield service
            await service.stop()
            assert task.done()
            assert not task.cancelled()
            assert task.exception() is None
        finally:
            task.cancel()
            await asyncio.wait({task})
            await database.close()

    async def seen(self, predicate: Callable[[], T], what: str, within: float = 20) -> T:
        """Wait for something to be visible, without standing in the scheduler's way."""
        return await asyncio.to_thread(until, predicate, within, what=what)

    def play(self, story: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run a test's story on an event loop of its own."""
        asyncio.run(story())

    def disconnect(self, which: str = "") -> int:
        """Cut the schedulers' connections, those whose last statement holds *which*; return how many."""
        return len(
            self._shelf.run(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and application_name = %s"
                " and strpos(query, %s) > 0",
                NAME,
                which,
            )
        )

    @staticmethod
    async def accept(_claim: Claim) -> None:
        """Publish."""

    @staticmethod
    async def break_down(_claim: Claim) -> None:
        """Fail, for now."""
        raise RuntimeError("the platform is down")

    @staticmethod
    async def reject(_claim: Claim) -> None:
        """Fail, for good."""
        raise Rejected("the account is closed")

    @staticmethod
    async def hang(_claim: Claim) -> None:
        """Never answer."""
        await asyncio.Event().wait()


@pytest.fixture
def stage(at_head: str, shelf: Shelf) -> Stage:
    """A stage on the shelf's database."""
    return Stage(at_head, shelf)
