"""Rows of a file, one after the other, whatever its size: CSV, a JSON array, or a JSON object a line.

A row that cannot be read is told with its line and why, and the next one is read; only a JSON array ends where it breaks.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, TextIO

from studio.command_line.cells import values_of

LARGEST_ROW = 2**24
_CHUNK = 2**16


@dataclass(frozen=True, slots=True)
class Read:
    """A row, by the line that it begins on: its values, or what is wrong with it."""

    line: int
    values: dict[str, Any] | None = None
    problem: str = ""


def read_rows(
    file: BinaryIO, form: str, columns: Collection[str], texts: Collection[str]
) -> Iterator[Read]:
    """Yield the rows of *file*; *columns* may be in it, and *texts* of them are no JSON in CSV."""
    # What is no UTF-8 becomes half of a surrogate pair, which no value may hold: its row is told by name.
    text = io.TextIOWrapper(file, "utf-8-sig", errors="surrogateescape", newline="")
    try:
        if form == "csv":
            yield from _csv(text, columns, texts)
        elif form == "ndjson":
            yield from _lines(text)
        else:
            yield from _array(text)
    finally:
        text.detach()


def _csv(text: TextIO, columns: Collection[str], texts: Collection[str]) -> Iterator[Read]:
    csv.field_size_limit(LARGEST_ROW)
    reader = csv.reader(text, strict=True)
    try:
        header = next(reader, None)
    except csv.Error as error:
        yield Read(1, problem=str(error))
        return
    wrong = _wrong_header(header, columns)
    if header is None or wrong:
        yield Read(1, problem=wrong)
        return
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader, None)
            if row is None:
                return
            if row:
                yield Read(line, _named(header, row, texts))
        except (csv.Error, ValueError) as error:
            yield Read(line, problem=str(error))


def _wrong_header(header: list[str] | None, columns: Collection[str]) -> str:
    if not header:
        return "there is no line with the columns' names"
    unknown = [name for name in header if name not in columns]
    if unknown:
        return f"there is no column {unknown[0][:80]!r}; there are {', '.join(columns)}"
    return "a column is named twice" if len(set(header)) < len(header) else ""


def _named(header: list[str], row: list[str], texts: Collection[str]) -> dict[str, Any]:
    if len(row) != len(header):
        raise ValueError(f"it has {len(row)} cells, and the first line {len(header)}")
    return values_of(dict(zip(header, row, strict=True)), texts)


def _lines(text: TextIO) -> Iterator[Read]:
    number = 0
    while line := text.readline(LARGEST_ROW):
        number += 1
        if len(line) == LARGEST_ROW and not line.endswith("\n"):
            yield Read(number, problem=f"it is longer than {LARGEST_ROW} characters")
            return
        if line.strip():
            yield _object(number, line)


def _object(number: int, line: str) -> Read:
    try:
        return _checked(number, json.loads(line, parse_constant=_no_constant))
    except (ValueError, RecursionError) as error:
        return Read(number, problem=f"it is not JSON: {error}")


def _checked(number: int, value: object) -> Read:
    if isinstance(value, dict):
        return Read(number, value)
    return Read(number, problem="it is not a JSON object")


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no number")


def _array(text: TextIO) -> Iterator[Read]:
    """Take a JSON array apart without ever holding more of it than a row."""
    window = _Window(text)
    if window.take("[") is None:
        yield Read(window.line, problem="it does not begin with [")
        return
    first = True
    while window.take("]") is None:
        if not first and window.take(",") is None:
            yield Read(window.line, problem="there is neither , nor ] after a row")
            return
        first = False
        row = window.value()
        yield row
        if row.values is None and row.problem.startswith(_BROKEN):
            return
    if window.rest():
        yield Read(window.line, problem="something follows after the array's end")


_BROKEN = "it is not JSON"


class _Window:
    """The part of a text that is looked at: it is filled in front and emptied behind."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._held = ""
        self._at = 0
        self._ended = False
        self._decoder = json.JSONDecoder(parse_constant=_no_constant)
        self.line = 1

    def take(self, mark: str) -> str | None:
        """Pass over *mark*, and blanks before it, if it is next."""
        if self.rest()[:1] != mark:
            return None
        self._at += 1
        return mark

    def rest(self) -> str:
        """Return what is held from the next character on that is no blank; empty at the end."""
        while True:
            while self._at < len(self._held) and self._held[self._at] in " \t\r\n":
                self._pass(self._at + 1)
            if self._at < len(self._held) or not self._more(_CHUNK):
                return self._held[self._at : self._at + 1]

    def value(self) -> Read:
        """Return the value that is next."""
        self.rest()
        wanted = _CHUNK
        while True:
            try:
                value, end = self._decoder.raw_decode(self._held, self._at)
            except (ValueError, RecursionError) as error:
                long = len(self._held) - self._at > LARGEST_ROW
                if isinstance(error, RecursionError) or long or not self._more(wanted):
                    return Read(self.line, problem=f"{_BROKEN}: {error}")
                wanted *= 2  # so that a long row is not decoded anew for each chunk of it
                continue
            line = self.line
            self._pass(end)
            return _checked(line, value)

    def _pass(self, end: int) -> None:
        self.line += self._held.count("\n", self._at, end)
        self._at = end

    def _more(self, size: int) -> bool:
        new = "" if self._ended else self._text.read(size)
        self._ended = not new
        self._held, self._at = self._held[self._at :] + new, 0
        return bool(new)
