"""The content scheduler: claim what is due, hand it to the publisher, write what came of it; then sleep to the next.

It works one piece at a time. Whatever goes wrong (the database away, a platform down, a bug in a publisher) ends an attempt
and never the loop: health says what is wrong while trying goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import random
import secrets
import socket
from collections.abc import Callable

from lockstep import Database, ServiceHealth
from studio.content.model import Claim, Receipt, describe_failure
from studio.content.store import NEEDS, ContentStore
from studio.scheduler.policy import Policy
from studio.scheduler.publishers import Publisher, Rejected
from studio.scheduler.pulse import Outcome, Pulse, Trouble
from studio.storage import StoreUnavailable

DEFAULT_POLICY = Policy()
_LOG = logging.getLogger(__name__)


class ContentScheduler:
    """The service ``scheduler``: without it the studio must not run."""

    def __init__(
        self,
        publisher: Publisher,
        policy: Policy = DEFAULT_POLICY,
        *,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Publish through *publisher*; *chance* gives the jitter, from 0 to 1."""
        self.name = "scheduler"
        self.needs = NEEDS
        self.after: tuple[str, ...] = ()
        self.critical = True
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._publisher = publisher
        self._policy = policy
        self._chance = chance
        self._pulse = Pulse(policy.silence)
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self, database: Database) -> asyncio.Task[None]:
        """Begin to look for due content; the task ends only by ``stop``."""
        self._task = asyncio.create_task(self._run(ContentStore(database)), name="scheduler")
        return self._task

    async def stop(self) -> None:
        """Claim nothing more and finish the piece in hand; when cancelled meanwhile, its lease is left to run out."""
        self._stopping.set()
        if self._task is None:
            return
        try:
            await asyncio.wait({self._task})
        finally:
            self._task.cancel()

    def health(self) -> ServiceHealth:
        """Say how the scheduler is: ``initialized``, ``reconnecting``, ``failing`` or ``stalled``."""
        return self._pulse.health()

    async def _run(self, store: ContentStore) -> None:
        while not self._stopping.is_set():
            try:
                pause = await self._tick(store)
            except StoreUnavailable as error:
                pause = self._unwell("reconnecting", error)
            except Exception as error:  # a bug must show in health, not end everybody's publishing
                _LOG.exception("the scheduler goes on after an error that nobody foresaw")
                pause = self._unwell("failing", error)
            await self._sleep(pause)

    async def _tick(self, store: ContentStore) -> float:
        """Publish one piece if one is due; return how long to sleep before looking again."""
        claim = await store.claim(self.owner, self._policy.lease)
        self._pulse.tick()
        if claim is not None:
            await self._publish(store, claim)
            return 0.0
        self._pulse.idle()
        return self._policy.sleep(await store.seconds_to_next())

    async def _publish(self, store: ContentStore, claim: Claim) -> None:
        self._pulse.claimed(claim.late, taken_over=claim.taken_over)
        outcome = await self._attempt(claim)
        while True:
            try:
                self._pulse.ended(await self._write(store, claim, outcome))
            except StoreUnavailable as error:
                # What the platform answered must not be lost: it is written as soon as the database is back.
                await asyncio.sleep(self._unwell("reconnecting", error))
            else:
                self._pulse.well()
                return

    async def _attempt(self, claim: Claim) -> Receipt | Exception:
        """Call the publisher; return the platform's receipt, or why there is none."""
        hopeless = self._hopeless(claim)
        if hopeless:
            return Rejected(hopeless)
        bound = asyncio.timeout(self._policy.publish_timeout)
        try:
            async with bound:
                return await self._publisher.publish(claim)
        except Exception as error:  # whatever a publisher raises is a failed attempt
            late = f"no answer within {self._policy.publish_timeout:g} s"
            return TimeoutError(late) if bound.expired() else error

    def _hopeless(self, claim: Claim) -> str:
        if claim.already_out:
            return f"version {claim.version} is already out on {claim.platform}"
        if claim.attempt > self._policy.attempts:
            return f"given up: {claim.attempt - 1} attempts ended, the last without an outcome"
        return ""

    async def _write(
        self, store: ContentStore, claim: Claim, outcome: Receipt | Exception
    ) -> Outcome:
        """Write what came of an attempt; say how it counts."""
        word: Outcome = "published"
        if isinstance(outcome, Receipt):
            ours = await store.succeed(claim, outcome)
        else:
            reason, retry_in = describe_failure(outcome), self._retry_in(claim, outcome)
            ours = await store.fail(claim, reason, retry_in)
            word = "failed" if retry_in is None else "retried"
            _LOG.warning("content %d: attempt %d failed: %s", claim.id, claim.attempt, reason)
        if not ours:
            _LOG.warning("content %d: its lease was not ours any more", claim.id)
            return "lost"
        return word

    def _retry_in(self, claim: Claim, error: Exception) -> float | None:
        if isinstance(error, Rejected):
            return None
        return self._policy.retry_in(claim.attempt, self._chance())

    def _unwell(self, trouble: Trouble, error: Exception) -> float:
        """Note what is wrong; return how long to wait before trying again."""
        self._pulse.unwell(trouble, describe_failure(error))
        if self._pulse.failures == 1:
            _LOG.warning("%s: %s", trouble, error)
        return self._policy.reconnect_in(self._pulse.failures, self._chance())

    async def _sleep(self, seconds: float) -> None:
        """Sleep, but not through a stop."""
        if seconds <= 0:
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)
