"""At which places of a file its run is broken off: at every one of a few hundred statements at most, of more at some.

Each place costs a run of the whole file, so that all places of a large file would cost the square of its length. Of many places those
count most behind which something new stands in the schema; the choice is the same each time.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from lockstep.prove.verdicts import Check
from lockstep.values import dataclass

_MOST = 100
_FEWEST = 6
_RUNS = 20_000
"""How many statements are to be run in all, as far as the fewest places allow."""


@dataclass(frozen=True, slots=True)
class Places:
    """The numbers of the places that were chosen (from 1), and of how many."""

    chosen: Sequence[int]
    of: int

    def held(self) -> Check:
        """Return what is said if nothing stayed behind at any of them."""
        return _held(len(self.chosen), self.of)


def together(*checks: Check) -> Check:
    """Return what is said if all of some such checks are good."""
    tried = [one.points or 0 for one in checks]
    return _held(sum(tried), sum(one.of or tried[place] for place, one in enumerate(checks)))


def _held(tried: int, of: int) -> Check:
    if tried == of:
        return Check("ok", points=of)
    return Check(
        "ok", f"killed at {tried} of {of} places, spread over the file", points=tried, of=of
    )


def most_places(count: int) -> int:
    """Return how many places of a file of *count* statements are tried where each is a run of its own."""
    return max(_FEWEST, min(_MOST, _RUNS // max(count, 1)))


def spread(count: int, most: int, preferred: Collection[int] = ()) -> Places:
    """Choose *most* of *count* places: the first, the last, then the *preferred* (for three quarters at most), evenly the others."""
    if count <= most:
        return Places(range(1, count + 1), count)
    chosen = {1, count}
    first = [place for place in sorted(preferred) if place not in chosen]
    chosen |= _evenly(first, most * 3 // 4 - len(chosen))
    rest = [place for place in range(1, count + 1) if place not in chosen]
    chosen |= _evenly(rest, most - len(chosen))
    return Places(sorted(chosen), count)


def _evenly(places: Sequence[int], most: int) -> set[int]:
    if len(places) <= most:
        return set(places)
    return {places[(2 * part + 1) * len(places) // (2 * most)] for part in range(most)}
