"""A series keeps its wall clock across summer time, and its day of the month across short months."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.content.recurrence import Recurrence, Series, moment_of, next_occurrence, series_from


def wall(text: str) -> datetime:
    """Return a wall clock's time."""
    return datetime.fromisoformat(text)


ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kolkata"]  # fmt: skip
repeating = st.sampled_from([one for one in Recurrence if one is not Recurrence.NONE])
walls = st.datetimes(wall("1990-01-01 00:00"), wall("2080-01-01 00:00")).map(
    lambda moment: moment.replace(second=0, microsecond=0)
)
series = st.builds(Series, walls, st.sampled_from(ZONES), repeating)


def occurrences(one: Series, count: int, after: datetime | None = None) -> list[datetime]:
    """Return the next *count* occurrences, one from the other."""
    zone = ZoneInfo(one.timezone)
    found = [after or moment_of(one.first, zone)]
    while len(found) <= count:
        following = next_occurrence(one, found[-1])
        assert following is not None
        found.append(following)
    return found[1:]


def local(one: Series, moments: list[datetime]) -> list[str]:
    """Return moments as the wall clocks of the series show them."""
    zone = ZoneInfo(one.timezone)
    return [moment.astimezone(zone).strftime("%Y-%m-%d %H:%M %z") for moment in moments]


@given(series)
def test_occurrences_go_on_in_time(one: Series) -> None:
    """Each is later than the one before, and none is left out when one looks from any time between."""
    first = moment_of(one.first, ZoneInfo(one.timezone))
    found = occurrences(one, 5)
    for before, after in pairwise([first, *found]):
        assert before < after
        middle = before + (after - before) / 2
        assert next_occurrence(one, middle) == after
        assert next_occurrence(one, after - timedelta(microseconds=1)) == after


@given(series)
def test_the_wall_clock_is_kept_wherever_it_exists(one: Series) -> None:
    """Where the zone's clock shows the series' time on a day of the series, that is the occurrence; else it is moved forward."""
    zone = ZoneInfo(one.timezone)
    for moment in occurrences(one, 8):
        shown = moment.astimezone(zone)
        wanted = datetime.combine(shown.date(), one.first.time())
        exists = (
            wanted.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None)
            == wanted
        )
        if exists:
            assert shown.replace(tzinfo=None) == wanted
            assert shown.fold == 0
        else:
            assert shown.replace(tzinfo=None) > wanted


@given(series)
def test_each_kind_comes_on_its_days(one: Series) -> None:
    """Weekdays are Monday to Friday, weeks keep the day of the week, months the day, or the month's last."""
    first = one.first.date()
    days = [moment_day(one, moment) for moment in occurrences(one, 14)]
    if one.recurrence is Recurrence.WEEKDAYS:
        assert all(day.weekday() < 5 for day in days)
    if one.recurrence is Recurrence.WEEKLY:
        assert {(day - first).days % 7 for day in days} == {0}
    if one.recurrence is Recurrence.MONTHLY:
        last = [(day + timedelta(days=1)).day == 1 for day in days]
        assert all(
            day.day == first.day or (end and day.day < first.day)
            for day, end in zip(days, last, strict=True)
        )


def moment_day(one: Series, moment: datetime) -> date:
    """Return the day of the series that an occurrence stands for: a gap may have moved it past midnight."""
    shown = moment.astimezone(ZoneInfo(one.timezone)).replace(tzinfo=None)
    moved = shown.time() != one.first.time() and shown.time() < time(2) < one.first.time()
    # Samoa's skipped 30 December 2011 is the one whole day that is nowhere.
    return shown.date() - timedelta(days=1) if moved else shown.date()


def test_a_daily_series_keeps_its_wall_clock_across_summer_time() -> None:
    """Nine o'clock in Berlin is nine o'clock on both sides of the change."""
    one = Series(wall("2026-03-27 09:00"), "Europe/Berlin", Recurrence.DAILY)
    assert local(one, occurrences(one, 3)) == [
        "2026-03-28 09:00 +0100",
        "2026-03-29 09:00 +0200",
        "2026-03-30 09:00 +0200",
    ]


def test_a_time_that_does_not_exist_moves_forward_once() -> None:
    """Half past two on the night of the change is half past three; the next day it is half past two again."""
    one = Series(wall("2026-03-28 02:30"), "Europe/Berlin", Recurrence.DAILY)
    assert local(one, occurrences(one, 2)) == ["2026-03-29 03:30 +0200", "2026-03-30 02:30 +0200"]


def test_of_an_ambiguous_time_it_is_the_first() -> None:
    """When half past two comes twice, it is published once: at the first."""
    one = Series(wall("2026-10-24 02:30"), "Europe/Berlin", Recurrence.DAILY)
    assert local(one, occurrences(one, 2)) == ["2026-10-25 02:30 +0200", "2026-10-26 02:30 +0100"]


def test_the_31st_is_remembered() -> None:
    """A series of the 31st comes on the last day of short months, and on the 31st again."""
    one = Series(wall("2028-01-31 12:00"), "UTC", Recurrence.MONTHLY)
    days = [moment.strftime("%m-%d") for moment in occurrences(one, 5)]
    assert days == ["02-29", "03-31", "04-30", "05-31", "06-30"]


def test_what_was_missed_is_passed_over() -> None:
    """The next occurrence is looked for from any time, not only from the one before."""
    one = Series(wall("2026-01-01 09:00"), "UTC", Recurrence.WEEKLY)
    assert next_occurrence(one, datetime(2026, 3, 1, tzinfo=UTC)) == datetime(2026, 3, 5, 9, tzinfo=UTC)  # fmt: skip


def test_a_series_ends_with_its_last_day() -> None:
    """The last day belongs to it, by the series' own calendar and not UTC's."""
    one = Series(wall("2026-01-01 20:00"), "America/New_York", Recurrence.DAILY, date(2026, 1, 2))
    (last,) = occurrences(one, 1)
    assert last == datetime(2026, 1, 3, 1, tzinfo=UTC)
    assert next_occurrence(one, last) is None


def test_none_does_not_come_again() -> None:
    """A single post has no next; and neither has anything at the end of the calendar."""
    single = Series(wall("2026-01-01 00:00"), "UTC", Recurrence.NONE)
    assert next_occurrence(single, datetime(2026, 1, 1, tzinfo=UTC)) is None
    late = Series(wall("9998-12-01 00:00"), "Pacific/Kiritimati", Recurrence.MONTHLY)
    assert next_occurrence(late, datetime(9999, 12, 31, tzinfo=UTC)) is None
    assert next_occurrence(late, datetime(9997, 12, 31, tzinfo=UTC)) is None


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "a" * 300, "Europe/"])
def test_an_unknown_zone_is_refused(zone: str) -> None:
    """The name is in the message, whatever the file system says of it."""
    with pytest.raises(ValueError, match="there is no time zone"):
        series_from(datetime(2026, 1, 1, tzinfo=UTC), zone, Recurrence.DAILY)
