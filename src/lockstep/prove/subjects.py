"""What is proven: a folder's files in their history's order, each as steps, and the way in which each is to be run."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal

from lockstep.errors import ConfigurationWrong
from lockstep.migrate.files import File, Kind, checksum_of
from lockstep.migrate.header import Header, parse_header
from lockstep.migrate.script import Script, examine
from lockstep.prove.steps import Step, read_steps
from lockstep.sql.encodings import decode
from lockstep.sql.sections import in_history_order
from lockstep.sql.transactions import must_run_alone, transaction_control
from lockstep.values import dataclass

Mode = Literal["transaction", "as-written"]


@dataclass(frozen=True, slots=True)
class Subject:
    """A file to be proven.

    ``transaction``: nothing in it says that it cannot run in one. ``file`` is None where the engine would not take it for a file
    of a history (it lies deeper).
    """

    kind: Kind
    name: str
    path: Path
    raw: bytes
    text: str
    steps: tuple[Step, ...]
    transaction: bool
    header: Header

    def script(self, server_major: int) -> Script | None:
        """Return it as the engine would run it, or None if the engine refuses it."""
        file = self.file
        try:
            script, _ = examine(file, server_major)
        except UnicodeDecodeError:
            return None
        return script

    @property
    def file(self) -> File:
        """The file as the engine reads it."""
        return File(self.kind, self.name, self.path.parent, self.raw, checksum_of(self.raw))

    def line_of(self, offset: int) -> int:
        """Return the line (from 1) of a character of the text."""
        return bisect_left(_line_ends(self.text), offset) + 1


@lru_cache(maxsize=4)
def _line_ends(text: str) -> Sequence[int]:
    """Return where lines end: who asks for the lines of all statements is not to count from the beginning each time."""
    return [found.start() for found in re.finditer("\n", text)]


def read_subjects(migrations: Path, seeds: Path | None = None) -> tuple[Subject, ...]:
    """Read every file that runs forward, however deep it lies: migrations, then seeds.

    Raises ``ConfigurationWrong`` if there is no such folder, or a file cannot be read.
    """
    found = list(_read_folder(migrations, "migration"))
    if seeds is not None:
        found += _read_folder(seeds, "seed")
    return tuple(found)


def _read_folder(folder: Path, kind: Kind) -> Sequence[Subject]:
    if not folder.is_dir():
        raise ConfigurationWrong(
            f"there is no folder of {kind}s at {folder}",
            next_step=f"Name the right one: lockstep prove --{kind}s DIR",
        )
    names = (
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.suffix.lower() == ".sql" and path.is_file()
    )
    shown = (name for name in names if not any(part[0] == "." for part in name.split("/")))
    return [_read(folder / name, name, kind) for name in in_history_order(shown)]


def _read(path: Path, name: str, kind: Kind) -> Subject:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigurationWrong(f"{path} cannot be read: {error.strerror}") from error
    return subject_of(kind, name, path, raw)


def subject_of(kind: Kind, name: str, path: Path, raw: bytes) -> Subject:
    """Return the subject that a file of these bytes is."""
    read = read_steps(raw, path.parent)
    steps = _without_frame(read.steps)
    header, _ = parse_header(name, decode(raw).text, kind)
    alone = any(must_run_alone(s.statement) or transaction_control(s.statement) for s in steps)
    transaction = read.forward.transaction and header.transaction and not alone
    return Subject(kind, name, path, raw, read.text, steps, transaction, header)


def _without_frame(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Take off one BEGIN and one COMMIT around everything else: the runner's transaction does the same."""
    controls = [transaction_control(step.statement) for step in steps]
    if len(steps) < 3 or any(controls[1:-1]):
        return steps
    framed = controls[0] in {"BEGIN", "START TRANSACTION"} and controls[-1] == "COMMIT"
    return steps[1:-1] if framed else steps
