"""File locks that the kernel keeps: ``flock``, always tried and never waited for inside the kernel.

A lock belongs to the open file, so a child that inherits the descriptor holds it too, and it is gone when the last holder
is, whatever killed it. Polling keeps a wait interruptible in any thread and bounded.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lockstep.errors import LockNotObtained

EXCLUSIVE = fcntl.LOCK_EX
SHARED = fcntl.LOCK_SH
POLL_SECONDS = 0.005


def open_lock(path: Path) -> int:
    """Return a descriptor of the lock file, made if need be; not inherited by children. The caller closes it."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def attempt(descriptor: int, kind: int) -> bool:
    """Try to take the lock; when *descriptor* already holds one, that one is given up first, whatever the outcome."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def release(descriptor: int) -> None:
    """Give the lock up, also on behalf of forked children that share *descriptor*, which stays open."""
    fcntl.flock(descriptor, fcntl.LOCK_UN)


def is_held(path: Path) -> bool:
    """Return whether somebody holds the lock, in any way."""
    descriptor = open_lock(path)
    try:
        return not attempt(descriptor, EXCLUSIVE)
    finally:
        os.close(descriptor)


def take(descriptor: int, path: Path, kind: int, deadline: float) -> None:
    """Take the lock of *path*, which *descriptor* is open on.

    *deadline* is a time of ``time.monotonic``; raises ``LockNotObtained`` when it passes.
    """
    while not attempt(descriptor, kind):
        if time.monotonic() > deadline:
            raise LockNotObtained(
                f"Another process holds {path}",
                why="It starts or stops the development PostgreSQL there, and did not finish in time.",
                next_step=f"Look for it with: fuser -v '{path}'",
            )
        time.sleep(POLL_SECONDS)


@contextmanager
def exclusively(path: Path, deadline: float) -> Iterator[int]:
    """Hold the lock during the block; yields its descriptor, which a child process may inherit."""
    descriptor = open_lock(path)
    try:
        take(descriptor, path, EXCLUSIVE, deadline)
        yield descriptor
    finally:
        os.close(descriptor)
