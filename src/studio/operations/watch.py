"""What the application shows operators, in one hand: figures, the reports on database and schema, who may see them, traces."""

from __future__ import annotations

from dataclasses import dataclass

from lockstep import Database
from studio.accounts.sessions import Lifetime, SessionStore
from studio.operations.aside import Aside
from studio.operations.metrics import Metrics, Sources
from studio.operations.operators import Operators
from studio.operations.perf import Performance
from studio.operations.schema import SchemaWatch
from studio.operations.telemetry import Tracing

_PATIENCE = 2.0


@dataclass(frozen=True, slots=True)
class Watch:
    """One for an application; its connections are beside the pool, and opened when they are first used."""

    metrics: Metrics
    performance: Performance
    schema: SchemaWatch
    operators: Operators
    tracing: Tracing | None
    asides: tuple[Aside, ...]

    async def close(self) -> None:
        """Close the connections beside the pool."""
        for aside in self.asides:
            await aside.close()


def make_watch(
    database: Database,
    lifetime: Lifetime,
    sources: Sources | None = None,
    tracing: Tracing | None = None,
) -> Watch:
    """Return what watches an application on *database*; nothing is asked or opened yet.

    Who asks and what is answered have a connection each: a slow statement must not keep an operator out.
    """
    doors, report = Aside(database, "operators"), Aside(database, "perf")
    return Watch(
        Metrics(sources or Sources(pool=database.statistics)),
        Performance(database, report),
        SchemaWatch(database),
        Operators(SessionStore(doors, lifetime, patience=_PATIENCE)),
        tracing,
        (doors, report),
    )
