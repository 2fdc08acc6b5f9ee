"""What runs once the schema is final: the gate, the services, HTTP; brought up in this order, and down in reverse."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from lockstep.application import Application, AsgiApp, Receive, Scope, Send, ServiceState
from lockstep.boot.http import HttpServer
from lockstep.boot.leaving import leave_within
from lockstep.boot.places import describe, raising_place
from lockstep.boot.runner import Runner
from lockstep.boot.sockets import reserve
from lockstep.catalog.needs.kept import KeptNeeds
from lockstep.catalog.needs.missing import find_missing, look_around
from lockstep.catalog.needs.requirements import requirements_of
from lockstep.errors import HttpFailed, LockstepError
from lockstep.events import HttpListening, Stopped, Stopping
from lockstep.health.app import HealthApp
from lockstep.health.view import View
from lockstep.postgres.connection import read_conninfo
from lockstep.postgres.gate import different_database
from lockstep.worker import unless_stopped

if TYPE_CHECKING:
    from lockstep.attempt import Attempt
    from lockstep.boot.signals import StopSignals
    from lockstep.startup import SchemaReady

_INSISTED = 0.5
"""Seconds that everything still running gets after a second signal."""


class Running:
    """The asynchronous half of a boot: open what needs the schema, wait, and close it all again.

    Making one orders the services, reads their needs and the pool's address, and reserves the port: what is wrong with these is known before
    any migration runs.
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
        if settings.pool_database is not None:
            read_conninfo(settings.pool_database, "DATABASE_URL")
        self._needed = requirements_of(
            {service.name: service.needs for service in application.services}
        )
        self._kept = KeptNeeds(
            application.database, self._needed, attempt.boot.values(), attempt.report
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
    def services(self) -> str:
        """How many services run, and how many should but do not."""
        states = list(self._runner.states().values())
        degraded = states.count(ServiceState.DEGRADED)
        return f"{len(states) - degraded} started" + (f", {degraded} degraded" if degraded else "")

    @property
    def url(self) -> str:
        """Where a browser on this machine finds the application."""
        return self._reserved.url

    async def start_services(self, ready: SchemaReady) -> None:
        """Step 6: open the gate, see that the schema meets every service's needs, start them in order."""
        await self._unless_stopped(self._open_gate(ready))
        await self._unless_stopped(self._refuse_unmet_needs())
        self._kept.start()
        await self._unless_stopped(self._runner.start())

    async def open_http(self) -> None:
        """Step 7: make the ASGI application, run its start-up, and listen: last of all."""
        application, settings = self._application, self._attempt.settings
        inner = _make(application.http) if application.http is not None else _nothing_here
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
        except BaseException:
            await self._stop("the boot did not complete")
            raise

    async def _open_gate(self, ready: SchemaReady) -> None:
        """Refuse if the services' pool leads to another database than the one that was migrated."""
        database, settings = self._application.database, self._attempt.settings
        await database.open(ready.source.pool_url, settings.app, settings)
        identity = await database.identity()
        if identity != ready.identity:
            raise different_database(ready.identity, identity)

    async def _refuse_unmet_needs(self) -> None:
        database = self._application.database
        missing = await find_missing(database, self._needed)
        if missing:
            from lockstep.catalog.needs.unmet import (
                needs_unmet,  # it knows SQL, and few boots need that
            )

            around = await look_around(database, missing)
            raise needs_unmet(missing, around, self._attempt.settings.migrations)

    async def _unless_stopped(self, work: Coroutine[Any, Any, None]) -> None:
        await unless_stopped(work, self._stop_wanted, self._attempt.interrupt)

    async def _stop(self, reason: str) -> None:
        """Walk back: readiness off, HTTP drained, services stopped in reverse, pool closed. Every part gets its turn."""
        begun = time.monotonic()
        self._attempt.report(Stopping(reason))
        problems: list[str] = []
        parts = (
            self._stop_http,
            self._stop_services,
            self._kept.stop,
            self._application.database.close,
        )
        for part in parts:
            try:
                problems += await part() or ()
            except Exception as error:
                problems.append(describe(error))
        self._reserved.close()
        self._attempt.report(Stopped(time.monotonic() - begun, tuple(problems)))

    async def _stop_http(self) -> list[str]:
        return [problem.what for problem in await self._http.stop()] if self._http else []

    async def _stop_services(self) -> None:
        # What goes wrong here is an event of the service's own.
        await self._runner.stop()

    def _force_stop(self) -> None:
        """Cut all connections and go, now: the operator insists."""
        if self._http is not None:
            self._http.force_stop()
        leave_within(_INSISTED, 128 + self._attempt.interrupt.signal_number)

    def _view(self) -> View:
        return View(
            timeline=self._attempt.timeline,
            states=self._runner.states,
            healths=self._runner.healths,
            probe_database=self._application.database.probe,
            health_service=self._application.health_service,
        )


def _make(http: Callable[[], AsgiApp]) -> AsgiApp:
    try:
        return http()
    except LockstepError:
        raise
    except (Exception, SystemExit) as error:
        raise HttpFailed(
            "the application's http() failed",
            place=raising_place(error),
            why=describe(error),
            next_step="Correct it, then start again; --verbose shows the traceback.",
        ) from error


async def _nothing_here(scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer 404: an application without HTTP of its own still has health."""
    if scope["type"] != "http":
        return
    await send(
        {"type": "http.response.start", "status": 404, "headers": [(b"content-length", b"0")]}
    )
    await send({"type": "http.response.body", "body": b""})
