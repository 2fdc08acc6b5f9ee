"""Tasks are ended for good, also such as do not hear it at once."""

from __future__ import annotations

import asyncio
import contextlib

from studio.ending import end


def test_a_cancellation_that_was_swallowed_is_said_again() -> None:
    """A task whose cleanup fails takes the failure for a trouble and goes on; it ends all the same."""
    heard = 0

    async def deaf() -> None:
        nonlocal heard
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                heard += 1
                if heard == 2:
                    raise

    async def story() -> None:
        tasks = [asyncio.create_task(deaf()), asyncio.create_task(asyncio.sleep(0))]
        await asyncio.sleep(0)
        await end(tasks)
        assert [task.done() for task in tasks] == [True, True]
        assert tasks[0].cancelled()
        with contextlib.suppress(asyncio.CancelledError):
            await tasks[1]

    asyncio.run(story())
    assert heard == 2
