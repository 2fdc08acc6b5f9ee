"""Who is connected to this instance, and what they are told: in memory, and never waiting for anybody."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from studio.live_updates.changes import Batch, Frame, frame_of, ping_frame, reset_frame
from studio.live_updates.client import Client
from studio.live_updates.cursor import Cursor
from studio.live_updates.figures import Figures
from studio.live_updates.policy import Close, LivePolicy


class Full(Exception):
    """There is no room for another connection: of this user, or of anybody."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class Hub:
    """The clients of this instance, by user."""

    def __init__(
        self, policy: LivePolicy, figures: Figures, *, chance: Callable[[], float] = random.random
    ) -> None:
        """Keep to *policy*'s limits; *chance* spreads the first heartbeats of those who come together."""
        self._policy = policy
        self._figures = figures
        self._chance = chance
        self._by_user: dict[str, dict[Client, None]] = {}
        self._count = 0
        self.cursor: Cursor | None = None
        """Up to where clients have been told; None: not even where to begin is known."""

    @property
    def clients(self) -> int:
        """How many are connected, or about to be."""
        return self._count

    @property
    def users(self) -> int:
        """Of how many users."""
        return len(self._by_user)

    @property
    def queued(self) -> int:
        """How many messages wait for their clients."""
        return sum(client.queued for client in self)

    def __iter__(self) -> Iterator[Client]:
        for clients in self._by_user.values():
            yield from clients

    def add(self, client: Client, now: float) -> None:
        """Let *client* hear of everything after ``cursor``; raise ``Full`` if there is no room."""
        theirs = self._by_user.get(client.user_id, {})
        if len(theirs) >= self._policy.clients_per_user:
            most = self._policy.clients_per_user
            raise Full("too_many_connections", f"You have {most} live connections open already.")
        if self._count >= self._policy.clients:
            raise Full("instance_full", "This instance has no room for more live connections.")
        client.asked_at = now - self._chance() * self._policy.heartbeat
        self._by_user.setdefault(client.user_id, theirs)[client] = None
        self._count += 1

    def remove(self, client: Client) -> None:
        """Tell *client* nothing more."""
        theirs = self._by_user[client.user_id]
        del theirs[client]
        self._count -= 1
        if not theirs:
            del self._by_user[client.user_id]

    def publish(self, batch: Batch) -> None:
        """Tell everybody what concerns them; a frame is made once for all who get the same."""
        self.cursor = batch.cursor
        if batch.changes is None:
            frame = reset_frame(batch.cursor)
            self._figures.resets += self._count
            for client in self:
                client.offer(frame)
            return
        for user_id, changes in batch.by_user().items():
            frames: dict[int | None, Frame | None] = {}
            for client in self._by_user.get(user_id, ()):
                if client.project not in frames:
                    frames[client.project] = frame_of(changes, client.project, batch.cursor)
                told = frames[client.project]
                if told is not None:
                    client.offer(told)

    def beat(self, now: float) -> list[Client]:
        """Ask those whose turn it is for a sign of life, close those who gave none; return those who were asked."""
        asked: list[Client] = []
        for client in self:
            if client.stalled(now):
                client.too_slow()
            waited = now - client.asked_at
            if client.waiting_for_pong and waited >= self._policy.pong_within:
                self._figures.missed += not client.ending
                client.close(Close.NO_PONG, "the heartbeat was not answered")
            elif not client.waiting_for_pong and waited >= self._policy.heartbeat:
                self._ask(client, now)
                asked.append(client)
        return asked

    def _ask(self, client: Client, now: float) -> None:
        assert self.cursor is not None
        client.ping += 1
        client.asked_at, client.waiting_for_pong = now, True
        client.offer(ping_frame(client.ping, self.cursor))

    def close_all(self, code: Close, reason: str) -> None:
        """Close every connection."""
        for client in self:
            client.close(code, reason)
