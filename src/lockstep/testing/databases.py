"""A fresh database per test, in a few milliseconds: empty, or cloned from a template that is prepared once.

A template is keyed by a text, such as a hash of the migrations: another text, another template. It is prepared under an
advisory lock and renamed at the end, so that parallel workers share it and never see a half-made one.
"""

from __future__ import annotations

import hashlib
import itertools
import queue
import secrets
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from lockstep.postgres.connection import connect_now, read_conninfo
from lockstep.postgres.databases import (
    create_database,
    database_exists,
    drop_database,
    rename_database,
    with_database,
)
from lockstep.postgres.session import Session

_ONE_AT_A_TIME = "SELECT pg_advisory_lock(%(key)s)"
_NEXT = "SELECT pg_advisory_unlock(%(key)s)"


class Databases:
    """Make and drop databases on one server. Not for use by several threads at once; ``close`` it at the end."""

    def __init__(self, conninfo: str) -> None:
        """Use the server of *conninfo*, whose role may create databases; connects at the first ``create``."""
        self._conninfo = conninfo
        self._run = secrets.token_hex(4)
        self._numbers = itertools.count(1)
        self._session: Session | None = None
        self._to_drop: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._dropper: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def create(self, key: str = "", prepare: Callable[[str], object] | None = None) -> str:
        """Return the connection string of a new database.

        Without *prepare* it is empty. Otherwise it is a clone of what *prepare* made: that is called, with the connection
        string of an empty database, only when there is no template for *key* yet, and must leave no connection open.
        """
        template = self._template(key, prepare) if prepare else "template0"
        name = f"lockstep_{self._run}_{next(self._numbers)}"
        create_database(self._admin(), name, template)
        return with_database(self._conninfo, name)

    def drop(self, conninfo: str) -> None:
        """Drop a database soon, in the background, whoever is still connected to it."""
        if self._dropper is None:
            self._dropper = threading.Thread(
                target=self._drop_all, name="drop databases", daemon=True
            )
            self._dropper.start()
        self._to_drop.put(str(read_conninfo(conninfo, "the database")["dbname"]))

    def close(self) -> None:
        """Finish dropping and disconnect. Templates stay: the next run on this server can use them."""
        if self._dropper:
            self._to_drop.put(None)
            self._dropper.join()
            self._dropper = None
        if self._session:
            self._session.close()
            self._session = None

    def _template(self, key: str, prepare: Callable[[str], object]) -> str:
        digest = hashlib.blake2s(key.encode(), digest_size=8)
        name, unfinished = (
            f"lockstep_template_{digest.hexdigest()}",
            f"lockstep_new_{digest.hexdigest()}",
        )
        lock = int.from_bytes(digest.digest(), signed=True)
        admin = self._admin()
        if database_exists(admin, name):
            return name
        admin.fetch(_ONE_AT_A_TIME, key=lock)
        try:
            if not database_exists(admin, name):
                drop_database(admin, unfinished)
                create_database(admin, unfinished)
                prepare(with_database(self._conninfo, unfinished))
                rename_database(admin, unfinished, name)
        finally:
            admin.fetch(_NEXT, key=lock)
        return name

    def _admin(self) -> Session:
        if self._session is None:
            self._session = self._connect()
        return self._session

    def _connect(self) -> Session:
        return connect_now(self._conninfo, "the connection string", "lockstep:testing")

    def _drop_all(self) -> None:
        session = self._connect()
        try:
            while name := self._to_drop.get():
                drop_database(session, name)
        finally:
            session.close()
