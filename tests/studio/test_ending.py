"""Tasks are ended for good, also such as do not hear it at once."""

from __future__ import annotations

import asyncio
import contextlib

from studio.ending import end, heed


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


def test_a_loop_that_swallowed_its_cancellation_heeds_it() -> None:
    """A group tells its tasks once: a loop whose cleanup failed then goes on, until it heeds; a timeout is not an end."""
    going = asyncio.Event()

    async def loop() -> None:
        while True:
            heed()
            going.set()
            try:
                async with asyncio.timeout(0.001):
                    await asyncio.Event().wait()
            except TimeoutError:
                pass
            except asyncio.CancelledError as error:
                with contextlib.suppress(OSError):
                    raise OSError("the way out is broken") from error

    async def story() -> None:
        async def group() -> None:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(loop())

        task = asyncio.create_task(group())
        for _ in range(3):
            going.clear()
            await going.wait()
        task.cancel()
        await asyncio.wait_for(asyncio.wait({task}), 10)
        assert task.cancelled()

    asyncio.run(story())
