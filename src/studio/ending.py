"""End tasks for good: a cancellation is one exception, and what a task was just doing may put another in its place."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

_ASKED_AGAIN_AFTER = 0.5


async def end(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancel *tasks* and wait for their end; one that has not heard it is told again. What they raise stays in them."""
    pending: Collection[asyncio.Task[Any]] = [task for task in tasks if not task.done()]
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=_ASKED_AGAIN_AFTER)
