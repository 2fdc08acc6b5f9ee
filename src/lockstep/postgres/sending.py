"""A session for experiments: it sends one statement as ``psql`` does, its bytes as they are, rows after a COPY; and it can be killed."""

from __future__ import annotations

from collections.abc import Callable

from psycopg import errors, pq
from psycopg.abc import PQGen
from psycopg.generators import copy_end, copy_from, copy_to
from psycopg.generators import execute as collect_results
from psycopg.pq.abc import PGresult

from lockstep.postgres.session import Session, server_error

_AT_ONCE = 1 << 16


class Experiment(Session):
    """A session that files of any kind are tried on.

    ``before_message`` and ``after_message``, if set, are called around each message of ``script``: with its text, and once the
    server has answered.
    """

    before_message: Callable[[str], None] | None = None
    after_message: Callable[[], None] | None = None

    @property
    def in_transaction(self) -> bool:
        """True while a transaction is open that somebody has begun."""
        return self._connection.info.transaction_status != pq.TransactionStatus.IDLE

    def send(self, text: bytes, rows: bytes = b"") -> None:
        """Run *text* as one message; *rows* are what a COPY FROM STDIN in it is fed with.

        What a COPY TO STDOUT says is thrown away. Raises ``ServerError``; its ``completed`` counts what succeeded before.
        """
        with self._translated():
            results = self._connection.wait(self._exchange(text, rows))
        done = 0
        for result in results:
            if result.status == pq.ExecStatus.FATAL_ERROR:
                raise server_error(errors.error_from_result(result), done)
            done += bool(result.command_status)

    def cells(self, text: bytes) -> list[bytes]:
        """Run one query and return every value that is not null, row by row."""
        with self._translated():
            results = self._connection.wait(self._exchange(text, b""))
        found = []
        for result in results:
            if result.status == pq.ExecStatus.FATAL_ERROR:
                raise server_error(errors.error_from_result(result), 0)
            for row in range(result.ntuples):
                values = (result.get_value(row, column) for column in range(result.nfields))
                found += [value for value in values if value is not None]
        return found

    def script(self, text: str) -> int:
        """Send *text* as a session does, with the two calls around it."""
        if self.before_message is not None:
            self.before_message(text)
        count = super().script(text)
        if self.after_message is not None:
            self.after_message()
        return count

    def _exchange(self, text: bytes, rows: bytes) -> PQGen[list[PGresult]]:
        connection = self._connection.pgconn
        connection.send_query(text)
        found: list[PGresult] = []
        while True:
            results: list[PGresult] = yield from collect_results(connection)
            found += results
            status = results[-1].status if results else None
            if status == pq.ExecStatus.COPY_IN:
                for start in range(0, len(rows), _AT_ONCE):
                    yield from copy_to(connection, rows[start : start + _AT_ONCE], flush=True)
                found.append((yield from copy_end(connection, None)))
                return found
            if status != pq.ExecStatus.COPY_OUT:
                return found
            data = yield from copy_from(connection)
            while isinstance(data, memoryview):
                data = yield from copy_from(connection)
            return [*found, data]
