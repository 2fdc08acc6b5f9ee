"""Where a client is in the stream of events: the PostgreSQL snapshot up to which it has been told everything.

The number of an event cannot say it: identity values are drawn before transactions commit, and those commit in any order, so
after 17 and 18 there may still come 16. Holding events back until nothing older can come (``pg_snapshot_xmin``) would make
everybody wait for the longest transaction on the server, be it another database's. A snapshot says exactly which
transactions have been seen: what is new since then is what it does not show and the present one does. Each such event is in
precisely one of two successive readings, so nobody misses one or hears of it twice, and nobody waits.

A snapshot's transactions are those at or above ``xmax``, and the few in ``running`` that had begun and not ended; both are
looked up by an index. ``at`` is when it was taken, by the database's clock: events are kept for some hours only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

KEPT_SECONDS = 3600
"""How old a cursor may be; events are kept for twice as long, for the sake of transactions that take their time."""
LONGEST_TEXT = 16_000
_TEXT = re.compile(
    r"([0-9]{1,12})\.([0-9]{1,19}):([0-9]{1,19}):((?:[0-9]{1,19}(?:,[0-9]{1,19})*)?)"
)
_LARGEST = 2**63


class CursorUnreadable(ValueError):
    """The text is no cursor of ours."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """A snapshot (``xmin:xmax:running``, as PostgreSQL writes it) and when it was taken, in seconds since 1970."""

    at: int
    snapshot: str

    def __str__(self) -> str:
        return f"{self.at}.{self.snapshot}"

    @property
    def end(self) -> int:
        """The first transaction of which the snapshot knows nothing."""
        return int(self.snapshot.split(":")[1])

    def follows(self, now: Cursor) -> bool:
        """Tell whether all that became visible between this and *now* can still be read.

        It cannot if this is too old, or of a time that *now* has not reached: of another server, or of one that was restored.
        """
        return now.at - KEPT_SECONDS <= self.at <= now.at + KEPT_SECONDS and self.end <= now.end


def parse_cursor(text: str) -> Cursor:
    """Read what ``str(cursor)`` wrote; raise ``CursorUnreadable`` for anything else, PostgreSQL need not see it."""
    found = _TEXT.fullmatch(text) if len(text) <= LONGEST_TEXT else None
    if found is None:
        raise CursorUnreadable("a cursor is the text that the last message had")
    at, xmin, xmax = (int(number) for number in found.group(1, 2, 3))
    running = [int(number) for number in found[4].split(",") if number]
    if not (0 < xmin <= xmax < _LARGEST and _rises(running, xmin, xmax)):
        raise CursorUnreadable("the numbers of a cursor do not fit together")
    return Cursor(at, f"{xmin}:{xmax}:{found[4]}")


def _rises(running: list[int], first: int, end: int) -> bool:
    return all(first <= number < end for number in running) and running == sorted(set(running))
