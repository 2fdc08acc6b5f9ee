"""What the database says, asked on a session of our own beside the copies'."""

from __future__ import annotations

import threading
from pathlib import Path

from lockstep import schemas
from lockstep.catalog.snapshot import Snapshot
from lockstep.chaos.values import File
from lockstep.postgres.connection import connect_now
from lockstep.postgres.queries import load_queries
from lockstep.postgres.session import Row
from lockstep.settings import Settings

QUERIES = load_queries(Path(__file__).with_name("witness.sql"))
_SOURCE = "the scratch database"


class Witness:
    """A session on the copies' database. Any thread may call its methods."""

    def __init__(self, url: str, settings: Settings) -> None:
        self._url = url
        self._settings = settings
        self._session = connect_now(url, _SOURCE, "lockstep:chaos")
        self._turn = threading.Lock()
        self._has_ledger = False

    def files(self) -> frozenset[File]:
        """Return what the ledger says was applied; nothing where there is none yet."""
        if not self._has_ledger:
            self._has_ledger = bool(self._ask("has_ledger")[0]["found"])
        if not self._has_ledger:
            return frozenset()
        rows = self._ask("ledger")
        return frozenset((row["app"], row["kind"], row["name"], row["checksum"]) for row in rows)

    def unfinished(self) -> list[str]:
        """Return the statements that the journal knows as begun."""
        rows = self._ask("journal") if self._has_ledger else []
        return [f"{row['name']} statement {row['statement']} ({row['state']})" for row in rows]

    def sessions(self) -> list[Row]:
        """Return the sessions of the copies: those with an advisory lock first, then by age."""
        return self._ask("sessions")

    def terminate(self, pick: float) -> str:
        """End one of the sessions, *pick* of the way from first to last; return what it was, nothing if there is none."""
        sessions = self.sessions()
        if not sessions:
            return ""
        one = sessions[min(int(pick * len(sessions)), len(sessions) - 1)]
        self._ask("terminate", pid=one["pid"])
        return f"{one['name'] or 'no name'}{', with an advisory lock' if one['holds'] else ''}"

    def boot_lock_held(self) -> bool:
        """Return whether somebody holds the boot lock."""
        return self._has_ledger and bool(self._ask("boot_lock"))

    def prepared(self) -> list[str]:
        """Return the prepared transactions that nobody has ended."""
        return [row["gid"] for row in self._ask("prepared")]

    def counts(self) -> dict[str, int]:
        """Return how many rows each table has."""
        with self._turn:
            tables = self._session.fetch(QUERIES["tables"])
            return {one["name"]: self._session.fetch(one["counting"])[0]["rows"] for one in tables}

    def schema(self) -> Snapshot:
        """Return what the database is."""
        return schemas.of_database(self._url, _SOURCE, self._settings)

    def close(self) -> None:
        """End the session."""
        self._session.close()

    def _ask(self, query: str, **values: object) -> list[Row]:
        with self._turn:
            return self._session.fetch(QUERIES[query], **values)
