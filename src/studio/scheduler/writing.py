"""Outcomes are written together: while one transaction is under way, the next one's outcomes gather.

What a platform has answered must not be lost: it is written as soon as the database takes it. One outcome that the database
refuses does not keep the others from being written.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence

from studio.content.model import Settlement, describe_failure
from studio.content.store import ContentStore
from studio.scheduler.policy import Policy
from studio.scheduler.pulse import Outcome, Pulse
from studio.scheduler.troubles import Troubles
from studio.storage import ConstraintViolated, SchemaChanged, StoreUnavailable

_ALREADY_OUT = "publications_success_key"
_GIVEN_UP_AFTER = 60.0
_LOG = logging.getLogger(__name__)


class Writing:
    """Writes the outcomes of one owner's attempts."""

    def __init__(
        self,
        store: ContentStore,
        owner: str,
        policy: Policy,
        pulse: Pulse,
        troubles: Troubles,
        written: Callable[[Settlement], None],
    ) -> None:
        """Call *written* with each outcome that is written, or given up."""
        self._store = store
        self._owner = owner
        self._policy = policy
        self._pulse = pulse
        self._troubles = troubles
        self._written = written
        self._waiting: list[Settlement] = []
        self._refused: dict[int, float] = {}
        self._open = 0
        self._news = asyncio.Event()
        self._drained = asyncio.Event()
        self.turn = asyncio.Lock()
        """Held while rows are written: renewals lock the same ones."""

    def put(self, outcome: Settlement) -> None:
        """Have *outcome* written."""
        self._open += 1
        self._queue(outcome)

    async def drain(self) -> None:
        """Wait until everything that was put here is written, or given up."""
        while self._open:
            self._drained.clear()
            await self._drained.wait()

    async def run(self) -> None:
        """Write what is put here, until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            batch, self._waiting = self._waiting, []
            await self._write(batch)

    def _queue(self, outcome: Settlement) -> None:
        self._waiting.append(outcome)
        self._news.set()

    async def _write(self, batch: Sequence[Settlement]) -> None:
        while batch:
            try:
                async with self.turn:
                    ours = await self._store.settle(self._owner, batch)
            except (StoreUnavailable, SchemaChanged) as error:
                await asyncio.sleep(await self._troubles.note("outcomes", error))
            except Exception as error:
                if len(batch) == 1:
                    await self._refuse(batch[0], error)
                else:
                    for outcome in batch:
                        await self._write([outcome])
                return
            else:
                self._pulse.well("outcomes")
                for outcome in batch:
                    self._end(outcome, ours=outcome.claim.id in ours)
                return

    async def _refuse(self, outcome: Settlement, error: Exception) -> None:
        """Put off an outcome that the database does not take, or give it up: its lease runs out then."""
        claim = outcome.claim
        if isinstance(error, ConstraintViolated) and error.constraint == _ALREADY_OUT:
            reason = f"version {claim.version} is already out on {claim.platform}"
            self._queue(Settlement(claim, None, reason))
            return
        pause = await self._troubles.note("outcomes", error)
        since = self._refused.setdefault(claim.publication, time.monotonic())
        if time.monotonic() - since < _GIVEN_UP_AFTER:
            asyncio.get_running_loop().call_later(pause, self._queue, outcome)
            return
        _LOG.error("content %d: its outcome is given up: %s", claim.id, describe_failure(error))
        self._end(outcome, ours=False)

    def _end(self, outcome: Settlement, *, ours: bool) -> None:
        word = _word(outcome) if ours else "lost"
        claim = outcome.claim
        if word == "lost":
            _LOG.warning("content %d: its lease was not ours any more", claim.id)
        elif word != "published":
            _LOG.warning(
                "content %d: attempt %d failed: %s", claim.id, claim.attempt, outcome.reason
            )
        self._pulse.ended(word)
        self._refused.pop(claim.publication, None)
        self._written(outcome)
        self._open -= 1
        self._drained.set()


def _word(outcome: Settlement) -> Outcome:
    if outcome.receipt is not None:
        return "published"
    return "failed" if outcome.retry_in is None else "retried"
