"""Content in the database: the row is the job. It is claimed under a lease, and its outcome written in one transaction.

Every write after the claim names the owner and the attempt, so that an instance which lost its lease changes nothing. What
the driver raises when the database is away leaves as ``StoreUnavailable``: trying again later is the right answer.
"""

from __future__ import annotations

from pathlib import Path

from lockstep import Column, Database, Index, Needs, load_queries
from studio.content.model import Action, Claim, Receipt, Status, advance, storable
from studio.storage import PATIENCE, Jsonb, Storage, Transaction

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


class ContentStore:
    """Claims due content and writes what came of it."""

    def __init__(self, database: Database, *, patience: float = PATIENCE) -> None:
        """Use *database*; an operation that takes longer than *patience* seconds counts as unavailable."""
        self._storage = Storage(database, QUERIES, patience=patience)

    async def claim(self, owner: str, lease: float) -> Claim | None:
        """Claim what is due, or was left behind by a dead instance, for *lease* seconds; None if there is nothing.

        The attempt is written down in the same transaction: before any platform hears of it.
        """
        async with self._storage.transaction() as transaction:
            row = await transaction.one("claim", owner=owner, lease=lease)
            if row is None:
                return None
            before = Status(row.pop("status_before"))
            taken_over = before is Status.PUBLISHING
            action = Action.TAKE_OVER if taken_over else Action.CLAIM
            content_id, attempt = row["id"], row["attempt"]
            if taken_over:
                await transaction.run("abandon_publications", content_id=content_id)
            publication = await transaction.one(
                "begin_publication",
                content_id=content_id,
                version=row["version"],
                platform=row["platform"],
                attempt=attempt,
            )
            assert publication is not None
            await _record(transaction, content_id, before, action, attempt=attempt, owner=owner)
            row["tags"] = tuple(row["tags"])
            return Claim(**row, publication=publication["id"], taken_over=taken_over)

    async def succeed(self, claim: Claim, receipt: Receipt) -> bool:
        """Mark *claim* published; False, and nothing is changed, if it is not ours any more."""
        async with self._storage.transaction() as transaction:
            after = advance(Status.PUBLISHING, Action.PUBLISH)
            if not await _settle(transaction, claim, after):
                return False
            await _end_publication(transaction, claim, "succeeded", receipt=receipt)
            await _record(
                transaction, claim.id, Status.PUBLISHING, Action.PUBLISH, attempt=claim.attempt
            )
            return True

    async def fail(self, claim: Claim, reason: str, retry_in: float | None) -> bool:
        """Write that an attempt failed; it is due again after *retry_in* seconds, or failed for good if that is None.

        Returns False, and nothing is changed, if it is not ours any more.
        """
        reason = storable(reason)
        async with self._storage.transaction() as transaction:
            failed = advance(Status.PUBLISHING, Action.FAIL)
            after = failed if retry_in is None else advance(failed, Action.RETRY)
            if not await _settle(transaction, claim, after, error=reason, retry_in=retry_in):
                return False
            await _end_publication(transaction, claim, "failed", error=reason)
            facts = {"attempt": claim.attempt, "reason": reason}
            await _record(transaction, claim.id, Status.PUBLISHING, Action.FAIL, **facts)
            if retry_in is not None:
                await _record(transaction, claim.id, failed, Action.RETRY, retry_in=retry_in)
            return True

    async def seconds_to_next(self) -> float | None:
        """Return how long until there may be something to claim (below zero: it is overdue); None: nothing is planned."""
        async with self._storage.transaction() as transaction:
            row = await transaction.one("seconds_to_next")
            return None if row is None else row["seconds"]


async def _settle(
    transaction: Transaction,
    claim: Claim,
    status: Status,
    *,
    error: str | None = None,
    retry_in: float | None = None,
) -> bool:
    row = await transaction.one(
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
    transaction: Transaction,
    claim: Claim,
    status: str,
    *,
    receipt: Receipt | None = None,
    error: str | None = None,
) -> None:
    await transaction.run(
        "end_publication",
        publication=claim.publication,
        status=status,
        external_id=receipt.external_id if receipt else None,
        external_url=receipt.external_url if receipt else None,
        error=error,
    )


async def _record(
    transaction: Transaction, content_id: int, before: Status, action: Action, **facts: object
) -> None:
    after = advance(before, action)
    await transaction.run(
        "record_action",
        content_id=content_id,
        action=action.value,
        before=Jsonb({"status": before.value}),
        after=Jsonb({"status": after.value, **facts}),
    )
