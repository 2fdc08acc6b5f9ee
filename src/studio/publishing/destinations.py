"""Where a piece of content goes: read from the database at the moment it is published, so that what was changed counts.

An account of the content's user on the content's platform says it in its ``metadata``::

    {"publisher": "webhook", "url": "https://example.com/hook"}    its access token is the signing secret, sealed
    {"publisher": "feed"}                                          the public feed of the content's project
    {"publisher": "log"}                                           the log, on purpose
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lockstep import Column, Database, Needs, load_queries
from studio.storage import PATIENCE, Storage

QUERIES = load_queries(Path(__file__).with_name("queries.sql"))
NEEDS = Needs(
    {
        "content": {
            "id": "bigint",
            "user_id": "text",
            "project_id": "bigint",
            "platform": "text",
            "title": "text",
            "description": "text",
            "script": "text",
            "tags": "text[]",
            "thumbnail_url": "text",
            "video_url": "text",
            "status": "text",
            "published_at": "timestamptz",
            "updated_at": "timestamptz",
        },
        "projects": {
            "id": "bigint",
            "name": "text",
            "description": "text",
            "is_public": "boolean",
            "created_at": "timestamptz",
            "updated_at": "timestamptz",
        },
        "publications": {
            "content_id": "bigint",
            "content_version": "integer",
            "attempt": "integer",
            "status": "text",
            "external_url": Column("text", nullable=True),
        },
        "social_accounts": {
            "id": "bigint",
            "user_id": "text",
            "platform": "text",
            "account_id": "text",
            "access_token": Column("text", nullable=True),
            "is_active": "boolean",
            "metadata": "jsonb",
        },
    },
)
"""What the statements in ``queries.sql`` read."""


@dataclass(frozen=True, slots=True)
class Destination:
    """The account that content goes to, if there is one; its token still sealed."""

    user_id: str
    project_id: int | None
    is_public: bool
    account_id: str | None = None
    access_token: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def publisher(self) -> object:
        """What the account's metadata says; None without an account."""
        return self.metadata.get("publisher")


class Destinations:
    """Looks up where content goes; what is asked for at the same moment is looked up together."""

    def __init__(self, database: Database, *, patience: float = PATIENCE) -> None:
        """Use *database*; a look-up that takes longer than *patience* seconds counts as unavailable."""
        self._storage = Storage(database, QUERIES, patience=patience)
        self._asked: list[tuple[int, asyncio.Future[Destination | None]]] = []
        self._looking: set[asyncio.Task[None]] = set()

    async def of_content(self, content_id: int) -> Destination | None:
        """Return where the content goes, or None if it is not there any more."""
        answer: asyncio.Future[Destination | None] = asyncio.get_running_loop().create_future()
        self._asked.append((content_id, answer))
        if len(self._asked) == 1:
            # It begins after everybody who is ready to run now: a scheduler's whole catch asks at once.
            task = asyncio.create_task(self._look_up())
            self._looking.add(task)
            task.add_done_callback(self._looking.discard)
        return await answer

    async def _look_up(self) -> None:
        asked, self._asked = self._asked, []
        try:
            found = await self._of_all({content_id for content_id, _ in asked})
        except Exception as error:
            for _, answer in asked:
                if not answer.done():
                    answer.set_exception(error)
            return
        for content_id, answer in asked:
            if not answer.done():  # who asked may not wait any more
                answer.set_result(found.get(content_id))

    async def _of_all(self, ids: Collection[int]) -> dict[int, Destination]:
        async with self._storage.transaction() as transaction:
            rows = await transaction.all("destinations", ids=sorted(ids))
        return {
            row.pop("id"): Destination(**{**row, "metadata": row["metadata"] or {}}) for row in rows
        }
