"""What happened during this boot, kept in memory for ``/api/boot``, the health of the process, and the boot record.

It listens to the same events as the console, from whichever thread they come, and holds no opinion of its own.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from functools import singledispatchmethod
from typing import Any, Literal

from lockstep.errors import Interrupted
from lockstep.events import (
    BootBegun,
    BootCompleted,
    BootFailed,
    Event,
    FileApplied,
    ServiceDegraded,
    ServiceStarted,
    ServiceStarting,
    ServiceStopped,
    Step,
    StepBegun,
    StepDone,
    Stopping,
)
from lockstep.values import dataclass

Outcome = Literal["completed", "failed", "interrupted"]


@dataclass(slots=True)
class _StepEntry:
    number: int
    step: str
    begun: str
    seconds: float | None = None
    note: str = ""
    skipped: bool = False


@dataclass(slots=True)
class _ServiceEntry:
    name: str
    state: str
    seconds: float | None = None
    reason: str = ""


@dataclass(slots=True)
class _FileEntry:
    kind: str
    name: str
    seconds: float


def format_utc(moment: datetime) -> str:
    """Return *moment* as ISO 8601 in UTC with milliseconds: ``2026-11-22T09:45:00.123Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Timeline:
    """A listener that remembers; every method may be called from any thread."""

    def __init__(
        self,
        *,
        host: str | None = None,
        now: Callable[[], datetime] = _utc_now,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lock = threading.Lock()
        self._now = now
        self._clock = clock
        self._begun = clock()
        self._steps: dict[Step, _StepEntry] = {}
        self._step_begun = self._begun
        self._services: dict[str, _ServiceEntry] = {}
        self._files: list[_FileEntry] = []
        self._seconds: float | None = None
        self.boot_id = self.app = self.command = self.release = self.environment = ""
        self.host = socket.gethostname() if host is None else host
        self.begun_at = now()
        self.outcome: Outcome | None = None
        self.error: dict[str, Any] | None = None
        self.phase = Step.PREFLIGHT.label

    def __call__(self, event: Event) -> None:
        """Take an event."""
        with self._lock:
            self._take(event)

    @property
    def stopping(self) -> bool:
        """True from the moment that readiness must be off: a stop has begun, or the boot has failed."""
        return self.phase in {"stopping", "failed"}

    @property
    def uptime(self) -> float:
        """Seconds since the boot began."""
        return self._clock() - self._begun

    def as_dict(self) -> dict[str, Any]:
        """Return the timeline as JSON-ready values that later events do not change; the keys are public."""
        with self._lock:
            return {
                "boot_id": self.boot_id,
                "app": self.app,
                "command": self.command,
                "release": self.release,
                "host": self.host,
                "environment": self.environment,
                "begun_at": format_utc(self.begun_at),
                "phase": self.phase,
                "outcome": self.outcome,
                "seconds": self._seconds,
                "steps": [asdict(entry) for entry in self._steps.values()],
                "files": [asdict(entry) for entry in self._files],
                "services": [asdict(entry) for entry in self._services.values()],
                "error": self.error,
            }

    @singledispatchmethod
    def _take(self, event: Event) -> None:
        """Ignore what is not registered below."""

    @_take.register(BootBegun)
    def _(self, event: BootBegun) -> None:
        self._begun = self._step_begun = self._clock()
        self.begun_at = self._now()
        self.boot_id, self.app, self.command = event.boot_id, event.app, event.command
        self.release, self.environment = event.release, event.environment

    @_take.register(StepBegun)
    def _(self, event: StepBegun) -> None:
        self._step_begun = self._clock()
        self.phase = event.step.label
        self._steps[event.step] = _StepEntry(
            int(event.step), event.step.label, format_utc(self._now())
        )

    @_take.register(StepDone)
    def _(self, event: StepDone) -> None:
        # A step that had nothing to do may be reported without having begun.
        entry = self._steps.setdefault(
            event.step, _StepEntry(int(event.step), event.step.label, format_utc(self._now()))
        )
        entry.seconds = round(event.seconds, 6)
        entry.note, entry.skipped = event.note, event.skipped

    @_take.register(FileApplied)
    def _(self, event: FileApplied) -> None:
        self._files.append(_FileEntry(event.kind, event.name, round(event.seconds, 6)))

    @_take.register(ServiceStarting)
    def _(self, event: ServiceStarting) -> None:
        self._services[event.name] = _ServiceEntry(event.name, "starting")

    @_take.register(ServiceStarted)
    def _(self, event: ServiceStarted) -> None:
        self._service(event.name, "ready").seconds = round(event.seconds, 6)

    @_take.register(ServiceDegraded)
    def _(self, event: ServiceDegraded) -> None:
        self._service(event.name, "degraded").reason = event.reason

    @_take.register(ServiceStopped)
    def _(self, event: ServiceStopped) -> None:
        entry = self._service(event.name, "failed" if event.error else "stopped")
        entry.reason = event.error or entry.reason

    @_take.register(BootCompleted)
    def _(self, event: BootCompleted) -> None:
        self.outcome, self.phase = "completed", "ready"
        self._seconds = round(event.seconds, 6)

    @_take.register(BootFailed)
    def _(self, event: BootFailed) -> None:
        self.outcome = "interrupted" if isinstance(event.error, Interrupted) else "failed"
        self.phase = "failed"
        self.error = event.error.as_dict()
        self._seconds = round(event.seconds, 6)
        unfinished = self._steps.get(event.step)
        if unfinished is not None and unfinished.seconds is None:
            unfinished.seconds = round(self._clock() - self._step_begun, 6)
        for entry in self._services.values():
            if entry.state == "starting":
                entry.state = "stopped" if self.outcome == "interrupted" else "failed"

    @_take.register(Stopping)
    def _(self, _event: Stopping) -> None:
        # What is torn down after a failed boot has not become a stop in good order.
        if self.outcome in {None, "completed"}:
            self.phase = "stopping"

    def _service(self, name: str, state: str) -> _ServiceEntry:
        entry = self._services.setdefault(name, _ServiceEntry(name, state))
        entry.state = state
        return entry
