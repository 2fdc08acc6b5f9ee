"""One request to stop, shared by the thread that receives signals and the thread that works.

The worker never blocks where it cannot be told to stop: it sleeps through ``Interrupt.sleep``, and while it waits for the
server it registers how to cancel what runs there.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from lockstep.errors import Interrupted, signal_name

_CANCEL_TRIES = 20
_CANCEL_PAUSE = 0.05


class Interrupt:
    """A flag that can be set once, from a signal handler, and that wakes or cancels the worker."""

    def __init__(self) -> None:
        self._set = threading.Event()
        self._cancel: Callable[[], None] | None = None
        self.signal_number = 0
        self.during = ""

    @property
    def requested(self) -> bool:
        """True once a stop was asked for."""
        return self._set.is_set()

    @property
    def signal_name(self) -> str:
        """The name of the signal that asked."""
        return signal_name(self.signal_number)

    def request(self, signal_number: int) -> None:
        """Ask the worker to stop; what runs in the server is cancelled from a thread of its own.

        Safe to call from a signal handler: it neither blocks nor raises.
        """
        if self._set.is_set():
            return
        self.signal_number = signal_number
        self._set.set()
        if self._cancel is not None:
            threading.Thread(
                target=self._keep_cancelling, name="lockstep-cancel", daemon=True
            ).start()

    def check(self) -> None:
        """Raise ``Interrupted`` if a stop was asked for."""
        if self._set.is_set():
            raise Interrupted(self.signal_number, during=self.during)

    def sleep(self, seconds: float) -> None:
        """Wait *seconds*, or raise ``Interrupted`` as soon as a stop is asked for."""
        self._set.wait(max(seconds, 0.0))
        self.check()

    def _keep_cancelling(self) -> None:
        # Once is not enough: a request that reaches the server just before the statement does is forgotten there.
        for _ in range(_CANCEL_TRIES):
            cancel = self._cancel
            if cancel is None:
                return
            cancel()
            time.sleep(_CANCEL_PAUSE)

    @contextmanager
    def cancelling(self, cancel: Callable[[], None]) -> Iterator[None]:
        """While the block runs, a stop calls *cancel* (in another thread); one level deep."""
        outer = self._cancel
        self._cancel = cancel
        try:
            self.check()
            yield
        finally:
            self._cancel = outer
