"""Files in all forms: what is written is read again as it was, and what cannot be read is named by its line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.command_line.cells import from_cell, to_cell
from studio.command_line.reading import Read, read_rows
from studio.command_line.rows import MATTERS, checked
from studio.command_line.writing import RowWriter

FORMS = ("csv", "json", "ndjson")
CONTENT = MATTERS["content"]
NOW = datetime(2026, 1, 1, tzinfo=UTC)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
NAMES = TEXTS.map(str.strip).filter(bool)
LIKELY = st.sampled_from(["=1+1", "-", "'", "'=", "''", "@x", "+", "", '"', ",", "\r\n", "\ttab"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**31), 2**31) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
ROWS = st.fixed_dictionaries(
    {
        "project": st.none() | NAMES,
        "title": NAMES,
        "description": st.none() | TEXTS | LIKELY,
        "script": st.none() | TEXTS | LIKELY,
        "platform": st.just("instagram"),
        "content_type": NAMES,
        "status": st.sampled_from(["draft", "paused", "failed", "cancelled"]),
        "scheduled_at": st.none() | st.just("2031-01-31T09:00:00.000001+00:00"),
        "published_at": st.none(),
        "thumbnail_url": st.none() | st.just("https://example.com/=1"),
        "video_url": st.none(),
        "tags": st.lists(NAMES, max_size=3),
        "metadata": st.dictionaries(TEXTS, VALUES, max_size=3),
        "ai_generated": st.booleans(),
        "day_number": st.none() | st.integers(1, 2**31 - 1),
        "publish_order": st.integers(-(2**31), 2**31 - 1),
        "created_at": st.none(),
    }
)


def written(form: str, rows: list[Mapping[str, Any]]) -> bytes:
    """The file of *rows*."""
    file = io.StringIO(newline="")
    writer = RowWriter(file, form, CONTENT.columns)
    writer.add(rows)
    writer.end()
    return file.getvalue().encode()


def read(form: str, content: bytes) -> list[Read]:
    """The rows of a file."""
    return list(read_rows(io.BytesIO(content), form, CONTENT.columns, CONTENT.texts))


@given(st.lists(ROWS, max_size=4), st.sampled_from(FORMS))
def test_what_is_written_is_read_as_it_was(rows: list[Mapping[str, Any]], form: str) -> None:
    """Rows through any form are the same rows, and nothing in CSV is a formula to a spreadsheet."""
    content = written(form, rows)
    again = []
    for one in read(form, content):
        assert one.values is not None, one.problem
        again.append(checked(CONTENT, one.values, NOW).model_dump())
    assert again == [checked(CONTENT, row, NOW).model_dump() for row in rows]
    if form == "csv":
        cells = [
            cell for row in csv.reader(io.StringIO(content.decode(), newline="")) for cell in row
        ]
        assert not [
            cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
        ]


@given(TEXTS | LIKELY)
def test_a_cell_keeps_its_text(text: str) -> None:
    """An apostrophe that guards is taken away again, and no other."""
    assert from_cell(to_cell(text)) == text


@pytest.mark.parametrize("cell", ["'Twas the night", "5 > 3", "a=b"])
def test_a_cell_of_somebody_elses_is_what_it_says(cell: str) -> None:
    """Files that others have made are not unescaped where nothing was escaped."""
    assert from_cell(cell) == cell


def test_a_long_file_is_never_held_whole() -> None:
    """Of an endless array the first rows are there before the rest is read."""

    class Endless(io.RawIOBase):
        def __init__(self) -> None:
            self.given = 0

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            row = b'{"title": "x"},\n' if self.given else b"["
            self.given += len(row)
            buffer[: len(row)] = row
            return len(row)

    source = Endless()
    rows = read_rows(io.BufferedReader(source), "json", CONTENT.columns, CONTENT.texts)
    for line in range(1, 5001):
        assert next(rows) == Read(line, {"title": "x"})
    assert source.given < 1_000_000
    rows.close()  # type: ignore[attr-defined]  # it is a generator


@pytest.mark.parametrize(
    ("form", "content", "expected"),
    [
        (
            "json",
            '[{"a": 1}\n,\n{"a": 2},\n 7, {"b"}]',
            [(1, True), (3, True), (4, False), (4, False)],
        ),
        ("json", '{"a": 1}', [(1, False)]),
        ("json", '[{"a": 1}] x', [(1, True), (1, False)]),
        ("json", '[{"a": 1}', [(1, True), (1, False)]),
        ("json", "[]", []),
        ("ndjson", '{"a": NaN}\n\n{"a": 1}\n[]', [(1, False), (3, True), (4, False)]),
        ("csv", "", [(1, False)]),
        ("csv", "title,colour\nx,red\n", [(1, False)]),
        ("csv", "title,title\nx,x\n", [(1, False)]),
        ("csv", 'title\n"a"b\nc\n', [(2, False), (3, True)]),
        ("csv", "\ufefftitle\r\n\r\nx\r\n", [(3, True)]),
    ],
)
def test_what_cannot_be_read_is_named_by_its_line(
    form: str, content: str, expected: list[tuple[int, bool]]
) -> None:
    """And the next row is read, unless a JSON array is broken."""
    rows = read(form, content.encode())
    assert [(row.line, row.values is not None) for row in rows] == expected
    assert all(row.problem for row in rows if row.values is None)


def test_json_that_is_too_deep_is_a_bad_row() -> None:
    """It costs a row, and not the process."""
    (row,) = read("ndjson", b"[" * 100_000)
    assert "not JSON" in row.problem
    (row,) = read("json", b"[" * 100_001)
    assert "not JSON" in row.problem


def test_every_flaw_of_a_row_is_told() -> None:
    """With the column, and without what was in it."""
    values = json.loads('{"title": "", "platform": "x y", "colour": "red", "metadata": 7}')
    with pytest.raises(ValueError, match=r"title: .*platform: .*metadata: .*colour: "):
        checked(CONTENT, values, NOW)
