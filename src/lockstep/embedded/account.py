"""Who runs PostgreSQL. It refuses root, so root needs somebody else.

First choice: a user namespace in which root is called nobody; files stay root's own, and nothing has to be created or
opened up. Where namespaces are forbidden (most containers): an existing account, with its data, and a copy of the
programs if it cannot reach them, under ``/var/lib/lockstep``.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from lockstep.embedded.binaries import Binaries
from lockstep.errors import ConfigurationWrong

STATE_DIRECTORY = Path("/var/lib/lockstep")

_NOBODY = "65534"
_BECOME = "import os,sys;u,g=map(int,sys.argv[1:3]);os.setgroups([]);os.setgid(g);os.setuid(u);os.execv(sys.argv[3],sys.argv[3:])"
_CAN_WORK = 'cd "$1" && [ -w . ] && exec "$2" --version'


@dataclass(frozen=True, slots=True)
class Account:
    """How a program of PostgreSQL is started, and to whom its files belong (the caller, unless ``owner`` is given)."""

    prefix: tuple[str, ...] = ()
    owner: tuple[int, int] | None = None

    @property
    def uid(self) -> int:
        """The owner of the data directory as the file system shows it."""
        return self.owner[0] if self.owner else os.geteuid()

    def command(self, *program: str) -> list[str]:
        """Return the arguments that run *program* as this account."""
        return [*self.prefix, *program]

    def make_directory(self, path: Path) -> None:
        """Make *path* (its parent is there), for the account alone; leave it as it is when it exists."""
        if not path.is_dir():
            path.mkdir(mode=0o700)
            if self.owner:
                os.chown(path, *self.owner)

    def can_work(self, directory: Path, binaries: Binaries) -> bool:
        """Return whether the account can write to *directory* and run the server program."""
        command = self.command("/bin/sh", "-c", _CAN_WORK, "sh", str(directory), binaries.postgres)
        try:
            answer = subprocess.run(command, check=False, capture_output=True, timeout=30)  # noqa: S603
        except (OSError, subprocess.TimeoutExpired):
            return False
        return answer.returncode == 0


def choose(binaries: Binaries, root: Path) -> tuple[Account, Binaries, Path]:
    """Return who runs the server, with which programs, and where; the latter two are *binaries* and *root* if possible.

    *root* exists. Raises ``ConfigurationWrong`` when we are root and nobody else can do it.
    """
    if os.geteuid() != 0:
        return Account(), binaries, root
    if unshare := shutil.which("unshare"):
        renamed = Account((unshare, "--user", f"--map-user={_NOBODY}", f"--map-group={_NOBODY}"))
        if renamed.can_work(root, binaries):
            return renamed, binaries, root
    for name in ("postgres", "nobody"):
        if found := _as_user(name, binaries, root):
            return found
    raise ConfigurationWrong(
        "The development PostgreSQL cannot be started as root",
        why="PostgreSQL refuses root; user namespaces are not allowed here, and neither the account postgres nor nobody could run it.",
        next_step="Set DATABASE_URL to a server that runs, or start Lockstep as an ordinary user.",
    )


def _as_user(name: str, binaries: Binaries, root: Path) -> tuple[Account, Binaries, Path] | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    become = (sys.executable, "-I", "-S", "-c", _BECOME, str(entry.pw_uid), str(entry.pw_gid))
    account = Account(become, (entry.pw_uid, entry.pw_gid))
    place = STATE_DIRECTORY / f"{root.parent.name or 'root'}-{_digest(root)}-{name}"
    _make_passable(place)
    home = place / f"pg{binaries.major}"
    account.make_directory(home)
    if account.can_work(home, binaries):
        return account, binaries, place
    copy = _copied(binaries)
    return (account, copy, place) if account.can_work(home, copy) else None


def _copied(binaries: Binaries) -> Binaries:
    """Copy the installation that holds *binaries* to where everybody can read it, once."""
    installation = binaries.directory.parent
    package = installation.parent
    target = STATE_DIRECTORY / f"postgresql-{binaries.version}-{_digest(installation)}"
    if not target.exists():
        half = target.with_name(f"{target.name}.{os.getpid()}")
        _make_passable(half / package.name)
        shutil.copytree(installation, half / package.name / installation.name, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")  # where wheels keep shared libraries
        if libraries.is_dir():
            shutil.copytree(libraries, half / libraries.name, symlinks=True)
        try:
            half.rename(target)
        except OSError:  # another process was faster; its copy is as good
            shutil.rmtree(half)
    inside = target / package.name / installation.name / binaries.directory.name
    return replace(binaries, directory=inside)


def _make_passable(path: Path) -> None:
    """Make *path* and what is missing above it, so that every account can pass through, whatever the umask."""
    if not path.is_dir():
        _make_passable(path.parent)
        path.mkdir(exist_ok=True)
        path.chmod(0o755)


def _digest(path: Path) -> str:
    return hashlib.blake2s(os.fsencode(path), digest_size=5).hexdigest()
