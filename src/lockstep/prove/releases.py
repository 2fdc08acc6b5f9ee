"""Earlier releases, from git or as places in the history: which files they shipped, and which of today's files a change touches."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from lockstep.errors import ConfigurationWrong
from lockstep.prove.subjects import Subject, subject_of
from lockstep.sql.sections import in_history_order
from lockstep.values import dataclass

_MOST = 10


@dataclass(frozen=True, slots=True)
class Release:
    """A release under a name, and the files that it shipped, in order."""

    name: str
    subjects: tuple[Subject, ...]


def releases_of(folders: Sequence[tuple[str, Path]], since: str = "") -> list[Release]:
    """Return the releases before today's: *since* if that is given, else what is tagged, the newest first.

    *folders* are kinds and their folders. Without git, or tags, there is none.
    """
    root = _root(folders[0][1])
    if root is None:
        return []
    names = [since] if since else _tags(root)
    found: list[Release] = []
    for name in names:
        subjects = tuple(
            one for kind, folder in folders for one in _shipped(root, name, kind, folder)
        )
        if subjects and all(subjects != other.subjects for other in found):
            found.append(Release(name, subjects))
    return found


def release_after(file: str, subjects: Sequence[Subject]) -> Release:
    """Return the release whose head was the history's place behind *file*: its name, or its path.

    Raises ``ConfigurationWrong`` if there is no such file.
    """
    named = Path(file).resolve()
    for place, subject in enumerate(subjects, start=1):
        if file == subject.name or named == subject.path.resolve():
            return Release(subject.name, tuple(subjects[:place]))
    raise ConfigurationWrong(
        f"{file} is no file of this history, so no release can have ended with it",
        next_step="Name it as it is called in its folder: --release 0007_add_owner.sql",
    )


def touched_since(revision: str, subjects: Sequence[Subject]) -> int:
    """Return the place of the first subject that *revision* did not have as it is today; their number if there is none.

    Raises ``ConfigurationWrong`` if git does not know the revision.
    """
    if not subjects:
        return 0
    root = _root(subjects[0].path.parent)
    known = root is not None and _git(
        root, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}"
    )
    if root is None or not known:
        raise ConfigurationWrong(
            f"git knows no revision {revision!r} here",
            next_step="Name a commit, a tag or a branch; in CI, fetch the history too (fetch-depth: 0).",
        )
    for place, subject in enumerate(subjects):
        if _bytes_at(root, revision, subject.path) != subject.raw:
            return place
    return len(subjects)


def _tags(root: Path) -> list[str]:
    told = _git(root, "tag", "--merged", "HEAD", "--sort=-creatordate") or b""
    return told.decode(errors="replace").split()[:_MOST]


def _shipped(root: Path, revision: str, kind: str, folder: Path) -> list[Subject]:
    place = folder.resolve()
    if not place.is_relative_to(root):
        return []
    below = place.relative_to(root).as_posix()
    told = _git(
        root,
        "ls-tree",
        "-r",
        "-z",
        "--name-only",
        revision,
        "--",
        f"{below}/" if below != "." else ".",
    )
    paths = [one for one in (told or b"").decode("utf-8", "surrogateescape").split("\0") if one]
    start = 0 if below == "." else len(below) + 1
    names = {path[start:]: path for path in paths if path.lower().endswith(".sql")}
    shown = [name for name in names if not any(part[0] == "." for part in name.split("/"))]
    found = []
    for name in in_history_order(shown):
        raw = _git(root, "cat-file", "blob", f"{revision}:{names[name]}")
        if raw is not None:
            known = "seed" if kind == "seed" else "migration"
            found.append(subject_of(known, name, folder / name, raw))  # type: ignore[arg-type]
    return found


def _bytes_at(root: Path, revision: str, path: Path) -> bytes | None:
    place = path.resolve()
    if not place.is_relative_to(root):
        return None
    return _git(root, "cat-file", "blob", f"{revision}:{place.relative_to(root).as_posix()}")


def _root(folder: Path) -> Path | None:
    told = _git(folder, "rev-parse", "--show-toplevel")
    return Path(told.decode("utf-8", "surrogateescape").strip()).resolve() if told else None


def _git(folder: Path, *arguments: str) -> bytes | None:
    """Return what git says, or None if it does not."""
    try:
        done = subprocess.run(  # noqa: S603
            ["git", *arguments],  # noqa: S607
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None
