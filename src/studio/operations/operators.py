"""Who an operator is, found out beside the pool, and remembered for a while for when the database says nothing any more."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from studio.accounts.model import User, hashed
from studio.accounts.sessions import SessionStore
from studio.storage import StoreUnavailable

_REMEMBERED = 300.0
_MOST_REMEMBERED = 64
_MOST_ASKING = 32


class Operators:
    """Finds the user of a session; one who was an operator a moment ago is known even while the database stalls."""

    def __init__(
        self,
        sessions: SessionStore,
        *,
        remembered: float = _REMEMBERED,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Ask *sessions*, which should not use the pool; what they said of an operator counts for *remembered* seconds."""
        self._sessions = sessions
        self._seconds = remembered
        self._clock = clock
        self._known: dict[str, tuple[User, float]] = {}
        self._asking: set[asyncio.Task[User | None]] = set()

    async def find(self, sid: str, within: float) -> User | None:
        """Return whose session that is, None for nobody's; raise ``StoreUnavailable`` if it cannot be known in time."""
        if len(self._asking) < _MOST_ASKING:
            task = asyncio.create_task(self._ask(sid))
            self._asking.add(task)
            task.add_done_callback(self._asked)
            await asyncio.wait({task}, timeout=within)
            if task.done() and task.exception() is None:
                return task.result()
        user, until = self._known.get(hashed(sid), (None, 0.0))
        if user is None or until < self._clock():
            raise StoreUnavailable("the database did not say in time who asks")
        return user

    async def _ask(self, sid: str) -> User | None:
        session = await self._sessions.find(sid)
        self._known.pop(hashed(sid), None)
        if session is None:
            return None
        if session.user.is_admin:
            while len(self._known) >= _MOST_REMEMBERED:
                self._known.pop(next(iter(self._known)))
            self._known[hashed(sid)] = (session.user, self._clock() + self._seconds)
        return session.user

    def _asked(self, task: asyncio.Task[User | None]) -> None:
        self._asking.discard(task)
        if not task.cancelled():
            task.exception()  # it was looked at: nothing is left to complain about
