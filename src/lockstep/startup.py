"""The story: the seven steps of a boot, in order, and what each leaves behind.

====  =========  ==================================================================================
step  name       what holds when it is done
====  =========  ==================================================================================
0     preflight  settings complete, files read, port reserved, signals handled; no query yet
1     connect    one direct connection, examined: pooler? standby? privileges? version
2     lock       the advisory lock is ours, or the schema is already at head and none is needed
3     migrate    every shipped file is applied once, in order
4     seed       every seed is applied once, under the same lock
5     unlock     the lock is back, the boot's connection closed: the gate opens, the schema is final
6     services   started in order, each only after the schema meets its needs
7     HTTP       the socket listens, last
====  =========  ==================================================================================
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lockstep.development import database_of
from lockstep.events import SchemaFinal, Step
from lockstep.migrate.files import Shipped, read_shipped
from lockstep.migrate.upgrade import Upgrade
from lockstep.postgres.opening import open_session
from lockstep.worker import run_interruptibly, run_interruptibly_async, unless_stopped

if TYPE_CHECKING:
    from lockstep.application import Application
    from lockstep.attempt import Attempt
    from lockstep.boot.signals import StopSignals
    from lockstep.development import DatabaseSource


@dataclass(frozen=True, slots=True)
class SchemaReady:
    """What steps 1 to 5 leave: where the database is, and what tells it from others."""

    source: DatabaseSource
    identity: tuple[str, object]


def up(attempt: Attempt) -> SchemaReady:
    """Steps 0 to 5, for ``lockstep up`` and ``lockstep run``: no port, no services."""
    with attempt.reported():
        with attempt.sequence.step(Step.PREFLIGHT) as note:
            shipped = read_files(attempt)
            note.text = f"{len(shipped.migrations)} migrations, {len(shipped.seeds)} seeds"
        ready = run_interruptibly(lambda: prepare_schema(attempt, shipped), attempt.interrupt)
        attempt.complete()
        return ready


async def serve(attempt: Attempt, application: Application, signals: StopSignals) -> None:
    """All seven steps; then wait for a signal, and walk back.

    Raises what made the boot end, or what ended the application later; returns after an orderly stop.
    """
    from lockstep.boot.sockets import reserve
    from lockstep.running import Running

    step, interrupt, settings = attempt.sequence.step, attempt.interrupt, attempt.settings
    stop = signals.attach()
    with attempt.reported():
        with step(Step.PREFLIGHT) as note:
            shipped = read_files(attempt)
            reserved = reserve(settings.host, settings.port)
            running = Running(attempt, application, reserved)
            note.text = f"{len(shipped.migrations)} migrations, {len(shipped.seeds)} seeds, port {reserved.port} is ours"
        signals.on_insist = running.force_stop
        try:
            ready = await run_interruptibly_async(
                lambda: prepare_schema(attempt, shipped), interrupt
            )

            with step(Step.SERVICES) as note:
                await unless_stopped(running.open_gate(ready), stop, interrupt)
                await unless_stopped(running.start_services(), stop, interrupt)
                note.text = f"{len(application.services)} started"

            with step(Step.HTTP) as note:
                await unless_stopped(running.open_http(), stop, interrupt)
                note.text = reserved.url
        except BaseException as error:
            await running.stop(f"the boot did not complete ({type(error).__name__})")
            raise
        await asyncio.to_thread(attempt.complete)
    failure = await running.until_stopped(stop)
    await running.stop(failure.what if failure else f"{interrupt.signal_name} received")
    if failure is not None:
        raise failure


def read_files(attempt: Attempt) -> Shipped:
    """Read what this release ships for its environment."""
    settings = attempt.settings
    return read_shipped(settings.migrations, settings.seeds, settings.environment)


def prepare_schema(attempt: Attempt, shipped: Shipped) -> SchemaReady:
    """Steps 1 to 5, on one connection, in a thread of their own."""
    step, report, settings = attempt.sequence.step, attempt.report, attempt.settings

    with step(Step.CONNECT) as note:
        source = attempt.source = database_of(settings, report)
        opened = open_session(
            source.url,
            source=source.name,
            application_name=f"lockstep:{settings.app}:connect",
            wait=settings.connect_wait,
            interrupt=attempt.interrupt,
            report=report,
        )
        note.text = str(opened)

    upgrade = Upgrade(opened, attempt.boot, shipped, settings, report)
    try:
        with step(Step.LOCK) as note:
            upgrade.begin(outcome_at_head="completed" if attempt.boot.command == "up" else None)
            note.text, note.skipped = upgrade.lock_note, not upgrade.locked

        with step(Step.MIGRATE) as note:
            applied = upgrade.migrate()
            note.text, note.skipped = (
                f"{applied} applied, {len(shipped.migrations)} in all",
                not applied,
            )

        with step(Step.SEED) as note:
            applied = upgrade.seed()
            note.text, note.skipped = f"{applied} applied, {len(shipped.seeds)} in all", not applied

        with step(Step.UNLOCK) as note:
            note.skipped = not upgrade.locked
            upgrade.finish()
    finally:
        opened.session.close()

    attempt.recorded = upgrade.recorded
    report(SchemaFinal(len(shipped.migrations), len(shipped.seeds)))
    return SchemaReady(source, (opened.facts.database, opened.facts.server_started))
