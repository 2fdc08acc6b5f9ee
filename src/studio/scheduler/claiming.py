"""Looking for what is due, also where part of it cannot be had: nothing that is broken keeps the rest from being published.

Usually all is claimed together. When that fails, and not because the database is away, the pieces are claimed one by one, and
those that fail are set aside: each is tried again by itself, less and less often. When not even a list of what is due can be
read, the backlog is out of reach: what becomes due from then on is published, and the backlog is tried again and again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime

from studio.content.model import Claim, describe_failure
from studio.content.store import Catch, ContentStore, Wish
from studio.scheduler.policy import Policy
from studio.scheduler.pulse import Pulse
from studio.storage import SchemaChanged, StoreUnavailable

_EVERYBODYS = (StoreUnavailable, SchemaChanged)
"""What concerns all content alike: there is no way around it."""
_MOST_SET_ASIDE = 1000
_LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class _Later:
    """Something that is tried again at a time of our clock, after so many failures."""

    at: float
    failures: int
    reason: str


class Claiming:
    """Claims what is due for one owner, around what cannot be claimed."""

    def __init__(
        self,
        store: ContentStore,
        owner: str,
        policy: Policy,
        pulse: Pulse,
        chance: Callable[[], float],
    ) -> None:
        """Say in *pulse* what is out of reach; *chance* gives the jitter."""
        self._store = store
        self._owner = owner
        self._policy = policy
        self._pulse = pulse
        self._chance = chance
        self._aside: dict[int, _Later] = {}
        self._blocked: _Later | None = None
        self._since: datetime | None = None

    async def look(self, most: int, in_hand: Collection[int]) -> Catch:
        """Claim up to *most* pieces that are due and not *in_hand*; what is out of reach is tried when its time has come."""
        if self._blocked is not None and time.monotonic() >= self._blocked.at:
            await self._try_backlog(most, in_hand)
        claims = await self._try_aside(in_hand, most)
        most -= len(claims)
        wish = Wish(most, {*in_hand, *self._aside, *(one.id for one in claims)}, self._since)
        catch = await self._claim(wish) if most else Catch(full=True)
        self._show()
        return replace(catch, claims=(*claims, *catch.claims))

    async def _claim(self, wish: Wish) -> Catch:
        try:
            return await self._store.claim(self._owner, self._policy.lease, wish)
        except _EVERYBODYS:
            raise
        except Exception as error:
            if wish.since is None and (catch := await self._one_by_one(wish, error)) is not None:
                return catch
            # What became due while we tried is backlog too: from now on, only what is still to come.
            self._since = await self._store.now()
            return await self._store.claim(
                self._owner, self._policy.lease, replace(wish, since=self._since)
            )

    async def _one_by_one(self, wish: Wish, error: Exception) -> Catch | None:
        """Claim what is due piece by piece, and set aside what fails; None if there is not even a list of it."""
        try:
            ids = await self._store.due_ids(wish)
        except _EVERYBODYS:
            raise
        except Exception as unreadable:
            self._block(unreadable)
            return None
        claims: list[Claim] = []
        for content_id in ids:
            claims += await self._alone(content_id)
        if len(ids) > 1 and all(one in self._aside for one in ids):
            for content_id in ids:  # nothing works at all: that is no matter of single pieces
                del self._aside[content_id]
            raise error
        if not ids or len(self._aside) > _MOST_SET_ASIDE:
            self._block(error)
            return None
        return Catch(tuple(claims), full=True)

    async def _alone(self, content_id: int) -> tuple[Claim, ...]:
        """Claim one piece; set it aside if that fails."""
        try:
            catch = await self._store.claim(
                self._owner, self._policy.lease, Wish(1, only=(content_id,))
            )
        except _EVERYBODYS:
            raise
        except Exception as error:
            later = self._later(self._aside.get(content_id), error)
            self._aside[content_id] = later
            if later.failures == 1:
                _LOG.warning("content %d is set aside: %s", content_id, later.reason)
            return ()
        if self._aside.pop(content_id, None):
            _LOG.info("content %d is not set aside any more", content_id)
        return catch.claims

    async def _try_aside(self, in_hand: Collection[int], most: int) -> list[Claim]:
        now = time.monotonic()
        ready = [one for one, later in self._aside.items() if later.at <= now][:most]
        claims: list[Claim] = []
        for content_id in ready:
            if content_id not in in_hand:
                claims += await self._alone(content_id)
        return claims

    async def _try_backlog(self, most: int, in_hand: Collection[int]) -> None:
        """See whether what is due can be listed again; then everything is claimed together as usual."""
        try:
            await self._store.due_ids(Wish(most, {*in_hand, *self._aside}))
        except _EVERYBODYS:
            raise
        except Exception as error:
            self._block(error)
        else:
            self._blocked, self._since = None, None
            _LOG.info("the backlog can be loaded again")

    def _block(self, error: Exception) -> None:
        self._blocked = self._later(self._blocked, error)
        if self._blocked.failures == 1:
            _LOG.warning(
                "the backlog cannot be loaded: %s; what becomes due from now on is published, and the backlog tried again",
                self._blocked.reason,
            )

    def _later(self, before: _Later | None, error: Exception) -> _Later:
        failures = before.failures + 1 if before else 1
        pause = self._policy.reconnect_in(failures, self._chance())
        return _Later(time.monotonic() + pause, failures, describe_failure(error))

    def _show(self) -> None:
        shown: dict[str, object] = {}
        if self._aside:
            content_id, later = next(iter(self._aside.items()))
            shown |= {"set_aside": len(self._aside), "content": content_id, "reason": later.reason}
        if self._blocked is not None:
            shown |= {"backlog": "cannot be loaded", "reason": self._blocked.reason}
        self._pulse.out_of_reach = shown
