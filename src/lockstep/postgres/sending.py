"""A session for experiments: it sends one statement as ``psql`` does, its bytes as they are, rows after a COPY; and it can be killed."""

from __future__ import annotations

import math
import time
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
    server has answered. What is sent is cancelled after ``patience`` seconds, whatever it says of timeouts itself.
    """

    patience = math.inf

    client: object = None
    """What who uses the session keeps beside it, as ``psql`` keeps variables."""
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
            results = self._connection.wait(self._within_patience(self._exchange(text, rows)))
        done = 0
        for result in results:
            if result.status == pq.ExecStatus.FATAL_ERROR:
                raise server_error(errors.error_from_result(result), done)
            done += bool(result.command_status)

    def cells(self, text: bytes) -> list[bytes]:
        """Run one query and return every value that is not null, row by row."""
        return [value for row in self._rows_of(text) for _, value in row if value is not None]

    def records(self, text: bytes) -> list[dict[str, str | None]]:
        """Run one query and return its rows, each value as text under its column's name."""
        return [
            {_text(name): None if value is None else _text(value) for name, value in row}
            for row in self._rows_of(text)
        ]

    def _rows_of(self, text: bytes) -> list[list[tuple[bytes, bytes | None]]]:
        with self._translated():
            results = self._connection.wait(self._within_patience(self._exchange(text, b"")))
        found = []
        for result in results:
            if result.status == pq.ExecStatus.FATAL_ERROR:
                raise server_error(errors.error_from_result(result), 0)
            for row in range(result.ntuples):
                columns = range(result.nfields)
                found.append(
                    [(result.fname(at) or b"", result.get_value(row, at)) for at in columns]
                )
        return found

    def script(self, text: str) -> int:
        """Send *text* as a session does, with the two calls around it."""
        if self.before_message is not None:
            self.before_message(text)
        count = super().script(text)
        if self.after_message is not None:
            self.after_message()
        return count

    def _within_patience(self, exchange: PQGen[list[PGresult]]) -> PQGen[list[PGresult]]:
        """Hand on what *exchange* waits for, and cancel what it waits for too long."""
        limit = time.monotonic() + self.patience
        try:
            awaited = next(exchange)
            while True:
                ready = yield awaited
                if not ready and time.monotonic() > limit:
                    self.cancel()
                awaited = exchange.send(ready)
        except StopIteration as end:
            found: list[PGresult] = end.value
            return found

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


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
