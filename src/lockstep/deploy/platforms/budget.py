"""How long a boot and a stop may take at most, and what a platform must be told so that it waits so long. Pure.

The worst boot is that of a replica which waits for another one's lock until the last moment, finds that it died, and then does all the work
itself: so the engine's own deadlines are added up, never the larger of them taken.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from lockstep.settings import Settings
from lockstep.values import dataclass

FILES_UNMEASURED = 60.0
"""Seconds for migrations and seeds where no ledger says how long they have taken."""
_FILES_FACTOR = 2.0
PROBE_PERIOD = 5
"""Seconds between two looks of a platform's startup probe."""
PRE_STOP = 5
"""Seconds in which a platform's proxies learn that a replica is leaving, before it is told to."""
OVERLAP = 20
"""Seconds for which the old release goes on serving beside the new one."""
_MARGIN = 5.0
_LONGEST_GAP = 30.0
_LEAST_WINDOW = 300.0


@dataclass(frozen=True, slots=True)
class Budget:
    """The seconds that each part of a boot and of a stop may take; ``measured``: ``files`` was, not assumed."""

    connect_wait: float
    lock_wait: float
    files: float
    measured: bool
    start_timeout: float
    drain_timeout: float
    stop_timeout: float

    @property
    def boot(self) -> int:
        """From the start of the process until HTTP is open."""
        return math.ceil(self.connect_wait + self.lock_wait + self.files + self.start_timeout)

    @property
    def leave(self) -> int:
        """From SIGTERM to the end: requests finish, services stop, pools close."""
        return math.ceil(self.drain_timeout + self.stop_timeout + _MARGIN)

    @property
    def probe_failures(self) -> int:
        """How often a startup probe may fail in vain."""
        return math.ceil(self.boot / PROBE_PERIOD)

    @property
    def termination(self) -> int:
        """The grace period where the wait before SIGTERM counts, too (Kubernetes)."""
        return PRE_STOP + self.leave

    @property
    def window(self) -> int:
        """How long a platform must look for health that looks ever more rarely, up to 30 s apart (Railway)."""
        return math.ceil(max(_LEAST_WINDOW, self.boot + _LONGEST_GAP))

    def as_dict(self) -> dict[str, float | int | bool]:
        """Return the parts and what follows from them as JSON-ready values."""
        return {
            "connect_wait": self.connect_wait,
            "lock_wait": self.lock_wait,
            "files": self.files,
            "measured": self.measured,
            "start_timeout": self.start_timeout,
            "drain_timeout": self.drain_timeout,
            "stop_timeout": self.stop_timeout,
            "boot": self.boot,
            "leave": self.leave,
            "probe_period": PROBE_PERIOD,
            "probe_failures": self.probe_failures,
            "termination": self.termination,
            "overlap": OVERLAP,
            "window": self.window,
        }


def budget(settings: Settings, boots: Iterable[float] | None = None) -> Budget:
    """Return what *settings* allow a boot and a stop.

    *boots*: how long each boot of a database spent on files, None where no database is named. Files get twice the slowest, for
    production may have more rows than where it was measured.
    """
    slowest = _FILES_FACTOR * max(boots or (), default=0.0)
    return Budget(
        connect_wait=settings.connect_wait,
        lock_wait=settings.lock_wait,
        files=max(slowest, FILES_UNMEASURED),
        measured=slowest > FILES_UNMEASURED,
        start_timeout=settings.start_timeout,
        drain_timeout=settings.drain_timeout,
        stop_timeout=settings.stop_timeout,
    )
