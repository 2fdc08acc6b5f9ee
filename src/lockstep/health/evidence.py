"""What is known of the database, and since when: at most one probe runs, however many ask.

A check that cannot determine an answer must not say that all is well: a probe that is late is ``slow``, and after a failed
one the database stays ``unreachable`` until a probe has come back.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Literal

DatabaseWord = Literal["ready", "slow", "unreachable"]
FRESH_FOR = 1.0
PROBE_TIMEOUT = 0.5


class DatabaseEvidence:
    """The last probe's result, renewed when it is older than a second."""

    def __init__(
        self,
        probe: Callable[[], Awaitable[None]],
        *,
        fresh_for: float = FRESH_FOR,
        timeout: float = PROBE_TIMEOUT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._probe = probe
        self._fresh_for = fresh_for
        self._timeout = timeout
        self._clock = clock
        self._word: DatabaseWord = "slow"
        self._begun = float("-inf")
        self._bounded: asyncio.Task[None] | None = None
        self._running: asyncio.Task[None] | None = None

    async def word(self) -> DatabaseWord:
        """Return what the database is, by evidence that is fresh; waits for a probe if there is none, never longer."""
        if self._bounded is None and self._clock() - self._begun >= self._fresh_for:
            self._begun = self._clock()
            self._bounded = asyncio.create_task(self._renew())
        if self._bounded is not None:
            # One who asks may go away; the others, and the evidence, stay.
            await asyncio.shield(self._bounded)
        return self._word

    async def _renew(self) -> None:
        try:
            # A probe that was cancelled and still hangs in the driver is an answer in itself; another would only join it.
            if self._running is None or self._running.done():
                self._running = asyncio.create_task(self._run_probe())
                await asyncio.wait({self._running}, timeout=self._timeout)
            if not self._running.done():
                self._running.cancel()
                self._word = "slow" if self._word == "ready" else self._word
        finally:
            self._bounded = None

    async def _run_probe(self) -> None:
        word: DatabaseWord = "ready"
        try:
            await self._probe()
        except Exception:  # whatever the driver raises, the database was not reached
            word = "unreachable"
        # What a probe says once it was given up is about being cancelled, not about the database.
        task = asyncio.current_task()
        if task is not None and not task.cancelling():
            self._word = word
