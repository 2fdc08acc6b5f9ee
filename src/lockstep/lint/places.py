"""Where a finding is, as people and other tools count: lines and columns from 1, in characters."""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

from lockstep.sql.finding import Finding


class Region(NamedTuple):
    """From a character to behind another; ``end_column`` is the column after the last one."""

    line: int
    column: int
    end_line: int
    end_column: int


class Lines:
    """The lines of a text, to look many places up in."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = [0]
        at = text.find("\n")
        while at >= 0:
            self._starts.append(at + 1)
            at = text.find("\n", at + 1)

    def region(self, finding: Finding) -> Region:
        """Return the region of a finding."""
        line, column = self._place(finding.start)
        end_line, end_column = self._place(max(finding.start, finding.end))
        return Region(line, column, end_line, end_column)

    def line(self, number: int) -> str:
        """Return a line (from 1) without its end."""
        start = self._starts[number - 1]
        end = self._text.find("\n", start)
        return self._text[start : end if end >= 0 else len(self._text)].rstrip("\r")

    def _place(self, offset: int) -> tuple[int, int]:
        offset = min(max(offset, 0), len(self._text))
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1
