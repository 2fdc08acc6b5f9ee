"""Months and weeks as a calendar shows them: whole weeks from Monday, each day with what is in it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from studio.content.calendar import CalendarDay
from studio.content.pieces import Outline
from studio.web_page.clock import Clock, month_name

EARLIEST, LATEST = date(1970, 2, 1), date(2199, 11, 1)
_DAY = timedelta(days=1)


class View(StrEnum):
    """How much is shown at once."""

    MONTH = "month"
    WEEK = "week"


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the grid; *outside*: of the month before or after."""

    day: date
    outside: bool
    today: bool
    items: Sequence[Outline]


@dataclass(frozen=True, slots=True)
class Span:
    """What a view shows of the calendar around a day."""

    view: View
    around: date

    @property
    def first(self) -> date:
        """The first day, a Monday."""
        begin = self.around.replace(day=1) if self.view is View.MONTH else self.around
        return begin - begin.weekday() * _DAY

    @property
    def last(self) -> date:
        """The last day, a Sunday."""
        end = self.around
        if self.view is View.MONTH:
            end = _month_after(self.around) - _DAY
        return end + (6 - end.weekday()) * _DAY

    @property
    def title(self) -> str:
        """What stands above it."""
        if self.view is View.MONTH:
            return month_name(self.around)
        clock = Clock()
        return f"{clock.date(self.first)} to {clock.date(self.last)}"

    @property
    def before(self) -> date:
        """A day of the span before."""
        if self.view is View.WEEK:
            return self.around - 7 * _DAY
        return (self.around.replace(day=1) - _DAY).replace(day=1)

    @property
    def after(self) -> date:
        """A day of the span after."""
        return self.around + 7 * _DAY if self.view is View.WEEK else _month_after(self.around)

    def days(self, filled: Iterable[CalendarDay], today: date) -> list[Day]:
        """Return all its days, with what was found for some of them."""
        items = {found.day: found.items for found in filled}
        count = (self.last - self.first).days + 1
        return [
            Day(day, self._outside(day), day == today, items.get(day, ()))
            for day in (self.first + number * _DAY for number in range(count))
        ]

    def _outside(self, day: date) -> bool:
        return self.view is View.MONTH and day.month != self.around.month


def span_of(view: str, around: str, today: date) -> Span:
    """Return the span that an address asks for; what it does not say, or says wrongly, is this month."""
    try:
        day = date.fromisoformat(around)
    except ValueError:
        day = today
    known = View(view) if view in set(View) else View.MONTH
    return Span(known, min(max(day, EARLIEST), LATEST))


def _month_after(day: date) -> date:
    return (day.replace(day=28) + 4 * _DAY).replace(day=1)
