"""What each health address answers: pure functions from what is seen to a status and a body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lockstep.application import ServiceHealth, ServiceState
from lockstep.events import Step
from lockstep.health.evidence import DatabaseWord

Answer = tuple[int, dict[str, Any]]
_SERVING = (ServiceState.READY, ServiceState.DEGRADED)
# An answer over HTTP proves that step 7's sockets listen, even in the instant before the boot is said to be complete.
_STARTED = (Step.HTTP.label, "ready", "stopping")
NO_SERVICE = "not configured"


def report_health(
    *,
    healths: Mapping[str, ServiceHealth],
    states: Mapping[str, ServiceState],
    health_service: str,
    database: DatabaseWord,
    stopping: bool,
    timestamp: str,
    uptime: float,
) -> Answer:
    """Answer ``/api/health``: 200 only when everything is as it should be, else 503 and the true words."""
    status = _status(healths, states, database, stopping=stopping)
    body = {
        "status": status,
        "timestamp": timestamp,
        "uptime": round(uptime, 3),
        "database": database,
        "scheduler": _service_word(healths.get(health_service)),
    }
    return (200 if status == "ok" else 503), body


def report_readiness(
    *, states: Mapping[str, ServiceState], healths: Mapping[str, ServiceHealth], stopping: bool
) -> Answer:
    """Answer ``/readyz`` from memory: a database that all replicas share must not take all of them out at once."""
    ready = not stopping and all(state in _SERVING for state in states.values())
    services = {
        name: {"state": state.value, "ok": healths[name].ok, "word": healths[name].word}
        | ({"details": healths[name].details} if healths[name].details else {})
        for name, state in states.items()
    }
    word = "stopping" if stopping else "ready" if ready else "not ready"
    return (200 if ready else 503), {"status": word, "services": services}


def report_startup(phase: str) -> Answer:
    """Answer ``/startupz`` with the boot's phase."""
    return (200 if phase in _STARTED else 503), {"phase": phase}


def _status(
    healths: Mapping[str, ServiceHealth],
    states: Mapping[str, ServiceState],
    database: DatabaseWord,
    *,
    stopping: bool,
) -> str:
    if stopping:
        return "stopping"
    if database == "unreachable" or ServiceState.FAILED in states.values():
        return "error"
    if database != "ready" or not all(health.ok for health in healths.values()):
        return "degraded"
    return "ok"


def _service_word(health: ServiceHealth | None) -> str:
    if health is None:
        return NO_SERVICE
    # A service that is not well must not be shown with the word that means that it is.
    return (
        "failing" if not health.ok and health.word == ServiceHealth(ok=True).word else health.word
    )
