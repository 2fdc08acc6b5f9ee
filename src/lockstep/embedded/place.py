"""Where a cluster lives: one directory per major version, so that another PostgreSQL never meets foreign files.

::

    <root>/lock              held while somebody starts or stops a server
    <root>/pg18/users        held (shared) by everybody who uses the server
    <root>/pg18/server       held by the server
    <root>/pg18/data         the data directory
    <root>/pg18/server.log
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lockstep.embedded.account import Account, choose
from lockstep.embedded.binaries import Binaries
from lockstep.errors import ConfigurationWrong

LONGEST_SOCKET_PATH = 103 if sys.platform == "darwin" else 107
LARGEST_LOG = 5_000_000

FREE_SOME_SPACE = "Free some space, then start again."

_REASONS = {
    errno.ENOSPC: ("the disk is full", FREE_SOME_SPACE),
    errno.EDQUOT: ("the disk quota is used up", FREE_SOME_SPACE),
    errno.EROFS: ("the file system is read-only", ""),
    errno.EACCES: ("this account has no permission there", ""),
    errno.EPERM: ("this account has no permission there", ""),
    errno.EEXIST: ("it is a file, not a directory", ""),
    errno.ENOTDIR: ("a part of the path is a file, not a directory", ""),
    errno.ENOLCK: ("the file system has no file locks", ""),
    errno.EOPNOTSUPP: ("the file system has no file locks", ""),
}
_ELSEWHERE = "Choose another directory for the development PostgreSQL, or set DATABASE_URL to a server that runs."


@dataclass(frozen=True, slots=True)
class Place:
    """The files of one cluster, the programs for it, and the account that runs them."""

    root: Path
    home: Path
    binaries: Binaries
    account: Account

    @property
    def lock(self) -> Path:
        """Held while somebody starts or stops a server."""
        return self.root / "lock"

    @property
    def users(self) -> Path:
        """Held, shared, by everybody who uses the server."""
        return self.home / "users"

    @property
    def server(self) -> Path:
        """Held by the server and its watcher."""
        return self.home / "server"

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.home / "data"

    @property
    def log(self) -> Path:
        """What the server and its watcher wrote."""
        return self.home / "server.log"


def prepare(root: Path, binaries: Binaries) -> Place:
    """Make the directories of a cluster and decide who runs it."""
    root = root.absolute().resolve()
    if "\n" in str(root):
        raise ConfigurationWrong(
            f"The directory {str(root)!r} has a line break in its name",
            why="PostgreSQL cannot keep a database there.",
            next_step=_ELSEWHERE,
        )
    if not root.is_dir():
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        (root / ".gitignore").write_text("*\n")  # a database is not for committing
    (root / "lock").touch(
        mode=0o600
    )  # what we may not write to is an error, not a reason to look for another account
    account, binaries, root = choose(binaries, root)
    home = root / f"pg{binaries.major}"
    account.make_directory(home)
    _refuse_foreign_files(home, account)
    return Place(root, home, binaries, account)


def socket_directory(place: Place, port: int) -> Path:
    """Return a private directory for the socket, whose path has to be short and, for libpq, without a comma."""
    if _fits(place.home, port):
        return place.home
    digest = hashlib.blake2s(os.fsencode(place.home), digest_size=8).hexdigest()
    name = f"lockstep-{digest}-{place.account.uid}"
    temporary = Path(tempfile.gettempdir(), name)
    directory = temporary if _fits(temporary, port) else Path("/tmp", name)  # noqa: S108 - checked below
    place.account.make_directory(directory)
    found = directory.lstat()
    if (
        not stat.S_ISDIR(found.st_mode)
        or found.st_uid != place.account.uid
        or found.st_mode & 0o077
    ):
        raise ConfigurationWrong(
            f"{directory} is not a private directory of this account",
            why=f"The path {place.home} is too long for a socket, so it was to be here.",
            next_step=f"Remove {directory}, or choose a shorter path.",
        )
    return directory


@contextmanager
def storage_problems(root: Path) -> Iterator[None]:
    """Turn what the file system refuses into a sentence."""
    try:
        yield
    except OSError as error:
        reason, remedy = _REASONS.get(error.errno or 0, (error.strerror or str(error), ""))
        raise ConfigurationWrong(
            f"The development PostgreSQL cannot be kept under {root}",
            why=f"{error.filename or root}: {reason}.",
            next_step=remedy or _ELSEWHERE,
        ) from error


def tells_of_a_full_disk(output: str) -> bool:
    """Return whether PostgreSQL's messages have no other cause than a full disk."""
    return "No space left on device" in output or "Check free disk space" in output


def _fits(directory: Path, port: int) -> bool:
    path = f"{directory}/.s.PGSQL.{port}"
    return len(os.fsencode(path)) <= LONGEST_SOCKET_PATH and "," not in path


def _refuse_foreign_files(home: Path, account: Account) -> None:
    owner = home.stat().st_uid
    if owner != account.uid:
        raise ConfigurationWrong(
            f"{home} belongs to another account (uid {owner}, this one is {account.uid})",
            why="PostgreSQL works only on files of its own account.",
            next_step="Run as the account that made it, or choose another directory.",
        )
