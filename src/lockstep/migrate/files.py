"""Folders become files: names in order, checksums, nothing parsed yet.

This runs at every boot, so it does no more than list, read and hash; a file's text is examined only if it is going to run.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from lockstep.errors import ConfigurationWrong, FilesRejected, Place, Problem
from lockstep.migrate.expected import Expected, read_expected
from lockstep.values import dataclass

if TYPE_CHECKING:
    from lockstep.migrate.header import Header

Kind = Literal["migration", "seed"]
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True)
class File:
    """A migration or seed as shipped.

    ``checksum`` is the SHA-256 of its bytes with CRLF as LF, so that a checkout on another system is the same file.
    """

    kind: Kind
    name: str
    folder: Path
    raw: bytes
    checksum: str

    @functools.cached_property
    def text(self) -> str:
        """The text that runs, newlines normalised; raises ``UnicodeDecodeError`` if it is not UTF-8."""
        return _unix_newlines(self.raw).decode()

    @functools.cached_property
    def header(self) -> Header:
        """The directives; of a file with problems, those that could be read."""
        from lockstep.migrate.header import parse_header
        from lockstep.sql.comments import top

        text = _unix_newlines(self.raw).decode(errors="replace")
        return parse_header(self.name, top(text), self.kind)[0]

    @property
    def shown(self) -> str:
        """The name in messages, with its folder's name: ``migrations/0001_x.sql``."""
        return f"{self.folder.name}/{self.name}"


@dataclass(frozen=True, slots=True)
class Shipped:
    """All that this release ships for its environment, each kind in order; ``schema`` is what its migrations add up to."""

    migrations: tuple[File, ...] = ()
    seeds: tuple[File, ...] = ()
    schema: Expected | None = None

    @property
    def files(self) -> tuple[File, ...]:
        """Migrations, then seeds: the order in which they run."""
        return self.migrations + self.seeds

    def __str__(self) -> str:
        counts = {"migration": len(self.migrations), "seed": len(self.seeds)}
        return ", ".join(f"{count} {kind}{'s' * (count != 1)}" for kind, count in counts.items())

    def digest(self) -> str:
        """Return one hash of all kinds, names and checksums; ``ledger.sql`` computes the same of the ledger."""
        ordered = sorted(self.files, key=lambda file: (file.kind, file.name))
        lines = [f"{file.kind} {file.name} {file.checksum}" for file in ordered]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def read_shipped(
    migrations: Path, seeds: Path, environment: str, schema_lock: Path | None = None
) -> Shipped:
    """Read both folders, and the file *schema_lock*; the seeds folder and that file may be absent.

    Raises ``ConfigurationWrong`` if there is no migrations folder, or if one cannot be read, and ``FilesRejected`` with
    everything that cannot be a file of this history: folders and links named ``.sql``, names that differ in case only or
    cannot be shown, numbers that sort wrongly.
    """
    if not os.path.isdir(migrations):  # noqa: PTH112  # Path.is_dir raises where it may not look
        raise ConfigurationWrong(
            f"there is no migrations folder at {migrations}",
            why="The folder is named by --migrations, LOCKSTEP_MIGRATIONS or lockstep.toml; its default is `migrations`.",
            next_step="Name the right folder, or make the first migration: lockstep new create_users",
        )
    problems: list[Problem] = []
    found = {
        "migration": _read_folder(migrations, "migration", problems),
        "seed": _read_folder(seeds, "seed", problems) if os.path.lexists(seeds) else [],
    }
    if problems:
        raise rejected(problems)
    wanted = [
        file for file in found["seed"] if not file.header.only or environment in file.header.only
    ]
    schema = read_expected(schema_lock) if schema_lock is not None else None
    return Shipped(tuple(found["migration"]), tuple(wanted), schema)


def rejected(problems: Iterable[Problem], law: str = "") -> FilesRejected:
    """Return the refusal for files that cannot be run as they are; *law* says more of why."""
    listed = tuple(problems)
    files = len({problem.place.file for problem in listed if problem.place})
    return FilesRejected(
        f"{files} file{'s' if files != 1 else ''} cannot be run as "
        f"{'they are' if files != 1 else 'it is'} ({len(listed)} problem{'s' if len(listed) != 1 else ''})",
        problems=listed,
        why="Files are examined before the first statement of any of them runs; nothing was changed."
        + law,
        next_step="Correct what is listed and start again.",
    )


def checksum_of(raw: bytes) -> str:
    """Return the SHA-256 of *raw* with CRLF as LF."""
    return hashlib.sha256(_unix_newlines(raw)).hexdigest()


def _unix_newlines(raw: bytes) -> bytes:
    return raw.replace(b"\r\n", b"\n") if b"\r\n" in raw else raw


def _read_folder(folder: Path, kind: Kind, problems: list[Problem]) -> list[File]:
    files = []
    for entry in _listed(folder):
        reason = _unfit(entry, folder)
        if not reason:
            try:
                raw = _read(entry.path)
            except OSError as error:
                reason = f"cannot be read: {error.strerror}"
        if reason:
            shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in entry.name)
            problems.append(Problem(reason, Place(f"{folder.name}/{shown}")))
            continue
        files.append(File(kind, entry.name, folder, raw, checksum_of(raw)))
    problems += _name_problems([file.name for file in files], folder)
    return files


def _listed(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            named = [e for e in entries if e.name.lower().endswith(".sql") and e.name[0] != "."]
    except OSError as error:
        raise ConfigurationWrong(
            f"the folder {folder} cannot be read: {error.strerror}",
            next_step="It must be a folder that this user may list.",
        ) from error
    return sorted(named, key=lambda entry: entry.name)


def _read(path: str) -> bytes:
    # Plain descriptors: at a thousand files the buffered layer costs more than the reading.
    descriptor = os.open(path, os.O_RDONLY)
    try:
        size = os.fstat(descriptor).st_size
        raw = os.read(descriptor, size + 1)
        while len(raw) < size and (more := os.read(descriptor, size)):
            raw += more
        return raw
    finally:
        os.close(descriptor)


def _unfit(entry: os.DirEntry[str], folder: Path) -> str:
    if not entry.name.isprintable():
        return "has a name that cannot be shown: invisible characters, or bytes that are not UTF-8"
    if entry.is_file(follow_symlinks=False):
        return ""  # the listing says so: no call for each of a thousand files
    if entry.is_symlink():
        # Not Path.resolve: it raises on links that lead to themselves.
        target = Path(os.path.realpath(entry.path))
        if not target.is_relative_to(os.path.realpath(folder)):
            return (
                f"is a link to {target}, outside of the folder: what runs must be what is shipped"
            )
    try:
        mode = entry.stat().st_mode
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if stat.S_ISDIR(mode):
        return "is a folder, not a file"
    return "" if stat.S_ISREG(mode) else "is not a regular file"


def _name_problems(names: list[str], folder: Path) -> list[Problem]:
    problems = []
    seen: dict[str, str] = {}
    for name in names:
        twin = seen.setdefault(name.lower(), name)
        if twin != name:
            problems.append(
                Problem(
                    f"differs from {twin!r} in case only",
                    Place(f"{folder.name}/{name}"),
                    "Rename one of them.",
                )
            )
    numbered = [(name, int(found[0]) if (found := _NUMBER.match(name)) else -1) for name in names]
    for (before, larger), (after, number) in itertools.pairwise(numbered):
        if larger > number >= 0:
            problems.append(
                Problem(
                    f"sorts after {before!r}, though its number is smaller",
                    Place(f"{folder.name}/{after}"),
                    "Files run in the order of their names: write all numbers with the same number of digits.",
                )
            )
    return problems
