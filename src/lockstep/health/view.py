"""What health may see: a few functions that the start-up hands over, so that health depends on none of their owners."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from lockstep.application import ServiceHealth, ServiceState
from lockstep.timeline import Timeline


@dataclass(frozen=True, slots=True)
class View:
    """The process as health sees it; readiness goes off with the timeline's ``stopping``.

    ``states`` and ``healths`` are those of the runner. ``probe_database`` makes one round trip through the services' pool,
    or raises. ``health_service`` names the service whose word ``/api/health`` shows as ``scheduler``.
    """

    timeline: Timeline
    states: Callable[[], Mapping[str, ServiceState]]
    healths: Callable[[], Mapping[str, ServiceHealth]]
    probe_database: Callable[[], Awaitable[None]]
    health_service: str = "scheduler"
