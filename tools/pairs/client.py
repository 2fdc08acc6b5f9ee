"""A script run as its user would run it, statement by statement; and run again under observation.

The second run must be nothing at all. The server says so: no statement of it is given a transaction id or takes a lock stronger
than ACCESS SHARE; one that must run outside of a transaction, where its locks cannot be seen, gets past another session that holds
EXCLUSIVE on every table, which is compatible with nothing else.

CREATE INDEX CONCURRENTLY IF NOT EXISTS takes SHARE UPDATE EXCLUSIVE before it looks whether the index is there. For a plain
client there is no other way to write it, so that it has to get past a writer only, and is counted apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

import psycopg
from corpus.state import Connection

from lockstep.sql.parser import Statement
from lockstep.sql.transactions import transaction_control
from pairs.bench import Bench, statements_of

_NEXT_TRANSACTION = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text"
_TAKEN = """
SELECT coalesce(pg_current_xact_id_if_assigned()::text, ''),
       array(SELECT DISTINCT concat_ws(' ', mode, locktype, relation::regclass)
             FROM pg_locks
             WHERE pid = pg_backend_pid() AND mode <> 'AccessShareLock' AND locktype NOT IN ('virtualxid', 'transactionid'))
"""
_TABLES = """
SELECT format('%I.%I', nspname, relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
WHERE relkind IN ('r', 'p') AND relpersistence <> 't' AND nspname !~ '^pg_' AND nspname <> 'information_schema'
"""
_NOT_IN_A_TRANSACTION = {"25001", "2D000"}
_LOOKS_UNDER_A_LOCK = re.compile(
    r"CREATE\s+(UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+IF\s+NOT\s+EXISTS\s", re.IGNORECASE
)
_PATIENCE = "50ms"
_WIDEST = 300


def run(bench: Bench, database: str, script: str) -> list[str]:
    """Run every statement on its own, to the end; return those that failed, each with what the server said."""
    with closing(bench.connect(database)) as connection:
        return [
            told for one in statements_of(script) if (told := _execute(connection, one.text, one))
        ]


def run_again(bench: Bench, database: str, script: str) -> list[str]:
    """Run the script again and return what it did; that should be nothing."""
    with closing(bench.connect(database)) as connection:
        connection.execute(f"SET lock_timeout = '{_PATIENCE}'".encode())
        before = _value(connection, _NEXT_TRANSACTION)
        did = list(_watched(bench, database, connection, statements_of(script)))
        after = _value(connection, _NEXT_TRANSACTION)
    if before != after and not did:
        did = [f"used up transaction ids: {before} to {after}"]
    return did


def looking_under_a_lock(script: str) -> list[str]:
    """Return the statements of a script that take a lock, and nothing else, to see that they have nothing to do."""
    return [_short(one) for one in statements_of(script) if _LOOKS_UNDER_A_LOCK.match(one.text)]


def _watched(
    bench: Bench, database: str, connection: Connection, statements: Sequence[Statement]
) -> Iterator[str]:
    within = False
    for one in statements:
        control = transaction_control(one)
        if control in {"BEGIN", "START TRANSACTION"}:
            within = True
        if not (control or within):
            connection.execute("BEGIN")
        told = _execute(connection, one.text, one, but=_NOT_IN_A_TRANSACTION)
        if (
            told is None
        ):  # only outside of a transaction, where nobody can look: see what it can get past
            connection.execute("ROLLBACK")
            mode = "ROW EXCLUSIVE" if _LOOKS_UNDER_A_LOCK.match(one.text) else "EXCLUSIVE"
            with _tables_held(bench, database, mode):
                told = _execute(connection, one.text, one)
        elif (
            not told and connection.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS
        ):
            told = _taken(connection, one)
        if told:
            yield told
        if control in {"COMMIT", "ROLLBACK", "END"}:
            within = False
        if not within and connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            connection.execute("COMMIT")


def _taken(connection: Connection, one: Statement) -> str:
    row = connection.execute(_TAKEN.encode()).fetchone()
    assert row is not None
    xid, locks = row
    if not xid and not locks:
        return ""
    return f"{_short(one)}: " + ", ".join([*(["a transaction id"] if xid else []), *locks])


def _execute(
    connection: Connection, text: str, one: Statement, *, but: set[str] | None = None
) -> str | None:
    """Return what the server said against it, "" if nothing, None if that is one of *but*."""
    try:
        connection.execute(text.encode(), prepare=False)
    except psycopg.Error as error:
        if but and error.sqlstate in but:
            return None
        message = " ".join((error.diag.message_primary or str(error)).split())
        return f"{error.sqlstate or 'client'} {message} | {_short(one)}"
    return ""


@contextmanager
def _tables_held(bench: Bench, database: str, mode: str) -> Iterator[None]:
    with closing(bench.connect(database)) as holder:
        tables = [name for (name,) in holder.execute(_TABLES.encode()).fetchall()]
        with holder.transaction():
            if tables:
                holder.execute(f"LOCK TABLE {', '.join(tables)} IN {mode} MODE".encode())
            yield


def _value(connection: Connection, query: str) -> str:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return str(row[0])


def _short(one: Statement) -> str:
    line = " ".join(one.text.split())
    return line if len(line) <= _WIDEST else line[: _WIDEST - 3] + "..."
