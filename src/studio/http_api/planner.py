"""The planner over HTTP: a calendar for a project, drafts for it, and their schedule."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Annotated, TypeVar

from fastapi import APIRouter, Path, Response
from pydantic import AfterValidator, Field, WithJsonSchema

from studio.content.schedules import Outcome
from studio.http_api.paging import Page, Paging, page
from studio.http_api.parts import PartsHere
from studio.http_api.problems import NotFound, Refused, documented
from studio.http_api.values import (
    Answer,
    Body,
    Id,
    IdIn,
    LongText,
    Name,
    Platform,
    ShortText,
    Tag,
    Whole,
)
from studio.http_api.who import CurrentUser
from studio.planner.layout import Frequency
from studio.planner.model import NewPlan, Plan, PlanRefused, is_zone
from studio.planner.planner import MOST_AT_ONCE

router = APIRouter(prefix="/api/ai-projects", tags=["planner"])

LONGEST_PLAN = 365
T = TypeVar("T")
_STATUS = {"wrong_state": 409, "no_room": 409, "unknown_project": 422}
_WRITING = documented(401, 403, 404, 409, 422, 503)


def _known_zone(name: str) -> str:
    if not is_zone(name):
        raise ValueError("there is no such time zone")
    return name


def _in_range(day: date) -> date:
    if not date(1970, 1, 2) <= day <= date(2198, 12, 30):
        raise ValueError("must be between the years 1970 and 2198")
    return day


def _each_once(names: list[str]) -> list[str]:
    return list(dict.fromkeys(names))


Zone = Annotated[ShortText, AfterValidator(_known_zone)]
Day = Annotated[int, Path(ge=1, le=LONGEST_PLAN, description="Counted from 1.")]
# The format "time" of JSON Schema has an offset; a wall clock has none.
WallTime = Annotated[
    time,
    WithJsonSchema(
        {"type": "string", "pattern": r"^\d{2}:\d{2}:\d{2}(\.\d+)?$", "examples": ["09:00:00"]}
    ),
]


class NewAiProject(Body):
    """What is to be planned."""

    title: Name = Field(examples=["Bread in a small kitchen"])
    description: LongText | None = Field(None, description="What it is about, for the writer.")
    project_id: IdIn | None = Field(
        None, description="A project of mine; without one, one is made."
    )
    project_type: Name = "campaign"
    duration_days: Annotated[Whole, Field(ge=1, le=LONGEST_PLAN)] = 30
    content_frequency: Frequency = Field(Frequency.DAILY, examples=["weekdays"])
    target_platforms: Annotated[
        list[Platform], Field(min_length=1, max_length=20), AfterValidator(_each_once)
    ] = Field(examples=[["instagram", "linkedin"]])
    content_categories: Annotated[list[Tag], Field(max_length=20), AfterValidator(_each_once)] = (
        Field([], examples=[["tutorial", "story"]])
    )
    start_date: Annotated[date, AfterValidator(_in_range)] | None = Field(
        None, description="On the project's own clock; without one it begins tomorrow."
    )
    timezone: Zone = Field("UTC", examples=["Europe/Berlin"])
    gap_minutes: Annotated[Whole, Field(ge=5, le=720)] = Field(
        60, description="How far apart two pieces are at least, whatever platform they are for."
    )


class Generate(Body):
    """Which drafts to write: those of the next places without one."""

    first_day: Annotated[Whole, Field(ge=1, le=LONGEST_PLAN)] = 1
    most: Annotated[Whole, Field(ge=1, le=MOST_AT_ONCE)] = 7


class AiProjectAnswer(Answer):
    """A plan, and how far it is."""

    id: int
    project_id: int | None
    title: str
    description: str | None
    project_type: str
    duration_days: int
    content_frequency: str
    target_platforms: list[str]
    content_categories: list[str]
    start_date: date | None
    end_date: date | None
    timezone: str
    status: str
    created_at: datetime
    updated_at: datetime
    slots: int = Field(description="Places in the calendar.")
    drafts: int = Field(description="Written and not scheduled.")
    scheduled: int


class PlaceAnswer(Answer):
    """A place in the calendar, on the plan's clock; with its draft, if it has one."""

    id: int
    day: int
    scheduled_date: date
    scheduled_time: WallTime
    platform: str
    category: str
    optimal_score: float | None = Field(description="How good the hour is, from 0 to 1.")
    status: str
    content_id: int | None
    title: str | None
    content_status: str | None
    scheduled_at: datetime | None = Field(description="When the content goes out.")


class AiProjectWithCalendar(AiProjectAnswer):
    """A plan with its calendar."""

    calendar: list[PlaceAnswer]


class WrittenAnswer(Answer):
    """What was written."""

    content_ids: list[int]
    writers: dict[str, int] = Field(description="How many drafts each writer wrote.")
    remarks: list[str] = Field(description="Why a draft is not the writer's that was asked first.")


class RefusedAnswer(Answer):
    """Content that could not be scheduled, or set going again."""

    content_id: int
    code: str
    detail: str


class AcceptedAnswer(Answer):
    """What came of accepting."""

    scheduled: list[int]
    refused: list[RefusedAnswer]


class ResumedAnswer(AiProjectAnswer):
    """A plan that goes on."""

    refused: list[RefusedAnswer] = Field(
        description="Content that stays paused: its time has passed."
    )


@router.post(
    "", status_code=201, summary="Plan a project", responses=documented(401, 403, 409, 422, 503)
)
async def create_ai_project(
    new: NewAiProject, user: CurrentUser, parts: PartsHere, response: Response
) -> AiProjectWithCalendar:
    """Lay a project of mine out on a calendar."""
    try:
        plan = await parts.planner.create(user.id, NewPlan(**new.model_dump()))
    except PlanRefused as refusal:
        raise _refused(refusal) from None
    response.headers["Location"] = f"/api/ai-projects/{plan.id}"
    return await _whole(plan, user.id, parts)


@router.get("", summary="My plans", responses=documented(401, 422, 503))
async def list_ai_projects(
    user: CurrentUser, parts: PartsHere, paging: Paging
) -> Page[AiProjectAnswer]:
    """Return a page of my plans, the newest first."""
    found = await parts.planner.list(user.id, limit=paging.fetch, after=paging.after)
    return page(paging, [AiProjectAnswer.model_validate(plan) for plan in found])


@router.get("/{ai_project_id}", summary="A plan", responses=documented(401, 404, 422, 503))
async def get_ai_project(
    ai_project_id: Id, user: CurrentUser, parts: PartsHere
) -> AiProjectWithCalendar:
    """Return a plan of mine with its calendar."""
    plan = _there(await parts.planner.find(user.id, ai_project_id))
    return await _whole(plan, user.id, parts)


@router.post("/{ai_project_id}/generate", summary="Write drafts", responses=_WRITING)
async def generate_ai_project(
    ai_project_id: Id, order: Generate, user: CurrentUser, parts: PartsHere
) -> WrittenAnswer:
    """Have drafts written for the next places of the calendar that have none."""
    try:
        report = await parts.planner.generate(
            user.id, ai_project_id, first_day=order.first_day, most=order.most
        )
    except PlanRefused as refusal:
        raise _refused(refusal) from None
    return WrittenAnswer.model_validate(_there(report))


@router.post("/{ai_project_id}/accept", summary="Schedule the drafts", responses=_WRITING)
async def accept_ai_project(
    ai_project_id: Id, user: CurrentUser, parts: PartsHere
) -> AcceptedAnswer:
    """Schedule every draft of a plan of mine at its place's time."""
    try:
        outcomes = _there(await parts.planner.accept(user.id, ai_project_id))
    except PlanRefused as refusal:
        raise _refused(refusal) from None
    scheduled = [each.content_id for each in outcomes if each.refusal is None]
    return AcceptedAnswer(scheduled=scheduled, refused=_refusals(outcomes))


@router.post("/{ai_project_id}/pause", summary="Halt a plan", responses=_WRITING)
async def pause_ai_project(
    ai_project_id: Id, user: CurrentUser, parts: PartsHere
) -> AiProjectAnswer:
    """Halt a plan of mine with all its content that would go out."""
    try:
        plan = _there(await parts.planner.pause(user.id, ai_project_id))
    except PlanRefused as refusal:
        raise _refused(refusal) from None
    return AiProjectAnswer.model_validate(plan)


@router.post("/{ai_project_id}/resume", summary="Set a plan going again", responses=_WRITING)
async def resume_ai_project(
    ai_project_id: Id, user: CurrentUser, parts: PartsHere
) -> ResumedAnswer:
    """Let a plan of mine go on, with the content that was halted with it."""
    try:
        plan, left = _there(await parts.planner.resume(user.id, ai_project_id))
    except PlanRefused as refusal:
        raise _refused(refusal) from None
    shown = AiProjectAnswer.model_validate(plan).model_dump()
    return ResumedAnswer(**shown, refused=_refusals(left))


@router.post(
    "/{ai_project_id}/days/{day}/regenerate", summary="Write a day anew", responses=_WRITING
)
async def regenerate_ai_project_day(
    ai_project_id: Id, day: Day, user: CurrentUser, parts: PartsHere
) -> WrittenAnswer:
    """Have the pieces of a day written anew that are not out yet."""
    try:
        report = await parts.planner.regenerate(user.id, ai_project_id, day)
    except PlanRefused as refusal:
        raise _refused(refusal) from None
    return WrittenAnswer.model_validate(_there(report))


async def _whole(plan: Plan, user_id: str, parts: PartsHere) -> AiProjectWithCalendar:
    places = await parts.planner.calendar(user_id, plan.id)
    shown = AiProjectAnswer.model_validate(plan).model_dump()
    return AiProjectWithCalendar(
        **shown, calendar=[PlaceAnswer.model_validate(place) for place in places]
    )


def _there(found: T | None) -> T:
    if found is None:
        raise NotFound("plan")
    return found


def _refused(refusal: PlanRefused) -> Refused:
    return Refused(_STATUS[refusal.code], refusal.code, str(refusal))


def _refusals(outcomes: Sequence[Outcome]) -> list[RefusedAnswer]:
    return [
        RefusedAnswer(content_id=each.content_id, code=each.refusal.code, detail=str(each.refusal))
        for each in outcomes
        if each.refusal
    ]
