"""Durations: read as people write them, shown in the unit that reads best."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.durations import format_duration, parse_duration

LONGEST = 24 * 24 * 3600


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("5", 5.0),
        ("5s", 5.0),
        (" 5 s ", 5.0),
        ("500ms", 0.5),
        ("1ms", 0.001),
        ("1.5M", 90.0),
        ("2min", 120.0),
        ("1h", 3600.0),
        ("576h", LONGEST),
    ],
)
def test_forms(text: str, seconds: float) -> None:
    """Every unit, in either case, with or without a space; plain numbers are seconds."""
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", "s", "-1s", "+1s", "1d", "1 s 2", "1e3", "1,5s", "soon", ".5s", "5s\n\n5s", "nan"]
)
def test_other_texts_are_refused_with_the_forms(text: str) -> None:
    """What is no duration is named, and the forms are shown."""
    with pytest.raises(
        ValueError, match="is not a duration; write for example 500ms, 5s, 2m or 1h"
    ):
        parse_duration(text)


@pytest.mark.parametrize("text", ["0.1ms", "0.0005", "36000min", "577h", "9" * 400 + "h"])
def test_what_postgresql_cannot_be_told_is_refused(text: str) -> None:
    """A wait of less than a millisecond would round to 0, which is for ever; one of 25 days is no integer."""
    with pytest.raises(ValueError, match="is out of range"):
        parse_duration(text)


@given(st.integers(0, LONGEST * 1000))
def test_milliseconds_are_read_exactly(milliseconds: int) -> None:
    """What is read makes the same number of milliseconds again, as the server gets them."""
    assert round(parse_duration(f"{milliseconds}ms") * 1000) == milliseconds


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0.0 ms"),
        (0.0004, "0.4 ms"),
        (0.038, "38 ms"),
        (2.314, "2.31 s"),
        (119.99, "119.99 s"),
        (250, "4 min 10 s"),
        (7200, "120 min 0 s"),
    ],
)
def test_shown(seconds: float, shown: str) -> None:
    """Each length has its unit."""
    assert format_duration(seconds) == shown
