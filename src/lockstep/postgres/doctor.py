"""Look at a connection before anything is done with it: pooler? standby? read-only? privileges? which server?

``examine`` asks, in one round trip; ``diagnose`` decides, and is pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import psycopg
from psycopg.conninfo import make_conninfo

from lockstep.errors import (
    DatabaseReadOnly,
    LockstepError,
    PrivilegeMissing,
    ServerTooOld,
)
from lockstep.postgres.session import QUERIES, Session

OLDEST_SERVER = 13
Pooling = Literal["none", "session", "transaction"]
_PROBES = 3


@dataclass(frozen=True, slots=True)
class Facts:
    """What the server says of itself and of us."""

    backend_pid: int
    database: str
    role: str
    server_version: int
    standby: bool
    read_only: bool
    may_create_schema: bool
    schema: str
    may_create_table: bool
    search_path: str
    server_started: datetime
    has_ledger: bool
    user_tables: int
    settings_made: str | None

    @property
    def version(self) -> str:
        """The server's version as people write it: ``18.6``."""
        return f"{self.server_version // 10000}.{self.server_version % 10000}"

    @property
    def major(self) -> int:
        """The server's major version."""
        return self.server_version // 10000


def examine(session: Session) -> Facts:
    """Ask the server everything at once; where it answers directly, this also makes the session's own settings."""
    (row,) = session.fetch(QUERIES["examine"], libpq_pid=session.libpq_pid)
    return Facts(**row)


def diagnose(facts: Facts) -> LockstepError | None:
    """Return why the boot cannot go on with this server, or None."""
    where = f"database {facts.database!r}, role {facts.role!r}"
    if facts.major < OLDEST_SERVER:
        return ServerTooOld(
            f"the server is PostgreSQL {facts.version}; Lockstep needs {OLDEST_SERVER} or newer",
            why="Older servers lack what safe migrations rest on, and get no security fixes.",
            next_step=f"Upgrade the server ({where}).",
        )
    if facts.standby:
        return DatabaseReadOnly(
            f"the server is a standby (pg_is_in_recovery) ({where})",
            why="A standby replays another server; nothing can be migrated there.",
            next_step="Point the connection string at the primary "
            "(with several hosts: target_session_attrs=read-write).",
        )
    if facts.read_only:
        return DatabaseReadOnly(
            f"every transaction is read-only: default_transaction_read_only is on ({where})",
            why="It is set in the server's configuration, for the database, for the role, or in the connection string.",
            next_step=f'Unset it for this role: ALTER ROLE "{facts.role}" SET default_transaction_read_only = off;',
        )
    return _privileges(facts)


def _privileges(facts: Facts) -> LockstepError | None:
    if not facts.has_ledger and not facts.may_create_schema:
        return PrivilegeMissing(
            f"role {facts.role!r} may not create schemas in database {facts.database!r}",
            why="The ledger lives in a schema of its own, named lockstep.",
            next_step=f'As the database\'s owner: GRANT CREATE ON DATABASE "{facts.database}" TO "{facts.role}";',
        )
    if facts.schema and not facts.may_create_table:
        return PrivilegeMissing(
            f"role {facts.role!r} may not create tables in schema {facts.schema!r}",
            why="Since PostgreSQL 15 only a database's owner may create in schema public.",
            next_step=f'As the schema\'s owner: GRANT CREATE ON SCHEMA "{facts.schema}" TO "{facts.role}";',
        )
    return None


def pooling_of(session: Session, facts: Facts, parameters: dict[str, str]) -> Pooling:
    """Tell whether a pooler sits in between, and whether it keeps a session on one server process.

    libpq was told another pid than the server has: some proxy answers. If a second client, in a transaction of its own,
    then gets the very server process that was ours, sessions are not kept: transaction (or statement) pooling. Costs
    nothing where the pids agree.
    """
    if facts.backend_pid == session.libpq_pid:
        return "none"
    for _ in range(_PROBES):
        (mine,) = session.fetch(QUERIES["backend_pid"])
        try:
            with psycopg.connect(
                make_conninfo(**parameters),
                prepare_threshold=None,
                cursor_factory=psycopg.ClientCursor,
            ) as other:
                row = other.execute("SELECT pg_catalog.pg_backend_pid()").fetchone()
                (still,) = session.fetch(QUERIES["backend_pid"])
        except psycopg.Error:
            return "transaction"
        if (row and row[0] == mine["backend_pid"]) or still != mine:
            return "transaction"
    return "session"
