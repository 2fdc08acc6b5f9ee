"""What the runner knows of one service: its state, and how a state may follow another."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from lockstep.application import Service, ServiceHealth, ServiceState
from lockstep.boot.places import describe

_S = ServiceState
_FOLLOWS: dict[ServiceState, frozenset[ServiceState]] = {
    _S.WAITING: frozenset({_S.STARTING, _S.DEGRADED, _S.FAILED}),
    # STOPPED: a stop was asked for in the middle of the start.
    _S.STARTING: frozenset({_S.READY, _S.DEGRADED, _S.FAILED, _S.STOPPED}),
    _S.READY: frozenset({_S.STOPPING, _S.DEGRADED, _S.FAILED}),
    # What failed while running holds resources all the same, and is stopped like the rest.
    _S.DEGRADED: frozenset({_S.STOPPING}),
    _S.FAILED: frozenset({_S.STOPPING}),
    _S.STOPPING: frozenset({_S.STOPPED, _S.FAILED}),
    _S.STOPPED: frozenset(),
}


@dataclass(slots=True)
class Entry:
    """A service, where it is, and the task of its own that is watched."""

    service: Service
    state: ServiceState = ServiceState.WAITING
    reason: str = ""
    watched: asyncio.Future[Any] | None = None
    """The task that ``start`` returned, until its end has been told."""

    def become(self, state: ServiceState, reason: str = "") -> None:
        """Go to *state*; a transition that cannot be is a bug of the engine."""
        assert state in _FOLLOWS[self.state], f"{self.service.name}: {self.state} → {state}"
        self.state = state
        self.reason = reason or self.reason

    def health(self) -> ServiceHealth:
        """Return the service's own word while it is ready, otherwise the state's."""
        if self.state is not ServiceState.READY:
            details = {"reason": self.reason} if self.reason else {}
            return ServiceHealth(ok=False, word=self.state.value, details=details)
        try:
            return self.service.health()
        except Exception as error:  # health must answer whatever a service does
            return ServiceHealth(ok=False, word="error", details={"reason": describe(error)})
