"""Carries out what people order to be done with their content's time: one transaction, each row locked, history written.

A piece that the scheduler is just claiming is waited for, and one that we have locked the scheduler passes over: whoever
comes second sees what the first has written, and is refused if it is too late.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from lockstep import Database, load_queries
from studio.content import pieces
from studio.content.model import Status
from studio.content.pieces import Deed, Piece, read_piece, record
from studio.content.planning import (
    Change,
    Order,
    OrderRefused,
    Repeat,
    Schedule,
    Standing,
    decide,
)
from studio.content.recurrence import Recurrence
from studio.storage import PATIENCE, Jsonb, Row, Storage, Transaction

QUERIES = {**pieces.QUERIES, **load_queries(Path(__file__).with_name("schedules.sql"))}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one order of many: the piece's state now, or why it was refused."""

    content_id: int
    status: Status | None
    refusal: OrderRefused | None = None


class ScheduleStore:
    """Schedules, reschedules, pauses, resumes, cancels, retries: whatever ``planning.decide`` knows."""

    def __init__(self, database: Database, *, patience: float = PATIENCE) -> None:
        """Use *database*; an operation that takes longer than *patience* seconds counts as unavailable."""
        self._storage = Storage(database, QUERIES, patience=patience)

    async def carry_out(self, user_id: str, content_id: int, order: Order) -> Piece:
        """Carry out *order* on a piece of that user's content; return it as it is then. Raises ``OrderRefused``."""
        async with self._storage.transaction() as transaction:
            (outcome,) = await _carry_out(transaction, user_id, {content_id: order}, whole=False)
            if outcome.refusal:
                raise outcome.refusal
            piece = await read_piece(transaction, user_id, content_id)
            assert piece is not None  # it is locked
            return piece

    async def carry_out_all(
        self, user_id: str, orders: Mapping[int, Order], *, whole: bool
    ) -> list[Outcome]:
        """Carry out an order a piece, in one transaction; return what became of each, in their order.

        *whole*: if one is refused, none is carried out; the outcomes say which would have been.
        """
        async with self._storage.transaction() as transaction:
            return await _carry_out(transaction, user_id, orders, whole=whole)


async def _carry_out(
    transaction: Transaction, user_id: str, orders: Mapping[int, Order], *, whole: bool
) -> list[Outcome]:
    locked = await _lock(transaction, user_id, orders)
    changes: list[Change] = []
    outcomes: list[Outcome] = []
    for content_id, order in orders.items():
        try:
            if content_id not in locked:
                raise OrderRefused("not_found", "There is no such content.")
            piece, now = locked[content_id]
            changes.append(decide(piece, order, now))
            outcomes.append(Outcome(content_id, changes[-1].status))
        except OrderRefused as refusal:
            status = locked[content_id][0].status if content_id in locked else None
            outcomes.append(Outcome(content_id, status, refusal))
    if changes and not (whole and len(changes) < len(orders)):
        await _write(transaction, user_id, changes)
    return outcomes


async def _lock(
    transaction: Transaction, user_id: str, ids: Iterable[int]
) -> dict[int, tuple[Standing, datetime]]:
    # The schedules are read by a second statement: the first may have waited for somebody who has just changed them.
    rows = await transaction.all("lock_pieces", ids=list(ids), user_id=user_id)
    newest = await transaction.all("newest_schedules", ids=[row["id"] for row in rows])
    schedules = {row["content_id"]: _schedule(row) for row in newest}
    return {row["id"]: (_standing(row, schedules.get(row["id"])), row["now"]) for row in rows}


def _standing(row: Row, schedule: Schedule | None) -> Standing:
    return Standing(
        row["id"],
        Status(row["status"]),
        row["platform"],
        row["scheduled_at"],
        row["next_attempt_at"],
        schedule,
    )


def _schedule(row: Row) -> Schedule:
    repeat = Repeat(Recurrence(row["recurrence"]), row["timezone"], row["series_end_date"])
    # An older row's metadata may be no object.
    metadata = row["metadata"] if isinstance(row["metadata"], dict) else {}
    return Schedule(row["scheduled_at"], repeat, row["status"], metadata)


async def _write(transaction: Transaction, user_id: str, changes: list[Change]) -> None:
    rows = [
        {
            "id": change.piece.id,
            "status": change.status.value,
            "scheduled_at": _text(change.scheduled_at),
            "next_attempt_at": _text(change.next_attempt_at),
            "afresh": change.afresh,
            "open_becomes": change.open_becomes,
        }
        for change in changes
    ]
    await transaction.run("apply_changes", changes=Jsonb(rows))
    await transaction.run("turn_open_schedules", changes=Jsonb(rows))
    added = [_added(change.piece, change.schedule) for change in changes if change.schedule]
    if added:
        await transaction.run("add_schedules", schedules=Jsonb(added))
    await record(transaction, user_id, map(_deed, changes))


def _added(piece: Standing, schedule: Schedule) -> dict[str, Any]:
    repeat = schedule.repeat
    return {
        "content_id": piece.id,
        "platform": piece.platform,
        "at": _text(schedule.at),
        "recurrence": repeat.recurrence.value,
        "timezone": repeat.timezone,
        "series_end_date": repeat.end.isoformat() if repeat.end else None,
        "status": schedule.status,
        "metadata": schedule.metadata,
    }


def _deed(change: Change) -> Deed:
    """Tell the state before and after; the time and how it repeats where they changed."""
    before: dict[str, Any] = {"status": change.piece.status.value}
    after: dict[str, Any] = {"status": change.status.value}
    if change.scheduled_at != change.piece.scheduled_at:
        before["scheduled_at"] = _text(change.piece.scheduled_at)
        after["scheduled_at"] = _text(change.scheduled_at)
    former = change.piece.schedule.repeat if change.piece.schedule else Repeat()
    if change.schedule and change.schedule.repeat != former:
        before["repeat"] = _repeat(former)
        after["repeat"] = _repeat(change.schedule.repeat)
    return Deed(change.piece.id, change.action, before, after)


def _repeat(repeat: Repeat) -> dict[str, Any]:
    return {
        "recurrence": repeat.recurrence.value,
        "timezone": repeat.timezone,
        "series_end_date": repeat.end.isoformat() if repeat.end else None,
    }


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
