"""Offsets become lines and columns from 1, in characters, and lead back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lockstep.lint.places import Lines, Region
from lockstep.sql.finding import Finding


def finding(start: int, end: int) -> Finding:
    """Make a finding of that span."""
    return Finding("x", "syntax", "error", "", "", start, end)


def test_a_region_ends_behind_its_last_character() -> None:
    """Also where that is a line further down, and where the text ends."""
    lines = Lines("-- ü日\r\nSELECT 1;\nx")
    assert lines.region(finding(3, 5)) == Region(1, 4, 1, 6)
    assert lines.region(finding(7, 18)) == Region(2, 1, 3, 2)
    assert lines.region(finding(99, 99)) == Region(3, 2, 3, 2)
    assert [lines.line(number) for number in (1, 2, 3)] == ["-- ü日", "SELECT 1;", "x"]


@given(st.text(alphabet="ab\n\rü", max_size=60), st.integers(0, 70), st.integers(0, 70))
def test_places_lead_back_to_their_offsets(text: str, start: int, length: int) -> None:
    """Whatever the text; what lies beyond its end is its end."""
    region = Lines(text).region(finding(start, start + length))
    starts = [0, *(at + 1 for at, character in enumerate(text) if character == "\n")]
    assert starts[region.line - 1] + region.column - 1 == min(start, len(text))
    assert starts[region.end_line - 1] + region.end_column - 1 == min(start + length, len(text))
