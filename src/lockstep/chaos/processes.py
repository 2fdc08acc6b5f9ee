"""The processes of one launch: those of its group, and those that only its mark in the environment still tells from others.

Where there is no ``/proc``, the group is all that can be seen.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

MARK = "LOCKSTEP_CHAOS_LAUNCH"
_PROC = Path("/proc")


def left_of(group: int, mark: str) -> list[str]:
    """Return who is still there, as words: pid and command line. Who has ended and only waits to be collected is not."""
    if not _PROC.joinpath("self", "environ").exists():
        return [f"a process of group {group}"] if _group_lives(group) else []
    return [f"{pid} ({_command(pid)})" for pid in _members(group, mark)]


def kill_all(group: int, mark: str) -> None:
    """End all of them at once."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
    for pid in list(_members(group, mark)):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _members(group: int, mark: str) -> Iterator[int]:
    wanted = f"{MARK}={mark}".encode()
    for folder in _PROC.glob("[0-9]*"):
        try:
            # After the name, which may hold anything: state, parent, group.
            state, _, its_group = folder.joinpath("stat").read_text().rpartition(")")[2].split()[:3]
            if state in "ZX":
                continue
            if int(its_group) == group or wanted in folder.joinpath("environ").read_bytes().split(
                b"\0"
            ):
                yield int(folder.name)
        except (OSError, ValueError):
            continue  # it has ended, or is another user's


def _command(pid: int) -> str:
    with contextlib.suppress(OSError):
        words = _PROC.joinpath(str(pid), "cmdline").read_bytes().split(b"\0")
        return " ".join(word.decode(errors="replace") for word in words).strip()[:120]
    return "gone by now"
