"""How long a boot and a stop may take at most, and what a platform must allow for them. Pure.

The worst boot is that of a replica which waits for another one's lock until the last moment, finds that it died, and then does all the work
itself: so the engine's own deadlines are added up, never the larger of them taken. Files alone have no deadline. They get twice what
they took where they ran before, for production may have more rows, and a minute where that is less or not known.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from lockstep.deploy.checks import Check, judged, skipped
from lockstep.settings import Settings
from lockstep.values import dataclass

FILES_LEAST = 60.0
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
_SHOWN = 3

FileKey = tuple[str, str, str]
"""Kind, name and checksum: another text is another file."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What the ledger of a database knows, in seconds: of each file, and of all files that a boot applied, boot by boot."""

    files: Mapping[FileKey, float]
    boots: Sequence[float]


@dataclass(frozen=True, slots=True)
class Work:
    """How long files took, or are thought to take, and how that is known."""

    seconds: float
    told: str


def any_boot(ledger: Measured) -> Work:
    """Return what a coming boot may have to do, of which nothing is known but those before."""
    slowest = max(ledger.boots, default=0.0)
    return Work(
        slowest,
        f"{_seconds(slowest)} in the slowest boot there" if slowest else "no boot there so far",
    )


def this_boot(
    pending: Sequence[FileKey], own: Measured, before: Measured | None, where_before: str
) -> Work:
    """Return what a boot has to do where *pending* is; *before* is what *where_before* knows, the stage before it (None: nobody).

    What ran nowhere yet is taken to be, all of it together, as slow as the slowest boot so far.
    """
    if not pending:
        return Work(0.0, "nothing pending")
    there = before.files if before else {}
    measured = [there[key] for key in pending if key in there]
    names = [key[1] for key in pending if key not in there]
    slowest = max([*own.boots, *(before.boots if before else ())], default=0.0) if names else 0.0
    parts = []
    if measured:
        took = _seconds(sum(measured))
        parts.append(f"{took} measured on {where_before} for {len(measured)} pending")
    if names:
        few = ", ".join(names[:_SHOWN]) + (" ..." if len(names) > _SHOWN else "")
        guess = f"{_seconds(slowest)} in the slowest boot so far" if slowest else "no boot so far"
        parts.append(f"{guess}, for {few} measured nowhere")
    return Work(sum(measured) + slowest, " + ".join(parts))


@dataclass(frozen=True, slots=True)
class Budget:
    """The seconds that each part of a boot and of a stop may take; ``files_from`` says how ``files`` is known."""

    connect_wait: float
    lock_wait: float
    files: float
    files_from: str
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

    @property
    def measured(self) -> bool:
        """True where a ledger asks for more than what is assumed without one."""
        return self.files > FILES_LEAST

    @property
    def told(self) -> str:
        """The sum, for people; the same words wherever it is told."""
        return (
            f"a boot may take {self.boot} s: connect {_seconds(self.connect_wait)} + lock {_seconds(self.lock_wait)} + "
            f"files {_seconds(self.files)} ({self.files_from}) + services {_seconds(self.start_timeout)}"
        )

    def as_dict(self) -> dict[str, float | int | bool | str]:
        """Return the parts and what follows from them as JSON-ready values."""
        return {
            "connect_wait": self.connect_wait,
            "lock_wait": self.lock_wait,
            "files": self.files,
            "files_from": self.files_from,
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


def budget(settings: Settings, work: Work | None = None) -> Budget:
    """Return what *settings* allow a boot and a stop; *work* is what the boot has to do, None where no ledger tells."""
    doubled = _FILES_FACTOR * work.seconds if work else 0.0
    told = "assumed"
    if work:
        told = f"twice {work.told}" if doubled > FILES_LEAST else f"the least; {work.told}"
    return Budget(
        connect_wait=settings.connect_wait,
        lock_wait=settings.lock_wait,
        files=max(doubled, FILES_LEAST),
        files_from=told,
        start_timeout=settings.start_timeout,
        drain_timeout=settings.drain_timeout,
        stop_timeout=settings.stop_timeout,
    )


def judge(stage: str, whole: Budget, window: float, *, unknown: str = "") -> Check:
    """Judge whether a boot fits into the *window* seconds that the platform of *stage* waits; *unknown* says what is not known of it."""
    saw = f"{whole.told}; the platform waits {_seconds(window)}"
    wanted = f"a boot that fits into the platform's patience ([environments.{stage}] health_window)"
    if whole.boot >= window:
        todo = (
            f"Let the platform wait {whole.window} s (lockstep init writes its files) and say so: [environments.{stage}] "
            f'health_window = "{whole.window}s"; or shorten lock_wait, or apply slow files ahead with `lockstep up`.'
        )
        return judged(f"budget {stage}", holds=False, saw=saw, wanted=wanted, todo=todo)
    if unknown:
        return skipped(f"budget {stage}", f"{saw}; {unknown}", wanted)
    return judged(f"budget {stage}", holds=True, saw=saw, wanted=wanted, todo="")


def _seconds(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") + " s"
