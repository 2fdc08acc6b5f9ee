"""Open the boot's connection: wait for a server that is not there yet, refuse at once what waiting cannot cure."""

from __future__ import annotations

import random
import re
import time
from typing import Any, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from lockstep.durations import format_duration
from lockstep.errors import ConfigurationWrong, DatabaseUnreachable
from lockstep.events import DatabaseWaiting, Listener
from lockstep.interrupt import Interrupt
from lockstep.postgres.session import Session
from lockstep.redaction import redact

Made = TypeVar("Made", bound=Session)
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0
_ATTEMPT_TIMEOUT = "5"
_KEEPALIVES = {"keepalives_idle": "10", "keepalives_interval": "5", "keepalives_count": "3"}

# Patterns of what seldom happens: re compiles (and keeps) them when they are first needed.
_QUOTED = r"""(?s)(["']).*\1"""  # to the last quote: a password may hold one itself
_URL_WITH_AT_IN_PATH = r"(?s)\w+://[^/?]*/[^?]*@"
# What the server says in FATAL when trying again is of no use. Everything else, in whatever language, is retried.
_PERMANENT = (
    r"(?i)password authentication failed|no password supplied|does not exist|no pg_hba\.conf entry|pg_hba\.conf rejects|"
    r"not permitted|authentication failed|SSL was required|does not support SSL|certificate|"
    r"is not currently accepting connections|no encryption|startup parameter|no such (?:database|user)"
)
_TRANSIENT = (
    r"(?i)Connection refused|starting up|shutting down|recovery mode|No such file or directory|"
    r"could not translate host name|timeout expired|too many clients|connection slots|"
    r"not yet accepting connections"
)
# What the client library says of an option's value before it speaks to any server.
_MALFORMED = (
    r"(?i)invalid [\w ]*(?:value|number)\b|could not match \d+|is too long \(maximum|bad value for"
)


def read_conninfo(url: str, source: str) -> dict[str, Any]:
    """Return the parameters of a connection string; raise ``ConfigurationWrong`` (never showing its text) if it is none.

    A driver in the scheme (``postgresql+asyncpg://``), as SQLAlchemy has it, is accepted and ignored.
    """
    plain = re.sub(r"^(postgres(?:ql)?)\+\w+://", r"\1://", url.strip(), flags=re.IGNORECASE)
    if not plain:
        raise malformed(source, "It is blank.")
    try:
        parameters = conninfo_to_dict(plain)
    except psycopg.ProgrammingError as error:
        raise malformed(source, re.sub(_QUOTED, '"..."', str(error).strip())) from None
    except UnicodeError:
        raise malformed(source, "What it encodes is not UTF-8.") from None
    # A password with / or @ in it is taken apart without complaint: its pieces become port, host and database, which are shown.
    ports = str(parameters.get("port") or "").split(",")
    if not all(port == "" or (port.isdecimal() and 0 < int(port) < 65536) for port in ports):
        raise malformed(
            source,
            "What stands in the place of the port is not a port; or the password holds a / that is not encoded.",
        )
    if "@" in str(parameters.get("host") or "") or re.match(_URL_WITH_AT_IN_PATH, plain):
        raise malformed(source, "There is more than one @ in it, or a / before it.")
    return parameters


def malformed(source: str, why: str) -> ConfigurationWrong:
    """Return the refusal of a connection string; *why* holds nothing of its text."""
    return ConfigurationWrong(
        f"{source} is not a PostgreSQL connection string",
        why=why,
        next_step="Write it as postgresql://user:password@host:5432/database; "
        "encode special characters of the password: @ as %40, / as %2F, a space as %20.",
    )


def address_of(parameters: dict[str, Any]) -> str:
    """Return host, port and database, fit to be shown."""
    host = str(parameters.get("host") or parameters.get("hostaddr") or "local socket")
    port = parameters.get("port") or "5432"
    database = redact(str(parameters.get("dbname") or parameters.get("user") or ""))
    if host.startswith("/"):
        return f"{database or 'the default database'} at {host}"
    return f"{host}:{port}/{database}".removesuffix("/")


def session_parameters(url: str, source: str, application_name: str) -> dict[str, Any]:
    """Return what libpq is told for a connection of the engine's own."""
    given = read_conninfo(url, source)
    defaults: dict[str, Any] = {"connect_timeout": _ATTEMPT_TIMEOUT, **_KEEPALIVES}
    # Files are sent as they are, and they are UTF-8: whatever the role, the database or the environment prefer.
    ours = {"application_name": application_name[:63], "client_encoding": "UTF8"}
    return {**defaults, **given, **ours}


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
    return connect_as(Session, url, source, application_name, wait, interrupt, report)


def connect_now(url: str, source: str, application_name: str) -> Session:
    """Open a session for a moment's work of the engine's own: tried once, told to nobody, and stopped by nobody."""
    return connect(
        url,
        source=source,
        application_name=application_name,
        wait=0,
        interrupt=Interrupt(),
        report=lambda _: None,
    )


def connect_as(
    make: type[Made],
    url: str,
    source: str,
    application_name: str,
    wait: float,
    interrupt: Interrupt,
    report: Listener,
) -> Made:
    """Open a session of the kind *make*, as ``connect`` does."""
    parameters = session_parameters(url, source, application_name)
    address = address_of(parameters)
    begun = time.monotonic()
    pause = _FIRST_PAUSE
    while True:
        try:
            return make(_open(parameters), interrupt, address)
        except psycopg.Error as error:
            interrupt.check()
            said = redact(str(error).strip())
        waited = time.monotonic() - begun
        if re.search(_MALFORMED, said):
            raise malformed(source, re.sub(_QUOTED, '"..."', _first_line(said)))
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
    return bool(re.search(_PERMANENT, message)) and not re.search(_TRANSIENT, message)


def _rejected(address: str, said: str) -> DatabaseUnreachable:
    return DatabaseUnreachable(
        f"the server at {address} refused the connection",
        why=_first_line(said),
        next_step="Correct the role, the password or the database name in the connection string; "
        "trying again will not help.",
    )


def _unreachable(address: str, source: str, said: str, waited: float) -> DatabaseUnreachable:
    return DatabaseUnreachable(
        f"no PostgreSQL answered at {address}"
        + (f" within {format_duration(waited)}" if waited >= 0.1 else ""),
        why=_first_line(said),
        next_step=f"Start the server, or correct the address (it came from {source}); "
        "LOCKSTEP_CONNECT_WAIT sets how long to wait.",
    )


def _first_line(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return next(
        (line for line in lines if "FATAL" in line), lines[0] if lines else "no reason was given"
    )
