"""Step 1: open the boot's connection and let the doctor look at it before anything else happens."""

from __future__ import annotations

import time
from typing import Any

from lockstep.errors import ConfigurationWrong, DatabaseUnreachable
from lockstep.events import DatabaseWaiting, Listener
from lockstep.interrupt import Interrupt
from lockstep.postgres.connection import address_of, connect, session_parameters
from lockstep.postgres.doctor import Facts, diagnose, examine
from lockstep.postgres.pooling import Pooling, pooling_of, refuse_statement_pooling
from lockstep.postgres.session import ServerError, Session, lost_connection
from lockstep.values import dataclass

_PAUSE = 0.5


@dataclass(frozen=True, slots=True)
class Opened:
    """An examined session that the boot may use; the holder closes it."""

    session: Session
    facts: Facts
    pooling: Pooling
    parameters: dict[str, Any]

    @property
    def address(self) -> str:
        """Host, port and database, fit to be shown."""
        return address_of(self.parameters)

    @property
    def identity(self) -> tuple[str, object]:
        """What tells this database from others: its name, and when its server started."""
        return self.facts.database, self.facts.server_started

    def __str__(self) -> str:
        return f"PostgreSQL {self.facts.version}, {self.address}, as {self.facts.role}"


def open_session(
    url: str,
    *,
    source: str,
    application_name: str,
    wait: float,
    interrupt: Interrupt,
    report: Listener,
) -> Opened:
    """Connect and examine; raise the doctor's refusal if the boot cannot go on with this server.

    A server (or pooler) that answers and then ends the connection is as one that is not there yet: it is asked again.
    """
    begun = time.monotonic()
    parameters = session_parameters(url, source, application_name)
    while True:
        session: Session = connect(
            url,
            source=source,
            application_name=application_name,
            wait=max(wait - (time.monotonic() - begun), 0.0),
            interrupt=interrupt,
            report=report,
        )
        try:
            return examined(session, parameters)
        except DatabaseUnreachable as error:
            session.close()
            waited = time.monotonic() - begun
            if waited >= wait:
                raise
            report(DatabaseWaiting(error.what, waited, _PAUSE))
            interrupt.sleep(_PAUSE)
        except BaseException:
            session.close()
            raise


def examined(session: Session, parameters: dict[str, Any]) -> Opened:
    """Let the doctor look at *session*; raise its refusal, or ``DatabaseUnreachable`` if the connection is lost over it."""
    try:
        facts = examine(session)
        pooling = pooling_of(session, facts, parameters)
    except ServerError as error:
        if error.connection_lost:
            raise lost_connection(error, session.address) from error
        raise ConfigurationWrong(
            f"the server at {session.address} does not answer the questions that every boot begins with",
            why=f"{error.message} ({error.sqlstate})",
            next_step="Is it a PostgreSQL, and may this role ask its catalog?",
        ) from error
    refusal = diagnose(facts) or refuse_statement_pooling(pooling, session.address)
    if refusal is not None:
        raise refusal
    return Opened(session, facts, pooling, parameters)
