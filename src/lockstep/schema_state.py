"""How the database of a running application stands to its release: the ledger, and the live schema beside ``schema.lock``.

It is what ``lockstep status`` and ``lockstep drift`` tell, for the application's own pages: as the role that its services
have, on a connection beside their pool, and never for longer than it was given. Nothing is written or locked. Each half may
be unknown by itself, and then says why.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from lockstep.catalog.compare import Difference, compare
from lockstep.catalog.fact import dotted
from lockstep.catalog.snapshot import read_snapshot
from lockstep.catalog.wording import sentence
from lockstep.durations import format_duration
from lockstep.errors import (
    ConfigurationWrong,
    DatabaseUnreachable,
    LockstepError,
    PrivilegeMissing,
)
from lockstep.interrupt import Interrupt
from lockstep.migrate import failures, ledger
from lockstep.migrate.drifted import judge
from lockstep.migrate.expected import read_expected
from lockstep.migrate.files import read_shipped
from lockstep.migrate.plan import Applied, make_plan
from lockstep.postgres.doctor import Facts, examine
from lockstep.postgres.gate import Database
from lockstep.postgres.session import ServerError, Session
from lockstep.settings import Settings
from lockstep.values import dataclass
from lockstep.worker import run_interruptibly_async

_CONNECT_WITHIN = 2
_DENIED = "42501"


@dataclass(frozen=True, slots=True)
class SchemaDifference:
    """One object that is not as ``schema.lock`` says.

    ``expected`` is its line there, None if it is extra; ``found`` the one it would have, None if it is missing. ``refuses``: a
    boot would not go on with it.
    """

    what: Literal["missing", "differs", "extra"]
    kind: str
    name: str
    sentence: str
    expected: str | None
    found: str | None
    refuses: bool


@dataclass(frozen=True, slots=True)
class SchemaState:
    """What a look has found; what is None could not be known, and ``ledger_trouble`` or ``drift_trouble`` says why.

    ``applied`` is the ledger, the newest first. ``pending`` files are shipped and not applied, ``ahead`` are those that a
    newer release has applied; ``newer``: one of these is a migration, so that the schema may rightly differ. With a ledger that is
    known, ``ledger_trouble`` is what a boot would refuse it for. ``unread`` could not be compared: somebody locks it.
    """

    role: str
    applied: tuple[Applied, ...] | None = None
    pending: tuple[str, ...] = ()
    ahead: tuple[str, ...] = ()
    newer: bool = False
    ledger_trouble: LockstepError | None = None
    differences: tuple[SchemaDifference, ...] | None = None
    unread: tuple[str, ...] = ()
    drift_trouble: LockstepError | None = None


async def look_at_schema(database: Database, *, within: float = 10.0) -> SchemaState:
    """Return how the database stands to the release that has booted on it.

    Raises ``DatabaseUnreachable`` if the server has not told all of it *within* so many seconds (two more, to connect), and
    ``SchemaNotReady`` while the gate is shut.
    """
    return await run_interruptibly_async(lambda: _look(database, within), Interrupt())


def _look(database: Database, within: float) -> SchemaState:
    session = database.session_aside("schema", within=_CONNECT_WITHIN)
    try:
        with _bounded(session, within):
            settings = _settings_of(database)
            facts = examine(session)
            found = _ledger(session, facts, settings)
            refuses = settings.drift == "refuse" and not found.get("newer")
            found |= _drift(session, facts, settings, patience=within / 2, refuses=refuses)
            return SchemaState(facts.role, **found)
    except ServerError as error:
        raise failures.of_session(error, session) from error
    finally:
        session.close()


@contextmanager
def _bounded(session: Session, seconds: float) -> Iterator[None]:
    """Break the connection if the block takes longer: a server that hangs hears of no timeout."""
    late = threading.Event()

    def give_up() -> None:
        late.set()
        session.abandon()

    timer = threading.Timer(seconds, give_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (ServerError, LockstepError) as error:
        if not late.is_set():
            raise
        raise DatabaseUnreachable(
            f"{session.address} has not answered within {format_duration(seconds)}",
            why="The server is there, but it hangs, is overloaded, or somebody keeps its catalogs locked.",
            next_step="Look at what it does: pg_stat_activity, pg_locks, its log.",
        ) from error
    finally:
        timer.cancel()
        timer.join()  # it must not find another's socket under our number


def _settings_of(database: Database) -> Settings:
    if database.settings is None:
        raise ConfigurationWrong(
            "which release runs here is not known: the database was opened by no boot",
            next_step="Start the application with `lockstep serve`, or with lockstep.serve.",
        )
    return database.settings


def _ledger(session: Session, facts: Facts, settings: Settings) -> dict[str, Any]:
    """Return the fields of the state that tell of the ledger."""
    found: dict[str, Any] = {}
    try:
        rows = ledger.read(session, settings.app) if facts.has_ledger else None
        newest = sorted(rows or (), key=lambda row: (row.applied_at, row.position), reverse=True)
        found["applied"] = tuple(newest)
        shipped = read_shipped(settings.migrations, settings.seeds, settings.environment)
        plan = make_plan(shipped, rows, user_tables=facts.user_tables, missing=settings.missing)
    except ServerError as error:
        found["ledger_trouble"] = _trouble(error, session, facts)
    except LockstepError as error:
        found["ledger_trouble"] = error
    else:
        found |= {"pending": tuple(file.name for file in plan.files), "ahead": plan.ahead}
        found["newer"] = plan.newer
    return found


def _trouble(error: ServerError, session: Session, facts: Facts) -> LockstepError:
    """Return why the ledger is not known; raise *error* again if nothing is to be known any more."""
    if error.connection_lost:
        raise error
    if error.sqlstate != _DENIED:
        return failures.of_session(error, session)
    role = '"{}"'.format(facts.role.replace('"', '""'))
    return PrivilegeMissing(
        f"the services' role {facts.role!r} may not read the ledger: {error.message}",
        why="Migrations ran as another role, which owns it.",
        next_step=f"GRANT USAGE ON SCHEMA lockstep TO {role}; GRANT SELECT ON lockstep.ledger TO {role};",
    )


def _drift(
    session: Session, facts: Facts, settings: Settings, *, patience: float, refuses: bool
) -> dict[str, Any]:
    """Return the fields of the state that tell of the live schema."""
    try:
        expected = read_expected(settings.schema_lock)
        if expected is None:
            raise _not_shipped(settings)
        drift = compare(expected.snapshot, read_snapshot(session, patience=patience))
    except LockstepError as error:
        return {"drift_trouble": error}
    except ServerError as error:
        if error.connection_lost:
            raise
        return {"drift_trouble": failures.of_session(error, session)}
    refusing = judge(drift, facts.role).refusing if refuses else ()
    return {
        "differences": tuple(_told(each, refusing) for each in drift.differences),
        "unread": tuple(f"{fact.kind} {dotted(fact.path)}" for fact in drift.unread),
    }


def _not_shipped(settings: Settings) -> ConfigurationWrong:
    return ConfigurationWrong(
        f"this release ships no {settings.schema_lock.name}",
        why="It says what the migrations add up to; without it nobody knows what the schema should be.",
        next_step="Make it, commit it, and deploy: lockstep snapshot",
    )


def _told(difference: Difference, refusing: tuple[Difference, ...]) -> SchemaDifference:
    kind, _, name = difference.name.partition(" ")
    expected, live = difference.expected, difference.live
    return SchemaDifference(
        difference.what,
        kind,
        name,
        sentence(difference),
        expected.line() if expected else None,
        live.line() if live else None,
        difference in refusing,
    )
