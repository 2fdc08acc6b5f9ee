"""When a series comes again: wall clocks kept across summer time, months clamped without forgetting their day.

A series is counted from its first occurrence, never from its last: what was moved by a gap in the clock (a nonexistent time
moves forward) or clamped to a short month is back in its place the next time. Of an ambiguous time it is the first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dateutil.relativedelta import relativedelta

_DAY = timedelta(days=1)
_LAST_YEAR = 9998  # a margin for zones and steps: the calendar ends with 9999


class Recurrence(StrEnum):
    """How often; the database accepts no other word."""

    NONE = "none"
    DAILY = "daily"
    WEEKDAYS = "weekdays"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


@dataclass(frozen=True, slots=True)
class Series:
    """What comes again: from *first* (a wall clock's time, naive) in *timezone*, not after the day *last*."""

    first: datetime
    timezone: str
    recurrence: Recurrence
    last: date | None = None


def series_from(
    scheduled_at: datetime, timezone: str, recurrence: Recurrence, last: date | None = None
) -> Series:
    """Return the series whose first occurrence is at *scheduled_at*; raise ``ValueError`` for an unknown zone."""
    first = scheduled_at.astimezone(zone_of(timezone)).replace(tzinfo=None, fold=0)
    return Series(first, timezone, recurrence, last)


def next_occurrence(series: Series, after: datetime) -> datetime | None:
    """Return the series' first occurrence later than *after*, in UTC; None: it has ended, or does not come again.

    Raises ``ValueError`` for an unknown time zone.
    """
    zone = zone_of(series.timezone)
    if series.recurrence is Recurrence.NONE or after.year >= _LAST_YEAR:
        return None
    # A zone may have skipped or repeated a whole day: look from the day before.
    begin = max(after.astimezone(zone).date() - _DAY, series.first.date())
    for day in _days(series, begin):
        if (series.last is not None and day > series.last) or day.year >= _LAST_YEAR:
            return None
        moment = moment_of(datetime.combine(day, series.first.time()), zone)
        if moment > after:
            return moment
    return None


def moment_of(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return when a wall clock in *zone* shows *wall*, in UTC: moved forward if it never does, the first if twice."""
    # fold=0 is the first of two; in a gap it means the offset before it, which moves forward by its length.
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def zone_of(name: str) -> ZoneInfo:
    """Return a time zone by its name; raise ``ValueError`` if nobody knows it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError, ValueError) as error:
        raise ValueError(f"there is no time zone {name!r}") from error


def _days(series: Series, begin: date) -> Iterator[date]:
    """Yield the series' days that are not before *begin*."""
    first = series.first.date()
    if series.recurrence is Recurrence.MONTHLY:
        months = (begin.year - first.year) * 12 + begin.month - first.month
        while True:
            day = first + relativedelta(months=months)
            months += 1
            if day >= begin:
                yield day
    step = 7 if series.recurrence is Recurrence.WEEKLY else 1
    day = begin + timedelta(days=-(begin - first).days % step)
    while True:
        if series.recurrence is not Recurrence.WEEKDAYS or day.weekday() < 5:
            yield day
        day += step * _DAY
