"""The worker thread: results and errors come back, a stop is never waited for longer than the grace."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future

import pytest

from lockstep import worker
from lockstep.errors import Interrupted
from lockstep.interrupt import Interrupt
from lockstep.worker import run_interruptibly, run_interruptibly_async, unless_stopped

Run = Callable[[Callable[[], object], Interrupt], object]


def run_in_a_loop(work: Callable[[], object], interrupt: Interrupt) -> object:
    """The asynchronous twin, from a synchronous test."""
    return asyncio.run(run_interruptibly_async(work, interrupt))


BOTH = pytest.mark.parametrize("run", [run_interruptibly, run_in_a_loop])


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """An event that work waits for; set at the end, so that no thread stays behind."""
    event = threading.Event()
    yield event
    event.set()


@BOTH
def test_the_result_comes_back(run: Run) -> None:
    """From another thread than the caller's, which stays free for signals."""
    assert run(threading.current_thread, Interrupt()) is not threading.current_thread()


@BOTH
@pytest.mark.parametrize("error", [ValueError("x"), TimeoutError("the work's own"), SystemExit(3)])
def test_an_error_comes_back(run: Run, error: BaseException) -> None:
    """As it was raised, also one that waiting itself could raise."""

    def work() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        run(work, Interrupt())
    assert str(caught.value) == str(error)


class LateFuture(Future[object]):
    """A future that is done in the very moment in which the first wait for it ends."""

    def result(self, timeout: float | None = None) -> object:
        """Time out once, and have the result by then."""
        if not self.done():
            self.set_result(42)
            raise TimeoutError
        return super().result(timeout)


def test_a_result_that_comes_while_the_wait_ends_is_not_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The result counts, not the end of the wait."""
    monkeypatch.setattr(worker, "_start", lambda work: work())
    assert run_interruptibly(LateFuture, Interrupt()) == 42


@BOTH
def test_work_that_does_not_yield_is_left_behind(run: Run, release: threading.Event) -> None:
    """After a stop it gets a moment; then the caller goes on, with the signal and the step in its exception."""
    interrupt = Interrupt()
    interrupt.during = "3 (migrate)"

    def work() -> None:
        interrupt.request(15)
        release.wait(60)

    begun = time.monotonic()
    with pytest.raises(Interrupted) as caught:
        run(work, interrupt)
    assert time.monotonic() - begun < 2
    assert (caught.value.exit_status, caught.value.what) == (
        143,
        "SIGTERM received during step 3 (migrate)",
    )


@BOTH
def test_work_that_yields_ends_by_itself(run: Run) -> None:
    """What it raises when it is interrupted is what the caller sees."""
    interrupt = Interrupt()

    def work() -> None:
        interrupt.request(2)
        interrupt.sleep(60)

    with pytest.raises(Interrupted) as caught:
        run(work, interrupt)
    assert caught.value.exit_status == 130


async def never_ending(cancelled: list[bool]) -> None:
    """Wait for ever, and note that it was cancelled."""
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        cancelled.append(True)
        raise


def test_unless_stopped_cancels_what_runs() -> None:
    """The coroutine is cancelled, and has ended, before the exception leaves."""
    cancelled: list[bool] = []

    async def story() -> None:
        stop, interrupt = asyncio.Event(), Interrupt()
        interrupt.request(15)
        asyncio.get_running_loop().call_soon(stop.set)
        with pytest.raises(Interrupted):
            await unless_stopped(never_ending(cancelled), stop, interrupt)

    asyncio.run(story())
    assert cancelled == [True]


def test_unless_stopped_returns_the_result() -> None:
    """Where nobody stops it, it is as if it was awaited."""

    async def answer() -> int:
        await asyncio.sleep(0)
        return 42

    async def story() -> int:
        return await unless_stopped(answer(), asyncio.Event(), Interrupt())

    assert asyncio.run(story()) == 42
