"""Plans in the database: a brief with the calendar that was laid out for it, one transaction.

The planner's own names for things: a *plan* is a row of ``ai_projects``, a *place* one of ``ai_content_calendar``; the place's
``content_type`` is the category that it was laid out for. ``settings`` of a plan hold its ``timezone`` and ``gap_minutes``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from lockstep import Database, load_queries
from studio.content.recurrence import moment_of, zone_of
from studio.planner.layout import Brief, Layout, Pattern, Slot, lay_out
from studio.planner.model import NewPlan, Place, Plan, PlanRefused, is_zone, wrong_state
from studio.storage import PATIENCE, Jsonb, Row, Storage, Transaction

QUERIES = load_queries(Path(__file__).with_name("plans.sql"))
LEAST_NOTICE = timedelta(minutes=5)
"""How far ahead of now a calendar begins at the earliest: time to accept it."""


class PlanStore:
    """Keeps plans and their calendars."""

    def __init__(self, database: Database, *, patience: float = PATIENCE) -> None:
        """Use *database*; an operation that takes longer than *patience* seconds counts as unavailable."""
        self._storage = Storage(database, QUERIES, patience=patience)

    async def create(self, user_id: str, new: NewPlan) -> Plan:
        """Lay a plan out and keep it; raise ``PlanRefused`` if nothing of it has room, or its project is not that user's."""
        async with self._storage.transaction() as transaction:
            now = await transaction.one("lock_user", user_id=user_id)
            if now is None:
                raise PlanRefused("unknown_project", "There is no such project.")
            plan_id, brief = await _begin(transaction, user_id, new, now["now"])
            layout = await _laid_out(transaction, user_id, brief, now["now"] + LEAST_NOTICE)
            if not layout.slots:
                raise PlanRefused("no_room", "There is no time left in these days; take others.")
            slots = Jsonb([_row(slot) for slot in layout.slots])
            await transaction.run("add_slots", plan_id=plan_id, user_id=user_id, slots=slots)
            plan = await _find(transaction, user_id, plan_id)
            assert plan is not None
            return plan

    async def find(self, user_id: str, plan_id: int) -> Plan | None:
        """Return a plan of the user's."""
        async with self._storage.transaction() as transaction:
            return await _find(transaction, user_id, plan_id)

    async def list(
        self, user_id: str, *, limit: int, after: tuple[datetime, int] | None = None
    ) -> list[Plan]:
        """Return at most *limit* of the user's plans, the newest first, those *after* one's place."""
        async with self._storage.transaction() as transaction:
            return await _list(transaction, user_id, limit=limit, after=after)

    async def calendar(self, user_id: str, plan_id: int) -> Sequence[Place]:
        """Return the places of a plan of the user's, in the order of time."""
        async with self._storage.transaction() as transaction:
            rows = await transaction.all("calendar_of_plan", user_id=user_id, plan_id=plan_id)
        return [Place(**row) for row in rows]

    async def turn(
        self, user_id: str, plan_id: int, status: str, possible: Sequence[str]
    ) -> Plan | None:
        """Give a plan its *status*; None: there is none. Raises ``PlanRefused`` if it is in none of the *possible* ones."""
        async with self._storage.transaction() as transaction:
            plan = await _find(transaction, user_id, plan_id)
            if plan is None:
                return None
            turned = await transaction.one(
                "turn_plan",
                user_id=user_id,
                plan_id=plan_id,
                status=status,
                possible=list(possible),
            )
            if turned is None:
                raise wrong_state(plan.status, possible)
            await transaction.run(
                "halt_project",
                user_id=user_id,
                project_id=turned["project_id"],
                is_paused=status == "paused",
            )
            return await _find(transaction, user_id, plan_id)

    async def halt(self, user_id: str, plan: Plan) -> Sequence[int]:
        """Remember and return which content stands still with *plan*: what would go out now, and what it was before."""
        async with self._storage.transaction() as transaction:
            rows = await transaction.all("active_content", user_id=user_id, plan_id=plan.id)
            ids = sorted({*plan.halted, *(row["id"] for row in rows)})
            await _remember(transaction, user_id, plan.id, ids)
            return ids

    async def forget_halted(self, user_id: str, plan_id: int) -> None:
        """Nothing stands still with the plan any more."""
        async with self._storage.transaction() as transaction:
            await _remember(transaction, user_id, plan_id, [])


async def _find(transaction: Transaction, user_id: str, plan_id: int) -> Plan | None:
    return next(iter(await _list(transaction, user_id, plan_id=plan_id)), None)


async def _list(
    transaction: Transaction,
    user_id: str,
    *,
    plan_id: int | None = None,
    limit: int = 1,
    after: tuple[datetime, int] | None = None,
) -> list[Plan]:
    at, row_id = after or (None, None)
    rows = await transaction.all(
        "list_plans", user_id=user_id, plan_id=plan_id, limit=limit, after_at=at, after_id=row_id
    )
    return [Plan(**row) for row in rows]


async def _remember(
    transaction: Transaction, user_id: str, plan_id: int, ids: Sequence[int]
) -> None:
    await transaction.run(
        "remember_halted", user_id=user_id, plan_id=plan_id, halted=Jsonb(list(ids))
    )


async def _begin(
    transaction: Transaction, user_id: str, new: NewPlan, now: datetime
) -> tuple[int, Brief]:
    """Keep the plan and what belongs to it; return its id and what is to be laid out."""
    start = new.start_date or now.astimezone(zone_of(new.timezone)).date() + timedelta(days=1)
    project_id = await _project(transaction, user_id, new)
    row = await transaction.one(
        "create_plan",
        user_id=user_id,
        project_id=project_id,
        title=new.title,
        description=new.description,
        project_type=new.project_type,
        duration_days=new.duration_days,
        content_frequency=new.content_frequency.value,
        target_platforms=list(new.target_platforms),
        content_categories=list(new.content_categories),
        start_date=start,
        end_date=start + timedelta(days=new.duration_days - 1),
        settings=Jsonb({"timezone": new.timezone, "gap_minutes": new.gap_minutes}),
    )
    assert row is not None
    await transaction.run(
        "manage_project",
        user_id=user_id,
        project_id=project_id,
        total_days=new.duration_days,
        content_per_day=new.content_frequency.per_day,
    )
    brief = Brief(
        project_id=row["id"],
        start=start,
        days=new.duration_days,
        frequency=new.content_frequency,
        platforms=tuple(new.target_platforms),
        categories=tuple(new.content_categories),
        timezone=new.timezone,
        gap=timedelta(minutes=new.gap_minutes),
    )
    return row["id"], brief


async def _project(transaction: Transaction, user_id: str, new: NewPlan) -> int:
    if new.project_id is not None:
        row = await transaction.one(
            "own_project_of_plan", user_id=user_id, project_id=new.project_id
        )
        if row is None:
            raise PlanRefused("unknown_project", "There is no such project.")
    else:
        row = await transaction.one(
            "create_project_of_plan",
            user_id=user_id,
            title=new.title,
            description=new.description,
            project_type=new.project_type,
            duration_days=str(new.duration_days),
            content_categories=list(new.content_categories),
        )
        assert row is not None
    return int(row["id"])


async def _laid_out(
    transaction: Transaction, user_id: str, brief: Brief, not_before: datetime
) -> Layout:
    rows = await transaction.all("patterns", platforms=list(brief.platforms))
    patterns = [
        Pattern(
            row["platform"], row["category"], row["optimal_times"], float(row["engagement_score"])
        )
        for row in rows
    ]
    return lay_out(brief, patterns, await _taken(transaction, user_id, brief), not_before)


async def _taken(transaction: Transaction, user_id: str, brief: Brief) -> list[datetime]:
    """Return what stands in the way: scheduled content, and what other plans have laid out."""
    # Two days of margin: a zone is at most 26 hours from another.
    first, last = brief.start - timedelta(days=2), brief.end + timedelta(days=2)
    since, until = (datetime.combine(day, time(), UTC) for day in (first, last))
    scheduled = await transaction.all("taken", user_id=user_id, since=since, until=until)
    planned = await transaction.all("planned", user_id=user_id, first=first, last=last)
    return [row["scheduled_at"] for row in scheduled] + [
        moment_of(row["wall"], zone_of(row["timezone"]))
        for row in planned
        if is_zone(row["timezone"] or "")
    ]


def _row(slot: Slot) -> Row:
    return {
        "scheduled_date": slot.when.date().isoformat(),
        "scheduled_time": slot.when.time().isoformat(),
        "platform": slot.platform,
        "category": slot.category,
        "score": slot.score,
    }
