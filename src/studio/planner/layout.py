"""Lays a project out on a calendar: a pure function of its brief, of the hours at which audiences answer, and of what is taken.

The same input gives the same calendar. Where several times are equally good, the project's own number decides, so that two
projects of one person do not ask for the same hour first.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from studio.content.recurrence import moment_of, zone_of

GENERAL = "general"
_UNKNOWN = (time(10), time(14), time(18))
_UNKNOWN_SCORE = 0.5
# Where all good hours are taken: the nearest quarter of an hour that people are awake in.
_WAKING = [time(quarter // 4, quarter % 4 * 15) for quarter in range(6 * 4, 24 * 4)]
_WORTHLESS_AFTER = 8 * 60


class Frequency(StrEnum):
    """How often something is to go out."""

    DAILY = "daily"
    TWICE_DAILY = "twice_daily"
    THREE_TIMES_DAILY = "three_times_daily"
    WEEKDAYS = "weekdays"
    EVERY_OTHER_DAY = "every_other_day"
    THREE_TIMES_WEEKLY = "three_times_weekly"
    WEEKLY = "weekly"

    @property
    def per_day(self) -> int:
        """How many pieces a day has that has any."""
        return {self.TWICE_DAILY: 2, self.THREE_TIMES_DAILY: 3}.get(self, 1)

    def has(self, day: int, when: date) -> bool:
        """Tell whether something goes out on that day, which is the *day*-th of the project."""
        match self:
            case Frequency.WEEKDAYS:
                return when.weekday() < 5
            case Frequency.THREE_TIMES_WEEKLY:
                return when.weekday() in {0, 2, 4}
            case Frequency.EVERY_OTHER_DAY:
                return day % 2 == 1
            case Frequency.WEEKLY:
                return day % 7 == 1
            case _:
                return True


@dataclass(frozen=True, slots=True)
class Brief:
    """What is to be laid out; *gap* is how far apart two pieces are at least, whatever platform they are for."""

    project_id: int
    start: date
    days: int
    frequency: Frequency
    platforms: Sequence[str]
    categories: Sequence[str]
    timezone: str
    gap: timedelta

    @property
    def end(self) -> date:
        """The last day."""
        return self.start + timedelta(days=self.days - 1)


@dataclass(frozen=True, slots=True)
class Pattern:
    """The hours at which a platform's audience answers, by its own clock, and how well (0 to 1)."""

    platform: str
    category: str
    times: Sequence[time]
    score: float


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in the calendar: *when* on the project's clock, and *at*, the same in UTC. *day* counts from 1."""

    day: int
    when: datetime
    at: datetime
    platform: str
    category: str
    score: float


@dataclass(frozen=True, slots=True)
class Wanted:
    """A piece that is to be placed."""

    day: int
    date: date
    platform: str
    category: str


@dataclass(frozen=True, slots=True)
class Layout:
    """A calendar in the order of time, and what had no room on its day."""

    slots: tuple[Slot, ...]
    no_room: tuple[Wanted, ...]


def lay_out(
    brief: Brief, patterns: Iterable[Pattern], taken: Iterable[datetime], not_before: datetime
) -> Layout:
    """Return the calendar of *brief*: no piece before *not_before*, nor within the gap of another or of what is *taken*.

    Raises ``ValueError`` for a time zone that nobody knows.
    """
    zone = zone_of(brief.timezone)
    known = {(pattern.platform, pattern.category): pattern for pattern in patterns}
    occupied = sorted(taken)
    slots: list[Slot] = []
    no_room: list[Wanted] = []
    for wanted in pieces(brief):
        pattern = _pattern(known, wanted)
        slot = _place(wanted, pattern, brief, zone, occupied, not_before)
        if slot is None:
            no_room.append(wanted)
        else:
            slots.append(slot)
            insort(occupied, slot.at)
    return Layout(tuple(sorted(slots, key=lambda slot: slot.at)), tuple(no_room))


def pieces(brief: Brief) -> Iterator[Wanted]:
    """Return what is to be placed: platforms and categories take turns, beginning where the project's number says."""
    platforms, categories = brief.platforms, brief.categories or (GENERAL,)
    turn = 0
    first = _number(brief.project_id, "platform")
    for day in range(1, brief.days + 1):
        when = brief.start + timedelta(days=day - 1)
        if not brief.frequency.has(day, when):
            continue
        for _ in range(brief.frequency.per_day):
            platform = platforms[(first + turn) % len(platforms)]
            category = categories[(first + turn // len(platforms)) % len(categories)]
            yield Wanted(day, when, platform, category)
            turn += 1


def _pattern(known: Mapping[tuple[str, str], Pattern], wanted: Wanted) -> Pattern:
    for category in (wanted.category, GENERAL):
        if (wanted.platform, category) in known:
            return known[wanted.platform, category]
    return Pattern(wanted.platform, GENERAL, _UNKNOWN, _UNKNOWN_SCORE)


def _place(
    wanted: Wanted,
    pattern: Pattern,
    brief: Brief,
    zone: ZoneInfo,
    occupied: Sequence[datetime],
    not_before: datetime,
) -> Slot | None:
    for clock, off in _candidates(pattern, _number(brief.project_id, f"day {wanted.day}")):
        at = moment_of(datetime.combine(wanted.date, clock), zone)
        when = at.astimezone(zone).replace(tzinfo=None, fold=0)
        # A time that the clock skips moves forward, in some places into another day.
        if when.date() == wanted.date and at >= not_before and _is_free(at, occupied, brief.gap):
            score = round(pattern.score * max(0.0, 1 - off / _WORTHLESS_AFTER), 2)
            return Slot(wanted.day, when, at, wanted.platform, wanted.category, score)
    return None


def _candidates(pattern: Pattern, number: int) -> Iterator[tuple[time, int]]:
    """Return times of day, the best first, with how many minutes they are off a good one."""
    good = sorted(set(pattern.times))
    turn = number % len(good)
    yield from ((clock, 0) for clock in (*good[turn:], *good[:turn]))
    others = [
        (min(abs(_minutes(clock) - _minutes(each)) for each in good), clock) for clock in _WAKING
    ]
    yield from ((clock, off) for off, clock in sorted(others) if off)


def _is_free(at: datetime, occupied: Sequence[datetime], gap: timedelta) -> bool:
    place = bisect_left(occupied, at)
    after = occupied[place] - at if place < len(occupied) else gap
    before = at - occupied[place - 1] if place else gap
    return after >= gap and before >= gap


def _minutes(clock: time) -> int:
    return clock.hour * 60 + clock.minute


def _number(project_id: int, what: str) -> int:
    """Return a number that is always the same for a project; Python's own hash differs between processes."""
    return int.from_bytes(hashlib.sha256(f"{project_id} {what}".encode()).digest()[:8], "big")
