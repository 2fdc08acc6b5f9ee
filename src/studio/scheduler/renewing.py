"""Leases are prolonged while publishers work: a slow platform is no dead instance."""

from __future__ import annotations

import asyncio
import logging

from studio.content.store import ContentStore
from studio.scheduler.in_hand import InHand
from studio.scheduler.policy import Policy
from studio.scheduler.pulse import Pulse
from studio.scheduler.troubles import Troubles
from studio.storage import StoreUnavailable

_LOG = logging.getLogger(__name__)


class Renewing:
    """Prolongs the leases of what is in hand, and puts down what was taken over by others."""

    def __init__(
        self,
        store: ContentStore,
        owner: str,
        policy: Policy,
        pulse: Pulse,
        troubles: Troubles,
        in_hand: InHand,
        turn: asyncio.Lock,
    ) -> None:
        """Write only while *turn* is held: outcomes lock the same rows."""
        self._store = store
        self._owner = owner
        self._policy = policy
        self._pulse = pulse
        self._troubles = troubles
        self._in_hand = in_hand
        self._turn = turn

    async def run(self) -> None:
        """Prolong until cancelled."""
        pause = self._policy.renewal
        while True:
            await asyncio.sleep(pause)
            try:
                await self._renew()
            except Exception as error:
                pause = min(await self._troubles.note("leases", error), self._policy.renewal)
            else:
                pause = self._policy.renewal

    async def _renew(self) -> None:
        async with self._turn:
            held = list(self._in_hand.claims.values())
            if not held:
                self._pulse.well("leases")
                return
            # A renewal that hangs for longer than this comes too late in any case.
            patience = self._policy.lease / 2
            try:
                async with asyncio.timeout(patience):
                    ours = await self._store.renew(self._owner, self._policy.lease, held)
            except TimeoutError as error:
                raise StoreUnavailable(f"no answer within {patience:g} s") from error
        self._pulse.well("leases")
        for claim in held:
            if claim.id not in ours and self._in_hand.is_worked_on(claim):
                _LOG.warning("content %d: its lease was not ours any more", claim.id)
                self._pulse.ended("lost")
                self._in_hand.put_down(claim)
