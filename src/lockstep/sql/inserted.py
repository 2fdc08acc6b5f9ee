"""The rows of constants that a history inserts: how often a row like a given one has been inserted before.

A guard that asks whether a row is there must not be satisfied by a twin that another statement made: authors insert the same row
twice, on purpose or not, and the first run must do so too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from lockstep.sql.objects import Key

Row = Mapping[str, str]


class Inserted:
    """Remembers rows table by table; values are compared as they are written."""

    def __init__(self) -> None:
        self._rows: dict[Key, list[Row]] = {}
        self._uncertain: set[Key] = set()
        self._counts: dict[tuple[Key, tuple[str, ...]], Counter[tuple[str, ...]]] = {}
        self._counted: Counter[tuple[Key, tuple[str, ...]]] = Counter()

    def count(self, table: Key, row: Row) -> int:
        """Return how many rows are there that have what *row* has, -1 if nobody can tell: some were deleted."""
        found = self._count(table, row)
        return -1 if found and table in self._uncertain else found

    def lose(self, table: Key) -> None:
        """Note that rows were deleted, and that it is not known which."""
        self._uncertain.add(table)

    def _count(self, table: Key, row: Row) -> int:
        columns = tuple(sorted(row))
        place = (table, columns)
        counter = self._counts.setdefault(place, Counter())
        rows = self._rows.get(table, [])
        for other in rows[self._counted[place] :]:
            if all(column in other for column in columns):
                counter[tuple(other[column] for column in columns)] += 1
        self._counted[place] = len(rows)
        return counter[tuple(row[column] for column in columns)]

    def add(self, table: Key, row: Row) -> None:
        """Remember a row."""
        self._rows.setdefault(table, []).append(row)
