"""A piece of content as its author sees it: ``Outline`` in lists, ``Piece`` alone; and the deeds of its history."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from lockstep import load_queries
from studio.content.model import Action, Status
from studio.storage import Jsonb, Transaction

QUERIES = load_queries(Path(__file__).with_name("pieces.sql"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """What a list shows of a piece of content: all but its long texts."""

    id: int
    project_id: int | None
    title: str
    platform: str
    content_type: str
    status: Status
    scheduled_at: datetime | None
    published_at: datetime | None
    thumbnail_url: str | None
    tags: list[str]
    ai_generated: bool
    day_number: int | None
    publish_order: int
    content_version: int
    last_error: str | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece(Outline):
    """A piece of content, whole.

    ``content_version`` counts what platforms may have seen, ``revision`` what people have written (also what no platform
    sees). The scheduler's writes change ``updated_at``, never ``revision``.
    """

    description: str | None
    script: str | None
    video_url: str | None
    metadata: dict[str, Any]
    revision: int
    publish_attempts: int
    next_attempt_at: datetime | None
    recurrence: str
    timezone: str
    series_end_date: date | None


@dataclass(frozen=True, slots=True)
class Deed:
    """What somebody did to a piece of content."""

    content_id: int
    action: Action
    before: dict[str, Any] | None
    after: dict[str, Any] | None


async def read_piece(transaction: Transaction, user_id: str, content_id: int) -> Piece | None:
    """Return a piece of that user's content; None if there is none, or it is another's."""
    row = await transaction.one("piece", content_id=content_id, user_id=user_id)
    return None if row is None else Piece(**{**row, "status": Status(row["status"])})


async def record(transaction: Transaction, user_id: str, deeds: Iterable[Deed]) -> None:
    """Write the history, in the transaction of what it tells."""
    rows = [
        {
            "content_id": deed.content_id,
            "action": deed.action.value,
            "before": deed.before,
            "after": deed.after,
        }
        for deed in deeds
    ]
    await transaction.run("record_deeds", user_id=user_id, deeds=Jsonb(rows))
