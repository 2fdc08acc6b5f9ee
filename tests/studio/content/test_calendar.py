"""A calendar's days are those of a time zone: whole, without gap or overlap, whatever its clocks do."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.content.calendar import days_of, span_of
from studio.content.model import Status
from studio.content.pieces import Outline

ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Africa/Cairo",  # summer time begins at midnight
    "America/Sao_Paulo",  # likewise, until 2018
    "Pacific/Apia",  # skipped a whole day
    "Asia/Kathmandu",
    "Pacific/Kiritimati",
]
zones = st.sampled_from(ZONES).map(ZoneInfo)
days = st.dates(date(1970, 1, 2), date(2199, 12, 30))
EPOCH = datetime(1970, 1, 2, tzinfo=UTC)
moments = st.timedeltas(timedelta(0), datetime(2199, 12, 29, tzinfo=UTC) - EPOCH).map(EPOCH.__add__)


def outline(at: datetime | None, number: int = 1) -> Outline:
    """Content that goes out then."""
    return Outline(
        id=number,
        project_id=None,
        title="Bread",
        platform="instagram",
        content_type="post",
        status=Status.SCHEDULED,
        scheduled_at=at,
        published_at=None,
        thumbnail_url=None,
        tags=[],
        ai_generated=False,
        day_number=None,
        publish_order=0,
        content_version=1,
        last_error=None,
        created_at=datetime(2030, 1, 1, tzinfo=UTC),
        updated_at=datetime(2030, 1, 1, tzinfo=UTC),
    )


@given(days, st.integers(0, 365), zones)
def test_spans_meet_without_gap_or_overlap(first: date, length: int, zone: ZoneInfo) -> None:
    """A span ends where the next day begins, and lasts a day or so for every day of it."""
    last = min(first + timedelta(days=length), date(2199, 12, 30))
    begin, end = span_of(first, last, zone)
    assert end == span_of(last + timedelta(days=1), last + timedelta(days=1), zone)[0]
    assert abs((end - begin) - timedelta(days=(last - first).days + 1)) <= timedelta(days=1)


@given(moments, zones)
def test_a_moment_is_in_the_span_of_the_day_it_is_shown_under(
    moment: datetime, zone: ZoneInfo
) -> None:
    """What is asked for and what is shown agree on the day."""
    (shown,) = days_of([outline(moment)], zone)
    begin, end = span_of(shown.day, shown.day, zone)
    assert begin <= moment < end


@given(st.lists(moments, max_size=30), zones)
def test_every_piece_is_shown_once_and_in_order(times: list[datetime], zone: ZoneInfo) -> None:
    """Grouping neither loses nor doubles nor reorders; a day appears once."""
    outlines = [outline(at, number) for number, at in enumerate(sorted(times))]
    grouped = days_of([*outlines, outline(None)], zone)
    assert [item for day in grouped for item in day.items] == outlines
    assert [day.day for day in grouped] == sorted({day.day for day in grouped})


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2030, 3, 31), 23),
        ("Europe/Berlin", date(2030, 10, 27), 25),
        ("America/Sao_Paulo", date(2018, 11, 4), 23),
        ("Pacific/Apia", date(2011, 12, 30), 0),
    ],
)
def test_days_are_as_long_as_they_are(zone: str, day: date, hours: int) -> None:
    """Summer time, also where it begins at midnight, and the day that Samoa left out."""
    begin, end = span_of(day, day, ZoneInfo(zone))
    assert end - begin == timedelta(hours=hours)
