"""``lockstep snapshot``: write what the migrations add up to into ``schema.lock``, or see whether it is still that."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lockstep.cli.colour import palette_for
from lockstep.cli.differences import as_json, diff_lines
from lockstep.cli.invocation import settings_of
from lockstep.errors import ConfigurationWrong

if TYPE_CHECKING:
    from lockstep.catalog.snapshot import Snapshot

CHANGED = 3


def snapshot(options: argparse.Namespace) -> int:
    """``lockstep snapshot``; with ``--check``, 3 if the file is not what would be written."""
    from lockstep import schemas
    from lockstep.catalog.compare import compare
    from lockstep.catalog.schema_lock import write_lock

    live = bool(options.database or options.from_database)
    settings = settings_of(options, offline=not live)
    file = Path(options.output) if options.output else settings.schema_lock
    made = schemas.of_target(settings) if live else schemas.of_history(settings)
    text = write_lock(made)
    before, trouble = _lock_before(file)  # nothing to compare with, if that is in trouble
    changed = trouble != "" or not _holds(file, text)
    differences = compare(before, made).differences if changed and not trouble else ()
    if changed and not options.check:
        _write(file, text)
    if options.json:
        found = {
            "file": str(file),
            "fingerprint": made.fingerprint,
            "objects": len(made.lines),
            "changed": changed,
            "differences": [as_json(each) for each in differences],
        }
        print(json.dumps(found))
    else:
        palette = palette_for(sys.stdout)
        for line in diff_lines(differences, palette):
            print(line)
        print(_summary(file, made, trouble, changed=changed, check=options.check), file=sys.stderr)
    return CHANGED if changed and options.check else 0


def _lock_before(file: Path) -> tuple[Snapshot, str]:
    """Return what the file says, nothing where it says nothing; and what is wrong with it."""
    from lockstep.catalog.schema_lock import read_lock
    from lockstep.catalog.snapshot import Snapshot

    if not file.exists():
        return Snapshot(()), "is not there"
    try:
        return read_lock(file), ""
    except ConfigurationWrong as error:
        return Snapshot(()), error.what.partition(": ")[2] or error.what


def _holds(file: Path, text: str) -> bool:
    return file.read_bytes().replace(b"\r\n", b"\n") == text.encode()


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise ConfigurationWrong(f"{file} cannot be written: {error.strerror}") from error


def _summary(file: Path, made: Snapshot, trouble: str, *, changed: bool, check: bool) -> str:
    objects = f"{len(made.lines)} objects"
    if not changed:
        return f"{file} is what it should be ({objects})"
    if not check:
        return f"{file} is written ({objects})"
    why = f": {trouble}" if trouble else ""
    return f"{file} is not what the migrations add up to{why}; write it with: lockstep snapshot"
