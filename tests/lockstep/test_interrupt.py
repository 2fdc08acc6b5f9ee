"""The interrupt: set once, wakes who sleeps, cancels what runs in the server, and keeps at it."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from lockstep.errors import Interrupted
from lockstep.interrupt import Interrupt


def in_thread(work: Callable[[], object]) -> threading.Thread:
    """Start *work* in a thread."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_nothing_happens_before_it_is_requested() -> None:
    """Checking and sleeping do not raise, and a block may be entered and left."""
    interrupt = Interrupt()
    interrupt.check()
    interrupt.sleep(-1)
    with interrupt.cancelling(lambda: pytest.fail("cancelled")):
        pass
    assert not interrupt.requested


def test_the_first_request_counts() -> None:
    """A second signal does not change what the first one said."""
    interrupt = Interrupt()
    interrupt.request(15)
    interrupt.request(2)
    with pytest.raises(Interrupted) as caught:
        interrupt.check()
    assert (interrupt.requested, interrupt.signal_name) == (True, "SIGTERM")
    assert caught.value.exit_status == 143


def test_a_sleeper_is_woken() -> None:
    """However long it wanted to sleep; it learns during which step the request came."""
    interrupt = Interrupt()
    interrupt.during = "2 (lock)"
    caught: list[Interrupted] = []

    def sleeper() -> None:
        try:
            interrupt.sleep(600)
        except Interrupted as error:
            caught.append(error)

    thread = in_thread(sleeper)
    interrupt.request(2)
    thread.join(10)
    assert [error.what for error in caught] == ["SIGINT received during step 2 (lock)"]


def test_what_runs_is_cancelled_until_it_ends() -> None:
    """One cancellation may come too early and be forgotten: it is repeated while the block runs."""
    interrupt = Interrupt()
    cancelled = threading.Semaphore(0)

    with interrupt.cancelling(cancelled.release):
        interrupt.request(15)
        for _ in range(3):
            assert cancelled.acquire(timeout=10)
    with pytest.raises(Interrupted):
        interrupt.check()


def test_the_requester_is_not_kept_waiting() -> None:
    """A cancellation that hangs runs in a thread of its own: a signal handler returns at once."""
    interrupt = Interrupt()
    hanging, release = threading.Event(), threading.Event()

    def cancel() -> None:
        hanging.set()
        release.wait(60)

    with interrupt.cancelling(cancel):
        interrupt.request(15)
        assert hanging.wait(10)
    release.set()


def test_a_block_is_not_entered_after_a_request() -> None:
    """Nothing is sent to the server any more."""
    interrupt = Interrupt()
    interrupt.request(15)
    with pytest.raises(Interrupted), interrupt.cancelling(lambda: None):
        pytest.fail("entered")


def test_a_block_leaves_the_outer_one_as_it_was() -> None:
    """What is cancelled is what runs: the inner statement while it runs, then the outer."""
    interrupt = Interrupt()
    outer = threading.Event()
    with interrupt.cancelling(outer.set):
        with interrupt.cancelling(lambda: None):
            pass
        interrupt.request(15)
        assert outer.wait(10)
