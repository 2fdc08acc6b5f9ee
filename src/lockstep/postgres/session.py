"""One dedicated connection that does everything from step 1 to 5: lock, DDL, ledger.

It is autocommit and speaks the simple protocol only: an idle session of this kind holds no snapshot, so it can never keep
``CREATE INDEX CONCURRENTLY`` of another session waiting. Because lock, DDL and ledger share it, losing the lock loses the
transaction with it.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, LiteralString, cast

import psycopg
from psycopg import errors, pq
from psycopg.abc import PQGen
from psycopg.generators import execute as collect_results
from psycopg.pq.abc import PGresult
from psycopg.rows import dict_row

from lockstep.errors import DatabaseUnreachable
from lockstep.interrupt import Interrupt
from lockstep.postgres.queries import load_queries
from lockstep.values import dataclass

QUERIES = load_queries(Path(__file__).with_name("session.sql"))
Row = dict[str, Any]


@dataclass(eq=False)
class ServerError(Exception):
    """What the server said when a statement failed, free of the driver.

    ``completed`` counts the statements of the script that succeeded before; ``position`` is the character (from 1) in the
    script that the server points at, 0 when it points nowhere.
    """

    sqlstate: str
    message: str
    detail: str = ""
    hint: str = ""
    context: str = ""
    position: int = 0
    completed: int = 0
    connection_lost: bool = False


class Session:
    """The boot's connection: run named statements, run scripts, cancel, close.

    Not thread-safe but for ``cancel``. Every method raises ``Interrupted`` if a stop was asked for, and ``ServerError`` for
    what the server refuses.
    """

    def __init__(
        self, connection: psycopg.Connection[Any], interrupt: Interrupt, address: str
    ) -> None:
        self._connection = connection
        self.interrupt = interrupt
        self.address = address
        """Host, port and database, fit to be shown."""
        self.libpq_pid = connection.info.backend_pid
        self.shared = False
        """True when a pooler sits in between, so that others use the server process after us."""
        self.own_settings = _own_settings(connection.info.server_version, local=False)
        self.on_notice: Callable[[str, str, str], None] | None = None
        connection.add_notice_handler(self._notice)

    def fetch(self, query: str, **values: Any) -> list[Row]:
        """Run one statement (values are sent as literals) and return its rows by column name."""
        with self._translated(), self._connection.cursor(row_factory=dict_row) as cursor:
            cursor.execute(self._text(query), values or None)
            while cursor.nextset():
                pass
            return cursor.fetchall() if cursor.description else []

    def literal(self, query: str, **values: Any) -> str:
        """Return *query* with *values* as SQL literals, to be made part of a script."""
        return psycopg.ClientCursor(self._connection).mogrify(self._text(query), values)

    def script(self, text: str) -> int:
        """Send *text*, any number of statements, as one message; return how many of them there were.

        Nothing is wrapped around it. When a statement fails the rest is not run, ``ServerError.completed`` tells which one
        it was, and an open transaction is left failed for the caller to roll back.
        """
        # A rule may add results of its own to a statement; only the last of them has its tag.
        return sum(bool(result.command_status) for result in self._results(text))

    def is_true(self, text: str) -> bool:
        """The same, and return whether the last column of what its last statement selects is true."""
        last = self._results(text)[-1]
        return last.get_value(0, last.nfields - 1) == b"t"

    def texts(self, text: str) -> list[str | None]:
        """The same, and return the first column of the first row of each result that has rows."""
        return [
            value.decode() if (value := result.get_value(0, 0)) is not None else None
            for result in self._results(text)
            if result.status == pq.ExecStatus.TUPLES_OK and result.ntuples
        ]

    @property
    def server_version(self) -> int:
        """The server's version as ``server_version_num`` has it: 180004."""
        return self._connection.info.server_version

    def _results(self, text: str) -> list[PGresult]:
        with self._translated():
            results = self._connection.wait(self._send(text.encode()))
            done = 0
            for result in results:
                if result.status == pq.ExecStatus.FATAL_ERROR:
                    raise server_error(errors.error_from_result(result), done)
                if result.status in (pq.ExecStatus.COPY_IN, pq.ExecStatus.COPY_OUT):
                    raise ServerError("0A000", "COPY from or to the client", completed=done)
                done += bool(result.command_status)
            return results

    def rollback(self) -> None:
        """End a failed or open transaction; a lost connection needs none."""
        if self._connection.closed:
            return
        if self._connection.info.transaction_status != pq.TransactionStatus.IDLE:
            with contextlib.suppress(psycopg.Error):
                self._connection.execute("ROLLBACK")

    def cancel(self) -> None:
        """Cancel what runs in the server; called from another thread, never raises."""
        with contextlib.suppress(psycopg.Error, OSError):
            self._connection.cancel_safe(timeout=0.5)

    def abandon(self) -> None:
        """Cancel, and break the connection; called from another thread, never raises.

        Whoever waits for the server is told at once that it is lost, also if the server does not even hear of cancelling.
        """
        self.cancel()
        with (
            contextlib.suppress(psycopg.Error, OSError),
            socket.socket(fileno=os.dup(self._connection.fileno())) as wire,
        ):
            wire.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection; the server frees its locks."""
        with contextlib.suppress(psycopg.Error):
            idle = self._connection.info.transaction_status == pq.TransactionStatus.IDLE
            if self.shared and idle and not self.interrupt.requested:
                # A pooler would show our name on whoever uses the server process next and has none.
                self._connection.execute("RESET application_name")
        with contextlib.suppress(psycopg.Error):
            self._connection.close()

    @property
    def closed(self) -> bool:
        """True when the connection is closed or was lost."""
        return bool(self._connection.closed)

    def _text(self, query: str) -> LiteralString:
        # The text comes from a .sql file of this package; psycopg asks for a literal because it must not come from users.
        text: Any = query.replace("{own_settings}", self.own_settings)
        if "{local_settings}" in text:
            local = _own_settings(self._connection.info.server_version, local=True)
            text = text.replace("{local_settings}", local)
        return cast("LiteralString", text)

    def _send(self, text: bytes) -> PQGen[list[PGresult]]:
        self._connection.pgconn.send_query(text)
        results: list[PGresult] = yield from collect_results(self._connection.pgconn)
        return results

    def _notice(self, diagnostic: psycopg.errors.Diagnostic) -> None:
        if self.on_notice is not None:
            self.on_notice(
                diagnostic.severity_nonlocalized or diagnostic.severity or "",
                diagnostic.sqlstate or "",
                diagnostic.message_primary or "",
            )

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            with self.interrupt.cancelling(self.cancel):
                yield
        except psycopg.Error as error:
            self.interrupt.check()
            raise server_error(error, 0) from error
        except ServerError:
            self.interrupt.check()
            raise


def _own_settings(server_version: int, *, local: bool) -> str:
    """SQL that gives the session what the boot needs, whatever the role or the database have as defaults.

    *local*: until the end of the transaction only, for what shares its server process with others.
    Without ``client_connection_check_interval`` (14+) a killed boot keeps the lock until its statement ends. Literals are
    read as the grammar reads them, and times are written as the driver reads them.
    """
    settings = [
        ("statement_timeout", "0"),
        ("idle_in_transaction_session_timeout", "0"),
        ("lock_timeout", "0"),
        ("client_min_messages", "notice"),
        ("standard_conforming_strings", "on"),
        ("DateStyle", "ISO"),
    ]
    if server_version >= 140000:
        settings.append(("client_connection_check_interval", "500ms"))
        settings.append(("idle_session_timeout", "0"))
    if server_version >= 170000:
        settings.append(("transaction_timeout", "0"))
    until = "true" if local else "false"
    calls = [f"pg_catalog.set_config('{name}', '{value}', {until})" for name, value in settings]
    return " || ".join(calls)


def server_error(error: psycopg.Error, completed: int) -> ServerError:
    """Return what the server said, free of the driver; *completed* statements of the message had succeeded before."""
    diagnostic = error.diag
    lost = isinstance(error, psycopg.OperationalError) and (
        not error.sqlstate or error.sqlstate.startswith(("57P", "08"))
    )
    return ServerError(
        sqlstate=error.sqlstate or "",
        message=diagnostic.message_primary or str(error).strip(),
        detail=diagnostic.message_detail or "",
        hint=diagnostic.message_hint or "",
        context=diagnostic.context or "",
        position=int(diagnostic.statement_position or 0),
        completed=completed,
        connection_lost=lost,
    )


def lost_connection(error: ServerError, address: str) -> DatabaseUnreachable:
    """Return the error to raise when the server went away in the middle of a boot."""
    return DatabaseUnreachable(
        f"the connection to {address} was lost: {error.message}",
        why="The server ended the connection while the boot was using it; what was not committed is rolled back.",
        next_step="Look into the server's log, then start again: the boot continues where it was.",
    )


def rows_as(kind: type[Any], rows: Sequence[Row]) -> list[Any]:
    """Return *rows* as instances of the dataclass *kind*, whose fields are the columns."""
    return [kind(**row) for row in rows]
