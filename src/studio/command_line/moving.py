"""``studio import`` and ``studio export``, from their arguments to their exit statuses."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO

from lockstep import Database, run_on_schema
from studio.command_line.importing import Import, Outcome, run_import
from studio.command_line.rows import MATTERS, NEEDS
from studio.command_line.telling import APPLICATION, DATA_WRONG, UNREACHABLE, progress, tell
from studio.command_line.transfer import Transfer
from studio.command_line.writing import RowWriter
from studio.storage import StoreUnavailable

_FORMS = {".csv": "csv", ".json": "json", ".ndjson": "ndjson", ".jsonl": "ndjson"}


def import_rows(options: argparse.Namespace) -> int:
    """Import a file; return the exit status."""
    try:
        with _opened(options.file) as file:
            return _on_schema(lambda database: import_file(database, options, file))
    except OSError as error:
        tell(f"{options.file} cannot be read: {error.strerror}")
        return DATA_WRONG


def export_rows(options: argparse.Namespace) -> int:
    """Export to a file; return the exit status."""
    try:
        with _written(options.file) as file:
            status = _on_schema(lambda database: export_file(database, options, file))
            if status:
                raise _NotWritten(status)
            return 0
    except _NotWritten as error:
        return error.status
    except OSError as error:
        tell(f"{options.file} cannot be written: {error.strerror}")
        return DATA_WRONG


class _NotWritten(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def _on_schema(work: Callable[[Database], Awaitable[int]]) -> int:
    async def guarded(database: Database) -> int:
        try:
            return await work(database)
        except StoreUnavailable as error:
            tell(f"the database does not answer: {error}; run it again to go on")
            return UNREACHABLE

    return run_on_schema(APPLICATION, NEEDS, guarded)


def form_of(file: str, asked: str | None) -> str:
    """Return the form of a file: the one that was asked for, else what its name says, else JSON."""
    return asked or _FORMS.get(Path(file).suffix.lower(), "json")


async def import_file(database: Database, options: argparse.Namespace, file: BinaryIO) -> int:
    """Add the rows of *file* and say what came of it; return the exit status."""
    matter = MATTERS[options.what]
    transfer = Transfer(database, matter)
    user_id = await transfer.owner(options.user)
    if user_id is None:
        return _nobody(options)
    given = Import(file, form_of(options.file, options.format), matter, await transfer.now())
    import_id = options.id or given.digest(user_id)
    name = "standard input" if options.file == "-" else options.file
    if not options.go_on or options.dry_run:
        tried = Outcome(tell=lambda line, why: tell(f"{name}:{line}: {why}"))
        await _pass(transfer, given, user_id, import_id, tried, keep=False)
        if tried.bad or options.dry_run:
            _sum_up(tried, import_id, "would be added" if options.dry_run else None)
            return DATA_WRONG if tried.bad else 0
    outcome = Outcome(tell=lambda line, why: tell(f"{name}:{line}: {why}"))
    await _pass(transfer, given, user_id, import_id, outcome, keep=True)
    _sum_up(outcome, import_id, "added")
    return DATA_WRONG if outcome.bad else 0


async def _pass(
    transfer: Transfer,
    given: Import,
    user_id: str,
    import_id: str,
    outcome: Outcome,
    *,
    keep: bool,
) -> None:
    size = given.file.seek(0, io.SEEK_END)
    with progress("adding" if keep else "checking", size) as show:
        await run_import(transfer, given, user_id, import_id, outcome, keep=keep, progress=show)


def _sum_up(outcome: Outcome, import_id: str, done: str | None) -> None:
    parts = [f"{outcome.added} {done}" if done else "nothing was added"]
    if outcome.known:
        parts.append(f"{outcome.known} were in before")
    if outcome.bad:
        parts.append(f"{outcome.bad} are bad")
    tell(f"of {outcome.rows} rows {', '.join(parts)}")
    if outcome.bad:
        tell(f"correct the lines that are named, in place, and run it again with --id {import_id}")


async def export_file(database: Database, options: argparse.Namespace, file: TextIO) -> int:
    """Write the rows to *file*; return the exit status."""
    matter = MATTERS[options.what]
    transfer = Transfer(database, matter)
    user_id = await transfer.owner(options.user)
    if user_id is None:
        return _nobody(options)
    writer = RowWriter(file, form_of(options.file, options.format), matter.columns)
    with progress("writing", None) as show:
        async for rows in transfer.pages(user_id):
            writer.add(rows)
            show(writer.count)
    writer.end()
    file.flush()
    tell(f"{writer.count} rows written")
    series = await transfer.series(user_id) if options.what == "content" else 0
    if series:
        tell(f"{series} of them repeat; when they do is not in the file")
    return 0


def _nobody(options: argparse.Namespace) -> int:
    tell(f"nobody has the address {options.user}; make an account with: studio create-user")
    return DATA_WRONG


@contextmanager
def _opened(name: str) -> Iterator[BinaryIO]:
    """Open a file that can be gone through twice; standard input is kept on the disk meanwhile."""
    if name != "-":
        with Path(name).open("rb") as file:
            yield file
        return
    with tempfile.TemporaryFile() as kept:
        shutil.copyfileobj(sys.stdin.buffer, kept)
        yield kept


@contextmanager
def _written(name: str) -> Iterator[TextIO]:
    """Give a file that is there, whole, when the block has ended well, and else is as it was before."""
    if name == "-":
        # Not sys.stdout itself: its newlines and encoding are the terminal's.
        with os.fdopen(os.dup(1), "w", encoding="utf-8", newline="") as out:
            yield out
        return
    part = Path(f"{name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            yield file
        part.replace(name)
    finally:
        with contextlib.suppress(OSError):
            part.unlink()
