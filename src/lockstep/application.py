"""What a service is, and what an application is made of.

A service's obligations: ``start`` returns when the service is ready, and undoes what it did if it raises; ``stop`` may be
called once after a successful ``start`` and returns when nothing of it runs any more. The engine's: ``start`` is called
after the schema meets the service's needs and after every service in ``after`` is ready; ``stop`` in reverse order, under a
fresh deadline.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from lockstep.catalog.needs.declaration import Needs
from lockstep.postgres.gate import Database

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]


class ServiceState(Enum):
    """Where a service is; ``degraded`` is a failed service that is not critical."""

    WAITING = "waiting"
    STARTING = "starting"
    READY = "ready"
    DEGRADED = "degraded"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"


@runtime_checkable
class Service(Protocol):
    """Something that runs beside HTTP and that the schema must fit.

    ``after`` names services that must be ready first. ``critical``: without it the application must not run.
    """

    name: str
    needs: Needs
    after: tuple[str, ...]
    critical: bool

    async def start(self, database: Database) -> asyncio.Task[None] | None:
        """Become ready, or raise; what was begun must not go on after raising.

        A task that is returned is watched: when it ends before ``stop`` is called, the service has failed.
        """

    async def stop(self) -> None:
        """Stop, and return when nothing runs any more."""

    def health(self) -> ServiceHealth:
        """Say how the service is, from memory: it is asked often and must not wait."""


@dataclass(frozen=True, slots=True)
class ServiceHealth:
    """A service's own word: ``ok``, what to show in health (``initialized``), and details for operators."""

    ok: bool
    word: str = "initialized"
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Application:
    """What ``lockstep serve module:attribute`` boots.

    ``http`` makes the ASGI application; it is called at step 7, when all services are ready. ``lifespan`` False is for raw
    ASGI callables that do not speak the lifespan protocol. ``health_service`` names the service whose word ``/api/health``
    shows as ``scheduler``.
    """

    name: str
    http: Callable[[], AsgiApp] | None = None
    services: tuple[Service, ...] = ()
    database: Database = field(default_factory=Database)
    migrations: Path | None = None
    seeds: Path | None = None
    lifespan: bool = True
    health_service: str = "scheduler"
