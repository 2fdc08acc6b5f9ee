"""Events, sessions and replicas in the database, as live updates need them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from lockstep import Column, Database, Index, Needs, load_queries
from studio.live_updates.changes import MOST_IN_FRAME, Batch, Change
from studio.live_updates.cursor import KEPT_SECONDS, Cursor
from studio.storage import PATIENCE, Jsonb, Row, Storage

QUERIES = load_queries(Path(__file__).with_name("queries.sql"))
CHANNEL = "studio_events"
MOST_AT_ONCE = 5000
"""How many events are read at once; if there are more, everybody is told to load anew."""
FRESH_SECONDS = 15.0
STALE_SECONDS = 60.0
_REMOVED_AT_ONCE = 5000
_SHOWN = {
    "project_id": "bigint",
    "title": "text",
    "platform": "text",
    "status": "text",
    "scheduled_at": "timestamptz",
    "published_at": "timestamptz",
    "revision": "integer",
}
"""What clients see of content, besides its id."""
NEEDS = Needs(
    {
        "live_events": {
            "id": "bigint",
            "transaction_id": Column("xid8", nullable=False),
            "user_id": Column("text", nullable=False),
            "content_id": Column("bigint", nullable=False),
            "project_ids": Column("bigint[]", nullable=False),
            "history_id": Column("bigint", nullable=True),
            "action": Column("text", nullable=False),
            "created_at": Column("timestamptz", nullable=False),
        },
        "live_replicas": {
            "replica": Column("text", nullable=False),
            "started_at": Column("timestamptz", nullable=False),
            "seen_at": Column("timestamptz", nullable=False),
            "figures": Column("jsonb", nullable=False),
        },
        "content": {"id": "bigint", **_SHOWN},
    },
    indexes=[
        Index("live_events", "transaction_id"),
        Index("live_events", ("user_id", "transaction_id")),
        # A replica shows itself in one row: ON CONFLICT wants the key.
        Index("live_replicas", "replica", unique=True),
    ],
    privileges={
        "live_events": ("select", "delete"),
        "live_replicas": ("select", "insert", "update", "delete"),
    },
)


class LiveStore:
    """Reads what has happened, and keeps a row that shows this replica."""

    def __init__(self, database: Database, *, patience: float = PATIENCE) -> None:
        """Use *database*; an operation that takes longer than *patience* seconds counts as unavailable."""
        self._storage = Storage(database, QUERIES, patience=patience)

    async def look(self) -> Cursor:
        """Return the present: what is committed by now lies before it, all else after."""
        async with self._storage.transaction() as transaction:
            row = await transaction.one("look")
        assert row is not None
        return Cursor(**row)

    async def read(self, since: Cursor) -> tuple[Batch, float]:
        """Return what has happened *since* a cursor, whoever did it, and how old the first of it is in seconds."""
        async with self._storage.transaction() as transaction:
            row = await transaction.one("look")
            assert row is not None
            now = Cursor(**row)
            if not since.follows(now):
                return Batch(now, None), 0.0
            rows = await transaction.all(
                "read_events",
                user_id=None,
                since=since.snapshot,
                until=now.snapshot,
                most=MOST_AT_ONCE,
            )
        return _batch(rows, now, MOST_AT_ONCE), rows[0]["age"] if rows else 0.0

    async def missed(self, user_id: str, since: Cursor, until: Cursor) -> Sequence[Change] | None:
        """Return what has happened to a user's content between two cursors; None: too much, or too long ago."""
        if not since.follows(until):
            return None
        async with self._storage.transaction() as transaction:
            rows = await transaction.all(
                "read_events",
                user_id=user_id,
                since=since.snapshot,
                until=until.snapshot,
                most=MOST_IN_FRAME,
            )
        return _batch(rows, until, MOST_IN_FRAME).changes

    async def owns_project(self, user_id: str, project: int) -> bool:
        """Tell whether there is such a project of that user."""
        async with self._storage.transaction() as transaction:
            return (
                await transaction.one("owns_project", project=project, user_id=user_id) is not None
            )

    async def alive(self, sids: Collection[str]) -> set[str]:
        """Return those of the sessions (by their hashes) that still stand."""
        async with self._storage.transaction() as transaction:
            return {row["sid"] for row in await transaction.all("sessions_alive", sids=list(sids))}

    async def remove_old_events(self) -> None:
        """Forget what no cursor leads to any more."""
        removed = _REMOVED_AT_ONCE
        while removed == _REMOVED_AT_ONCE:
            async with self._storage.transaction() as transaction:
                removed = await transaction.run(
                    "remove_old_events", most=_REMOVED_AT_ONCE, kept=2 * KEPT_SECONDS
                )

    async def show(self, replica: str, figures: Mapping[str, Any]) -> None:
        """Write this replica's row anew, and remove those of replicas that are gone."""
        async with self._storage.transaction() as transaction:
            await transaction.run("show_replica", replica=replica, figures=Jsonb(dict(figures)))
            await transaction.run("remove_stale_replicas", stale=STALE_SECONDS)

    async def others(self, replica: str) -> list[Row]:
        """Return the rows of the other replicas that have been seen lately."""
        async with self._storage.transaction() as transaction:
            return await transaction.all("list_replicas", replica=replica, fresh=FRESH_SECONDS)

    async def leave(self, replica: str) -> None:
        """Remove this replica's row."""
        async with self._storage.transaction() as transaction:
            await transaction.run("remove_replica", replica=replica)


def _batch(rows: Sequence[Row], cursor: Cursor, most: int) -> Batch:
    if len(rows) > most:
        return Batch(cursor, None)
    return Batch(
        cursor, tuple(Change(row["user_id"], row["project_ids"], row["told"]) for row in rows)
    )
