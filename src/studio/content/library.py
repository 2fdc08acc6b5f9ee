"""Reading content: one piece, pages of outlines, a span of the calendar, counts, histories. Nothing here locks or writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from lockstep import Database, load_queries
from studio.content import pieces
from studio.content.model import Status
from studio.content.pieces import Outline, Piece, read_piece
from studio.storage import PATIENCE, Row, Storage

QUERIES = {**pieces.QUERIES, **load_queries(Path(__file__).with_name("library.sql"))}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which content to list; None: whatever it is. *search* is looked for in titles, in any case."""

    status: Status | None = None
    platform: str | None = None
    project_id: int | None = None
    search: str | None = None


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One thing that was done to a piece of content; without a user, by the scheduler."""

    id: int
    user_id: str | None
    action: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    created_at: datetime


class ContentLibrary:
    """What a user sees of their own content."""

    def __init__(self, database: Database, *, patience: float = PATIENCE) -> None:
        """Use *database*; an operation that takes longer than *patience* seconds counts as unavailable."""
        self._storage = Storage(database, QUERIES, patience=patience)

    async def piece(self, user_id: str, content_id: int) -> Piece | None:
        """Return a piece of that user's content, or None."""
        async with self._storage.transaction() as transaction:
            return await read_piece(transaction, user_id, content_id)

    async def page(
        self, user_id: str, wanted: Wanted, *, limit: int, after: tuple[datetime, int] | None = None
    ) -> list[Outline]:
        """Return the newest content, beginning *after* a moment of creation and an id."""
        async with self._storage.transaction() as transaction:
            rows = await transaction.all(
                "page_of_outlines",
                user_id=user_id,
                status=wanted.status.value if wanted.status else None,
                platform=wanted.platform,
                project_id=wanted.project_id,
                search=wanted.search,
                **_place(after),
                limit=limit,
            )
        return [_outline(row) for row in rows]

    async def between(
        self, user_id: str, begin: datetime, end: datetime, *, project_id: int | None, limit: int
    ) -> list[Outline]:
        """Return what has its time from *begin* to before *end*, drafts too, in the order of time."""
        async with self._storage.transaction() as transaction:
            rows = await transaction.all(
                "outlines_between",
                user_id=user_id,
                begin=begin,
                end=end,
                project_id=project_id,
                limit=limit,
            )
        return [_outline(row) for row in rows]

    async def counts(self, user_id: str, project_id: int | None = None) -> dict[Status, int]:
        """Return how much is in each state, also where there is nothing."""
        async with self._storage.transaction() as transaction:
            rows = await transaction.all("counts_by_status", user_id=user_id, project_id=project_id)
        counted = {row["status"]: row["count"] for row in rows}
        return {status: counted.get(status.value, 0) for status in Status}

    async def history(
        self,
        user_id: str,
        content_id: int,
        *,
        limit: int,
        after: tuple[datetime, int] | None = None,
    ) -> list[HistoryEntry] | None:
        """Return what was done to a piece, the newest first; None: there is no such piece of that user's."""
        async with self._storage.transaction() as transaction:
            if not await transaction.one("owned", content_id=content_id, user_id=user_id):
                return None
            rows = await transaction.all(
                "page_of_deeds", content_id=content_id, **_place(after), limit=limit
            )
        return [HistoryEntry(**row) for row in rows]


def _outline(row: Row) -> Outline:
    return Outline(**{**row, "status": Status(row["status"])})


def _place(after: tuple[datetime, int] | None) -> dict[str, object]:
    at, row = after or (None, None)
    return {"after_at": at, "after_id": row}
