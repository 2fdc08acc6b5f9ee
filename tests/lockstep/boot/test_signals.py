"""Signals, sent to this very process: by their number to the main thread, as the kernel does it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from lockstep.boot.signals import STOP_SIGNALS, StopSignals
from lockstep.errors import Interrupted
from lockstep.interrupt import Interrupt


@pytest.fixture
def interrupt() -> Interrupt:
    """A fresh interrupt."""
    return Interrupt()


@pytest.fixture
def signals(interrupt: Interrupt) -> Iterator[StopSignals]:
    """Installed signals; restored at the end."""
    with StopSignals(interrupt) as installed:
        yield installed


def send(number: int) -> None:
    """Send a signal to this process."""
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_each_stop_signal_requests_a_stop(
    interrupt: Interrupt, signals: StopSignals, number: signal.Signals
) -> None:
    """The worker that sleeps is woken, and its exception carries the signal."""
    send(number)
    with pytest.raises(Interrupted) as caught:
        interrupt.sleep(60)
    assert caught.value.signal_number == number


def test_a_signal_reaches_a_main_thread_that_does_not_return_to_python(
    interrupt: Interrupt, signals: StopSignals
) -> None:
    """Python's own handlers would wait for the main thread; this one waits in a lock that only the signal opens."""
    gate = threading.Lock()
    gate.acquire()
    with interrupt.cancelling(gate.release):
        send(signal.SIGTERM)
        gate.acquire()
    assert interrupt.requested


def test_an_attached_loop_is_told(signals: StopSignals) -> None:
    """The event is set in the loop, though the loop sleeps in `select`."""

    async def story() -> None:
        stop = signals.attach()
        assert not stop.is_set()
        asyncio.get_running_loop().call_soon(send, signal.SIGTERM)
        await stop.wait()
        signals.detach()

    asyncio.run(story())


def test_a_signal_from_before_the_loop_is_not_lost(
    interrupt: Interrupt, signals: StopSignals
) -> None:
    """What came during the heavy imports is known when the loop begins."""
    send(signal.SIGINT)
    with pytest.raises(Interrupted):
        interrupt.sleep(60)

    async def story() -> None:
        assert signals.attach().is_set()
        signals.detach()

    asyncio.run(story())


def test_a_second_signal_insists() -> None:
    """The first asks, the second calls for an end now, once."""
    called: list[int] = []

    async def story() -> None:
        again = asyncio.Event()

        def insist() -> None:
            called.append(threading.get_ident())
            again.set()

        with StopSignals(Interrupt(), on_insist=insist) as signals:
            stop = signals.attach()
            send(signal.SIGTERM)
            await stop.wait()
            insisted = [signals.insisted]
            send(signal.SIGINT)
            await again.wait()
            assert [*insisted, signals.insisted] == [False, True]
            send(signal.SIGINT)

    asyncio.run(story())
    assert called == [threading.get_ident()]


def test_a_second_signal_insists_without_a_loop(interrupt: Interrupt) -> None:
    """During the synchronous half it is the signals' own thread that is told."""
    again = threading.Event()
    with StopSignals(interrupt, on_insist=again.set):
        send(signal.SIGTERM)
        with pytest.raises(Interrupted):
            interrupt.sleep(60)
        send(signal.SIGTERM)
        again.wait()


def test_the_handlers_are_given_back() -> None:
    """Afterwards the signals are whose they were, and so is the wake-up descriptor."""
    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    signals = StopSignals(Interrupt()).install()
    assert signal.getsignal(signal.SIGTERM) != before[signal.SIGTERM]
    signals.restore()
    signals.restore()
    assert {number: signal.getsignal(number) for number in STOP_SIGNALS} == before
    assert signal.set_wakeup_fd(-1) == -1


def test_what_the_caller_ignores_stays_ignored() -> None:
    """`nohup` means that a terminal which goes away stops nothing."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    interrupt = Interrupt()
    try:
        with StopSignals(interrupt):
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            send(signal.SIGHUP)
            send(signal.SIGTERM)
            with pytest.raises(Interrupted) as caught:
                interrupt.sleep(60)
        assert caught.value.signal_number == signal.SIGTERM
    finally:
        signal.signal(signal.SIGHUP, before)


FORKING = """
import os, signal
from lockstep.boot.signals import StopSignals
from lockstep.interrupt import Interrupt

interrupt = Interrupt()
reader, writer = os.pipe()
with StopSignals(interrupt):
    child = os.fork()
    if child == 0:
        os.write(writer, b".")
        signal.alarm(60)
        signal.pause()
        os._exit(0)
    os.read(reader, 1)
    os.kill(child, signal.SIGTERM)
    _, status = os.waitpid(child, 0)
assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGTERM, status
assert not interrupt.requested
"""


def test_a_forked_child_s_signals_are_not_ours() -> None:
    """A service's worker process that is terminated must not stop the application."""
    subprocess.run([sys.executable, "-W", "ignore", "-c", FORKING], check=True, timeout=60)
