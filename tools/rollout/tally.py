"""What clients saw while one release was deployed, counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Tally:
    """Requests and WebSocket connections of one stretch of time; seconds everywhere."""

    begun: float
    requests: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    """Requests that were not answered with 2xx, by status or by what happened instead."""
    slowest: float = 0.0
    gap: float = 0.0
    """The longest time in which no request at all was answered with 2xx."""
    closed: Counter[int] = field(default_factory=Counter)
    """Connections that ended, by the code."""
    refused: Counter[str] = field(default_factory=Counter)
    """Connections that could not be made, by the status or by what happened instead."""
    away: float = 0.0
    """The longest time that a WebSocket client was without a connection."""
    written: set[int] = field(default_factory=set)
    """The content that was made, by id."""
    missed: int = 0
    """How often a WebSocket client was not told of it."""
    _answered: float = 0.0

    def succeeded(self, now: float, took: float) -> None:
        """Note a request that was answered with 2xx."""
        self.note_silence(now)
        self._answered = now
        self.slowest = max(self.slowest, took)

    def note_silence(self, now: float) -> None:
        """Note how long there has been no success by now."""
        self.gap = max(self.gap, now - (self._answered or self.begun))

    @property
    def cut_off(self) -> int:
        """How many connections ended otherwise than in good order (1001: going away, 1012: restart)."""
        return sum(count for code, count in self.closed.items() if code not in {1000, 1001, 1012})

    @property
    def errors(self) -> int:
        """Everything that a client would call an error."""
        return self.failed.total() + self.cut_off + self.refused.total() + self.missed
