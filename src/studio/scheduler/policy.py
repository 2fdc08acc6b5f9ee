"""How the scheduler paces itself: pure arithmetic over settings."""

from __future__ import annotations

from dataclasses import dataclass

_SHORTEST_SLEEP = 0.001
_FIRST_HELD = 0.02
_LONGEST_HELD = 0.25
_FIRST_RECONNECT = 0.1
_PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Policy:
    """How often, how long, how many; durations are in seconds.

    ``lease`` is how long claimed content is ours without a renewal: that soon a dead instance's is taken over. ``at_once`` is how
    many pieces an instance publishes at the same time, ``publish_timeout`` how long one may take. ``first_pause`` follows the
    first failed attempt and doubles with every further one up to ``longest_pause``; after ``attempts`` content is failed for good.
    """

    poll: float = 5.0
    lease: float = 4.0
    attempts: int = 5
    first_pause: float = 5.0
    longest_pause: float = 3600.0
    at_once: int = 100
    publish_timeout: float = 30.0

    @property
    def renewal(self) -> float:
        """How often leases are prolonged: three renewals may fail before one is lost."""
        return self.lease / 4

    @property
    def most_in_hand(self) -> int:
        """How much may be claimed whose outcome is not written yet: what is published while outcomes are written, and no more."""
        return 3 * self.at_once

    @property
    def longest_sleep(self) -> float:
        """How long the scheduler sleeps at most: a lease that began just after a look must be seen before it ends."""
        return min(self.poll, self.lease)

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

    def sleep(self, until_next: float | None, in_vain: int = 0) -> float:
        """Return how long to sleep when the next content is due in *until_next* seconds; a slow poll covers surprises.

        What is overdue and was not to be had is held by somebody else: after each of *in_vain* looks the wait doubles.
        """
        if until_next is None:
            return self.longest_sleep
        if until_next <= 0:
            return _doubled(_FIRST_HELD, in_vain, min(_LONGEST_HELD, self.longest_sleep))
        return min(max(until_next, _SHORTEST_SLEEP), self.longest_sleep)

    def reconnect_in(self, failures: int, chance: float) -> float:
        """Return how long to wait after the database was not there *failures* times in a row."""
        return _spread(_doubled(_FIRST_RECONNECT, failures, self.poll), chance)


def _doubled(first: float, times: int, most: float) -> float:
    # Bounded before it is raised: 2.0 ** 1024 overflows.
    return min(first * 2.0 ** max(min(times - 1, 64), 0), most)


def _spread(pause: float, chance: float) -> float:
    return pause * (1 + chance) / 2
