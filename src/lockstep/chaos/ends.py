"""May a copy end like that? From an exit status and what was done to the process, to a reason why not."""

from __future__ import annotations

import signal
from collections.abc import Collection

_RETRY = 75
_SHAKEN = {69, 70, _RETRY}
"""How a boot may end that lost its connection, or its time."""


def shown_status(status: int) -> str:
    """Return how a process ended, as words: ``exit status 70``, ``SIGKILL``."""
    if status >= 0:
        return f"exit status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"


def wrong_end(
    status: int, *, signals: Collection[int], shaken: bool, own: Collection[int] = ()
) -> str:
    """Return what is wrong with this end; empty if nothing is.

    *signals* were sent to the process; *shaken*: it was halted for a while, or sessions of the database were ended; *own* are
    statuses that the program may end with whenever it was disturbed.
    """
    if status < 0:
        return "" if -status in signals else f"ended by {shown_status(status)}, which nobody sent"
    if status in {_RETRY, *((128 + number) for number in signals)}:
        return ""
    if signal.SIGKILL in signals:
        return ""  # it was on its way out when it was killed
    if status == 0:
        return "" if signal.SIGTERM in signals else "ended with exit status 0, though nobody asked"
    if (shaken and status in _SHAKEN) or ((shaken or signals) and status in own):
        return ""
    if not signals and not shaken:
        return f"ended with exit status {status}, though nothing was done to it"
    asked = "after SIGTERM" if signal.SIGTERM in signals else "after it was disturbed"
    return f"ended with exit status {status} {asked}"
