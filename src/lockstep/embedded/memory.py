"""Where a server whose files nobody keeps is quickest: in memory, if there is room."""

from __future__ import annotations

import os
from pathlib import Path

MEMORY_DIRECTORY = Path("/dev/shm")  # noqa: S108 - a file system in memory; our own directory in it is private


def directory_in_memory(needed: int) -> Path | None:
    """Return a directory in memory with *needed* bytes to spare; None where there is none: the system's temporary one serves."""
    try:
        state = os.statvfs(MEMORY_DIRECTORY)
    except OSError:
        return None
    roomy = state.f_bavail * state.f_frsize >= needed
    return MEMORY_DIRECTORY if roomy and os.access(MEMORY_DIRECTORY, os.W_OK) else None
