"""End tasks for good, or leave them in time: a cancellation is one exception, and it gets lost where another takes its place.

What a task was just doing may fail on its way out; and before Python 3.12 ``asyncio.wait_for``, which psycopg waits with,
swallows a cancellation that comes together with what it waits for. A loop that goes on whatever happens goes on then too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
_ASKED_AGAIN_AFTER = 0.5


async def end(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancel *tasks* and wait for their end; one that has not heard it is told again. What they raise stays in them.

    The tasks of a ``TaskGroup`` are told only once, by the group: their loops ``heed``.
    """
    pending: Collection[asyncio.Task[Any]] = [task for task in tasks if not task.done()]
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=_ASKED_AGAIN_AFTER)


async def soon(work: Coroutine[Any, Any, T], within: float) -> T:
    """Return what *work* returns; raise ``TimeoutError`` after *within* seconds, however long it takes to end then.

    While a server hangs, psycopg hears of no cancellation, and ``asyncio.timeout`` would wait for it.
    """
    task = asyncio.create_task(work)
    try:
        await asyncio.wait({task}, timeout=within)
        if task.done():
            return task.result()
        raise TimeoutError
    finally:
        if not task.done():
            task.cancel()
            task.add_done_callback(lambda left: left.cancelled() or left.exception())


def heed() -> None:
    """Raise ``CancelledError`` if the current task was told to end and did not hear it."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
