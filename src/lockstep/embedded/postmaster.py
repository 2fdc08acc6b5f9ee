"""What ``postmaster.pid`` tells about a server, and what it does not.

A process id in a file is a rumour: the process may be dead, and its number somebody else's. It is believed only when
``/proc`` shows that process at work in our data directory, and even then it is signalled through a pidfd.
"""

from __future__ import annotations

import os
import signal
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lockstep.errors import ConfigurationWrong

_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Status:
    """The lines of ``postmaster.pid`` that matter here; ``state`` is starting, ready, stopping or standby."""

    pid: int
    port: int
    socket_directory: str
    state: str

    @property
    def socket(self) -> str:
        """The path that clients connect to."""
        return f"{self.socket_directory}/.s.PGSQL.{self.port}"


def read_status(data: Path) -> Status | None:
    """Return what ``postmaster.pid`` says, or None when it is absent or not complete yet."""
    try:
        lines = os.fsdecode((data / "postmaster.pid").read_bytes()).split("\n")
    except FileNotFoundError:
        return None
    with suppress(ValueError, IndexError):
        return Status(int(lines[0]), int(lines[3]), lines[4], lines[7].strip())
    return None


def ready(data: Path) -> Status | None:
    """Return the status when the file says that connections are accepted."""
    status = read_status(data)
    return status if status and status.state == "ready" else None


def answers(status: Status) -> bool:
    """Return whether somebody listens on the socket, which only the owner of our data directory can do."""
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(status.socket)
        except OSError:
            return False
    return True


def interrupt(data: Path) -> bool:
    """Ask the server for a fast shutdown, if it can be known for certain who that is; return whether it was asked."""
    status = read_status(data)
    if status is None or not hasattr(os, "pidfd_open"):
        return False
    with suppress(OSError):
        process = os.pidfd_open(status.pid)
        try:
            if _works_in(status.pid, data):
                signal.pidfd_send_signal(process, signal.SIGINT)
                return True
        finally:
            os.close(process)
    return False


def clear_remains(data: Path, sockets: Path, port: int) -> None:
    """Remove the files of a server that did not end cleanly; they would stop the next one from starting.

    Call it only while holding the server's lock. Raises ``ConfigurationWrong`` when a server works here nevertheless, which
    somebody must have started by other means.
    """
    status = read_status(data)
    if status and (_works_in(status.pid, data) if _PROC.is_dir() else answers(status)):
        raise ConfigurationWrong(
            f"A PostgreSQL that Lockstep did not start (process {status.pid}) runs on {data}",
            next_step=f"Stop it with: pg_ctl stop -D '{data}', then start again.",
        )
    for leftover in (
        data / "postmaster.pid",
        sockets / f".s.PGSQL.{port}",
        sockets / f".s.PGSQL.{port}.lock",
    ):
        leftover.unlink(missing_ok=True)


def _works_in(pid: int, data: Path) -> bool:
    try:
        return (_PROC / str(pid) / "cwd").samefile(data)
    except OSError:
        return False
