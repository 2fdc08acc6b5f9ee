"""What the scheduler knows of itself, for health: kept in memory, so that asking never waits.

A task that exists proves nothing. What counts is when it last got something done.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

from lockstep import ServiceHealth

Outcome = Literal["published", "retried", "failed", "lost"]
Trouble = Literal["reconnecting", "failing"]


class Pulse:
    """The last sign of life, the counts since the start, and what is wrong now."""

    def __init__(self, silence: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Count as stalled after *silence* seconds without a sign of life."""
        self._silence = silence
        self._clock = clock
        self._alive_at = clock()
        self._last_tick: datetime | None = None
        self._lag = 0.0
        self._counts: Counter[str] = Counter(published=0, retried=0, failed=0, lost=0, taken_over=0)
        self._trouble: Trouble | None = None
        self._reason = ""
        self.failures = 0
        """How often in a row the database was not there, or something else went wrong."""

    def tick(self) -> None:
        """Note that the database was asked for due content, and answered."""
        self._last_tick = datetime.now(UTC)
        self.well()

    def well(self) -> None:
        """Note a sign of life: whatever was wrong is over."""
        self._alive_at = self._clock()
        self._trouble, self._reason, self.failures = None, "", 0

    def idle(self) -> None:
        """Note that nothing is due."""
        self._lag = 0.0

    def claimed(self, late: float, *, taken_over: bool) -> None:
        """Note that content was claimed, so long after its time."""
        self._lag = max(late, 0.0)
        self._counts["taken_over"] += taken_over

    def ended(self, outcome: Outcome) -> None:
        """Count how an attempt ended."""
        self._counts[outcome] += 1

    def unwell(self, trouble: Trouble, reason: str) -> None:
        """Note what is wrong; trying goes on."""
        self._alive_at = self._clock()
        self._trouble, self._reason = trouble, reason
        self.failures += 1

    def health(self) -> ServiceHealth:
        """Say how the scheduler is."""
        details = {
            "last_tick": _format(self._last_tick),
            "lag_seconds": round(self._lag, 3),
            **self._counts,
        }
        silent = self._clock() - self._alive_at
        if silent > self._silence:
            details["reason"] = f"no sign of life for {silent:.0f} s"
            return ServiceHealth(ok=False, word="stalled", details=details)
        if self._trouble is not None:
            details["reason"] = self._reason
            return ServiceHealth(ok=False, word=self._trouble, details=details)
        return ServiceHealth(ok=True, details=details)


def _format(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
