"""A calendar keeps its distances, its days and its clock, and the same brief gives the same calendar."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.content.recurrence import moment_of
from studio.planner.layout import Brief, Frequency, Layout, Pattern, lay_out, pieces

EARLY = datetime(1990, 1, 1, tzinfo=UTC)
PATTERNS = [
    Pattern("linkedin", "general", (time(9), time(12), time(17)), 0.78),
    Pattern("instagram", "general", (time(11), time(14), time(18)), 0.85),
    Pattern("instagram", "tutorial", (time(20),), 0.9),
]
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"]
PLATFORMS = ["linkedin", "instagram", "tiktok", "my_blog"]

BRIEFS = st.builds(
    Brief,
    project_id=st.integers(1, 2**62),
    start=st.dates(date(2024, 1, 1), date(2027, 12, 31)),
    days=st.integers(1, 60),
    frequency=st.sampled_from(Frequency),
    platforms=st.lists(st.sampled_from(PLATFORMS), min_size=1, max_size=4, unique=True),
    categories=st.lists(st.sampled_from(["tutorial", "story"]), max_size=2, unique=True),
    timezone=st.sampled_from(ZONES),
    gap=st.integers(5, 720).map(lambda minutes: timedelta(minutes=minutes)),
)
TAKEN = st.lists(st.integers(-2, 62 * 24 * 4).map(lambda quarter: timedelta(minutes=15 * quarter)))


def brief(**changes: Any) -> Brief:
    """Return the brief of a project of a week."""
    values: dict[str, Any] = {
        "project_id": 1,
        "start": date(2026, 3, 2),
        "days": 7,
        "frequency": Frequency.DAILY,
        "platforms": ("instagram",),
        "categories": (),
        "timezone": "UTC",
        "gap": timedelta(hours=1),
    }
    return Brief(**{**values, **changes})


def times(layout: Layout) -> list[str]:
    """Return the places of a calendar on its clock."""
    return [f"{slot.when:%m-%d %H:%M}" for slot in layout.slots]


@settings(max_examples=60)
@given(BRIEFS, TAKEN, st.integers(-100, 1500))
def test_a_calendar_keeps_its_promises(order: Brief, offsets: list[timedelta], hours: int) -> None:
    """Within its days and after the moment given; apart from each other and from what is taken; nothing is lost."""
    midnight = datetime.combine(order.start, time(), UTC)
    taken = [midnight + offset for offset in offsets]
    not_before = midnight + timedelta(hours=hours)
    layout = lay_out(order, PATTERNS, taken, not_before)
    wanted = list(pieces(order))
    assert len(layout.slots) + len(layout.no_room) == len(wanted)
    for slot in layout.slots:
        assert slot.when.date() == order.start + timedelta(days=slot.day - 1)
        assert order.start <= slot.when.date() <= order.end
        assert slot.at >= not_before
        assert moment_of(slot.when, ZoneInfo(order.timezone)) == slot.at
        assert slot.platform in order.platforms
        assert 0 <= slot.score <= 1
        assert all(abs(slot.at - other) >= order.gap for other in taken)
    assert all(later.at - slot.at >= order.gap for slot, later in pairwise(layout.slots))
    assert lay_out(order, reversed(PATTERNS), reversed(taken), not_before) == layout


@settings(max_examples=60)
@given(BRIEFS)
def test_an_empty_calendar_has_room_for_everything(order: Brief) -> None:
    """Three pieces a day, two hours apart, always find a place; where nothing is in the way it is a good one."""
    gap = min(order.gap, timedelta(hours=2))
    order = brief(**{name: getattr(order, name) for name in Brief.__slots__} | {"gap": gap})
    layout = lay_out(order, PATTERNS, [], EARLY)
    assert layout.no_room == ()
    counts = [0] * len(order.platforms)
    for slot in layout.slots:
        counts[order.platforms.index(slot.platform)] += 1
        if order.frequency.per_day == 1:
            assert slot.score >= 0.5
    assert max(counts) - min(counts) <= 1


@pytest.mark.parametrize(
    ("frequency", "days"),
    [
        (Frequency.DAILY, [1, 2, 3, 4, 5, 6, 7, 8]),
        (Frequency.TWICE_DAILY, [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8]),
        (Frequency.WEEKDAYS, [1, 2, 3, 4, 5, 8]),
        (Frequency.EVERY_OTHER_DAY, [1, 3, 5, 7]),
        (Frequency.THREE_TIMES_WEEKLY, [1, 3, 5, 8]),
        (Frequency.WEEKLY, [1, 8]),
    ],
)
def test_a_frequency_has_its_days(frequency: Frequency, days: list[int]) -> None:
    """From a Monday on, for eight days."""
    assert [wanted.day for wanted in pieces(brief(days=8, frequency=frequency))] == days


def test_good_hours_come_first_and_neighbours_of_good_hours_next() -> None:
    """Where an hour is taken another good one is chosen; where all are, the nearest quarter that is free."""
    day = {"days": 1, "gap": timedelta(minutes=30)}
    hours = [datetime(2026, 3, 2, hour, tzinfo=UTC) for hour in (11, 14, 18)]
    for free in hours:
        taken = [hour for hour in hours if hour != free]
        layout = lay_out(brief(**day), PATTERNS, taken, EARLY)
        assert [(slot.at, slot.score) for slot in layout.slots] == [(free, 0.85)]
    (slot,) = lay_out(brief(**day), PATTERNS, hours, EARLY).slots
    assert (slot.at, slot.score) == (hours[0] - timedelta(minutes=30), 0.8)


def test_a_category_has_its_own_hours() -> None:
    """Else those of its platform, else some that suit nobody badly."""
    tutorial = lay_out(brief(days=1, categories=("tutorial",)), PATTERNS, [], EARLY)
    assert times(tutorial) == ["03-02 20:00"]
    story = lay_out(brief(days=1, categories=("story",)), PATTERNS, [], EARLY)
    assert times(story)[0][-5:] in {"11:00", "14:00", "18:00"}
    unknown = lay_out(brief(days=1, platforms=("my_blog",)), PATTERNS, [], EARLY)
    assert times(unknown)[0][-5:] in {"10:00", "14:00", "18:00"}


def test_the_clock_is_kept_when_summer_begins_and_ends() -> None:
    """The hour on the project's clock stays; a time that it skips moves forward, of two it is the first."""
    evening = [Pattern("instagram", "general", (time(20),), 0.9)]
    berlin = lay_out(
        brief(start=date(2026, 3, 28), days=2, timezone="Europe/Berlin"), evening, [], EARLY
    )
    assert times(berlin) == ["03-28 20:00", "03-29 20:00"]
    assert [slot.at.hour for slot in berlin.slots] == [19, 18]
    night = [Pattern("instagram", "general", (time(2, 30),), 0.9)]
    spring = lay_out(
        brief(start=date(2026, 3, 29), days=1, timezone="Europe/Berlin"), night, [], EARLY
    )
    assert times(spring) == ["03-29 03:30"]
    autumn = lay_out(
        brief(start=date(2026, 10, 25), days=1, timezone="Europe/Berlin"), night, [], EARLY
    )
    assert [slot.at for slot in autumn.slots] == [datetime(2026, 10, 25, 0, 30, tzinfo=UTC)]


def test_a_day_that_a_place_has_skipped_has_no_room() -> None:
    """Samoa had no 30 December 2011."""
    layout = lay_out(
        brief(start=date(2011, 12, 29), days=3, timezone="Pacific/Apia"), PATTERNS, [], EARLY
    )
    assert [slot.day for slot in layout.slots] == [1, 3]
    assert [wanted.day for wanted in layout.no_room] == [2]


def test_a_day_that_is_over_has_no_room() -> None:
    """What cannot be placed is named; it does not crowd the next day."""
    layout = lay_out(brief(days=2), PATTERNS, [], datetime(2026, 3, 2, 23, 50, tzinfo=UTC))
    assert [slot.day for slot in layout.slots] == [2]
    assert [(wanted.day, wanted.platform) for wanted in layout.no_room] == [(1, "instagram")]


def test_another_process_lays_out_the_same() -> None:
    """Nothing depends on how a process hashes its texts."""
    program = (
        "from datetime import *; from studio.planner.layout import *;"
        "b = Brief(7, date(2026, 3, 2), 30, Frequency.TWICE_DAILY, ('a', 'b', 'c'), ('x', 'y'), 'UTC', timedelta(hours=1));"
        "print([(s.when.isoformat(), s.platform, s.category) for s in lay_out(b, [], [], datetime(1990, 1, 1, tzinfo=UTC)).slots])"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(printed) == 1
    assert printed.pop().count("2026-") == 60


def test_two_projects_do_not_ask_for_the_same_hour_first() -> None:
    """Of ten projects with the same brief not all begin at the same time."""
    begun = {times(lay_out(brief(project_id=n), PATTERNS, [], EARLY))[0] for n in range(10)}
    assert len(begun) > 1


def test_a_zone_that_nobody_knows_is_refused() -> None:
    """Before anything is laid out."""
    with pytest.raises(ValueError, match="there is no time zone"):
        lay_out(brief(timezone="Europe/Atlantis"), PATTERNS, [], EARLY)
