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
from typing import Any, Self

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

Connection = psycopg.Connection[tuple[Any, ...]]

_CREATE = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
_COPY_FILES = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
_DROP = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
_RENAME = sql.SQL("ALTER DATABASE {} RENAME TO {}")
_EXISTS = "SELECT FROM pg_database WHERE datname = %s"
_ONE_AT_A_TIME = "SELECT pg_advisory_lock(%s)"
_NEXT = "SELECT pg_advisory_unlock(%s)"


class Databases:
    """Make and drop databases on one server. Not for use by several threads at once; ``close`` it at the end."""

    def __init__(self, conninfo: str) -> None:
        """Use the server of *conninfo*, whose role may create databases; connects at the first ``create``."""
        self._conninfo = conninfo
        self._session = secrets.token_hex(4)
        self._numbers = itertools.count(1)
        self._connection: Connection | None = None
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
        name = f"lockstep_{self._session}_{next(self._numbers)}"
        self._create(name, template)
        return self._conninfo_of(name)

    def drop(self, conninfo: str) -> None:
        """Drop a database soon, in the background, whoever is still connected to it."""
        if self._dropper is None:
            self._dropper = threading.Thread(
                target=self._drop_all, name="drop databases", daemon=True
            )
            self._dropper.start()
        self._to_drop.put(str(conninfo_to_dict(conninfo)["dbname"]))

    def close(self) -> None:
        """Finish dropping and disconnect. Templates stay: the next run on this server can use them."""
        if self._dropper:
            self._to_drop.put(None)
            self._dropper.join()
            self._dropper = None
        if self._connection:
            self._connection.close()
            self._connection = None

    def _template(self, key: str, prepare: Callable[[str], object]) -> str:
        digest = hashlib.blake2s(key.encode(), digest_size=8)
        name, unfinished = (
            f"lockstep_template_{digest.hexdigest()}",
            f"lockstep_new_{digest.hexdigest()}",
        )
        lock = int.from_bytes(digest.digest(), signed=True)
        if self._exists(name):
            return name
        self._admin().execute(_ONE_AT_A_TIME, [lock])
        try:
            if not self._exists(name):
                self._execute(_DROP, unfinished)
                self._create(unfinished, "template0")
                prepare(self._conninfo_of(unfinished))
                self._execute(_RENAME, unfinished, name)
        finally:
            self._admin().execute(_NEXT, [lock])
        return name

    def _create(self, name: str, template: str) -> None:
        # Copying files needs checkpoints, which are slow with fsync; without it, it takes half the time.
        server = self._admin().info
        forgetful = server.server_version >= 150000 and self._admin().execute(
            "SHOW fsync"
        ).fetchone() == ("off",)
        self._execute(_COPY_FILES if forgetful else _CREATE, name, template)

    def _exists(self, name: str) -> bool:
        return self._admin().execute(_EXISTS, [name]).fetchone() is not None

    def _execute(self, statement: sql.SQL, *names: str) -> None:
        self._admin().execute(statement.format(*map(sql.Identifier, names)))

    def _admin(self) -> Connection:
        if self._connection is None:
            self._connection = psycopg.connect(self._conninfo, autocommit=True)
        return self._connection

    def _conninfo_of(self, name: str) -> str:
        return make_conninfo(self._conninfo, dbname=name)

    def _drop_all(self) -> None:
        with psycopg.connect(self._conninfo, autocommit=True) as connection:
            while name := self._to_drop.get():
                connection.execute(_DROP.format(sql.Identifier(name)))
