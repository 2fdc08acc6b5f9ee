"""Content in the database: the row is the job. It is claimed under a lease, and its outcome written in one transaction.

Every write after the claim names the owner and the attempt, so that an instance which lost its lease changes nothing. What
the driver raises when the database is away leaves as ``StoreUnavailable``: trying again later is the right answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from lockstep import Column, Database, Index, Needs, load_queries
from studio.content.model import Action, Claim, Receipt, Status, advance, storable

QUERIES = load_queries(Path(__file__).with_name("queries.sql"))
NEEDS = Needs(
    {
        "content": {
            "id": "bigint",
            "title": Column("text", nullable=False),
            "description": "text",
            "script": "text",
            "platform": Column("text", nullable=False),
            "content_type": Column("text", nullable=False),
            "status": Column("text", nullable=False),
            "scheduled_at": "timestamptz",
            "published_at": "timestamptz",
            "thumbnail_url": "text",
            "video_url": "text",
            "tags": Column("text[]", nullable=False),
            "is_paused": "boolean",
            "is_stopped": "boolean",
            "can_publish": "boolean",
            "content_version": Column("integer", nullable=False),
            "publish_attempts": Column("integer", nullable=False),
            "next_attempt_at": Column("timestamptz", nullable=True),
            "lease_owner": Column("text", nullable=True),
            "lease_until": Column("timestamptz", nullable=True),
            "last_error": Column("text", nullable=True),
        },
        "content_action_history": {
            "content_id": "bigint",
            "action": "text",
            "before": Column("jsonb", nullable=True),
            "after": Column("jsonb", nullable=True),
        },
        "publications": {
            "id": "bigint",
            "content_id": "bigint",
            "content_version": "integer",
            "platform": "text",
            "attempt": "integer",
            "status": "text",
            "external_id": Column("text", nullable=True),
            "external_url": Column("text", nullable=True),
            "error": Column("text", nullable=True),
        },
    },
    indexes=[
        Index("content", ("scheduled_at", "next_attempt_at"), partial=True),
        Index("content", "lease_until", partial=True),
        Index("publications", ("content_id", "content_version", "platform")),
    ],
    privileges={
        "content": ("select", "update"),
        "content_action_history": ("insert",),
        "publications": ("select", "insert", "update"),
    },
)
"""What the statements in ``queries.sql`` read and write, and the indexes without which looking for what is due gets slow."""
PATIENCE = 10.0

_Connection = psycopg.AsyncConnection[Any]


class StoreUnavailable(Exception):
    """The database does not answer, or not as it should for now; nothing was lost."""


class ContentStore:
    """Claims due content and writes what came of it."""

    def __init__(self, database: Database, *, patience: float = PATIENCE) -> None:
        """Use *database*; an operation that takes longer than *patience* seconds counts as unavailable."""
        self._database = database
        self._patience = patience

    async def claim(self, owner: str, lease: float) -> Claim | None:
        """Claim what is due, or was left behind by a dead instance, for *lease* seconds; None if there is nothing.

        The attempt is written down in the same transaction: before any platform hears of it.
        """
        async with self._transaction() as connection:
            row = await _one(connection, "claim", owner=owner, lease=lease)
            if row is None:
                return None
            before = Status(row.pop("status_before"))
            taken_over = before is Status.PUBLISHING
            action = Action.TAKE_OVER if taken_over else Action.CLAIM
            content_id, attempt = row["id"], row["attempt"]
            if taken_over:
                await _run(connection, "abandon_publications", content_id=content_id)
            publication = await _one(
                connection,
                "begin_publication",
                content_id=content_id,
                version=row["version"],
                platform=row["platform"],
                attempt=attempt,
            )
            assert publication is not None
            await _record(connection, content_id, before, action, attempt=attempt, owner=owner)
            row["tags"] = tuple(row["tags"])
            return Claim(**row, publication=publication["id"], taken_over=taken_over)

    async def succeed(self, claim: Claim, receipt: Receipt) -> bool:
        """Mark *claim* published; False, and nothing is changed, if it is not ours any more."""
        async with self._transaction() as connection:
            after = advance(Status.PUBLISHING, Action.PUBLISH)
            if not await _settle(connection, claim, after):
                return False
            await _end_publication(connection, claim, "succeeded", receipt=receipt)
            await _record(
                connection, claim.id, Status.PUBLISHING, Action.PUBLISH, attempt=claim.attempt
            )
            return True

    async def fail(self, claim: Claim, reason: str, retry_in: float | None) -> bool:
        """Write that an attempt failed; it is due again after *retry_in* seconds, or failed for good if that is None.

        Returns False, and nothing is changed, if it is not ours any more.
        """
        reason = storable(reason)
        async with self._transaction() as connection:
            failed = advance(Status.PUBLISHING, Action.FAIL)
            after = failed if retry_in is None else advance(failed, Action.RETRY)
            if not await _settle(connection, claim, after, error=reason, retry_in=retry_in):
                return False
            await _end_publication(connection, claim, "failed", error=reason)
            facts = {"attempt": claim.attempt, "reason": reason}
            await _record(connection, claim.id, Status.PUBLISHING, Action.FAIL, **facts)
            if retry_in is not None:
                await _record(connection, claim.id, failed, Action.RETRY, retry_in=retry_in)
            return True

    async def seconds_to_next(self) -> float | None:
        """Return how long until there may be something to claim (below zero: it is overdue); None: nothing is planned."""
        async with self._transaction() as connection:
            cursor = await connection.execute(QUERIES["seconds_to_next"].encode())
            row = await cursor.fetchone()
            return None if row is None else row[0]

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[_Connection]:
        try:
            async with asyncio.timeout(self._patience), self._database.connection() as connection:
                yield connection
        except TimeoutError as error:
            raise StoreUnavailable(f"no answer within {self._patience:g} s") from error
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            raise StoreUnavailable(" ".join(str(error).split())) from error


async def _settle(
    connection: _Connection,
    claim: Claim,
    status: Status,
    *,
    error: str | None = None,
    retry_in: float | None = None,
) -> bool:
    row = await _one(
        connection,
        "settle",
        content_id=claim.id,
        owner=claim.owner,
        attempt=claim.attempt,
        status=status.value,
        error=error,
        retry_in=retry_in,
    )
    return row is not None


async def _end_publication(
    connection: _Connection,
    claim: Claim,
    status: str,
    *,
    receipt: Receipt | None = None,
    error: str | None = None,
) -> None:
    await _run(
        connection,
        "end_publication",
        publication=claim.publication,
        status=status,
        external_id=receipt.external_id if receipt else None,
        external_url=receipt.external_url if receipt else None,
        error=error,
    )


async def _record(
    connection: _Connection, content_id: int, before: Status, action: Action, **facts: object
) -> None:
    after = advance(before, action)
    await _run(
        connection,
        "record_action",
        content_id=content_id,
        action=action.value,
        before=Jsonb({"status": before.value}),
        after=Jsonb({"status": after.value, **facts}),
    )


async def _one(connection: _Connection, name: str, **values: object) -> dict[str, Any] | None:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(QUERIES[name].encode(), values)
        return await cursor.fetchone()


async def _run(connection: _Connection, name: str, **values: object) -> None:
    await connection.execute(QUERIES[name].encode(), values)
