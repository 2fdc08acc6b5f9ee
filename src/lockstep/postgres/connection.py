"""Open the boot's connection: wait for a server that is not there yet, refuse at once what waiting cannot cure."""

from __future__ import annotations

import random
import re
import time
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from lockstep.errors import ConfigurationWrong, DatabaseUnreachable
from lockstep.events import DatabaseWaiting, Listener
from lockstep.interrupt import Interrupt
from lockstep.postgres.session import Session
from lockstep.redaction import redact

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0
_ATTEMPT_TIMEOUT = "5"
_KEEPALIVES = {"keepalives_idle": "10", "keepalives_interval": "5", "keepalives_count": "3"}
_QUOTED = re.compile(r'"[^"]*"')

# What the server says in FATAL when trying again is of no use. Everything else, in whatever language, is retried.
_PERMANENT = re.compile(
    r"password authentication failed|no password supplied|does not exist|no pg_hba\.conf entry|"
    r"not permitted|authentication failed|SSL was required|does not support SSL|certificate|"
    r"is not currently accepting connections|no encryption|startup parameter",
    re.IGNORECASE,
)
_TRANSIENT = re.compile(
    r"Connection refused|starting up|shutting down|recovery mode|No such file or directory|"
    r"could not translate host name|timeout expired|too many clients|connection slots|"
    r"not yet accepting connections",
    re.IGNORECASE,
)


def read_conninfo(url: str, source: str) -> dict[str, Any]:
    """Return the parameters of a connection string; raise ``ConfigurationWrong`` (never showing its text) if it is none.

    A driver in the scheme (``postgresql+asyncpg://``), as SQLAlchemy has it, is accepted and ignored.
    """
    plain = re.sub(r"^(postgres(?:ql)?)\+\w+://", r"\1://", url.strip())
    try:
        return conninfo_to_dict(plain)
    except psycopg.ProgrammingError as error:
        raise ConfigurationWrong(
            f"{source} is not a PostgreSQL connection string",
            why=_QUOTED.sub('"..."', str(error).strip()),
            next_step="Write it as postgresql://user:password@host:5432/database; "
            "encode special characters of the password as %40 and the like.",
        ) from None


def address_of(parameters: dict[str, Any]) -> str:
    """Return host, port and database, fit to be shown."""
    host = parameters.get("host") or parameters.get("hostaddr") or "local socket"
    port = parameters.get("port") or "5432"
    database = parameters.get("dbname") or parameters.get("user") or ""
    return f"{host}:{port}/{database}" if not str(host).startswith("/") else f"{database} at {host}"


def session_parameters(url: str, source: str, application_name: str) -> dict[str, Any]:
    """Return what libpq is told for a connection of the engine's own."""
    given = read_conninfo(url, source)
    defaults: dict[str, Any] = {"connect_timeout": _ATTEMPT_TIMEOUT, **_KEEPALIVES}
    return {**defaults, **given, "application_name": application_name[:63]}


def connect(
    url: str,
    *,
    source: str,
    application_name: str,
    wait: float,
    interrupt: Interrupt,
    report: Listener,
) -> Session:
    """Open the boot's session, retrying for *wait* seconds while the server does not answer.

    Raises ``DatabaseUnreachable`` when the time is up, or at once when the server answers that the role, the password or
    the database is wrong.
    """
    parameters = session_parameters(url, source, application_name)
    address = address_of(parameters)
    begun = time.monotonic()
    pause = _FIRST_PAUSE
    while True:
        try:
            return Session(_open(parameters), interrupt, address)
        except psycopg.Error as error:
            interrupt.check()
            said = redact(str(error).strip())
        waited = time.monotonic() - begun
        if is_permanent(said):
            raise _rejected(address, said)
        if waited >= wait:
            raise _unreachable(address, source, said, waited)
        pause = min(pause, max(wait - waited, 0.01))
        report(DatabaseWaiting(_first_line(said), waited, pause))
        interrupt.sleep(pause * random.uniform(0.8, 1.2))
        pause = min(pause * 2, _LONGEST_PAUSE)


def _open(parameters: dict[str, Any]) -> psycopg.Connection[Any]:
    return psycopg.connect(
        make_conninfo(**parameters),
        autocommit=True,
        prepare_threshold=None,
        cursor_factory=psycopg.ClientCursor,
    )


def is_permanent(message: str) -> bool:
    """True if trying again cannot help: the server answered, and said no."""
    return bool(_PERMANENT.search(message)) and not _TRANSIENT.search(message)


def _rejected(address: str, said: str) -> DatabaseUnreachable:
    return DatabaseUnreachable(
        f"the server at {address} refused the connection",
        why=_first_line(said),
        next_step="Correct the role, the password or the database name in the connection string; "
        "trying again will not help.",
    )


def _unreachable(address: str, source: str, said: str, waited: float) -> DatabaseUnreachable:
    return DatabaseUnreachable(
        f"no PostgreSQL answered at {address} within {waited:.0f} s",
        why=_first_line(said),
        next_step=f"Start the server, or correct the address (it came from {source}); "
        "LOCKSTEP_CONNECT_WAIT sets how long to wait.",
    )


def _first_line(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return next(
        (line for line in lines if "FATAL" in line), lines[0] if lines else "no reason was given"
    )
