"""Places: lines and columns in characters, and a caret that stands under what it means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.position import excerpt, place_at

TEXTS = st.text(alphabet=st.sampled_from("ab'\t\n ü日é\u0301\r;"), max_size=120)


def under_caret(shown: str) -> str:
    """What stands in the line above the caret, for texts whose characters are one column wide."""
    line, caret = shown.split("\n")
    return line[caret.index("^")]


@given(TEXTS, st.data())
def test_line_and_column_lead_back_to_the_character(text: str, data: st.DataObject) -> None:
    """Counting lines and characters from the place arrives at the offset."""
    offset = data.draw(st.integers(0, len(text)))
    place = place_at("x.sql", text, offset)
    lines = text.split("\n")
    before = sum(len(line) + 1 for line in lines[: place.line - 1])
    assert before + place.column - 1 == offset
    assert place.line == text.count("\n", 0, offset) + 1


@given(TEXTS, st.integers(-5, 200))
def test_an_excerpt_is_two_lines_of_equal_gutter(text: str, offset: int) -> None:
    """Whatever the text and the offset, there is one line of it and one caret (two wide under a wide character), and nothing
    that moves a terminal's cursor."""
    shown = place_at("x.sql", text, offset).excerpt
    line, caret = shown.split("\n")
    assert line[5:8] == caret[5:8] == " | "
    assert caret[8:].strip(" ") in ("^", "^^")
    assert not {"\t", "\r", "\x1b"} & set(shown)


@given(st.text(alphabet="abcdefghij", min_size=1, max_size=400), st.data())
def test_the_caret_stands_under_its_character(line: str, data: st.DataObject) -> None:
    """Also in lines that are too long to be shown whole, of which at most 100 characters are shown."""
    column = data.draw(st.integers(1, len(line)))
    shown = excerpt(line, column, 7)
    assert under_caret(shown) == line[column - 1]
    assert len(shown.split("\n")[0]) <= len("    7 | ") + 100


@pytest.mark.parametrize(
    ("line", "column", "caret_at"),
    [
        ("\t\tx", 3, 2),
        ("日本x", 3, 4),
        ("e\u0301x", 3, 1),
        ("\x1b[31mx", 6, 5),
        ("", 1, 0),
        ("ab", 3, 2),
    ],
)
def test_columns_are_characters_and_carets_are_cells(line: str, column: int, caret_at: int) -> None:
    """Tabs take one cell, wide characters two, combining ones none; control characters are dots of one cell."""
    assert excerpt(line, column, 1).split("\n")[1] == "      | " + " " * caret_at + "^"


def test_a_windows_line_is_shown_without_its_carriage_return() -> None:
    """The return belongs to the line end."""
    assert place_at("x.sql", "SELECT 1;\r\nSELEC 2;\r\n", 11).excerpt == (
        "    2 | SELEC 2;\n      | ^"
    )


def test_past_the_end_is_the_end() -> None:
    """An offset beyond the text points behind its last character."""
    place = place_at("x.sql", "SELECT", 99)
    assert (str(place), place.excerpt) == ("x.sql:1:7", "    1 | SELECT\n      |       ^")
