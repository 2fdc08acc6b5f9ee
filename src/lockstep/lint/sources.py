"""Which files are meant by paths, and which of them make one history.

What a statement means depends on the files before it. A folder is a history; so is the project's pair of folders (migrations,
then seeds). Files that are named singly are judged with all of the history they belong to, but only they are reported.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from typing import NamedTuple

from lockstep.sql.sections import in_history_order
from lockstep.values import dataclass

STDIN = "-"
STDIN_NAME = "<stdin>"
_VERSION_FOLDER = re.compile(r"v?\d", re.IGNORECASE)
_ONE_A_FOLDER = {"up.sql", "migration.sql"}


class File(NamedTuple):
    """A file to lint: its name in reports, where it lies (None: stdin), its bytes, and whether its findings are wanted."""

    name: str
    path: str | Path | None
    raw: bytes
    reported: bool = True


History = tuple[File, ...]


class NotFound(Exception):
    """A path that names nothing that could be linted; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where the project's own files lie, and what paths are relative to."""

    root: Path
    migrations: Path
    seeds: Path


class _Found(NamedTuple):
    """A file by its place (absolute; text, for there may be thousands): its name, and the folder that was named."""

    name: str
    path: str
    top: str


def read_histories(
    paths: Sequence[str], places: Places, stdin: tuple[str, bytes] | None = None
) -> list[History]:
    """Read what *paths* name (without any: the project's own folders), as histories in their order.

    *stdin* is the name and the bytes of what ``-`` stands for. Raises ``NotFound``.
    """
    named = list(paths) or _own_folders(places)
    wanted: dict[str, _Found] = {}
    for met in (found for path in named if path != STDIN for found in _search(path)):
        wanted.setdefault(met.path, met)
    given: dict[str, bytes] = {}
    loose: list[History] = []
    own_folders = tuple(_absolute(folder) for folder in (places.migrations, places.seeds))
    if STDIN in named and stdin is not None:
        name, raw = stdin
        path = _absolute(name)
        if name != STDIN_NAME and _is_below(path, own_folders):
            given[path] = raw
            wanted[path] = _Found(name, path, "")
        else:
            loose.append((File(name, None, raw),))
    own = {path: met for path, met in wanted.items() if _is_below(path, own_folders)}
    others = [met for path, met in wanted.items() if path not in own]
    histories = [_own_history(own, given, own_folders)] if own else []
    histories += [_read(group) for group in _grouped(others)]
    return [history for history in [*histories, *loose] if any(file.reported for file in history)]


def _own_folders(places: Places) -> list[str]:
    if not places.migrations.is_dir():
        raise NotFound(f"there is no migrations folder at {places.migrations}; name what to lint")
    folders = (places.migrations, places.seeds)
    return [_shown(_absolute(folder)) for folder in folders if folder.is_dir()]


def _own_history(
    wanted: Mapping[str, _Found], given: Mapping[str, bytes], folders: Sequence[str]
) -> History:
    """The project's files are one history, whichever of them are wanted."""
    files: dict[str, File] = {}
    for folder in folders:
        known = {path: found for path, found in wanted.items() if _is_below(path, (folder,))}
        whole = any(found.top == folder for found in known.values())
        for found in () if whole or not Path(folder).is_dir() else _walk(_shown(folder)):
            known.setdefault(found.path, found)
        for path in _ordered(folder, known):
            name = known[path].name
            raw = given[path] if path in given else _bytes_of(known[path])
            place = None if path in given else path
            files.setdefault(path, File(name, place, raw, path in wanted))
    return tuple(files.values())


def _grouped(found: Iterable[_Found]) -> list[list[_Found]]:
    """Put files into histories: those of one folder, with the folders of it that hold one migration each."""
    by_folder: dict[str, list[_Found]] = {}
    for file in found:
        by_folder.setdefault(file.path.rpartition(os.sep)[0], []).append(file)
    homes: dict[str, dict[str, _Found]] = {}
    for folder, files in by_folder.items():
        alone = any(file.path.rpartition(os.sep)[2] in _ONE_A_FOLDER for file in files)
        home = _home(PurePath(folder).parent if alone else PurePath(folder), files[0].top)
        homes.setdefault(str(home), {}).update({file.path: file for file in files})
    return [[known[path] for path in _ordered(home, known)] for home, known in homes.items()]


def _home(folder: PurePath, top: str) -> PurePath:
    """Return the folder whose history a folder's files belong to: above those that are numbered, if that was named."""
    while str(folder) != top and folder != folder.parent and _VERSION_FOLDER.match(folder.name):
        folder = folder.parent
    return folder


def _ordered(folder: str, known: Mapping[str, _Found]) -> list[str]:
    prefix = len(folder.rstrip(os.sep)) + 1
    paths = {path[prefix:].replace(os.sep, "/"): path for path in known}
    return [paths[name] for name in in_history_order(paths)]


def _read(group: Iterable[_Found]) -> History:
    return tuple(File(found.name, found.path, _bytes_of(found)) for found in group)


def _bytes_of(found: _Found) -> bytes:
    try:
        # There may be thousands: a Path, and a buffer, take longer to make than the file takes to read.
        with open(found.path, "rb", buffering=0) as stream:  # noqa: PTH123
            return stream.readall()
    except OSError as error:
        raise NotFound(f"{found.name} cannot be read: {error.strerror}") from error


def _search(path: str) -> Iterator[_Found]:
    if Path(path).is_dir():
        yield from _walk(path)
    elif Path(path).exists():
        yield _Found(PurePath(path).as_posix(), _absolute(path), "")
    else:
        raise NotFound(f"there is no file or folder {path}")


def _walk(folder: str) -> Iterator[_Found]:
    """Yield the ``.sql`` files below a folder that are not hidden; folders may be named ``.sql`` too."""
    top = _absolute(folder)
    for parent, folders, names in os.walk(folder, onerror=_not_readable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        shown, place = PurePath(parent).as_posix(), _absolute(parent)
        before = "" if shown == "." else f"{shown.rstrip('/')}/"
        for name in sorted(names):
            if name.lower().endswith(".sql") and not name.startswith("."):
                yield _Found(f"{before}{name}", place.rstrip(os.sep) + os.sep + name, top)


def _not_readable(error: OSError) -> None:
    raise NotFound(f"{error.filename} cannot be read: {error.strerror}")


def _is_below(path: str, folders: Iterable[str]) -> bool:
    return path.startswith(tuple(folder.rstrip(os.sep) + os.sep for folder in folders))


def _absolute(path: str | PurePath) -> str:
    # Not Path.resolve: a link stays what it is called, and is followed only when it is read or written.
    return os.path.abspath(path)  # noqa: PTH100


def _shown(folder: str) -> str:
    """Return a folder's name relative to the working directory, where it lies below that."""
    place, working = Path(folder), Path.cwd()
    return str(place.relative_to(working)) if place.is_relative_to(working) else folder
