"""Notifications in the database, each its user's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from lockstep import Database, load_queries
from studio.storage import PATIENCE, Jsonb, Storage

QUERIES = load_queries(Path(__file__).with_name("queries.sql"))


@dataclass(frozen=True, slots=True)
class Notification:
    """Something that a user was told; ``type`` is a word for programs."""

    id: int
    type: str
    title: str
    message: str
    is_read: bool
    read_at: datetime | None
    metadata: dict[str, Any]
    created_at: datetime


class NotificationStore:
    """Tells users, and keeps what they have read."""

    def __init__(self, database: Database, *, patience: float = PATIENCE) -> None:
        """Use *database*; an operation that takes longer than *patience* seconds counts as unavailable."""
        self._storage = Storage(database, QUERIES, patience=patience)

    async def add(
        self,
        user_id: str,
        kind: str,
        title: str,
        message: str,
        metadata: Mapping[str, Any] | None = None,
    ) -> Notification:
        """Tell a user something of a *kind*."""
        async with self._storage.transaction() as transaction:
            row = await transaction.one(
                "add_notification",
                user_id=user_id,
                type=kind,
                title=title,
                message=message,
                metadata=Jsonb(dict(metadata or {})),
            )
        assert row is not None
        return Notification(**row)

    async def list(
        self,
        user_id: str,
        *,
        unread: bool = False,
        limit: int,
        after: tuple[datetime, int] | None = None,
    ) -> list[Notification]:
        """Return at most *limit* of the user's notifications, the newest first, those *after* one's place."""
        at, row_id = after or (None, None)
        name = "list_unread_notifications" if unread else "list_notifications"
        async with self._storage.transaction() as transaction:
            rows = await transaction.all(
                name, user_id=user_id, limit=limit, after_at=at, after_id=row_id
            )
        return [Notification(**row) for row in rows]

    async def count_unread(self, user_id: str) -> int:
        """Return how many the user has not read."""
        async with self._storage.transaction() as transaction:
            row = await transaction.one("count_unread_notifications", user_id=user_id)
        return row["unread"] if row else 0

    async def read(self, user_id: str, notification_id: int) -> Notification | None:
        """Mark one of the user's as read, and return it; None: they have none with that id."""
        async with self._storage.transaction() as transaction:
            row = await transaction.one(
                "read_notification", user_id=user_id, notification_id=notification_id
            )
        return None if row is None else Notification(**row)

    async def read_all(self, user_id: str, up_to: int | None = None) -> int:
        """Mark the user's as read, those *up to* an id if one is given; return how many were not."""
        async with self._storage.transaction() as transaction:
            return await transaction.run("read_all_notifications", user_id=user_id, up_to=up_to)
