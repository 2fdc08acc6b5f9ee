"""A pgbouncer in front of a test server: what a deploy meets where somebody put a pooler in between."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Literal

from psycopg.conninfo import make_conninfo

from lockstep.embedded.pgbouncer import HOW_TO_GET_ONE, find_pgbouncer, running_pgbouncer
from lockstep.testing.cluster import Server

__all__ = ["HOW_TO_GET_ONE", "PoolMode", "find_pgbouncer", "pgbouncer"]
PoolMode = Literal["session", "transaction", "statement"]


@contextmanager
def pgbouncer(
    server: Server,
    pool_mode: PoolMode = "transaction",
    pool_size: int = 20,
    *,
    roles: Sequence[str] = ("postgres",),
    settings: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """Run a pooler in front of *server* (made with ``tcp=True``) during the block; yields a connection string through it.

    It leads to database ``postgres``; any other of the server's can be named instead. All *roles* are let in without a
    password, and may use the console (database ``pgbouncer``). *settings* are pgbouncer's own. Raises
    ``ConfigurationWrong``, with the command that installs it, where there is no pgbouncer, and with its log if it does not
    start.
    """
    options = {
        "pool_mode": pool_mode,
        "default_pool_size": str(pool_size),
        "admin_users": ", ".join(roles),
        **(settings or {}),
    }
    with running_pgbouncer(f"* = host=127.0.0.1 port={server.port}", options, roles) as port:
        yield make_conninfo(host="127.0.0.1", port=port, user=roles[0], dbname="postgres")
