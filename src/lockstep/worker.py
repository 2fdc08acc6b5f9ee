"""Run the synchronous half of a boot in a thread, so that the main thread is always there for signals.

When a stop is asked for, the worker gets a moment to cancel, roll back and release; if the server does not let go of it by
then, the thread is left behind: the process ends anyway, and the server frees what a dead client held.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from lockstep.errors import Interrupted
from lockstep.interrupt import Interrupt

T = TypeVar("T")
_GRACE = 0.4
_LOOK_EVERY = 0.05


def run_interruptibly(work: Callable[[], T], interrupt: Interrupt) -> T:
    """Run *work* in a thread and wait for it here; raises what it raises, or ``Interrupted`` when it does not yield."""
    future = _start(work)
    deadline = None
    while True:
        try:
            return future.result(timeout=_LOOK_EVERY)
        except TimeoutError:
            # Done in the very moment in which we stopped waiting, or because the work itself timed out: the result knows.
            if future.done():
                return future.result()
            deadline = _deadline(interrupt, deadline)


async def run_interruptibly_async(work: Callable[[], T], interrupt: Interrupt) -> T:
    """The same for a caller that must not block its event loop."""
    future = asyncio.wrap_future(_start(work))
    deadline = None
    while True:
        done, _ = await asyncio.wait({future}, timeout=_LOOK_EVERY)
        if done:
            return future.result()
        deadline = _deadline(interrupt, deadline)


async def unless_stopped(
    work: Coroutine[Any, Any, T], stop: asyncio.Event, interrupt: Interrupt
) -> T:
    """Await *work*, but cancel it and raise ``Interrupted`` as soon as *stop* is set."""
    task = asyncio.ensure_future(work)
    waiting = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        task.cancel()
        await asyncio.wait({task})
        raise Interrupted(interrupt.signal_number, during=interrupt.during)
    finally:
        waiting.cancel()


def _deadline(interrupt: Interrupt, deadline: float | None) -> float | None:
    if not interrupt.requested:
        return None
    if deadline is None:
        return time.monotonic() + _GRACE
    if time.monotonic() >= deadline:
        raise Interrupted(interrupt.signal_number, during=interrupt.during)
    return deadline


def _start(work: Callable[[], T]) -> Future[T]:
    future: Future[T] = Future()

    def run() -> None:
        try:
            result = work()
        except BaseException as error:
            future.set_exception(error)
        else:
            future.set_result(result)

    threading.Thread(target=run, name="lockstep-boot", daemon=True).start()
    return future
