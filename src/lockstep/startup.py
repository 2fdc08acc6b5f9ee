"""The story: the seven steps of a boot, in order, and what each leaves behind.

====  =========  ==================================================================================
step  name       what holds when it is done
====  =========  ==================================================================================
0     preflight  settings complete, files read, port reserved, signals handled; no query yet
1     connect    one direct connection, examined: pooler? standby? privileges? version
2     lock       the advisory lock is ours, or the schema is already at head and none is needed
3     migrate    every shipped file is applied once, in order; the live schema is what schema.lock says
4     seed       every seed is applied once, under the same lock
5     unlock     the lock is back, the boot's connection closed: the gate opens, the schema is final
6     services   started in order, each only after the schema meets its needs
7     HTTP       the socket listens, last
====  =========  ==================================================================================
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from lockstep.development import database_of
from lockstep.events import SchemaFinal, Step
from lockstep.migrate.files import Shipped, read_shipped
from lockstep.migrate.upgrade import Upgrade
from lockstep.postgres.opening import Opened, open_session
from lockstep.values import dataclass
from lockstep.worker import run_interruptibly, run_interruptibly_async

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
            note.say(str(shipped))
        ready = run_interruptibly(lambda: prepare_schema(attempt, shipped), attempt.interrupt)
        attempt.complete()
        return ready


async def serve(attempt: Attempt, application: Application, signals: StopSignals) -> None:
    """All seven steps; then wait for a signal, and walk back.

    Raises what made the boot end, or what ended the application later; returns after an orderly stop.
    """
    from lockstep.running import Running

    step = attempt.sequence.step
    with attempt.reported():
        with step(Step.PREFLIGHT) as note:
            shipped = read_files(attempt)
            running = Running(attempt, application, signals)
            note.say(f"{shipped}, port {running.port} is ours")
        async with running.stopped_on_failure():
            ready = await run_interruptibly_async(
                lambda: prepare_schema(attempt, shipped), attempt.interrupt
            )
            with step(Step.SERVICES) as note:
                await running.start_services(ready)
                note.say(running.services)

            with step(Step.HTTP) as note:
                await running.open_http()
                note.say(running.url)
        await asyncio.to_thread(attempt.complete)
    await running.until_stopped()


def prepare_schema(attempt: Attempt, shipped: Shipped) -> SchemaReady:
    """Steps 1 to 5, on one connection, in a thread of their own."""
    step = attempt.sequence.step
    with step(Step.CONNECT) as note:
        opened = connect(attempt)
        note.say(str(opened))
    upgrade = Upgrade(opened, attempt.boot, shipped, attempt.settings, attempt.report)
    try:
        with step(Step.LOCK) as note:
            upgrade.begin(outcome_at_head="completed" if attempt.boot.command == "up" else None)
            note.say(upgrade.lock_note, skipped=not upgrade.locked)

        with step(Step.MIGRATE) as note:
            note.count(upgrade.migrate(), of=len(shipped.migrations))

        with step(Step.SEED) as note:
            note.count(upgrade.seed(), of=len(shipped.seeds))

        with step(Step.UNLOCK) as note:
            note.say("", skipped=not upgrade.locked)
            upgrade.finish()
    finally:
        opened.session.close()
    attempt.recorded = upgrade.recorded
    attempt.report(SchemaFinal(len(shipped.migrations), len(shipped.seeds)))
    return SchemaReady(attempt.database, opened.identity)


def connect(attempt: Attempt) -> Opened:
    """Open the boot's connection to wherever the database is, and examine it."""
    settings = attempt.settings
    source = attempt.source = database_of(settings, attempt.report)
    return open_session(
        source.url,
        source=source.name,
        application_name=f"lockstep:{settings.app}:connect",
        wait=settings.connect_wait,
        interrupt=attempt.interrupt,
        report=attempt.report,
    )


def read_files(attempt: Attempt) -> Shipped:
    """Read what this release ships for its environment."""
    settings = attempt.settings
    return read_shipped(
        settings.migrations, settings.seeds, settings.environment, settings.schema_lock
    )
