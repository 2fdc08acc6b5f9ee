"""Look without touching: what ``status``, ``plan``, ``boots`` and ``doctor`` see. Nothing here writes or locks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lockstep.development import DatabaseSource, database_of
from lockstep.errors import LockstepError
from lockstep.events import Listener
from lockstep.migrate import failures, ledger
from lockstep.migrate.files import Shipped, read_shipped
from lockstep.migrate.plan import Applied, Plan, make_plan
from lockstep.postgres.connection import address_of, connect_now, session_parameters
from lockstep.postgres.doctor import Facts, diagnose, examine
from lockstep.postgres.gate import different_database
from lockstep.postgres.lock import Holder, holder_of
from lockstep.postgres.pooling import Pooling, pooling_of, refuse_statement_pooling
from lockstep.postgres.session import QUERIES, ServerError, Session
from lockstep.settings import Settings

if TYPE_CHECKING:
    from lockstep.migrate.lawful import Examined


@dataclass(frozen=True, slots=True)
class View:
    """A connection to look through; the block that made it closes it."""

    session: Session
    facts: Facts
    source: DatabaseSource
    settings: Settings

    def applied(self) -> list[Applied] | None:
        """Return the ledger, or None where there is none yet."""
        return ledger.read(self.session, self.settings.app) if self.facts.has_ledger else None

    def plan(self) -> tuple[Shipped, Plan, list[Applied]]:
        """Return what is shipped, what would run, and what is applied; raises as a boot would refuse."""
        settings = self.settings
        shipped = read_shipped(settings.migrations, settings.seeds, settings.environment)
        rows = self.applied()
        plan = make_plan(
            shipped, rows, user_tables=self.facts.user_tables, missing=settings.missing
        )
        return shipped, plan, rows or []

    def examined(self, shipped: Shipped, plan: Plan) -> Examined:
        """Return what would run, statement by statement; raises ``FilesRejected`` or ``StillNeeded`` as a boot would."""
        from lockstep.migrate.lawful import examine_pending

        examined = examine_pending(shipped, plan.files, self.facts, self.settings.lint)
        if examined.scripts and self.facts.may_see_needs:
            from lockstep.migrate.protection import refuse_what_is_needed

            refuse_what_is_needed(self.session, examined.scripts, self.facts.major)
        return examined

    def lock_holder(self) -> Holder | None:
        """Return who holds the boot lock now."""
        return holder_of(self.session, self.settings.lock_key)

    def boots(self, limit: int) -> list[dict[str, Any]]:
        """Return the latest boots, newest first."""
        return (
            ledger.list_boots(self.session, self.settings.app, limit)
            if self.facts.has_ledger
            else []
        )


@contextmanager
def look(settings: Settings, report: Listener) -> Iterator[View]:
    """Connect as the boot would, for reading only."""
    source = database_of(settings, report)
    try:
        session = _open(source.url, source.name, settings)
        try:
            yield View(session, examine(session), source, settings)
        except ServerError as error:
            raise failures.of_session(error, session) from error
        finally:
            session.close()
    finally:
        if source.cluster is not None:
            source.cluster.stop()


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What the doctor found on one connection; ``refusal`` is what a boot would say, None if it would go on."""

    role: str
    source: str
    address: str
    facts: Facts | None
    pooling: Pooling
    invalid_indexes: tuple[str, ...]
    refusal: LockstepError | None


def diagnose_connections(view: View) -> list[Diagnosis]:
    """Examine the boot's connection, and the services' pool's where it is another; they must lead to one database."""
    source, app = view.source, view.settings.app
    parameters = session_parameters(source.url, source.name, f"lockstep:{app}:doctor")
    boot = _diagnosis("boot", source.name, view.session, parameters)
    if source.pool_url == source.url:
        return [boot]
    pool = _diagnose_pool(source.pool_url, view.settings)
    if boot.facts and pool.facts and _identity(boot.facts) != _identity(pool.facts):
        refusal = different_database(_identity(boot.facts), _identity(pool.facts))
        pool = replace(pool, refusal=refusal)
    return [boot, pool]


def _diagnose_pool(url: str, settings: Settings) -> Diagnosis:
    parameters: dict[str, Any] = {}
    source = "DATABASE_URL"
    try:
        parameters = session_parameters(url, source, f"lockstep:{settings.app}:doctor")
        session = _open(url, source, settings)
    except LockstepError as error:
        address = address_of(parameters) if parameters else ""
        return Diagnosis("pool", source, address, None, "none", (), error)
    try:
        return _diagnosis("pool", source, session, parameters)
    finally:
        session.close()


def _diagnosis(role: str, source: str, session: Session, parameters: dict[str, Any]) -> Diagnosis:
    """Examine a session; what a boot would refuse is not raised but returned."""
    refusal: LockstepError | None
    try:
        facts = examine(session)
        pooling = pooling_of(session, facts, parameters)
        invalid = tuple(row["name"] for row in session.fetch(QUERIES["invalid_indexes"]))
    except ServerError as error:
        refusal = failures.of_session(error, session)
        return Diagnosis(role, source, session.address, None, "none", (), refusal)
    refusal = refuse_statement_pooling(pooling, session.address)
    if role == "boot":
        refusal = diagnose(facts) or refusal
    return Diagnosis(role, source, session.address, facts, pooling, invalid, refusal)


def _identity(facts: Facts) -> tuple[str, object]:
    return facts.database, facts.server_started


def _open(url: str, source: str, settings: Settings) -> Session:
    return connect_now(url, source, f"lockstep:{settings.app}:look")
