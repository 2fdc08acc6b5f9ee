"""What runs once the schema is final: the gate, the services, HTTP; brought up in this order, and down in reverse."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from lockstep.application import Application, Receive, Scope, Send
from lockstep.boot.http import HttpServer
from lockstep.boot.runner import Runner
from lockstep.catalog.needs import find_missing, needs_unmet
from lockstep.errors import LockstepError
from lockstep.events import HttpListening, Stopped, Stopping
from lockstep.health.app import HealthApp
from lockstep.health.view import View
from lockstep.postgres.gate import different_database

if TYPE_CHECKING:
    from lockstep.attempt import Attempt
    from lockstep.boot.sockets import Reserved
    from lockstep.startup import SchemaReady


class Running:
    """The asynchronous half of a boot: open what needs the schema, wait, and close it all again."""

    def __init__(self, attempt: Attempt, application: Application, reserved: Reserved) -> None:
        settings = attempt.settings
        self._attempt = attempt
        self._application = application
        self._reserved = reserved
        self._runner = Runner(
            application.services,
            application.database,
            attempt.report,
            start_timeout=settings.start_timeout,
            stop_timeout=settings.stop_timeout,
        )
        self._http: HttpServer | None = None

    async def open_gate(self, ready: SchemaReady) -> None:
        """Open the services' pool; refuse if it leads to another database than the one that was migrated."""
        database, settings = self._application.database, self._attempt.settings
        await database.open(ready.source.pool_url, settings.app)
        identity = await database.identity()
        if identity != ready.identity:
            raise different_database(ready.identity, identity)

    async def start_services(self) -> None:
        """See that the schema meets every service's needs, then start them in order."""
        needs = {service.name: service.needs for service in self._application.services}
        missing = await find_missing(self._application.database, needs)
        if missing:
            raise needs_unmet(missing, self._attempt.settings.migrations)
        await self._runner.start()

    async def open_http(self) -> None:
        """Make the ASGI application, run its start-up, and listen: last of all."""
        application, settings = self._application, self._attempt.settings
        inner = application.http() if application.http is not None else _nothing_here
        server = self._http = HttpServer(
            HealthApp(inner, self._view()),
            self._reserved,
            lifespan=application.lifespan and application.http is not None,
            drain_timeout=settings.drain_timeout,
            start_timeout=settings.start_timeout,
        )
        await server.start()
        self._attempt.report(HttpListening(self._reserved.url))

    async def until_stopped(self, stop: asyncio.Event) -> LockstepError | None:
        """Wait for a signal (None), or for the error of something critical that ended by itself."""
        failures: list[asyncio.Future[Any]] = [self._runner.failed]
        if self._http is not None:
            failures.append(self._http.failed)
        waiting = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({waiting, *failures}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        return next((failure.result() for failure in failures if failure.done()), None)

    async def stop(self, reason: str) -> None:
        """Walk back: readiness off, HTTP drained, services stopped in reverse, pool closed. Every part gets its turn."""
        begun = time.monotonic()
        self._attempt.report(Stopping(reason))
        try:
            if self._http is not None:
                await self._http.stop()
        finally:
            try:
                await self._runner.stop()
            finally:
                await self._application.database.close()
                self._reserved.close()
        self._attempt.report(Stopped(time.monotonic() - begun))

    def force_stop(self) -> None:
        """Cut all connections now: the operator insists."""
        if self._http is not None:
            self._http.force_stop()

    def _view(self) -> View:
        return View(
            timeline=self._attempt.timeline,
            states=self._runner.states,
            healths=self._runner.healths,
            probe_database=self._application.database.probe,
            health_service=self._application.health_service,
        )


async def _nothing_here(scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer 404: an application without HTTP of its own still has health."""
    if scope["type"] != "http":
        return
    await send(
        {"type": "http.response.start", "status": 404, "headers": [(b"content-length", b"0")]}
    )
    await send({"type": "http.response.body", "body": b""})
