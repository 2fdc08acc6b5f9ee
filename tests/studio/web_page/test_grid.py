"""Months and weeks are whole, whatever day is asked for; clocks and histories are read as people read them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.content.library import HistoryEntry
from studio.web_page.clock import Clock, clock_in
from studio.web_page.content_sheet import story
from studio.web_page.forms import number, words
from studio.web_page.grid import EARLIEST, LATEST, Span, View, span_of
from studio.web_page.visits import local

DAYS = st.dates(EARLIEST, LATEST)


@given(DAYS, st.sampled_from(View))
def test_a_span_is_whole_weeks_around_its_day(day: date, view: View) -> None:
    """It begins on a Monday, ends on a Sunday, holds the day, and of a month all its days."""
    span = Span(view, day)
    days = span.days((), day)
    assert (days[0].day.weekday(), days[-1].day.weekday()) == (0, 6)
    assert [each.day for each in days if each.today] == [day]
    assert len(days) == 7 if view is View.WEEK else len(days) in {28, 35, 42}
    inside = [each.day for each in days if not each.outside]
    if view is View.MONTH:
        assert inside[0].day == 1
        assert {each.month for each in inside} == {day.month}
        assert len(inside) >= 28


@given(DAYS, st.sampled_from(View))
def test_later_and_earlier_lead_back(day: date, view: View) -> None:
    """The span after the one before is where we were."""
    span = Span(view, day)
    assert Span(view, Span(view, span.before).after).first == span.first
    assert Span(view, Span(view, span.after).before).first == span.first


@pytest.mark.parametrize(
    ("view", "around", "expected"),
    [
        ("week", "2026-03-04", Span(View.WEEK, date(2026, 3, 4))),
        ("", "", Span(View.MONTH, date(2026, 5, 1))),
        ("year", "tomorrow", Span(View.MONTH, date(2026, 5, 1))),
        ("month", "9999-12-31", Span(View.MONTH, LATEST)),
    ],
)
def test_what_an_address_asks_for(view: str, around: str, expected: Span) -> None:
    """What it says wrongly is this month, and no address leads out of the calendar."""
    assert span_of(view, around, date(2026, 5, 1)) == expected


def test_a_wall_clock_keeps_its_zone() -> None:
    """What stands in an input is the zone's clock; a time that summer time skips moves forward; an unknown zone is UTC."""
    clock = Clock("Europe/Berlin")
    assert clock.moment("2026-03-29T02:30") == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert clock.field(datetime(2026, 7, 1, 7, 5, tzinfo=UTC)) == "2026-07-01T09:05"
    assert clock.moment("tomorrow") is None
    assert clock.moment("9999-12-31T23:59") is None
    assert clock.full(datetime(2001, 7, 1, 7, 5, tzinfo=UTC)) == "Sun 1 Jul 2001, 09:05"
    assert clock_in("Mars/Olympus").name == "UTC"


def test_a_history_tells_what_changed() -> None:
    """Moments are told by the reader's clock, long texts by their beginning, and what stayed is left out."""
    entry = HistoryEntry(
        1,
        "u",
        "edit",
        {"status": "draft", "title": "a", "scheduled_at": None},
        {"status": "draft", "title": "b" * 500, "scheduled_at": "2001-07-01T07:05:00+00:00"},
        datetime(2001, 7, 1, tzinfo=UTC),
    )
    title, moment = story(entry, Clock("Europe/Berlin"))
    assert title.startswith("Title: a → bbb")
    assert len(title) < 150
    assert moment == "Scheduled at: Sun 1 Jul 2001, 09:05"


def test_what_stands_in_fields() -> None:
    """Lists have each word once; a number is one only if it is written as one."""
    assert words(" a, b,,a\nc ") == ["a", "b", "c"]
    assert [number(text) for text in ("7", " 7 ", "", "7.5", "٣")] == [7, 7, None, "7.5", "٣"]


@pytest.mark.parametrize(
    ("address", "expected"),
    [("/queue?a=b", "/queue?a=b"), ("//x", "/"), ("/\\x", "/"), ("x", "/"), ("/a\nb", "/")],
)
def test_only_our_own_addresses_are_followed(address: str, expected: str) -> None:
    """An address of another site, however it is written, is none."""
    assert local(address) == expected
