"""``studio import``: look at every row, then add those that are not in yet; name each that is bad, and lose none.

What an import has added is remembered by its id and the row's line. The id is made from the file's bytes, so that the same
file goes on where it was interrupted; a corrected file is given the first one's id, and only its corrected lines are new.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO

from studio.command_line.reading import Read, read_rows
from studio.command_line.rows import Matter, checked
from studio.command_line.transfer import Transfer
from studio.storage import Row

_BATCH = 200


@dataclass(slots=True)
class Outcome:
    """How an import went: rows that are new, that were in before, and that are bad, each of which is told."""

    rows: int = 0
    added: int = 0
    known: int = 0
    bad: int = 0
    tell: Callable[[int, str], None] = field(default=lambda _line, _why: None)

    def refuse(self, line: int, why: str) -> None:
        """Count and tell a bad row."""
        self.bad += 1
        self.tell(line, why)


@dataclass(frozen=True, slots=True)
class Import:
    """A file to be imported: read from its begin each time it is gone through."""

    file: BinaryIO
    form: str
    matter: Matter
    now: datetime

    def digest(self, user_id: str) -> str:
        """Return the id of an import of exactly this file for that user."""
        self.file.seek(0)
        digest = hashlib.sha256(f"{self.matter.name}\0{user_id}\0".encode())
        while chunk := self.file.read(1 << 20):
            digest.update(chunk)
        return digest.hexdigest()[:16]

    def batches(self) -> Iterator[list[Read]]:
        """Yield the rows, some at a time, as they were read."""
        self.file.seek(0)
        batch: list[Read] = []
        for read in read_rows(self.file, self.form, self.matter.columns, self.matter.texts):
            batch.append(read)
            if len(batch) >= _BATCH:
                yield batch
                batch = []
        if batch:
            yield batch


async def run_import(
    transfer: Transfer,
    given: Import,
    user_id: str,
    import_id: str,
    outcome: Outcome,
    *,
    keep: bool,
    progress: Callable[[int], None],
) -> None:
    """Add the good rows, or without *keep* only try to; *progress* is told how many bytes have been read."""
    for batch in given.batches():
        outcome.rows += len(batch)
        # What is in already is not judged again: a time may have passed meanwhile.
        known = await transfer.known(user_id, import_id, [read.line for read in batch])
        outcome.known += len(known)
        rows = [
            row for read in batch if read.line not in known for row in _row(given, read, outcome)
        ]
        if rows:
            taken = await transfer.take(user_id, import_id, rows, keep=keep)
            outcome.added += taken.added
            for line, why in taken.bad:
                outcome.refuse(line, why)
        progress(given.file.tell())


def _row(given: Import, read: Read, outcome: Outcome) -> Iterator[Row]:
    """Yield the row, if it is good; tell *outcome* if it is not."""
    if read.values is None:
        outcome.refuse(read.line, read.problem)
        return
    try:
        row = checked(given.matter, read.values, given.now)
    except ValueError as error:
        outcome.refuse(read.line, str(error))
        return
    yield {**row.model_dump(mode="json"), "line": read.line}
