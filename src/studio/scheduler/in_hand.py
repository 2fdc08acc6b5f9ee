"""What is in hand: claimed, and its outcome not yet written. At first a publisher works on it, then its outcome waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from studio.content.model import Claim
from studio.ending import end
from studio.scheduler.policy import Policy
from studio.scheduler.pulse import Pulse


class InHand:
    """The claims that are ours now, and the tasks that publish them."""

    def __init__(self, policy: Policy, pulse: Pulse, on_room: Callable[[], None]) -> None:
        """Call *on_room* whenever more may be claimed than before."""
        self._policy = policy
        self._pulse = pulse
        self._on_room = on_room
        self._claims: dict[int, Claim] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    @property
    def claims(self) -> Mapping[int, Claim]:
        """The claims by the id of their content."""
        return self._claims

    @property
    def room(self) -> int:
        """How many more may be claimed now."""
        return min(
            self._policy.at_once - len(self._tasks),
            self._policy.most_in_hand - len(self._claims),
        )

    def is_worked_on(self, claim: Claim) -> bool:
        """True if its publisher has not answered yet."""
        return claim.publication in self._tasks

    def begin(self, claim: Claim, work: Coroutine[Any, Any, None]) -> None:
        """Take a claim in hand and begin to work on it."""
        self._claims[claim.id] = claim
        task = asyncio.create_task(work, name=claim.key)
        self._tasks[claim.publication] = task
        task.add_done_callback(lambda _task: self._worked(claim))
        self._pulse.leases = len(self._claims)

    def put_down(self, claim: Claim) -> None:
        """Forget a claim: its outcome is written, or it is not ours any more; who still works on it is stopped."""
        if task := self._tasks.get(claim.publication):
            task.cancel()
        if self._claims.get(claim.id) == claim:
            del self._claims[claim.id]
        self._pulse.leases = len(self._claims)
        self._on_room()

    async def finish(self) -> None:
        """Wait until nobody works on anything any more."""
        while self._tasks:
            await asyncio.wait(list(self._tasks.values()))

    async def abandon(self) -> None:
        """Stop all work; the leases are left to run out."""
        await end(list(self._tasks.values()))

    def _worked(self, claim: Claim) -> None:
        self._tasks.pop(claim.publication, None)
        self._on_room()
