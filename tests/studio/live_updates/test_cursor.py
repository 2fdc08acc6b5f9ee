"""A cursor is read back as it was written; what is none never reaches the database."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.live_updates.cursor import Cursor, CursorUnreadable, parse_cursor

NUMBERS = st.integers(1, 2**62)


@given(at=st.integers(0, 10**12 - 1), numbers=st.lists(NUMBERS, min_size=1, unique=True))
def test_what_is_written_is_read(at: int, numbers: list[int]) -> None:
    """Of any snapshot that PostgreSQL may have, with and without running transactions."""
    running = sorted(numbers)
    text = ",".join(map(str, running))
    for snapshot in (f"{running[0]}:{running[-1] + 1}:{text}", f"{running[0]}:{running[0]}:"):
        cursor = Cursor(at, snapshot)
        assert parse_cursor(str(cursor)) == cursor


@pytest.mark.parametrize(
    "text",
    [
        "",
        "17",
        "1.2:3",
        "1.3:2:",
        "1.0:2:",
        "1.2:9:1",
        "1.2:9:9",
        "1.2:9:5,4",
        "1.2:9:4,4",
        "1.2:9:4,",
        "1.2:9:٤",
        "1.2:9:\n",
        f"1.2:{2**63}:",
        f"1.2:9:{'4,' * 9000}5",
        "-1.2:9:",
    ],
)
def test_what_is_no_cursor_is_refused(text: str) -> None:
    """Numbers that do not fit together, other digits, too much of it."""
    with pytest.raises(CursorUnreadable):
        parse_cursor(text)


@pytest.mark.parametrize(
    ("at", "snapshot", "follows"),
    [
        (5000, "7:9:", True),
        (1400, "7:9:", True),
        (1399, "7:9:", False),
        (5000, "7:10:", False),
        (9000, "7:9:", False),
    ],
)
def test_only_the_recent_past_can_be_followed(at: int, snapshot: str, follows: bool) -> None:
    """Not what is older than events are kept, and nothing that has not been yet."""
    assert Cursor(at, snapshot).follows(Cursor(5000, "8:9:8")) is follows
