"""Step 1: open the boot's connection and let the doctor look at it before anything else happens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lockstep.events import Listener
from lockstep.interrupt import Interrupt
from lockstep.postgres.connection import address_of, connect, session_parameters
from lockstep.postgres.doctor import Facts, Pooling, diagnose, examine, pooling_of
from lockstep.postgres.session import ServerError, Session, lost_connection


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
    """Connect and examine; raise the doctor's refusal if the boot cannot go on with this server."""
    session = connect(
        url,
        source=source,
        application_name=application_name,
        wait=wait,
        interrupt=interrupt,
        report=report,
    )
    parameters = session_parameters(url, source, application_name)
    try:
        facts = examine(session)
        refusal = diagnose(facts)
        if refusal is not None:
            raise refusal
        return Opened(session, facts, pooling_of(session, facts, parameters), parameters)
    except ServerError as error:
        session.close()
        raise lost_connection(error, session.address) from error
    except BaseException:
        session.close()
        raise
