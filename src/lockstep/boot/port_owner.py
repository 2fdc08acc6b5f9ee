"""Who listens on a port: on Linux the kernel tells, as far as this user may look."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_LISTEN = "0A"
_LONGEST_COMMAND = 80


@dataclass(frozen=True, slots=True)
class Owner:
    """A process that listens."""

    pid: int
    command: str

    def __str__(self) -> str:
        return f"pid {self.pid} ({self.command})"


def find_owner(port: int, proc: Path = Path("/proc")) -> Owner | None:
    """Return the process that listens on *port*, or None where it cannot be seen."""
    inodes = set(_listening_inodes(port, proc))
    if not inodes:
        return None
    sockets = {f"socket:[{inode}]" for inode in inodes}
    for process in proc.glob("[0-9]*"):
        if any(target in sockets for target in _descriptors(process)):
            return Owner(int(process.name), _command(process))
    return None


def is_listened_on(port: int, proc: Path = Path("/proc")) -> bool:
    """Return whether the kernel shows a listener; a socket that is bound and does not listen is not shown."""
    return any(_listening_inodes(port, proc))


def _listening_inodes(port: int, proc: Path) -> Iterator[str]:
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for line in (proc / "net" / table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                    yield fields[9]


def _descriptors(process: Path) -> Iterator[str]:
    # Other users' processes are closed to us, and any process may be gone by now.
    with contextlib.suppress(OSError):
        for descriptor in (process / "fd").iterdir():
            with contextlib.suppress(OSError):
                yield str(descriptor.readlink())


def _command(process: Path) -> str:
    try:
        words = (process / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return "unknown"
    command = " ".join(word.decode(errors="replace") for word in words if word)
    return command if len(command) <= _LONGEST_COMMAND else f"{command[:_LONGEST_COMMAND]}…"
