"""The ledger: what was applied here, and the boots that applied it. Schema ``lockstep``, keyed by the application's name."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Sequence
from dataclasses import field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lockstep.migrate.files import File
from lockstep.migrate.plan import Applied
from lockstep.postgres.queries import load_queries
from lockstep.postgres.session import Row, Session
from lockstep.values import dataclass

QUERIES = load_queries(Path(__file__).with_name("ledger.sql"))
_TABLES = Path(__file__).with_name("ledger_tables.sql")
_SINCE_2 = "-- Since version 2."


def random_uuid() -> str:
    """Return a random UUID (version 4) as text; the module ``uuid`` would load ``platform`` for it."""
    digits = os.urandom(16).hex()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


@dataclass(frozen=True, slots=True)
class Boot:
    """Who boots: one of these a process, made before anything else."""

    app: str
    command: str
    release: str
    environment: str
    id: str = field(default_factory=random_uuid)
    host: str = field(default_factory=socket.gethostname)
    pid: int = field(default_factory=os.getpid)
    begun_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def values(self) -> dict[str, Any]:
        """Return the query parameters that name the boot."""
        return {
            "boot_id": self.id,
            "app": self.app,
            "command": self.command,
            "release": self.release,
            "environment": self.environment,
            "host": self.host,
            "pid": self.pid,
            "begun_at": self.begun_at.isoformat(),
        }


def forget_migrations(session: Session, app: str, names: Sequence[str]) -> str:
    """Return the statement after which the files are pending again."""
    return session.literal(QUERIES["forget_migrations"], app=app, names=json.dumps(list(names)))


def read(session: Session, app: str) -> list[Applied]:
    """Return the ledger of *app*, in the order of applying."""
    return [_applied(row) for row in session.fetch(QUERIES["read"], app=app)]


def compare_and_begin_boot(
    session: Session, boot: Boot, digest: str, outcome_at_head: str | None
) -> tuple[bool, bool]:
    """Return whether the ledger is exactly what is shipped, and whether the boot is thereby recorded as complete.

    One statement does it all: the ledger is what is shipped if its digest is *digest* (see ``Shipped.digest``), and then the
    boot's row, which is made here, gets *outcome_at_head*.
    """
    (row,) = session.fetch(
        QUERIES["compare_and_begin_boot"],
        digest=digest,
        outcome_at_head=outcome_at_head,
        **boot.values(),
    )
    return row["at_head"], row["outcome"] is not None


def create(session: Session, app: str, key: int) -> None:
    """Make the bookkeeping tables where they are missing. The boot lock must be held."""
    session.script(_TABLES.read_text(encoding="utf-8"))
    session.fetch(QUERIES["register"], app=app, key=key)


def add_new_tables(session: Session, app: str, key: int) -> bool:
    """Make what a newer Lockstep has added to the bookkeeping; False if the role may not use it. The boot lock must be held."""
    (row,) = session.fetch(QUERIES["may_add_tables"])
    if row["sees"] is not None or not row["may"]:
        return bool(row["sees"])
    session.script(_TABLES.read_text(encoding="utf-8").partition(_SINCE_2)[2].partition("\n")[2])
    session.fetch(QUERIES["register"], app=app, key=key)
    return True


def record_statement(session: Session, boot: Boot, file: File, begun: str) -> str:
    """Return the SQL that records *file*; *begun* is the SQL for when it began."""
    name = "record_again" if file.header.rerun_on_change else "record"
    query = QUERIES[name].replace("{begun}", begun)
    return session.literal(
        query,
        app=boot.app,
        kind=file.kind,
        name=file.name,
        checksum=file.checksum,
        breaking=file.header.breaking,
        release=boot.release,
        boot_id=boot.id,
    )


def record_boot(session: Session, boot: Boot, outcome: dict[str, Any]) -> None:
    """Write how the boot ended; *outcome* has outcome, step, seconds, error (dict or None) and timeline (dict)."""
    error = outcome["error"]
    session.fetch(
        QUERIES["record_boot"],
        outcome=outcome["outcome"],
        step=outcome["step"],
        seconds=outcome["seconds"],
        error_code=error["code"] if error else "",
        error=json.dumps(error) if error else None,
        timeline=json.dumps(outcome["timeline"]),
        **boot.values(),
    )


def forget_old_boots(session: Session, app: str) -> None:
    """Delete the records of boots older than 90 days."""
    session.fetch(QUERIES["forget_old_boots"], app=app)


def list_boots(session: Session, app: str, limit: int) -> list[Row]:
    """Return the latest boots of *app*, newest first."""
    return session.fetch(QUERIES["list_boots"], app=app, limit=limit)


def _applied(row: Row) -> Applied:
    return Applied(
        row["kind"],
        row["name"],
        row["checksum"],
        row["breaking"],
        row["position"],
        row["applied_at"],
        row["release"],
        row["seconds"],
    )
