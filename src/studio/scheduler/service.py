"""The content scheduler: claim what is due, have it published, write what came of it; then sleep to the next.

Pieces are claimed many at a time and published side by side, up to a bound. A timer sleeps until the next is due by the
database's clock; edits wake it (``listening``), a slow poll covers what was not heard. Leases are prolonged while publishers
work (``renewing``), outcomes are written together (``writing``). Whatever goes wrong (the database away, a platform down, a
bug in a publisher) ends an attempt and never the loop: health says what is wrong while trying goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import secrets
import socket
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from lockstep import Database, ServiceHealth, check_needs
from studio.content.misfire import MisfirePolicy
from studio.content.model import Claim, Settlement, Status
from studio.content.needs import NEEDS
from studio.content.store import Catch, ContentStore
from studio.ending import end
from studio.publishing.publishers import Publisher
from studio.scheduler.attempts import attempt
from studio.scheduler.claiming import Claiming
from studio.scheduler.in_hand import InHand
from studio.scheduler.listening import Listening
from studio.scheduler.policy import Policy
from studio.scheduler.pulse import Pulse
from studio.scheduler.renewing import Renewing
from studio.scheduler.troubles import Troubles
from studio.scheduler.writing import Writing

DEFAULT_POLICY = Policy()
_COUNT_EVERY = 1.0
_GATHER = 0.002


class ContentScheduler:
    """The service ``scheduler``: without it the studio must not run."""

    def __init__(
        self,
        publisher: Publisher,
        policy: Policy = DEFAULT_POLICY,
        *,
        misfires: MisfirePolicy | None = None,
        migrations: Path = Path(),
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Publish through *publisher*; *migrations* is where to look for what should have made a missing column.

        *chance* gives the jitter, from 0 to 1.
        """
        self.name = "scheduler"
        self.needs = NEEDS
        self.after: tuple[str, ...] = ()
        self.critical = True
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._publisher = publisher
        self._policy = policy
        self._misfires = misfires or MisfirePolicy()
        self._migrations = migrations
        self._chance = chance
        self._pulse = Pulse(policy.silence)
        self._stopping = False
        self._full = False
        self._wake = asyncio.Event()
        self._next_look: float | None = None
        self._counted_at = 0.0
        self._in_vain = 0
        self._task: asyncio.Task[None] | None = None

    async def start(self, database: Database) -> asyncio.Task[None]:
        """Begin to look for due content; the task ends only by ``stop``."""
        self._store = ContentStore(database, misfires=self._misfires)
        self._in_hand = InHand(self._policy, self._pulse, self._room_made)

        async def missing() -> Sequence[str]:
            refusal = await check_needs(database, self.name, self.needs, self._migrations)
            return [f"{one.what}. {one.next_step}" for one in refusal.problems] if refusal else ()

        self._troubles = Troubles(self._pulse, self._policy, self._chance, missing)
        common = (self._store, self.owner, self._policy, self._pulse)
        self._claiming = Claiming(*common, self._chance)
        self._writing = Writing(*common, self._troubles, self._written)
        renewing = Renewing(*common, self._troubles, self._in_hand, self._writing.turn)
        listening = Listening(database, self._pulse, self._heard)
        self._task = asyncio.create_task(self._run(renewing, listening), name=self.name)
        return self._task

    async def stop(self) -> None:
        """Claim nothing more and finish what is in hand; when cancelled meanwhile, its leases are left to run out."""
        self._stopping = True
        self._wake.set()
        if self._task is None:
            return
        try:
            await asyncio.wait({self._task})
        finally:
            self._task.cancel()

    def health(self) -> ServiceHealth:
        """Say how the scheduler is: ``initialized``, ``reconnecting``, ``failing``, ``schema not ready`` or ``stalled``."""
        return self._pulse.health()

    async def _run(self, renewing: Renewing, listening: Listening) -> None:
        runs = (self._writing.run(), renewing.run(), listening.run())
        besides = {asyncio.create_task(run) for run in runs}
        try:
            await self._look_for_work()
            await self._in_hand.finish()
            await self._writing.drain()
        finally:
            await self._in_hand.abandon()
            await end(besides)

    async def _look_for_work(self) -> None:
        while not self._stopping:
            # Until it is known when to look again, everything that is heard counts.
            self._next_look = None
            self._wake.clear()
            room = self._in_hand.room
            self._full = room <= 0
            if self._full:
                await self._sleep(_COUNT_EVERY)
                await asyncio.sleep(_GATHER)
                continue
            begun = time.monotonic()
            try:
                catch = await self._claiming.look(room, self._in_hand.claims)
                self._pulse.tick()
                await self._take(catch)
            except Exception as error:
                await self._sleep(await self._troubles.note("claims", error))
                continue
            if catch.now is not None:
                await self._sleep_until_next(catch, time.monotonic() - begun)

    async def _take(self, catch: Catch) -> None:
        """Begin to publish what was found, and keep count of it."""
        self._pulse.dismissed(catch.dismissed)
        for claim in catch.claims:
            self._in_hand.begin(claim, self._publish(claim))
        if catch.claims:
            taken_over = sum(claim.taken_over for claim in catch.claims)
            self._pulse.claimed(max(one.late for one in catch.claims), taken_over=taken_over)
        if not catch.full:
            if not catch.claims:
                self._pulse.idle()
            self._pulse.backlog = 0
        elif time.monotonic() - self._counted_at > _COUNT_EVERY:
            self._counted_at = time.monotonic()
            self._pulse.backlog = await self._store.backlog()

    async def _publish(self, claim: Claim) -> None:
        self._writing.put(
            await attempt(self._publisher, claim, self._policy, self._chance()),
        )

    def _written(self, outcome: Settlement) -> None:
        self._in_hand.put_down(outcome.claim)
        if outcome.status is not Status.PUBLISHED:
            # Its new time may have been heard of while it was still in hand, and then was passed by.
            self._wake.set()

    def _room_made(self) -> None:
        if self._full:
            self._wake.set()

    def _heard(self, second: str) -> None:
        """Wake if what was heard of will be due before the next look."""
        soon = self._next_look is None or not second or float(second) <= self._next_look
        if soon:
            self._wake.set()

    async def _sleep_until_next(self, catch: Catch, spent: float) -> None:
        seconds = catch.seconds_to_next
        self._in_vain = self._in_vain + 1 if seconds is not None and seconds <= 0 else 0
        if seconds is not None and seconds > 0:
            seconds = max(seconds - spent, 1e-6)
        pause = self._policy.sleep(seconds, self._in_vain)
        if catch.now is not None:
            self._next_look = catch.now.timestamp() + pause
        await self._sleep(pause)

    async def _sleep(self, seconds: float) -> None:
        """Sleep, but not through what wakes: a stop, an edit, room for more."""
        # Not wait_for: before Python 3.12 it swallows a cancellation that comes together with what it waits for.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()
