"""Where a service's own code waits, or where it raised: the line to look at first, not the library's below it."""

from __future__ import annotations

import asyncio
import os
import sysconfig
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import CodeType

from lockstep.errors import Place
from lockstep.redaction import redact

_LIBRARIES = tuple(
    sysconfig.get_path(name) + os.sep for name in ("stdlib", "platstdlib", "purelib", "platlib")
)
_OURSELVES = str(Path(__file__).parents[1]) + os.sep
_Frame = tuple[CodeType, int]


def waiting_place(task: asyncio.Task[object]) -> Place | None:
    """Return the line where the task's coroutine is suspended, or None once it is done."""
    return _choose(list(_suspended(task.get_coro())))


def raising_place(error: BaseException) -> Place | None:
    """Return the line that raised, or that called the library which raised."""
    frames = [(f.f_code, line) for f, line in traceback.walk_tb(error.__traceback__)]
    return _choose(frames)


def describe(error: BaseException) -> str:
    """Return an exception as one line: its class and what it says, without secrets."""
    text = redact(" ".join(str(error).split()))
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _suspended(awaited: object) -> Iterator[_Frame]:
    # A suspended coroutine keeps no stack, only what it awaits; each link is one frame of what would be a stack.
    while awaited is not None:
        for prefix in ("cr", "gi", "ag"):
            frame = getattr(awaited, f"{prefix}_frame", None)
            if frame is not None:
                yield frame.f_code, frame.f_lineno
                awaited = getattr(awaited, f"{prefix}_await", None) or getattr(
                    awaited, f"{prefix}_yieldfrom", None
                )
                break
        else:
            return


def _choose(frames: list[_Frame]) -> Place | None:
    foreign = [f for f in frames if not f[0].co_filename.startswith(_OURSELVES)]
    own = [f for f in foreign if not f[0].co_filename.startswith((*_LIBRARIES, "<"))]
    chosen = own or foreign[:1]
    return Place(chosen[-1][0].co_filename, chosen[-1][1]) if chosen else None
