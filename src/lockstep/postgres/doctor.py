"""Look at a connection before anything is done with it: standby? read-only? privileges? which server?

``examine`` asks, in one round trip where a boot has been before; ``diagnose`` decides, and is pure.
"""

from __future__ import annotations

from datetime import datetime

from lockstep.errors import (
    DatabaseReadOnly,
    LockstepError,
    PrivilegeMissing,
    ServerTooOld,
)
from lockstep.postgres.session import QUERIES, Session
from lockstep.values import dataclass

OLDEST_SERVER = 13
_PUBLIC = "Since PostgreSQL 15 only a database's owner may create in schema public."
_LEDGER_GRANT = "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA lockstep"
_SETTERS = {
    "user": "the role (ALTER ROLE)",
    "database": "the database (ALTER DATABASE)",
    "database user": "the role in this database (ALTER ROLE ... IN DATABASE)",
    "client": "this connection (its options)",
}
_CURES = {
    "user": "ALTER ROLE {role} RESET default_transaction_read_only;",
    "database": "ALTER DATABASE {database} RESET default_transaction_read_only;",
    "database user": "ALTER ROLE {role} IN DATABASE {database} RESET default_transaction_read_only;",
    "client": "take it out of the connection string's options (and out of PGOPTIONS)",
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What the server says of itself and of us; ``user_tables`` are counted only where there is no ledger.

    ``may_see_needs`` and ``may_see_verdicts`` are None where the bookkeeping has no such table yet.
    """

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
    settings_made: str | None
    user_tables: int = 0
    read_only_source: str | None = None
    may_use_ledger: bool = True
    may_see_needs: bool | None = None
    may_see_verdicts: bool | None = None

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
    session.shared = row["backend_pid"] != session.libpq_pid
    if not row["has_ledger"]:
        row |= session.fetch(QUERIES["count_user_tables"])[0]
    if row["read_only"]:
        row |= session.fetch(QUERIES["read_only_source"])[0]
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
            why="It was set for "
            + _SETTERS.get(facts.read_only_source or "", "the whole server (its configuration)")
            + ".",
            next_step=_writable_again(facts),
        )
    return _privileges(facts)


def _writable_again(facts: Facts) -> str:
    fallback = "ALTER ROLE {role} SET default_transaction_read_only = off;"
    cure = _CURES.get(facts.read_only_source or "", fallback)
    return f"Unset it: {cure.format(role=_quoted(facts.role), database=_quoted(facts.database))}"


def _privileges(facts: Facts) -> LockstepError | None:
    """Name every missing GRANT at once: finding them one by one would cost a deploy each."""
    role, database = _quoted(facts.role), _quoted(facts.database)
    lacking: list[tuple[str, str, str]] = []
    if not facts.has_ledger and not facts.may_create_schema:
        what = f"create schemas in database {facts.database!r}"
        grant = f"As the database's owner: GRANT CREATE ON DATABASE {database} TO {role};"
        lacking.append((what, "The ledger lives in a schema of its own, named lockstep.", grant))
    if not facts.may_use_ledger:
        what = "use the ledger in schema 'lockstep'"
        grant = (
            f"As its owner: GRANT USAGE ON SCHEMA lockstep TO {role}; {_LEDGER_GRANT} TO {role};"
        )
        lacking.append((what, "Another role made the ledger.", grant))
    if facts.schema and not facts.may_create_table:
        what = f"create tables in schema {facts.schema!r}"
        schema = _quoted(facts.schema)
        grant = f"As the schema's owner: GRANT CREATE ON SCHEMA {schema} TO {role};"
        lacking.append((what, _PUBLIC if facts.schema == "public" else "", grant))
    if not lacking:
        return None
    return PrivilegeMissing(
        f"role {facts.role!r} may not " + ", nor ".join(what for what, _, _ in lacking),
        why=" ".join(why for _, why, _ in lacking if why),
        next_step="\n".join(grant for _, _, grant in lacking),
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
