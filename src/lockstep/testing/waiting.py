"""Wait for what can be seen, never for a duration."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(
    predicate: Callable[[], T],
    timeout: float = 10.0,
    *,
    what: str = "",
    every: float = 0.005,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> T:
    """Call *predicate* until it returns something true, and return that.

    Raises ``TimeoutError`` after *timeout* seconds, naming *what* was waited for.
    """
    deadline = clock() + timeout
    while not (result := predicate()):
        if clock() > deadline:
            awaited = what or getattr(predicate, "__name__", "the condition")
            raise TimeoutError(f"Waited {timeout:g} s in vain for {awaited}; last seen: {result!r}")
        sleep(every)
    return result
