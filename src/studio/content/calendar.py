"""Days of a calendar in a time zone: which span of time they are, and what falls on which. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from studio.content.pieces import Outline
from studio.content.recurrence import moment_of


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """A day on which there is something."""

    day: date
    items: list[Outline]


def span_of(first: date, last: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the moments at which the days from *first* to *last* begin and end in *zone*.

    Where summer time begins at midnight, the day begins at one; a day that a zone has skipped has no length.
    """
    begin = moment_of(datetime.combine(first, time()), zone)
    return begin, moment_of(datetime.combine(last + timedelta(days=1), time()), zone)


def days_of(outlines: Iterable[Outline], zone: ZoneInfo) -> list[CalendarDay]:
    """Group content, which comes in the order of its time, by the day in *zone*; what has no time is left out."""
    days: list[CalendarDay] = []
    for outline in outlines:
        if outline.scheduled_at is None:
            continue
        day = outline.scheduled_at.astimezone(zone).date()
        if not days or days[-1].day != day:
            days.append(CalendarDay(day, []))
        days[-1].items.append(outline)
    return days
