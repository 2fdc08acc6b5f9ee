"""The stream of events as this instance follows it: woken by notifications, read from the table.

A notification says only that there is something; what it is comes from ``live_events``, everything since the last reading.
So a lost notification, a lost connection or a database that was away cost time and no event: the next reading has it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable
from typing import TypeAlias

from lockstep import Database
from studio.ending import heed
from studio.live_updates.hub import Hub
from studio.live_updates.policy import LivePolicy
from studio.live_updates.store import CHANNEL, LiveStore

_LOG = logging.getLogger(__name__)
Chance: TypeAlias = Callable[[], float]


class Tail:
    """Reads events as they become visible and hands them to the hub."""

    def __init__(self, hub: Hub, policy: LivePolicy, *, chance: Chance = random.random) -> None:
        self._hub = hub
        self._policy = policy
        self._chance = chance
        self._wake = asyncio.Event()
        self._read = asyncio.Condition()
        self._begun = 0
        self._done = 0
        self.listening = False
        self.reconnects = 0
        self.lag = 0.0
        """How old the oldest event of the last reading was, in seconds."""
        self.reason = ""
        """Why events cannot be read now; empty: they can."""
        self.silence = ""
        """Why notifications do not come now; events are then late by up to a poll."""

    async def follow(self, store: LiveStore) -> None:
        """Read for ever; whatever goes wrong is tried again."""
        failures = 0
        while True:
            heed()
            self._wake.clear()
            self._begun += 1
            begun = self._begun
            try:
                await self._read_once(store)
            except Exception as error:
                heed()
                failures += 1
                self._unwell(error, failures)
                await asyncio.sleep(self._policy.pause(failures, self._chance()))
                continue
            failures, self.reason = 0, ""
            async with self._read:
                self._done = begun
                self._read.notify_all()
            # Under a stream of changes one reading takes many of them.
            await asyncio.sleep(self._policy.pace)
            heed()  # before the long wait: the reading may have swallowed it
            # Not wait_for: before Python 3.12 it swallows a cancellation that comes together with what it waits for.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._policy.poll):
                    await self._wake.wait()

    async def caught_up(self, within: float) -> None:
        """Return once a reading that began after this call is done; raise ``TimeoutError`` if that takes longer."""
        wanted = self._begun + 1
        self._wake.set()
        async with asyncio.timeout(within), self._read:
            await self._read.wait_for(lambda: self._done >= wanted)

    async def listen(self, database: Database) -> None:
        """Wake the reading at every notification, for ever; the connection is made anew when it dies."""
        failures = 0
        while True:
            try:
                async with database.listening(CHANNEL) as connection:
                    self.listening, self.silence, failures = True, "", 0
                    self._wake.set()  # for what happened while nobody listened
                    while True:
                        async for _ in connection.notifies(timeout=self._policy.probe):
                            heed()
                            self._wake.set()
                        heed()
                        # A connection that died without a word is told from a quiet one.
                        async with asyncio.timeout(self._policy.longest_pause):
                            await connection.execute("select 1")
            except Exception as error:
                heed()
                self.listening = False
                failures += 1
                self.reconnects += 1
                self.silence = _said(error)
                if failures == 1:
                    _LOG.warning("live updates are not notified: %s", self.silence)
            await asyncio.sleep(self._policy.pause(failures, self._chance()))

    async def _read_once(self, store: LiveStore) -> None:
        if self._hub.cursor is None or not self._hub.clients:
            now = await store.look()
            if self._hub.cursor is None or not self._hub.clients:  # still: somebody may have come
                self._hub.cursor = now
                return
        batch, self.lag = await store.read(self._hub.cursor)
        self._hub.publish(batch)

    def _unwell(self, error: Exception, failures: int) -> None:
        self.reason = _said(error)
        if failures == 1:
            _LOG.warning("live updates cannot be read: %s", self.reason)


def _said(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
