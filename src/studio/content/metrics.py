"""How content does on its platforms: absolute figures, one row a piece and platform, so that reporting twice changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from lockstep import Database, load_queries
from studio.storage import PATIENCE, Storage

QUERIES = load_queries(Path(__file__).with_name("metrics.sql"))
FIGURES = ("views", "likes", "comments", "shares", "engagement_rate", "revenue")


@dataclass(frozen=True, slots=True)
class Metrics:
    """The newest figures of a piece of content on one platform."""

    platform: str
    views: int
    likes: int
    comments: int
    shares: int
    engagement_rate: Decimal
    revenue: Decimal
    last_updated: datetime


class MetricsStore:
    """Takes reports and gives them back."""

    def __init__(self, database: Database, *, patience: float = PATIENCE) -> None:
        """Use *database*; an operation that takes longer than *patience* seconds counts as unavailable."""
        self._storage = Storage(database, QUERIES, patience=patience)

    async def report(
        self,
        user_id: str,
        content_id: int,
        platform: str,
        figures: Mapping[str, int | Decimal | None],
        measured_at: datetime | None = None,
    ) -> list[Metrics] | None:
        """Keep *figures* unless newer ones are known; return all of the piece's; None: no such piece of that user's.

        A moment that has not come yet counts as now, so that no clock ahead of ours can keep later reports out.
        """
        told = {name: figures.get(name) for name in FIGURES}
        key = {"user_id": user_id, "content_id": content_id}
        async with self._storage.transaction() as transaction:
            await transaction.run(
                "report_metrics", **key, platform=platform, **told, measured_at=measured_at
            )
            rows = await transaction.all("metrics_of", **key)
        return [Metrics(**row) for row in rows if row["platform"]] if rows else None

    async def of(self, user_id: str, content_id: int) -> list[Metrics] | None:
        """Return a piece's figures, platform by platform; None: no such piece of that user's."""
        async with self._storage.transaction() as transaction:
            rows = await transaction.all("metrics_of", user_id=user_id, content_id=content_id)
        return [Metrics(**row) for row in rows if row["platform"]] if rows else None
