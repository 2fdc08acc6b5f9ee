"""End tasks for good: a cancellation is one exception, and it gets lost where another takes its place.

What a task was just doing may fail on its way out; and before Python 3.12 ``asyncio.wait_for``, which psycopg waits with,
swallows a cancellation that comes together with what it waits for. A loop that goes on whatever happens goes on then too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

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


def heed() -> None:
    """Raise ``CancelledError`` if the current task was told to end and did not hear it."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
