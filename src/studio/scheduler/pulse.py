"""What the scheduler knows of itself, for health: kept in memory, so that asking never waits.

A task that exists proves nothing. What counts is when it last got something done. Claiming, writing outcomes and renewing
leases go on side by side: each has its own trouble, and its own success clears it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from lockstep import ServiceHealth

Outcome = Literal["published", "retried", "failed", "lost"]
Trouble = Literal["reconnecting", "failing", "schema not ready"]
Part = Literal["claims", "outcomes", "leases"]
Listening = Literal["starting", "listening", "reconnecting"]


@dataclass(slots=True)
class _Unwell:
    trouble: Trouble
    reason: str
    failures: int


class Pulse:
    """The last sign of life, the counts since the start, and what is wrong now."""

    def __init__(self, silence: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Count as stalled after *silence* seconds without a sign of life."""
        self._silence = silence
        self._clock = clock
        self._alive_at = clock()
        self._last_tick: datetime | None = None
        self._lag = 0.0
        self._counts: Counter[str] = Counter(
            published=0, retried=0, failed=0, lost=0, taken_over=0, dismissed=0
        )
        self._unwell: dict[Part, _Unwell] = {}
        self.backlog = 0
        """How much was due when that was last asked."""
        self.leases = 0
        """How many pieces are in hand."""
        self.listener: Listening = "starting"
        """Whether edits wake the scheduler, or the slow poll has to find them."""
        self.out_of_reach: dict[str, Any] = {}
        """What of the backlog cannot be loaded, and why; the rest goes on."""

    def tick(self) -> None:
        """Note that the database was asked for due content, and answered."""
        self._last_tick = datetime.now(UTC)
        self.well("claims")

    def well(self, part: Part) -> None:
        """Note a sign of life: whatever was wrong with that part is over."""
        if part != "leases":  # they are renewed even while nothing else moves
            self._alive_at = self._clock()
        self._unwell.pop(part, None)

    def idle(self) -> None:
        """Note that nothing is due."""
        self._lag, self.backlog = 0.0, 0

    def claimed(self, late: float, *, taken_over: int) -> None:
        """Note that content was claimed, the last of it so long after its time."""
        self._lag = max(late, 0.0)
        self._counts["taken_over"] += taken_over

    def dismissed(self, count: int) -> None:
        """Count what had missed its time and was skipped or held."""
        self._counts["dismissed"] += count

    def ended(self, outcome: Outcome) -> None:
        """Count how an attempt ended."""
        self._counts[outcome] += 1

    def unwell(self, part: Part, trouble: Trouble, reason: str) -> int:
        """Note what is wrong, while trying goes on; return how often in a row."""
        if part != "leases":
            self._alive_at = self._clock()
        failures = self._unwell[part].failures if part in self._unwell else 0
        self._unwell[part] = _Unwell(trouble, reason, failures + 1)
        return failures + 1

    def health(self) -> ServiceHealth:
        """Say how the scheduler is."""
        details: dict[str, Any] = {
            "last_tick": _format(self._last_tick),
            "lag_seconds": round(self._lag, 3),
            "backlog": self.backlog,
            "leases": self.leases,
            "listener": self.listener,
            **self._counts,
        }
        if self.out_of_reach:
            details["out_of_reach"] = dict(self.out_of_reach)
        silent = self._clock() - self._alive_at
        if silent > self._silence:
            details["reason"] = f"no sign of life for {silent:.0f} s"
            return ServiceHealth(ok=False, word="stalled", details=details)
        for unwell in self._unwell.values():
            details["reason"] = unwell.reason
            return ServiceHealth(ok=False, word=unwell.trouble, details=details)
        return ServiceHealth(ok=True, details=details)


def _format(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
