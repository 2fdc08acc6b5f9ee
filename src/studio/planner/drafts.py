"""A plan's drafts in the database: each is a piece of content, and the place of the calendar points to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from lockstep import Database, load_queries
from studio.content import editing
from studio.content.editing import EDITABLE
from studio.content.model import Action, Status
from studio.content.pieces import Deed, record
from studio.planner.model import Plan
from studio.planner.writers import Draft, Template
from studio.storage import PATIENCE, Jsonb, Storage, Transaction

QUERIES = {**editing.QUERIES, **load_queries(Path(__file__).with_name("drafts.sql"))}


@dataclass(frozen=True, slots=True)
class EmptySlot:
    """A place of the calendar without a draft."""

    id: int
    day: int
    scheduled_date: date
    scheduled_time: time
    platform: str
    category: str


@dataclass(frozen=True, slots=True)
class Written:
    """A piece that was written for a day and may be written anew; *edition*: how often it was."""

    content_id: int
    platform: str
    category: str
    edition: int


class DraftStore:
    """Keeps what the writers write, and the orders that they are given."""

    def __init__(self, database: Database, *, patience: float = PATIENCE) -> None:
        """Use *database*; an operation that takes longer than *patience* seconds counts as unavailable."""
        self._storage = Storage(database, QUERIES, patience=patience)

    async def templates(self, platforms: Sequence[str]) -> list[Template]:
        """Return the outlines that suit one of *platforms*."""
        async with self._storage.transaction() as transaction:
            rows = await transaction.all("templates", platforms=list(platforms))
        return [Template(**row) for row in rows]

    async def empty_slots(
        self, user_id: str, plan_id: int, first_day: int, most: int
    ) -> list[EmptySlot]:
        """Return the next places without a draft, from a day on."""
        async with self._storage.transaction() as transaction:
            rows = await transaction.all(
                "empty_slots", user_id=user_id, plan_id=plan_id, first_day=first_day, most=most
            )
        return [EmptySlot(**row) for row in rows]

    async def written(self, user_id: str, plan_id: int, day: int) -> list[Written]:
        """Return what is written for a day and has not gone out."""
        async with self._storage.transaction() as transaction:
            rows = await transaction.all("drafts_of_day", user_id=user_id, plan_id=plan_id, day=day)
        return [Written(**row) for row in rows]

    async def begin_task(
        self, user_id: str, task_type: str, prompt: str, metadata: Mapping[str, Any]
    ) -> int:
        """Write down that a draft was ordered; return the order's id."""
        async with self._storage.transaction() as transaction:
            row = await transaction.one(
                "begin_task",
                user_id=user_id,
                task_type=task_type,
                prompt=prompt,
                metadata=Jsonb(dict(metadata)),
            )
            assert row is not None
            return int(row["id"])

    async def give_up_tasks(self, user_id: str) -> int:
        """Say of the user's orders whose instance has died that they failed; return how many there were."""
        async with self._storage.transaction() as transaction:
            return await transaction.run("give_up_tasks", user_id=user_id)

    async def fail_task(self, task_id: int, reason: str) -> None:
        """Write down that nothing came of an order."""
        async with self._storage.transaction() as transaction:
            await transaction.run(
                "end_task", task_id=task_id, status="failed", result=reason, metadata=Jsonb({})
            )

    async def keep(
        self, user_id: str, plan: Plan, slot: EmptySlot, draft: Draft, task_id: int
    ) -> int | None:
        """Make a draft of content for a place; return its id, or None if somebody was quicker."""
        async with self._storage.transaction() as transaction:
            held = await transaction.one("lock_empty_slot", user_id=user_id, slot_id=slot.id)
            if held is None:
                await _end(transaction, task_id, "cancelled", "its place was filled meanwhile", {})
                return None
            content_id = await _create(transaction, user_id, plan, slot, draft)
            await transaction.run("fill_slot", slot_id=slot.id, content_id=content_id)
            await _propose(
                transaction, user_id, plan.id, content_id, slot.platform, slot.day, draft
            )
            await _end(transaction, task_id, "completed", draft.body, _told(draft, content_id))
            return content_id

    async def keep_again(
        self, user_id: str, plan_id: int, day: int, written: Written, draft: Draft, task_id: int
    ) -> None:
        """Note that a piece was written anew; its text is the editing store's."""
        async with self._storage.transaction() as transaction:
            content_id = written.content_id
            await transaction.run("note_regenerated", user_id=user_id, content_id=content_id)
            await _propose(transaction, user_id, plan_id, content_id, written.platform, day, draft)
            await _end(transaction, task_id, "completed", draft.body, _told(draft, content_id))

    async def to_schedule(self, user_id: str, plan_id: int) -> dict[int, datetime]:
        """Return the content of a plan that is not scheduled yet, with its time on the plan's clock."""
        async with self._storage.transaction() as transaction:
            rows = await transaction.all("drafts_to_schedule", user_id=user_id, plan_id=plan_id)
        return {row["content_id"]: row["wall"] for row in rows}

    async def mark_scheduled(self, user_id: str, ids: Sequence[int]) -> None:
        """Note which content of plans is scheduled now."""
        async with self._storage.transaction() as transaction:
            await transaction.run("mark_scheduled", user_id=user_id, ids=list(ids))
            await transaction.run("mark_proposals", user_id=user_id, ids=list(ids))


async def _create(
    transaction: Transaction, user_id: str, plan: Plan, slot: EmptySlot, draft: Draft
) -> int:
    values = {
        **EDITABLE,
        "project_id": plan.project_id,
        "title": draft.title,
        "script": draft.body,
        "platform": slot.platform,
        "content_type": draft.content_type,
        "tags": list(draft.hashtags),
        "metadata": Jsonb({"category": slot.category, "writer": draft.writer}),
        "ai_generated": True,
        "day_number": slot.day,
    }
    row = await transaction.one("create_piece", **values, user_id=user_id)
    assert row is not None  # the project's deletion deletes the plan, whose place is locked
    after = {"status": Status.DRAFT.value, "title": draft.title}
    await record(transaction, user_id, [Deed(row["id"], Action.CREATE, None, after)])
    return int(row["id"])


async def _propose(
    transaction: Transaction,
    user_id: str,
    plan_id: int,
    content_id: int,
    platform: str,
    day: int,
    draft: Draft,
) -> None:
    await transaction.run(
        "keep_draft",
        user_id=user_id,
        plan_id=plan_id,
        content_id=content_id,
        title=draft.title,
        body=draft.body,
        platform=platform,
        content_type=draft.content_type,
        day=day,
        hashtags=list(draft.hashtags),
        confidence=draft.confidence,
    )


async def _end(
    transaction: Transaction, task_id: int, status: str, result: str, metadata: Mapping[str, Any]
) -> None:
    await transaction.run(
        "end_task", task_id=task_id, status=status, result=result, metadata=Jsonb(dict(metadata))
    )


def _told(draft: Draft, content_id: int) -> dict[str, Any]:
    return {"content_id": content_id, "writer": draft.writer, "remark": draft.remark}
