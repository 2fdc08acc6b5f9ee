"""Walk the services forward one at a time, watch them, and walk back.

The walk forward either ends with every critical service ready, or stops exactly what it had started and raises. The walk
back has a deadline of its own, however long the start took, and no service can keep another from being stopped.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from lockstep.application import Service, ServiceHealth, ServiceState
from lockstep.boot.calls import Call, Late, Raised, Returned
from lockstep.boot.order import start_order
from lockstep.boot.places import describe, raising_place
from lockstep.boot.states import Entry
from lockstep.errors import LockstepError, Place, Problem, ServiceFailed
from lockstep.events import (
    Listener,
    ServiceDegraded,
    ServiceStarted,
    ServiceStarting,
    ServiceStopped,
)

if TYPE_CHECKING:
    from lockstep.postgres.gate import (
        Database,
    )  # handed on unseen: boot/ knows nothing of postgres/

_LEAST_SLICE = 0.25
"""Seconds that a service gets for its stop even when those before it have used up the deadline."""


class Runner:
    """Starts services in order and stops them in reverse; make it inside a running event loop.

    ``failed`` is done, with the error, when a critical service ends although nobody stopped it.
    """

    def __init__(
        self,
        services: Sequence[Service],
        database: Database,
        report: Listener,
        *,
        start_timeout: float,
        stop_timeout: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._entries = {service.name: Entry(service) for service in start_order(services)}
        self._started: list[Entry] = []
        self._database = database
        self._report = report
        self._start_timeout = start_timeout
        self._stop_timeout = stop_timeout
        self._clock = clock
        self.failed: asyncio.Future[ServiceFailed] = asyncio.get_running_loop().create_future()

    @property
    def order(self) -> tuple[str, ...]:
        """The services' names in the order of their start."""
        return tuple(self._entries)

    def states(self) -> dict[str, ServiceState]:
        """Return where each service is, in the order of their start."""
        return {name: entry.state for name, entry in self._entries.items()}

    def healths(self) -> dict[str, ServiceHealth]:
        """Return what each service says of itself; of those not ready, what the runner knows."""
        return {name: entry.health() for name, entry in self._entries.items()}

    async def start(self) -> None:
        """Start every service.

        Raises ``ServiceFailed`` when a critical one cannot; then, and when cancelled, all that had been started is stopped
        before this returns.
        """
        try:
            for entry in self._entries.values():
                await self._start(entry)
                self._raise_if_failed()
        except ServiceFailed as failure:
            problems = await self.stop()
            if problems:
                failure.problems = (*failure.problems, *problems)
            raise
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> tuple[Problem, ...]:
        """Stop what is started, last first, and return what went wrong; a second call finds nothing to do."""
        deadline = self._clock() + self._stop_timeout
        problems: list[Problem] = []
        while self._started:
            entry = self._started.pop()
            # The others' least slices are kept back, so that one which hangs costs them nothing.
            reserved = len(self._started) * _LEAST_SLICE
            seconds = max(deadline - self._clock() - reserved, _LEAST_SLICE)
            problem = await self._stop(entry, seconds)
            if problem is not None:
                problems.append(problem)
        return tuple(problems)

    async def _start(self, entry: Entry) -> None:
        broken = self._degraded_dependency(entry)
        if broken:
            self._degrade_or_raise(entry, broken, None)
            return
        service, begun = entry.service, self._clock()
        entry.become(ServiceState.STARTING)
        self._report(ServiceStarting(service.name))
        call = Call(lambda: service.start(self._database))
        try:
            outcome = await call.outcome(self._start_timeout, unless=self.failed)
        except asyncio.CancelledError:
            await self._abandon(entry, call)
            raise
        match outcome:
            case Returned(task):
                entry.become(ServiceState.READY)
                self._started.append(entry)
                self._report(ServiceStarted(service.name, self._clock() - begun))
                self._watch(entry, task)
            case _ if self.failed.done():
                # Another service ended meanwhile: this start was cut short by us.
                entry.become(ServiceState.STOPPED, str(outcome) if _noteworthy(outcome) else "")
            case Late():
                self._degrade_or_raise(entry, f"its start was {outcome}", outcome.place)
            case Raised(error):
                self._degrade_or_raise(entry, describe(error), outcome.place, error)

    async def _abandon(self, entry: Entry, call: Call[Any]) -> None:
        """Cancel a start that is under way, and keep it for ``stop`` if it got through all the same."""
        match await call.cancel():
            case Returned(task):
                entry.become(ServiceState.READY)
                self._started.append(entry)
                entry.watched = task
            case outcome:
                entry.become(ServiceState.STOPPED, str(outcome) if _noteworthy(outcome) else "")

    def _degraded_dependency(self, entry: Entry) -> str:
        for name in entry.service.after:
            if self._entries[name].state is not ServiceState.READY:
                return f"its dependency {name} is {self._entries[name].state.value}"
        return ""

    def _degrade_or_raise(
        self, entry: Entry, reason: str, place: Place | None, cause: BaseException | None = None
    ) -> None:
        name = entry.service.name
        if not entry.service.critical:
            entry.become(ServiceState.DEGRADED, reason)
            self._report(ServiceDegraded(name, reason))
            return
        entry.become(ServiceState.FAILED, reason)
        raise _service_failed(f"service {name!r} did not start", reason, place, cause) from cause

    def _watch(self, entry: Entry, task: object) -> None:
        if task is None:
            return
        if not isinstance(task, asyncio.Future):
            self._lost(entry, TypeError(f"start() returned {task!r}, neither a task nor None"))
            return
        entry.watched = task
        if task.done():
            self._ended(entry, task)
        else:
            task.add_done_callback(lambda done: self._ended(entry, done))

    def _ended(self, entry: Entry, task: asyncio.Future[Any]) -> None:
        if entry.state is ServiceState.READY:
            entry.watched = None
            self._lost(entry, None if task.cancelled() else task.exception())

    def _lost(self, entry: Entry, error: BaseException | None) -> None:
        """Note that a service which was ready runs no more."""
        name = entry.service.name
        reason = (
            describe(error) if error is not None else "its task ended although nobody stopped it"
        )
        if not entry.service.critical:
            entry.become(ServiceState.DEGRADED, reason)
            self._report(ServiceDegraded(name, reason))
            return
        entry.become(ServiceState.FAILED, reason)
        place = raising_place(error) if error is not None else None
        failure = _service_failed(
            f"service {name!r} ended while it was needed", reason, place, error
        )
        failure.__cause__ = error
        if not self.failed.done():
            self.failed.set_result(failure)

    def _raise_if_failed(self) -> None:
        if self.failed.done():
            raise self.failed.result()

    async def _stop(self, entry: Entry, seconds: float) -> Problem | None:
        begun = self._clock()
        entry.become(ServiceState.STOPPING)
        outcome = await Call(entry.service.stop).outcome(seconds)
        error = "" if isinstance(outcome, Returned) else str(outcome)
        error = "; ".join(filter(None, (error, await _end_watched(entry.watched))))
        name = entry.service.name
        entry.become(ServiceState.FAILED if error else ServiceState.STOPPED, error)
        self._report(ServiceStopped(name, self._clock() - begun, error))
        place = None if isinstance(outcome, Returned) else outcome.place
        return Problem(f"stopping service {name!r}: {error}", place) if error else None


def _noteworthy(outcome: Late | Raised) -> bool:
    return isinstance(outcome, Raised) or not outcome.ended or outcome.error is not None


async def _end_watched(task: asyncio.Future[Any] | None) -> str:
    """End the service's own task if ``stop`` left it running, and say so; a task already cancelled may just finish."""
    if task is None:
        return ""
    left = not task.done() and not (isinstance(task, asyncio.Task) and task.cancelling())
    task.cancel()
    await asyncio.wait({task}, timeout=_LEAST_SLICE)
    if not task.done():
        return "its task goes on and ignores being cancelled"
    if not task.cancelled() and (error := task.exception()) is not None:
        return f"its task raised {describe(error)}"
    return "its task went on after stop() and was cancelled" if left else ""


def _service_failed(
    what: str, reason: str, place: Place | None, cause: BaseException | None
) -> ServiceFailed:
    known = cause if isinstance(cause, LockstepError) else None
    return ServiceFailed(
        what,
        place=(known.place if known is not None else None) or place,
        why=f"{reason}. {known.why}".rstrip() if known is not None else reason,
        next_step=(known.next_step if known is not None else "")
        or "Correct the service, or set its `critical` to False if the application can do without it.",
        problems=known.problems if known is not None else (),
    )
