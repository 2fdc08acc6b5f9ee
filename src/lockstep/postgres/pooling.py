"""Is there a pooler between us and the server, and does a client keep its server process there?

A session lock is worth nothing where the next statement may run in another process. Two facts that cannot lie tell: libpq
was told a pid that the server does not have; and one server process that answers two clients belongs to neither.
"""

from __future__ import annotations

import contextlib
import selectors
import time
from typing import Any, Literal

import psycopg
from psycopg.conninfo import make_conninfo

from lockstep.errors import LockstepError, PoolerUnsafe
from lockstep.postgres.doctor import Facts
from lockstep.postgres.session import QUERIES, Session

Pooling = Literal["none", "session", "transaction", "statement"]
_ROUNDS = 5
_PATIENCE = 2.0


def pooling_of(session: Session, facts: Facts, parameters: dict[str, Any]) -> Pooling:
    """Tell how a pooler treats the session; costs nothing where the pids agree, which means that there is none.

    Otherwise a second client and ours ask in turn which process answers. Neither holds one while it asks for another, so
    that a pool of one, or many boots at once, cannot lock up. In doubt the answer is ``transaction``: what is done then is
    safe behind every pooler.
    """
    if facts.backend_pid == session.libpq_pid:
        return "none"
    ours, theirs = {facts.backend_pid}, set[int]()
    try:
        with contextlib.closing(_second_client(parameters)) as other:
            for _ in range(_ROUNDS):
                theirs.add(int(_ask(other, QUERIES["backend_pid"])))
                ours.add(session.fetch(QUERIES["backend_pid"])[0]["backend_pid"])
                if ours & theirs or len(ours) > 1 or len(theirs) > 1:
                    return "transaction" if _keeps_transactions(other) else "statement"
    except (psycopg.Error, TimeoutError):
        return "transaction"
    return "session"


def refuse_statement_pooling(pooling: Pooling, address: str) -> LockstepError | None:
    """Return why nothing can be done through this pooler, or None."""
    if pooling != "statement":
        return None
    return PoolerUnsafe(
        f"a pooler in statement mode answers at {address}",
        why="It allows no transactions, so that nothing can be done as a whole or not at all.",
        next_step="Give the boot a direct connection: set DATABASE_UNPOOLED_URL (or LOCKSTEP_DATABASE_URL). "
        "Services need transactions too: pool_mode = transaction at least.",
    )


def _second_client(parameters: dict[str, Any]) -> psycopg.Connection[Any]:
    # In autocommit: it must have given its server process back when ours asks for one.
    nameless = make_conninfo(**{**parameters, "application_name": ""})
    return psycopg.connect(nameless, autocommit=True, prepare_threshold=None)


def _keeps_transactions(client: psycopg.Connection[Any]) -> bool:
    """Begin and end a transaction; a pooler in statement mode ends the connection instead."""
    try:
        _ask(client, "BEGIN")
        _ask(client, "ROLLBACK")
    except psycopg.Error:
        return False
    return True


def _ask(client: psycopg.Connection[Any], query: str) -> str:
    """Return the first value of the answer; raise ``TimeoutError`` if the pooler has no server process for us.

    The driver itself waits for ever, and no timeout of the server's counts before a server process has the query.
    """
    connection, deadline = client.pgconn, time.monotonic() + _PATIENCE
    connection.send_query(query.encode())
    connection.flush()
    value = b""
    with selectors.DefaultSelector() as selector:
        selector.register(connection.socket, selectors.EVENT_READ)
        while True:
            while connection.is_busy():
                if not selector.select(deadline - time.monotonic()):
                    raise TimeoutError("the pooler gives no server process")
                connection.consume_input()
            result = connection.get_result()
            if result is None:
                return value.decode()
            if result.status == psycopg.pq.ExecStatus.FATAL_ERROR:
                raise psycopg.errors.error_from_result(result)
            value = result.get_value(0, 0) or value if result.ntuples else value
