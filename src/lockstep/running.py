"""What runs once the schema is final: the gate, the services, HTTP; brought up in this order, and down in reverse."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from lockstep.application import Application, Receive, Scope, Send
from lockstep.boot.http import HttpServer
from lockstep.boot.runner import Runner
from lockstep.boot.sockets import reserve
from lockstep.catalog.needs import find_missing, needs_unmet
from lockstep.events import HttpListening, Stopped, Stopping
from lockstep.health.app import HealthApp
from lockstep.health.view import View
from lockstep.postgres.gate import different_database
from lockstep.worker import unless_stopped

if TYPE_CHECKING:
    from lockstep.attempt import Attempt
    from lockstep.boot.signals import StopSignals
    from lockstep.startup import SchemaReady


class Running:
    """The asynchronous half of a boot: open what needs the schema, wait, and close it all again.

    Making one orders the services and reserves the port: what is wrong with either is known before any migration runs.
    """

    def __init__(self, attempt: Attempt, application: Application, signals: StopSignals) -> None:
        settings = attempt.settings
        self._attempt = attempt
        self._application = application
        self._runner = Runner(
            application.services,
            application.database,
            attempt.report,
            start_timeout=settings.start_timeout,
            stop_timeout=settings.stop_timeout,
        )
        self._reserved = reserve(settings.host, settings.port)
        self._http: HttpServer | None = None
        self._stop_wanted = signals.attach()
        signals.on_insist = self._force_stop

    @property
    def port(self) -> int:
        """The port that is reserved, and from step 7 on listens."""
        return self._reserved.port

    @property
    def url(self) -> str:
        """Where a browser on this machine finds the application."""
        return self._reserved.url

    async def start_services(self, ready: SchemaReady) -> None:
        """Step 6: open the gate, see that the schema meets every service's needs, start them in order."""
        await self._unless_stopped(self._open_gate(ready))
        await self._unless_stopped(self._refuse_unmet_needs())
        await self._unless_stopped(self._runner.start())

    async def open_http(self) -> None:
        """Step 7: make the ASGI application, run its start-up, and listen: last of all."""
        application, settings = self._application, self._attempt.settings
        inner = application.http() if application.http is not None else _nothing_here
        self._http = HttpServer(
            HealthApp(inner, self._view()),
            self._reserved,
            lifespan=application.lifespan and application.http is not None,
            drain_timeout=settings.drain_timeout,
            start_timeout=settings.start_timeout,
        )
        await self._unless_stopped(self._http.start())
        self._attempt.report(HttpListening(self.url))

    async def until_stopped(self) -> None:
        """Wait for a signal, or for something critical to end by itself; then walk back, and raise what ended."""
        failures: list[asyncio.Future[Any]] = [self._runner.failed]
        if self._http is not None:
            failures.append(self._http.failed)
        waiting = asyncio.create_task(self._stop_wanted.wait())
        await asyncio.wait({waiting, *failures}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        failure = next((failure.result() for failure in failures if failure.done()), None)
        await self._stop(
            failure.what if failure else f"{self._attempt.interrupt.signal_name} received"
        )
        if failure is not None:
            raise failure

    @asynccontextmanager
    async def stopped_on_failure(self) -> AsyncIterator[None]:
        """If the block raises, stop whatever was started in it."""
        try:
            yield
        except BaseException as error:
            await self._stop(f"the boot did not complete ({type(error).__name__})")
            raise

    async def _open_gate(self, ready: SchemaReady) -> None:
        """Refuse if the services' pool leads to another database than the one that was migrated."""
        database = self._application.database
        await database.open(ready.source.pool_url, self._attempt.settings.app)
        identity = await database.identity()
        if identity != ready.identity:
            raise different_database(ready.identity, identity)

    async def _refuse_unmet_needs(self) -> None:
        needs = {service.name: service.needs for service in self._application.services}
        missing = await find_missing(self._application.database, needs)
        if missing:
            raise needs_unmet(missing, self._attempt.settings.migrations)

    async def _unless_stopped(self, work: Coroutine[Any, Any, None]) -> None:
        await unless_stopped(work, self._stop_wanted, self._attempt.interrupt)

    async def _stop(self, reason: str) -> None:
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

    def _force_stop(self) -> None:
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
