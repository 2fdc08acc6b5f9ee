"""A listener that remembers, for tests: what was reported, in which order, and when something is."""

from __future__ import annotations

import threading
import time
from typing import TypeVar

from lockstep.events import Event

E = TypeVar("E", bound=Event)


class Recorder:
    """Collect events; pass the object itself wherever a ``Listener`` is wanted. Safe to call from any thread."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._arrival = threading.Condition()

    def __call__(self, event: Event) -> None:
        """Remember *event* and wake those who wait."""
        with self._arrival:
            self._events.append(event)
            self._arrival.notify_all()

    @property
    def events(self) -> list[Event]:
        """All events so far, oldest first; a copy."""
        with self._arrival:
            return list(self._events)

    def names(self) -> list[str]:
        """Return the class names of all events so far: the shape of a boot."""
        return [type(event).__name__ for event in self.events]

    def of(self, kind: type[E]) -> list[E]:
        """Return the events of one class, oldest first."""
        return [event for event in self.events if isinstance(event, kind)]

    def clear(self) -> None:
        """Forget everything."""
        with self._arrival:
            self._events.clear()

    def wait_for(self, kind: type[E], timeout: float = 10.0) -> E:
        """Return the first event of one class, waiting for it when it has not come yet.

        Raises ``TimeoutError``, telling what came instead, after *timeout* seconds.
        """
        deadline = time.monotonic() + timeout
        with self._arrival:
            while True:
                for event in self._events:
                    if isinstance(event, kind):
                        return event
                if not self._arrival.wait(deadline - time.monotonic()):
                    came = ", ".join(type(event).__name__ for event in self._events) or "nothing"
                    raise TimeoutError(
                        f"No {kind.__name__} within {timeout:g} s; there came: {came}"
                    )
