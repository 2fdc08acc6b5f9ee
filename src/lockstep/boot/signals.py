"""Signals that ask the process to stop, received from the first moment on and never lost.

The interpreter runs Python signal handlers in the main thread only, between two bytecodes: late when that thread is inside
a C library, and dangerous when it holds a lock that the handler needs. So the signal's number goes through a pipe (written
by the interpreter's C handler) to a thread, and that thread tells the rest.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, Self

from lockstep.errors import Interrupted
from lockstep.interrupt import Interrupt

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_END = b"\0"


class _BrokenOff(BaseException):
    """Raised by a signal in code that is not ours, which may catch any ``Exception``."""


class StopSignals:
    """From ``install`` to ``restore``, SIGTERM, SIGINT and SIGHUP request a stop; a second one insists on it.

    *on_insist* is called once at the second signal, in the event loop if one is attached, else in the signals' thread.
    """

    def __init__(
        self, interrupt: Interrupt, *, on_insist: Callable[[], None] | None = None
    ) -> None:
        self.on_insist = on_insist
        self.insisted = False
        self._interrupt = interrupt
        self._breaks_off = False
        self._broken_off_by = 0
        self._at_stop: Callable[[int], None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._lock = threading.Lock()
        self._previous: dict[signal.Signals, Any] = {}
        self._previous_wakeup = -1
        self._pipe: tuple[int, int] | None = None
        self._thread: threading.Thread | None = None

    def install(self) -> Self:
        """Take the signals over; in the main thread, before heavy imports."""
        assert self._pipe is None
        self._pipe = os.pipe()
        for end in self._pipe:
            os.set_blocking(end, end == self._pipe[0])
        os.register_at_fork(after_in_child=self._forget)
        self._thread = threading.Thread(target=self._read, name="lockstep-signals", daemon=True)
        self._thread.start()
        self._previous_wakeup = signal.set_wakeup_fd(self._pipe[1], warn_on_full_buffer=False)
        for number in STOP_SIGNALS:
            # `nohup` and a shell's `&` ask for a signal to be ignored: that holds. SIGTERM is nobody's to ignore.
            if signal.getsignal(number) is signal.SIG_IGN and number != signal.SIGTERM:
                continue
            self._previous[number] = signal.signal(number, self._in_main_thread)
        return self

    def attach(self) -> asyncio.Event:
        """Return an event of the running loop that is set once a stop was asked for, perhaps already."""
        with self._lock:
            self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
            if self._interrupt.requested:
                self._stop.set()
            return self._stop

    @contextlib.contextmanager
    def breaking_off(self, at_stop: Callable[[int], None]) -> Iterator[None]:
        """In the block, code in the main thread that is not ours and leaves nothing to undo, a stop raises ``Interrupted``.

        *at_stop* gets the signal's number in the signals' thread, because such code may swallow what is raised in it.
        """
        self._at_stop = at_stop
        try:
            try:
                self._breaks_off = True
                yield
            finally:
                self._breaks_off = False
        except BaseException:
            if self._broken_off_by:
                raise Interrupted(self._broken_off_by, during=self._interrupt.during) from None
            raise
        finally:
            self._at_stop = None

    def detach(self) -> None:
        """Forget the loop, before it is closed."""
        with self._lock:
            self._loop = self._stop = None

    def restore(self) -> None:
        """Give the signals back to whoever had them; in the main thread."""
        if self._pipe is None or self._thread is None:
            return
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._previous.clear()
        signal.set_wakeup_fd(self._previous_wakeup)
        os.write(self._pipe[1], _END)
        self._thread.join()
        for end in self._pipe:
            os.close(end)
        self._pipe = self._thread = None

    def _forget(self) -> None:
        # A forked child has the same pipe: its signals would be taken for ours.
        if self._pipe is not None:
            signal.set_wakeup_fd(-1)
            for number, handler in self._previous.items():
                signal.signal(number, handler)
            self._pipe = self._thread = None

    def __enter__(self) -> Self:
        return self.install()

    def __exit__(self, *_exception: object) -> None:
        self.restore()

    def _read(self) -> None:
        assert self._pipe is not None
        while (numbers := os.read(self._pipe[0], 64)) and _END not in numbers:
            for number in numbers:
                if number in STOP_SIGNALS:
                    self._received(number)

    def _received(self, number: int) -> None:
        if not self._interrupt.requested:
            self._interrupt.request(number)
            at_stop = self._at_stop
            if at_stop is not None:
                at_stop(number)
            self._tell(lambda: self._stop.set() if self._stop is not None else None)
        elif not self.insisted:
            self.insisted = True
            if self.on_insist is not None:
                self._tell(self.on_insist)

    def _tell(self, callback: Callable[[], None]) -> None:
        with self._lock:
            if self._loop is not None:
                with contextlib.suppress(
                    RuntimeError
                ):  # The loop is closed: nobody is left to tell.
                    self._loop.call_soon_threadsafe(callback)
                return
        callback()

    def _in_main_thread(self, number: int, _frame: FrameType | None) -> None:
        """Python's own handler: it must exist for the number to reach the pipe, and has nothing to do but to break off."""
        if self._breaks_off:
            self._broken_off_by = number
            raise _BrokenOff
