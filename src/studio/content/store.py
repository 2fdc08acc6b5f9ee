"""Content in the database: the row is the job. It is claimed under a lease, and its outcome written in one transaction.

Pieces are claimed and settled many at a time. Every write after the claim names the owner and the attempt, so that an
instance which lost its lease changes nothing. What the driver raises when the database is away leaves as
``StoreUnavailable``: trying again later is the right answer.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from lockstep import Database, load_queries
from studio.content.misfire import ACTIONS, Misfire, MisfirePolicy
from studio.content.model import Action, Claim, Settlement, Status, advance, storable
from studio.content.series import SERIES_QUERIES, Ended, carry_on, change
from studio.storage import PATIENCE, Jsonb, Row, Storage, Transaction

QUERIES = load_queries(Path(__file__).with_name("queries.sql"))
BACKLOG_COUNTED = 100_000


@dataclass(frozen=True, slots=True)
class Wish:
    """Which content to look for.

    *most* pieces, none of *without*; only those whose time is not before *since*; *only* these and no others.
    """

    most: int
    without: Collection[int] = ()
    since: datetime | None = None
    only: Sequence[int] | None = None

    @property
    def values(self) -> dict[str, Any]:
        """The parameters of the statements."""
        return {
            "most": self.most,
            "without": sorted(self.without),
            "since": self.since,
            "only": None if self.only is None else list(self.only),
        }


@dataclass(frozen=True, slots=True)
class Catch:
    """What a look has found: claims, and how many pieces were dismissed because they had missed their time.

    ``full``: there may be more. A look that found nothing says in ``seconds_to_next`` how long until there may be something
    (below zero: there is, but somebody holds it; None: nothing is planned), and in ``now`` what time it is by the database.
    """

    claims: tuple[Claim, ...] = ()
    dismissed: int = 0
    full: bool = False
    seconds_to_next: float | None = None
    now: datetime | None = None


class ContentStore:
    """Claims due content and writes what came of it."""

    def __init__(
        self,
        database: Database,
        *,
        misfires: MisfirePolicy | None = None,
        patience: float = PATIENCE,
    ) -> None:
        """Use *database*; an operation that takes longer than *patience* seconds counts as unavailable."""
        self._misfires = misfires or MisfirePolicy()
        self._storage = Storage(database, {**QUERIES, **SERIES_QUERIES}, patience=patience)

    async def claim(self, owner: str, lease: float, wish: Wish) -> Catch:
        """Claim what is due, or was left behind by a dead instance, for *lease* seconds.

        The attempts are written down in the same transaction: before any platform hears of them. What has missed its time
        by more than the grace is dismissed instead, where the policy or the piece says so.
        """
        async with self._storage.transaction() as transaction:
            if wish.since is not None:
                await transaction.one("index_only")
            rows = await transaction.all("lock_due", **wish.values)
            late = [row for row in rows if self._verdict(row) is not Misfire.PUBLISH]
            if late:
                await self._dismiss(transaction, late)
            wanted = {row["id"]: row for row in rows if self._verdict(row) is Misfire.PUBLISH}
            claims = await _take(transaction, owner, lease, wanted) if wanted else ()
            if rows:
                return Catch(claims, len(late), full=len(rows) >= wish.most)
            return await _nothing(transaction, wish)

    async def settle(self, owner: str, settlements: Sequence[Settlement]) -> set[int]:
        """Write what came of claims, in one transaction; return the ids of those that were still ours.

        Of the others nothing is changed. A series goes on with the end of its occurrence.
        """
        async with self._storage.transaction() as transaction:
            rows = await transaction.all(
                "settle",
                owner=owner,
                settlements=Jsonb([_settlement(one) for one in settlements]),
                changes=Jsonb([row for one in settlements for row in _changes(one)]),
            )
            planned = {row["id"] for row in rows if row["planned"]}
            ended = [one for one in settlements if one.claim.id in planned]
            await _go_on(
                transaction, [Ended(one.claim.id, one.status, _reason(one)) for one in ended]
            )
            return {row["id"] for row in rows}

    async def renew(self, owner: str, lease: float, claims: Sequence[Claim]) -> set[int]:
        """Prolong the leases of *claims*; return the ids of those that are still ours."""
        held = Jsonb([{"content_id": one.id, "attempt": one.attempt} for one in claims])
        async with self._storage.transaction() as transaction:
            rows = await transaction.all("renew", owner=owner, lease=lease, held=held)
            return {row["id"] for row in rows}

    async def wait(self, wish: Wish) -> Catch:
        """Return a catch of nothing, which says how long until there may be something to claim."""
        async with self._storage.transaction() as transaction:
            return await _nothing(transaction, wish)

    async def now(self) -> datetime:
        """Return the database's time."""
        async with self._storage.transaction() as transaction:
            row = await transaction.one("index_only")
            assert row is not None
            moment: datetime = row["now"]
            return moment

    async def due_ids(self, wish: Wish) -> list[int]:
        """Name what could be claimed, without claiming it."""
        async with self._storage.transaction() as transaction:
            rows = await transaction.all("due_ids", most=wish.most, without=sorted(wish.without))
            return [row["id"] for row in rows]

    async def backlog(self) -> int:
        """Count what is due now."""
        async with self._storage.transaction() as transaction:
            row = await transaction.one("backlog", most=BACKLOG_COUNTED)
            return row["due"] if row else 0

    def _verdict(self, row: Row) -> Misfire:
        if (
            Status(row["status"]) is Status.PUBLISHING
        ):  # it was begun in time: it is brought to an end
            return Misfire.PUBLISH
        return self._misfires.judge(row["late"], row["misfire"], held=row["held"])

    async def _dismiss(self, transaction: Transaction, rows: Sequence[Row]) -> None:
        changes, dismissed, ended = [], [], []
        for row in rows:
            verdict, before = self._verdict(row), Status(row["status"])
            action = ACTIONS[verdict]
            after, reason = advance(before, action), self._misfires.reason(row["late"])
            dismissed.append({"content_id": row["id"], "status": after.value, "reason": reason})
            facts = {"status": after.value, "reason": reason}
            changes.append(change(row["id"], action, {"status": before.value}, facts))
            ended.append(Ended(row["id"], after, reason, attempted=False))
        await transaction.run("dismiss", dismissed=Jsonb(dismissed))
        await transaction.run("record_actions", changes=Jsonb(changes))
        await _go_on(transaction, ended)


async def _go_on(transaction: Transaction, ended: Sequence[Ended]) -> None:
    """Let the schedules and series of content follow what it has come to."""
    if ended and (changes := await carry_on(transaction, ended)):
        await transaction.run("record_actions", changes=Jsonb(changes))


async def _nothing(transaction: Transaction, wish: Wish) -> Catch:
    row = await transaction.one("seconds_to_next", since=wish.since, without=sorted(wish.without))
    assert row is not None
    return Catch(seconds_to_next=row["seconds"], now=row["now"])


async def _take(
    transaction: Transaction, owner: str, lease: float, wanted: Mapping[int, Row]
) -> tuple[Claim, ...]:
    """Claim what is locked, in the order in which it was found."""
    left = [one for one, row in wanted.items() if Status(row["status"]) is Status.PUBLISHING]
    if left:
        await transaction.run("abandon_publications", ids=left)
    changes = [_claimed(row, owner) for row in wanted.values()]
    taken = await transaction.all(
        "take", owner=owner, lease=lease, ids=list(wanted), changes=Jsonb(changes)
    )
    rows = {row["id"]: {**row, "tags": tuple(row["tags"])} for row in taken}
    return tuple(
        Claim(
            **rows[content_id],
            taken_over=Status(row["status"]) is Status.PUBLISHING,
            late=row["late"],
        )
        for content_id, row in wanted.items()
    )


def _claimed(row: Row, owner: str) -> Row:
    before = Status(row["status"])
    action = Action.TAKE_OVER if before is Status.PUBLISHING else Action.CLAIM
    facts = {"attempt": row["attempts"] + 1, "owner": owner}
    after = {"status": advance(before, action).value, **facts}
    return change(row["id"], action, {"status": before.value}, after)


def _reason(one: Settlement) -> str | None:
    return None if one.receipt is not None else storable(one.reason)


def _settlement(one: Settlement) -> dict[str, Any]:
    receipt = one.receipt
    return {
        "content_id": one.claim.id,
        "attempt": one.claim.attempt,
        "publication": one.claim.publication,
        "status": one.status.value,
        "ended": "failed" if receipt is None else "succeeded",
        "error": _reason(one),
        "retry_in": one.retry_in,
        "external_id": _told(receipt.external_id) if receipt else None,
        "external_url": _told(receipt.external_url) if receipt else None,
    }


def _told(text: str | None) -> str | None:
    """Return what a platform has said, as the database can hold it."""
    return None if text is None else storable(text)


def _changes(one: Settlement) -> list[Row]:
    """Return what the history says of an attempt: that it failed and is repeated are two changes."""
    began = {"status": Status.PUBLISHING.value}
    if one.receipt is not None:
        after = {"status": one.status.value, "attempt": one.claim.attempt}
        return [change(one.claim.id, Action.PUBLISH, began, after)]
    failed = {"status": advance(Status.PUBLISHING, Action.FAIL).value}
    facts = {"attempt": one.claim.attempt, "reason": _reason(one)}
    rows = [change(one.claim.id, Action.FAIL, began, {**failed, **facts})]
    if one.retry_in is not None:
        again = {"status": one.status.value, "retry_in": one.retry_in}
        rows.append(change(one.claim.id, Action.RETRY, failed, again))
    return rows
