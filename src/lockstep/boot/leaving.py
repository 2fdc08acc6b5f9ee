"""Leave for certain: what an application has left running must not keep its process.

``asyncio.run`` waits for ever for a task that ignores being cancelled, and the interpreter for every thread that is not a
daemon. An operator's SIGTERM would then end in the platform's SIGKILL, without a word.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any

from lockstep.boot.calls import CANCEL_GRACE
from lockstep.boot.places import waiting_place
from lockstep.events import LeftBehind, Listener


def run_story(story: Coroutine[Any, Any, None], report: Listener) -> None:
    """Run *story* in an event loop of its own; what its tasks leave running is cancelled, reported, and not waited for."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(story)
    finally:
        left = loop.run_until_complete(_end_tasks())
        asyncio.set_event_loop(None)
        if left:
            report(LeftBehind(left))
        else:
            loop.close()


def leave_within(seconds: float, status: int) -> None:
    """End the process with *status* after *seconds*, whatever it does then."""
    _in_background(lambda: _leave(seconds, status))


def never_linger(seconds: float, status: int) -> None:
    """See to it that the process ends *seconds* after its main thread, with *status* if threads would keep it longer."""

    def leave() -> None:
        threading.main_thread().join()
        _leave(seconds, status)

    _in_background(leave)


def _leave(seconds: float, status: int) -> None:
    time.sleep(seconds)
    kept_by = [t.name for t in threading.enumerate() if not t.daemon and t.is_alive()]
    if kept_by:
        sys.stderr.write(f"left without waiting for: {', '.join(kept_by)}\n")
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


def _in_background(work: Callable[[], None]) -> None:
    threading.Thread(target=work, name="lockstep-leave", daemon=True).start()


async def _end_tasks() -> tuple[str, ...]:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=CANCEL_GRACE)
    left = [task for task in tasks if not task.done()]
    await asyncio.get_running_loop().shutdown_asyncgens()
    return tuple(f"{task.get_name()} at {waiting_place(task)}" for task in left)
