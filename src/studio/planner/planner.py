"""What people order of the planner: a calendar, drafts for it, and that it is scheduled, halted, or written anew."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from lockstep import Database
from studio.content.editing import EditingStore
from studio.content.model import Action, Status, describe_failure
from studio.content.planning import Order, OrderRefused, Repeat
from studio.content.recurrence import moment_of, zone_of
from studio.content.schedules import Outcome, ScheduleStore
from studio.planner.drafts import DraftStore, EmptySlot, Written
from studio.planner.endpoint import Endpoint, EndpointWriter, prompt
from studio.planner.model import Plan, wrong_state
from studio.planner.plans import PlanStore
from studio.planner.writers import Assignment, Draft, FallingBack, TemplateWriter, Writer

MOST_AT_ONCE = 31
"""How many drafts one order has written."""
_SIDE_BY_SIDE = 4
_PATIENCE = 60.0
_WRITABLE = ("draft", "active")


@dataclass(frozen=True, slots=True)
class Report:
    """What came of an order for drafts: the content that was written, by which writers, and what went wrong with one."""

    content_ids: tuple[int, ...]
    writers: dict[str, int]
    remarks: tuple[str, ...]


class Planner:
    """Plans of people's projects."""

    def __init__(self, database: Database, endpoint: Endpoint | None = None) -> None:
        """Use *database*; have drafts written at *endpoint*, if there is one, and by templates otherwise."""
        self._plans = PlanStore(database)
        self._drafts = DraftStore(database)
        self._schedules = ScheduleStore(database)
        self._editing = EditingStore(database)
        self._model = EndpointWriter(endpoint) if endpoint else None
        self.create = self._plans.create
        self.find = self._plans.find
        self.list = self._plans.list
        self.calendar = self._plans.calendar

    async def generate(
        self, user_id: str, plan_id: int, *, first_day: int = 1, most: int = MOST_AT_ONCE
    ) -> Report | None:
        """Have drafts written for the next places without one; None: there is no such plan. Raises ``PlanRefused``."""
        plan = await self._writable(user_id, plan_id)
        if plan is None:
            return None
        await self._drafts.give_up_tasks(user_id)
        slots = await self._drafts.empty_slots(user_id, plan_id, first_day, most)
        ranks: Counter[int] = Counter()
        jobs = []
        for slot in slots:
            jobs.append((slot, _assignment(plan, slot, slot.day, ranks[slot.day], 0)))
            ranks[slot.day] += 1
        desk = _Desk(self._drafts, user_id, plan, await self._writers(plan))

        async def write(slot: EmptySlot, assignment: Assignment) -> tuple[int, Draft] | None:
            task, draft = await desk.written("draft", assignment)
            content_id = await self._drafts.keep(user_id, plan, slot, draft, task)
            return None if content_id is None else (content_id, draft)

        return _report(await desk.all([write(*job) for job in jobs]))

    async def regenerate(self, user_id: str, plan_id: int, day: int) -> Report | None:
        """Have a day's pieces written anew that are not out yet; None: there is no such plan, or no such day."""
        plan = await self._writable(user_id, plan_id)
        if plan is None or day > plan.duration_days:
            return None
        pieces = await self._drafts.written(user_id, plan_id, day)
        desk = _Desk(self._drafts, user_id, plan, await self._writers(plan))

        async def write(rank: int, piece: Written) -> tuple[int, Draft] | None:
            assignment = _assignment(plan, piece, day, rank, piece.edition)
            task, draft = await desk.written("regenerate", assignment)
            values = {
                "title": draft.title,
                "script": draft.body,
                "tags": list(draft.hashtags),
                "content_type": draft.content_type,
            }
            try:
                await self._editing.edit(user_id, piece.content_id, values, lambda _revision: True)
            except OrderRefused as refusal:  # it is going out this moment, or was deleted
                await self._drafts.fail_task(task, str(refusal))
                return None
            await self._drafts.keep_again(user_id, plan_id, day, piece, draft, task)
            return piece.content_id, draft

        return _report(await desk.all([write(*job) for job in enumerate(pieces)]))

    async def accept(self, user_id: str, plan_id: int) -> list[Outcome] | None:
        """Schedule every draft at its place's time; return what became of each. None: there is no such plan."""
        plan = await self._plans.turn(user_id, plan_id, "active", _WRITABLE)
        if plan is None:
            return None
        zone, repeat = zone_of(plan.timezone), Repeat(timezone=plan.timezone)
        walls = await self._drafts.to_schedule(user_id, plan_id)
        orders = {
            content_id: Order(Action.SCHEDULE, moment_of(wall, zone), repeat)
            for content_id, wall in walls.items()
        }
        outcomes = await self._schedules.carry_out_all(user_id, orders, whole=False)
        # What somebody has scheduled by hand is as good, and so is what an order that was cut short had done.
        done = [each.content_id for each in outcomes if each.status is Status.SCHEDULED]
        await self._drafts.mark_scheduled(user_id, done)
        return outcomes

    async def pause(self, user_id: str, plan_id: int) -> Plan | None:
        """Halt a plan with all its content that would go out. Ordered again, it finishes what was cut short."""
        plan = await self._plans.turn(user_id, plan_id, "paused", ("active", "paused"))
        if plan is None:
            return None
        ids = await self._plans.halt(user_id, plan)
        await self._order(user_id, ids, Action.PAUSE)
        return await self._plans.find(user_id, plan_id)

    async def resume(self, user_id: str, plan_id: int) -> tuple[Plan, list[Outcome]] | None:
        """Set a plan going, and the content that was halted with it; return also what could not be: its time has passed."""
        plan = await self._plans.find(user_id, plan_id)
        if plan is None:
            return None
        if plan.status != "paused":
            raise wrong_state(plan.status, ("paused",))
        outcomes = await self._order(user_id, plan.halted, Action.RESUME)
        await self._plans.forget_halted(user_id, plan_id)
        turned = await self._plans.turn(user_id, plan_id, "active", ("paused",))
        left = [each for each in outcomes if each.refusal and each.refusal.code == "time_passed"]
        return None if turned is None else (turned, left)

    async def _order(self, user_id: str, ids: Sequence[int], action: Action) -> list[Outcome]:
        orders = {content_id: Order(action) for content_id in ids}
        return await self._schedules.carry_out_all(user_id, orders, whole=False)

    async def _writable(self, user_id: str, plan_id: int) -> Plan | None:
        plan = await self._plans.find(user_id, plan_id)
        if plan is not None and plan.status not in _WRITABLE:
            raise wrong_state(plan.status, _WRITABLE)
        return plan

    async def _writers(self, plan: Plan) -> tuple[Writer, Writer]:
        """Return who is to write, and who writes when the time is up."""
        templates = TemplateWriter(await self._drafts.templates(plan.target_platforms))
        return (FallingBack(self._model, templates) if self._model else templates), templates


class _Desk:
    """Has a few drafts written side by side, within a bound on all of them; what is left then is templates' work."""

    def __init__(
        self, drafts: DraftStore, user_id: str, plan: Plan, writers: tuple[Writer, Writer]
    ) -> None:
        self._drafts = drafts
        self._user_id = user_id
        self._plan = plan
        self._writer, self._quick = writers
        self._places = asyncio.Semaphore(_SIDE_BY_SIDE)
        self._until = asyncio.get_running_loop().time() + _PATIENCE

    async def written(self, task_type: str, assignment: Assignment) -> tuple[int, Draft]:
        """Order a draft; return the order's id and the draft."""
        async with self._places:
            metadata = {"ai_project_id": self._plan.id, "day": assignment.day}
            task = await self._drafts.begin_task(
                self._user_id, task_type, prompt(assignment), metadata
            )
            late = asyncio.get_running_loop().time() > self._until
            try:
                return task, await (self._quick if late else self._writer).write(assignment)
            except Exception as error:
                await self._drafts.fail_task(task, describe_failure(error))
                raise

    async def all(
        self, work: Sequence[Coroutine[Any, Any, tuple[int, Draft] | None]]
    ) -> list[tuple[int, Draft]]:
        """Return what was kept, in the order it was asked for."""
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(each) for each in work]
        except ExceptionGroup as failed:  # whoever asked knows one of them at a time
            raise failed.exceptions[0] from failed
        return [kept for task in tasks if (kept := task.result()) is not None]


def _assignment(
    plan: Plan, place: EmptySlot | Written, day: int, rank: int, edition: int
) -> Assignment:
    return Assignment(
        project=plan.title,
        description=plan.description or "",
        platform=place.platform,
        category=place.category,
        day=day,
        days=plan.duration_days,
        number=rank,
        edition=edition,
    )


def _report(kept: Sequence[tuple[int, Draft]]) -> Report:
    return Report(
        tuple(content_id for content_id, _ in kept),
        dict(Counter(draft.writer for _, draft in kept)),
        tuple(dict.fromkeys(draft.remark for _, draft in kept if draft.remark)),
    )
