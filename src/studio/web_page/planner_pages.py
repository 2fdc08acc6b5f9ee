"""The planner: plans, the form for another, and one of them laid out day by day."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from starlette.responses import Response

from studio.http_api.planner import LONGEST_PLAN, NewAiProject
from studio.http_api.problems import Refused
from studio.planner.layout import Frequency
from studio.planner.model import NewPlan, Plan, PlanRefused
from studio.planner.planner import MOST_AT_ONCE
from studio.web_page import paging
from studio.web_page.clock import zones
from studio.web_page.forms import BLANK, Invalid, Sheet, checked, number, or_none, words
from studio.web_page.rendering import label
from studio.web_page.visits import Visit, back_to

FIELDS = (
    "title",
    "description",
    "project_id",
    "duration_days",
    "content_frequency",
    "target_platforms",
    "content_categories",
    "start_date",
    "timezone",
    "gap_minutes",
)
_USUAL = dict.fromkeys(FIELDS, "") | {
    "duration_days": "14",
    "content_frequency": "daily",
    "gap_minutes": "60",
}


async def show_plans(visit: Visit) -> Response:
    """Show the user's plans, and the form for another."""
    return await _plans(visit, Sheet(_USUAL | {"timezone": visit.clock.name}))


async def create(visit: Visit) -> Response:
    """Lay a project out on a calendar."""
    typed = {name: visit.text(name) for name in FIELDS}
    try:
        new = checked(NewAiProject, _values(typed))
        plan = await visit.parts.planner.create(visit.user.id, NewPlan(**new.model_dump()))
    except Invalid as invalid:
        return await _plans(visit, Sheet(typed, invalid.problems))
    except PlanRefused as refusal:
        name = "project_id" if refusal.code == "unknown_project" else ""
        return await _plans(visit, Sheet(typed, {name: str(refusal)}))
    return back_to(f"/planner/{plan.id}?done=planned")


async def show_plan(visit: Visit) -> Response:
    """Show a plan with its calendar."""
    return await _plan(visit, await _found(visit))


async def carry_out(visit: Visit) -> Response:
    """Have drafts written or a day written anew, accept, halt or resume a plan."""
    plan, planner, user = await _found(visit), visit.parts.planner, visit.user
    wanted = visit.text("action")
    remarks: list[str] = []
    try:
        match wanted:
            case "generate":
                report = await planner.generate(user.id, plan.id, most=MOST_AT_ONCE)
                remarks += report.remarks if report else ()
            case "regenerate":
                day = number(visit.text("day"))
                if not isinstance(day, int) or not 1 <= day <= LONGEST_PLAN:
                    raise Refused(422, "invalid", "There is no such day in the plan.")
                report = await planner.regenerate(user.id, plan.id, day)
                remarks += report.remarks if report else ()
            case "accept":
                outcomes = await planner.accept(user.id, plan.id) or []
                remarks += [str(each.refusal) for each in outcomes if each.refusal]
            case "pause":
                await planner.pause(user.id, plan.id)
            case "resume":
                resumed = await planner.resume(user.id, plan.id)
                remarks += [str(each.refusal) for each in (resumed[1] if resumed else ())]
            case _:
                raise Refused(422, "invalid", "Nobody knows this order.")
    except PlanRefused as refusal:
        return await _plan(visit, plan, [str(refusal)], 409)
    if remarks:
        return await _plan(visit, await _found(visit), remarks)
    return back_to(f"/planner/{plan.id}?done=plan_{wanted}")


async def _plans(visit: Visit, sheet: Sheet = BLANK) -> Response:
    wanted = paging.asked(visit)
    found = await visit.parts.planner.list(visit.user.id, limit=wanted.fetch, after=wanted.after)
    projects = await visit.parts.projects.list(visit.user.id, limit=100)
    return visit.show(
        "planner.html",
        sheet.status,
        plans=paging.some(visit, wanted, found),
        sheet=sheet,
        frequencies=[(each.value, label(each)) for each in Frequency],
        projects=[("", "A new one"), *((each.id, each.text.name) for each in projects)],
        zones=[(zone, zone) for zone in zones()],
    )


async def _plan(
    visit: Visit, plan: Plan, remarks: list[str] | None = None, status: int = 200
) -> Response:
    places = await visit.parts.planner.calendar(visit.user.id, plan.id)
    days = [(day, list(each)) for day, each in groupby(places, lambda place: (place.day, place.scheduled_date))]  # fmt: skip
    return visit.show("plan.html", status, plan=plan, days=days, remarks=remarks or [])


async def _found(visit: Visit) -> Plan:
    plan = await visit.parts.planner.find(visit.user.id, visit.number("id"))
    if plan is None:
        raise Refused(404, "not_found", "There is no such plan, or it is not yours.")
    return plan


def _values(typed: Mapping[str, str]) -> dict[str, Any]:
    return {
        "title": typed["title"],
        "description": or_none(typed["description"]),
        "project_id": number(typed["project_id"]),
        "duration_days": number(typed["duration_days"]),
        "content_frequency": typed["content_frequency"],
        "target_platforms": words(typed["target_platforms"]),
        "content_categories": words(typed["content_categories"]),
        "start_date": or_none(typed["start_date"]),
        "timezone": typed["timezone"],
        "gap_minutes": number(typed["gap_minutes"]),
    }
