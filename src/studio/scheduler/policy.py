"""How the scheduler paces itself: pure arithmetic over settings."""

from __future__ import annotations

from dataclasses import dataclass

_SHORTEST_SLEEP = 0.02
_FIRST_RECONNECT = 0.1
_PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Policy:
    """How often, how long and how many times; durations are in seconds.

    ``lease`` is how long claimed content is ours. ``first_pause`` follows the first failed attempt and doubles with every
    further one up to ``longest_pause``; after ``attempts`` content is failed for good.
    """

    poll: float = 5.0
    lease: float = 30.0
    attempts: int = 5
    first_pause: float = 5.0
    longest_pause: float = 3600.0

    @property
    def publish_timeout(self) -> float:
        """How long a publisher may take: less than the lease, so that it has given up before another instance begins."""
        return self.lease / 2

    @property
    def silence(self) -> float:
        """After how long without a sign of life the scheduler counts as stalled."""
        return max(self.poll, self.publish_timeout) + 2 * _PATIENCE

    def retry_in(self, attempt: int, chance: float) -> float | None:
        """Return how long to wait after a failed *attempt* (counted from 1), or None if it was the last.

        *chance* (0 to 1) spreads the waits of what failed together: from half of the pause to the whole of it.
        """
        if attempt >= self.attempts:
            return None
        return _spread(_doubled(self.first_pause, attempt, self.longest_pause), chance)

    def sleep(self, until_next: float | None) -> float:
        """Return how long to sleep when the next content is due in *until_next* seconds; a slow poll covers surprises."""
        if until_next is None:
            return self.poll
        return min(max(until_next, _SHORTEST_SLEEP), self.poll)

    def reconnect_in(self, failures: int, chance: float) -> float:
        """Return how long to wait after the database was not there *failures* times in a row."""
        return _spread(_doubled(_FIRST_RECONNECT, failures, self.poll), chance)


def _doubled(first: float, times: int, most: float) -> float:
    # Bounded before it is raised: 2.0 ** 1024 overflows.
    return min(first * 2.0 ** min(times - 1, 64), most)


def _spread(pause: float, chance: float) -> float:
    return pause * (1 + chance) / 2
