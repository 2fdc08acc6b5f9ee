"""``--fix``: the findings' own edits, made in the files; nothing is ever taken out of one.

A fixed text is analysed again, until there is nothing more to fix. One that no longer parses is not written.
"""

from __future__ import annotations

import contextlib
import difflib
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from lockstep.lint.findings import Linted, Linter
from lockstep.lint.sources import File, History
from lockstep.sql.encodings import encode
from lockstep.sql.finding import Edit, edited
from lockstep.sql.parser import parses
from lockstep.sql.prepass import prepare

_ROUNDS = 5
_LINES = re.compile(rb"[^\n]*\n|[^\n]+")
_NO_NEWLINE = b"\n\\ No newline at end of file\n"


class NotWritten(Exception):
    """A fixed file could not be written; the message says which and why."""


def fix(linter: Linter, histories: Sequence[History]) -> tuple[list[History], list[Linted]]:
    """Return the histories with all that can be fixed fixed, and what is found in them then. Writes nothing."""
    now = list(histories)
    for _ in range(_ROUNDS):
        linted = linter.lint(now)
        changed = {id(one.file): raw for one in linted if (raw := fixed(one)) != one.file.raw}
        if not changed:
            return now, linted
        now = [_with(history, changed) for history in now]
    return now, linter.lint(now)


def fixed(linted: Linted) -> bytes:
    """Return a file's bytes with its findings' edits made, or as they are if the text would no longer parse then."""
    raw, ready = linted.file.raw, linted.prepared
    edits = [edit for finding in linted.findings for edit in finding.edits]
    if not edits or not ready.encoding:
        return raw
    if "\r\n" in ready.original:
        edits = [Edit(edit.at, edit.text.replace("\n", "\r\n")) for edit in edits]
    result = encode(edited(ready.original, edits), ready.encoding)
    if parses(ready.text) and not parses(prepare(result, forward_only=True).text):
        return raw
    return result


def changes(before: Sequence[History], after: Sequence[History]) -> Iterator[tuple[File, File]]:
    """Yield each file that was fixed, as it was and as it is."""
    for old, new in zip(before, after, strict=True):
        yield from ((a, b) for a, b in zip(old, new, strict=True) if a.raw != b.raw)


def unified_diff(before: File, after: File) -> bytes:
    """Return the change of one file in the form that ``patch -p0`` takes."""
    lines = difflib.diff_bytes(
        difflib.unified_diff,
        _LINES.findall(before.raw),
        _LINES.findall(after.raw),
        before.name.encode(errors="surrogateescape"),
        after.name.encode(errors="surrogateescape"),
    )
    return b"".join(line if line.endswith(b"\n") else line + _NO_NEWLINE for line in lines)


def write(file: File) -> None:
    """Put a fixed file in the place of the old one, at once and with its mode; a link stays a link. Raises ``NotWritten``."""
    if file.path is None:
        return
    place = Path(os.path.realpath(file.path))
    try:
        _replace(place, file.raw)
    except OSError as error:
        raise NotWritten(f"{file.name} cannot be written: {error.strerror}") from error


def _replace(place: Path, raw: bytes) -> None:
    mode = place.stat().st_mode
    descriptor, made = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
    try:
        with open(descriptor, "wb") as stream:  # noqa: PTH123  # a descriptor, not a Path
            stream.write(raw)
            os.fchmod(stream.fileno(), mode & 0o7777)
        os.replace(made, place)  # noqa: PTH105  # made is a name, not a Path
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(made)  # noqa: PTH108
        raise


def _with(history: History, changed: Mapping[int, bytes]) -> History:
    return tuple(
        File(file.name, file.path, changed[id(file)], file.reported)
        if id(file) in changed
        else file
        for file in history
    )
