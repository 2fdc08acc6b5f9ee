"""The calendar over HTTP: what goes out, or went out, on which day of a time zone."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from pydantic import Field

from studio.content.calendar import CalendarDay, days_of, span_of
from studio.http_api.content import ProjectAsked
from studio.http_api.days import Day, Zone
from studio.http_api.parts import PartsHere
from studio.http_api.problems import Refused, documented
from studio.http_api.values import Answer
from studio.http_api.who import CurrentUser

router = APIRouter(prefix="/api/calendar", tags=["schedule"])
MOST_DAYS, MOST_ITEMS = 366, 2000


class Calendar(Answer):
    """The days of a span on which there is something."""

    timezone: str
    days: list[CalendarDay]
    truncated: bool = Field(
        description=f"There was more than {MOST_ITEMS} pieces of content; ask for fewer days."
    )


@router.get("", responses=documented(401, 422))
async def read_calendar(
    user: CurrentUser,
    parts: PartsHere,
    *,
    first: Annotated[Day, Query(alias="from", examples=["2030-01-01"])],
    last: Annotated[Day, Query(alias="to", examples=["2030-01-31"])],
    timezone: Annotated[Zone, Query(description="In whose days.")] = "UTC",
    project_id: ProjectAsked = None,
) -> Calendar:
    """Return your content by day, both days included, in the order of time; drafts that have a time, too."""
    if not 0 <= (last - first).days < MOST_DAYS:
        raise Refused(
            422, "bad_range", f"`to` must be `from` or one of the {MOST_DAYS - 1} days after it."
        )
    zone = ZoneInfo(timezone)
    begin, end = span_of(first, last, zone)
    found = await parts.library.between(
        user.id, begin, end, project_id=project_id, limit=MOST_ITEMS + 1
    )
    return Calendar(
        timezone=timezone,
        days=days_of(found[:MOST_ITEMS], zone),
        truncated=len(found) > MOST_ITEMS,
    )
