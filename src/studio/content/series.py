"""A series goes on: with the end of an occurrence the next one is laid out, in the same transaction.

Each occurrence is a piece of content of its own with a row of ``post_schedules``. The series is remembered in that row's
metadata, under ``series``: ``first`` is the wall clock's time that it is counted from, ``due`` when this occurrence was meant
to be (a person may have moved it), ``next`` the content that follows; where that is set, nothing more is laid out.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from operator import itemgetter
from pathlib import Path
from typing import Any

from lockstep import load_queries
from studio.content.model import Action, Status, advance, storable
from studio.content.recurrence import Recurrence, Series, next_occurrence, series_from
from studio.storage import Jsonb, Row, Transaction

SERIES_QUERIES = load_queries(Path(__file__).with_name("series.sql"))
SCHEDULE_AFTER: Mapping[Status, str | None] = {
    Status.PUBLISHED: "completed",
    Status.FAILED: "failed",
    Status.CANCELLED: "cancelled",
    Status.PAUSED: "paused",
    Status.SCHEDULED: None,
}
"""The word of a schedule when its content has come to a state; None: it waits for another attempt."""
_OVER = frozenset({Status.PUBLISHED, Status.FAILED, Status.CANCELLED})
"""With these an occurrence has ended; one that is held keeps its series waiting."""
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ended:
    """The state that an attempt has left content in, or that nothing was attempted."""

    content_id: int
    status: Status
    reason: str | None = None
    attempted: bool = True


async def carry_on(transaction: Transaction, ended: Sequence[Ended]) -> list[Row]:
    """Write to the schedules what came of their content, and lay out what follows; return the changes for the history."""
    given = [
        {
            "content_id": one.content_id,
            "status": SCHEDULE_AFTER[one.status],
            "error": one.reason,
            "attempted": one.attempted,
        }
        for one in ended
    ]
    rows = await transaction.all("note_schedules", ended=Jsonb(given)) if given else []
    over = {one.content_id for one in ended if one.status in _OVER}
    newest = {row["content_id"]: row for row in sorted(rows, key=itemgetter("id"))}
    changes = []
    for row in newest.values():
        goes_on = row["recurrence"] != Recurrence.NONE and row["content_id"] in over
        if goes_on and "next" not in _memory(row):
            changes += await _repeat(transaction, row)
    return changes


async def _repeat(transaction: Transaction, row: Row) -> list[Row]:
    try:
        series, due = _series_of(row)
        # What was missed meanwhile is not made up for: a week's outage must not end in seven posts at once.
        following = next_occurrence(series, max(due, row["now"]))
    except ValueError as error:
        _LOG.warning("content %d: its series ends: %s", row["content_id"], error)
        reason = storable(f"the series ends: {error}")
        await transaction.run("end_series", schedule=row["id"], reason=reason)
        return []
    if following is None:
        return []
    made = await transaction.one(
        "repeat",
        content_id=row["content_id"],
        schedule=row["id"],
        next=following,
        series=Jsonb({"first": series.first.isoformat(), "due": following.isoformat()}),
    )
    assert made is not None
    before, action = Status.DRAFT, Action.SCHEDULE
    after = {
        "status": advance(before, action).value,
        "scheduled_at": following.isoformat(),
        "repeats": row["content_id"],
    }
    return [change(made["id"], action, {"status": before.value}, after)]


def change(
    content_id: int, action: Action, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Row:
    """Return a row of the history."""
    return {"content_id": content_id, "action": action.value, "before": before, "after": after}


def _series_of(row: Row) -> tuple[Series, datetime]:
    """Return the series of a schedule, and when this occurrence was meant to be; raise ``ValueError`` for an unknown zone."""
    memory = _memory(row)
    due = _moment(memory.get("due"))
    if due is None or due.tzinfo is None:
        due = row["scheduled_at"]
    recurrence = Recurrence(row["recurrence"])
    series = series_from(due, row["timezone"], recurrence, row["series_end_date"])
    first = _moment(memory.get("first"))
    if first is None or first.tzinfo is not None:
        return series, due
    return replace(series, first=first), due


def _memory(row: Row) -> Mapping[str, Any]:
    """Return what a schedule remembers of its series; nothing, if somebody wrote something else there."""
    metadata = row["metadata"]
    memory = metadata.get("series") if isinstance(metadata, dict) else None
    return memory if isinstance(memory, dict) else {}


def _moment(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
