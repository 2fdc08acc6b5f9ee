"""The service ``live_updates``: follows the stream of events, keeps connections alive, and shows this replica to the others.

HTTP hands it a connection in two steps: ``admit`` may refuse it while an answer over HTTP is still possible, ``serve`` runs
it to its end.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import random
import secrets
import socket
import time
from collections.abc import Awaitable, Callable
from typing import Any

from lockstep import Database, ServiceHealth
from studio.ending import end, heed
from studio.live_updates.changes import frame_of, hello_frame
from studio.live_updates.client import Client, Receive, Send
from studio.live_updates.cursor import Cursor
from studio.live_updates.figures import Figures, added, shown
from studio.live_updates.hub import Hub
from studio.live_updates.policy import Close, LivePolicy
from studio.live_updates.store import NEEDS, LiveStore
from studio.live_updates.tail import Tail
from studio.storage import StoreUnavailable

DEFAULT_POLICY = LivePolicy()
PATH = "/ws"
_LOG = logging.getLogger(__name__)


class NotYours(LookupError):
    """There is no such project of that user."""


class NotReady(Exception):
    """Live updates do not run (yet, or any more), or the database is away."""


class LiveUpdates:
    """Tells connected clients what happens to their content; without it the studio runs on."""

    def __init__(
        self,
        policy: LivePolicy = DEFAULT_POLICY,
        *,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.name = "live_updates"
        self.needs = NEEDS
        self.after: tuple[str, ...] = ()
        self.critical = False
        self.replica = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self.figures = Figures()
        self._policy = policy
        self._clock = clock
        self._begun = clock()
        self._hub = Hub(policy, self.figures, chance=chance)
        self._tail = Tail(self._hub, policy, chance=chance)
        self._store: LiveStore | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self, database: Database) -> asyncio.Task[None]:
        """Begin to follow; a database that is away by now is waited for."""
        self._store = LiveStore(database)
        self._task = asyncio.create_task(self._run(self._store, database), name="live_updates")
        return self._task

    async def stop(self) -> None:
        """Close what is still connected, and take this replica's row away."""
        store, self._store = self._store, None
        self._hub.close_all(Close.RESTART, "this instance stops")
        if self._task is not None:
            await end([self._task])
        if store is not None:
            with contextlib.suppress(StoreUnavailable):
                await store.leave(self.replica)

    @property
    def ready(self) -> bool:
        """Whether clients can be admitted: it runs, and knows from where on to tell them."""
        return self._store is not None and self._hub.cursor is not None

    def health(self) -> ServiceHealth:
        """Say how it is: ``initialized``, or ``reconnecting`` while events cannot be read or come late."""
        tail = self._tail
        details: dict[str, Any] = {
            "clients": self._hub.clients,
            "users": self._hub.users,
            "listening": tail.listening,
            "reconnects": tail.reconnects,
            "lag_seconds": round(tail.lag, 3),
        }
        reason = tail.reason or tail.silence
        if reason:
            details["reason"] = reason
            return ServiceHealth(ok=False, word="reconnecting", details=details)
        return ServiceHealth(ok=True, details=details)

    async def admit(
        self, user_id: str, sid: str, project: int | None = None, after: Cursor | None = None
    ) -> Client:
        """Take a client in: from here on it hears of everything since *after*, or from now on.

        Raises ``NotYours``, ``Full``, ``NotReady`` and ``StoreUnavailable``. What was admitted must be served.
        """
        store = self._store
        if store is None or not self.ready:
            raise NotReady
        if project is not None and not await store.owns_project(user_id, project):
            raise NotYours
        if after is not None:
            # Another instance may have told it of more than this one knows by now.
            await self._catch_up()
        client = Client(user_id, sid, project, self._policy, self.figures)
        self._hub.add(client, self._clock())
        try:
            await self._greet(store, client, after)
        except BaseException:
            self._hub.remove(client)
            raise
        return client

    async def serve(self, client: Client, receive: Receive, send: Send) -> None:
        """Serve an admitted client, whose connection has been accepted, to its end."""
        self.figures.opened(PATH)
        code = 1006
        try:
            code = await client.run(receive, send, self._clock)
        finally:
            self.figures.ended(PATH, code)
            self._hub.remove(client)

    def release(self, client: Client) -> None:
        """Forget an admitted client that will not be served after all."""
        self._hub.remove(client)

    def statistics(self) -> dict[str, Any]:
        """Return this replica's figures, from memory."""
        return {
            **self.figures.as_dict(self._hub.queued),
            "users": self._hub.users,
            "uptime_seconds": round(self._clock() - self._begun, 1),
        }

    async def cluster(self) -> dict[str, Any]:
        """Return the figures of this replica, of every other that lives, and their sum; raise ``StoreUnavailable``."""
        if self._store is None:
            raise StoreUnavailable("live updates do not run")
        mine = self.statistics()
        others = await self._store.others(self.replica)
        everybody = [mine, *(row["figures"] for row in others)]
        total = shown(added(everybody))
        del total["uptime_seconds"]
        return {
            "replica": self.replica,
            **shown(mine),
            "listener": self.health().details,
            "cluster": {
                **total,
                "replicas": [self.replica, *(row["replica"] for row in others)],
            },
        }

    async def _catch_up(self) -> None:
        try:
            await self._tail.caught_up(self._policy.hurry)
        except TimeoutError:
            raise NotReady from None

    async def _greet(self, store: LiveStore, client: Client, after: Cursor | None) -> None:
        """Put before all else what the client missed up to the moment from which the hub tells it."""
        begin = self._hub.cursor
        assert begin is not None
        frames = [hello_frame(begin, self._policy.heartbeat, self.replica)]
        if after is not None:
            changes = await store.missed(client.user_id, after, begin)
            missed = frame_of(changes, client.project, begin)
            if missed is not None:
                frames.append(missed)
        client.offer_first(frames)

    async def _run(self, store: LiveStore, database: Database) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._tail.follow(store))
            tasks.create_task(self._tail.listen(database))
            tasks.create_task(self._every(self._policy.tick, lambda: self._beat(store)))
            tasks.create_task(self._every(self._policy.show, lambda: self._show(store)))
            tasks.create_task(self._every(self._policy.prune, store.remove_old_events))

    async def _beat(self, store: LiveStore) -> None:
        """Ask for signs of life, and close those whose session is over."""
        asked = self._hub.beat(self._clock())
        if not asked:
            return
        alive = await store.alive({client.sid for client in asked})
        for client in asked:
            if client.sid not in alive:
                client.close(Close.SESSION_OVER, "the session is over")

    async def _show(self, store: LiveStore) -> None:
        await store.show(self.replica, self.statistics())

    async def _every(self, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        """Do *work* again and again; the database being away, or a bug, ends a round and not the rounds."""
        while True:
            try:
                await work()
            except StoreUnavailable as error:
                _LOG.debug("live updates: %s", error)
            except Exception:
                _LOG.exception("live updates go on after an error that nobody foresaw")
            heed()
            await asyncio.sleep(seconds)
