"""Rows into a file, as many as one likes: CSV, a JSON array with a row a line, or a JSON object a line."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from typing import Any, TextIO

from studio.command_line.cells import to_cell


class RowWriter:
    """Writes a file from its first line to its last; ``count`` is how many rows are in it."""

    def __init__(self, file: TextIO, form: str, columns: tuple[str, ...]) -> None:
        self.count = 0
        self._file = file
        self._form = form
        self._columns = columns
        self._csv = csv.writer(file)
        if form == "csv":
            self._csv.writerow(columns)
        elif form == "json":
            file.write("[")

    def add(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write *rows* behind those that are there."""
        for row in rows:
            if self._form == "csv":
                self._csv.writerow([to_cell(row[column]) for column in self._columns])
            else:
                text = json.dumps({name: row[name] for name in self._columns}, ensure_ascii=False)
                self._file.write(self._before() + text + self._after())
            self.count += 1

    def end(self) -> None:
        """Write what comes after the last row."""
        if self._form == "json":
            self._file.write("\n]\n")

    def _before(self) -> str:
        if self._form == "ndjson":
            return ""
        return ",\n" if self.count else "\n"

    def _after(self) -> str:
        return "\n" if self._form == "ndjson" else ""
