"""Moments as a person reads them: in their time zone, which their browser keeps in a cookie."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from starlette.requests import HTTPConnection

from studio.content.recurrence import moment_of, zone_of

ZONE_COOKIE = "studio_zone"
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


@dataclass(frozen=True, slots=True)
class Clock:
    """A wall clock in a time zone."""

    name: str = "UTC"

    @property
    def zone(self) -> ZoneInfo:
        """Its zone."""
        return zone_of(self.name)

    def now(self) -> datetime:
        """Return what it shows now."""
        return datetime.now(UTC).astimezone(self.zone)

    def today(self) -> date:
        """Return its day."""
        return self.now().date()

    def time(self, moment: datetime) -> str:
        """Return the hour and minute: ``09:30``."""
        return moment.astimezone(self.zone).strftime("%H:%M")

    def date(self, moment: datetime | date) -> str:
        """Return the day: ``Mon 2 Mar``; with the year where it is another than this one."""
        day = moment.astimezone(self.zone) if isinstance(moment, datetime) else moment
        year = "" if day.year == self.today().year else f" {day.year}"
        return f"{day:%a} {day.day} {day:%b}{year}"

    def full(self, moment: datetime) -> str:
        """Return both: ``Mon 2 Mar, 09:30``."""
        return f"{self.date(moment)}, {self.time(moment)}"

    def field(self, moment: datetime | None) -> str:
        """Return what an input of type ``datetime-local`` holds."""
        return "" if moment is None else moment.astimezone(self.zone).strftime("%Y-%m-%dT%H:%M")

    def moment(self, wall: str) -> datetime | None:
        """Return the moment of a ``datetime-local`` input; None: it holds none. A time that a clock skips moves forward."""
        try:
            shown = datetime.fromisoformat(wall)
        except ValueError:
            return None
        if shown.tzinfo is not None or not 1970 < shown.year < 2200:
            return None
        return moment_of(shown, self.zone)


def clock_of(connection: HTTPConnection) -> Clock:
    """Return the clock of whoever asks; UTC where their browser has not said."""
    return clock_in(connection.cookies.get(ZONE_COOKIE, "UTC"))


def clock_in(name: str) -> Clock:
    """Return the clock of a zone; of one that nobody knows, UTC's."""
    return Clock(name if name in zones() else "UTC")


@cache
def zones() -> tuple[str, ...]:
    """Return the zones that people name, in order: ``Area/City``, and UTC first."""
    areas = [
        "Africa/",
        "America/",
        "Antarctica/",
        "Arctic/",
        "Asia/",
        "Atlantic/",
        "Australia/",
        "Europe/",
        "Indian/",
        "Pacific/",
    ]
    return ("UTC", *sorted(zone for zone in available_timezones() if zone.startswith(tuple(areas))))


def month_name(day: date) -> str:
    """Return ``March 2026``."""
    return f"{_MONTHS[day.month - 1]} {day.year}"
