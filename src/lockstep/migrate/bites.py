"""Wait for a table that others use, without making everybody else wait.

Who waits for a strong lock keeps all who come later waiting too, readers included: locks are granted in turn. So a wait is cut into
bites: after each the transaction is rolled back, those behind it pass, and it begins anew. What clients notice is a bite, however
long a report holds the table. Where readers overlap without end no bite is ever enough: the last third of the time is waited in one go.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from lockstep.postgres.session import ServerError

if TYPE_CHECKING:
    from lockstep.migrate.script import Script

BITE, PAUSE = 0.5, 0.15
_IN_ONE_GO = 5.0
LOCK_NOT_AVAILABLE = "55P03"
_DEAR, _HARDLY = 1.0, 0.9


def in_one_go(script: Script, timeout: float) -> float:
    """Return how many of the *timeout* seconds that a statement of *script* may wait it may wait at once: all of them if the file says so."""
    return timeout if script.header.lock_timeout is not None else min(timeout, _IN_ONE_GO)


def in_bites(
    total: float, at_once: float, send: Callable[[float], None], sleep: Callable[[float], None]
) -> None:
    """Call *send* with the seconds that it may wait for a lock, until it succeeds or has waited for *total* of them.

    Nothing waits for longer than *at_once* in one go. *send* raises ``ServerError`` when it has rolled back all that it did; *total* 0
    is for ever, and is waited for at once. What did work for longer than a second before it was kept waiting is sent once more only, to
    wait in one go.
    """
    left, dear = total, False
    while True:
        wait = min(left, at_once if dear or left <= total / 3 else BITE)
        begun = time.monotonic()
        try:
            send(wait)
        except ServerError as error:
            took = time.monotonic() - begun
            left -= wait
            if error.sqlstate != LOCK_NOT_AVAILABLE or took < _HARDLY * wait or left <= 0:
                raise
            if took - wait > _DEAR:
                dear, left = True, min(left, at_once)
        else:
            return
        sleep(PAUSE)
