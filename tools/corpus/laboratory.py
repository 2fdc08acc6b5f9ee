"""One server for one project: a database that holds its history so far, and copies of it to spoil.

What a file needs and the project does not make (a role, an extension that this server lacks) is put there when the server
asks for it by name, as an operator would.
"""

from __future__ import annotations

import itertools
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from corpus.projects import Migration
from corpus.state import Connection
from lockstep.embedded import Binaries, find
from lockstep.sql.parser import Statement
from lockstep.testing import Server, private_cluster

PATIENCE = "120s"
_STAND_INS = Path(__file__).with_name("extensions")
_NO_ROLE = re.compile(r'role "(.+)" does not exist')
_NO_EXTENSION = re.compile(r'extension "([\w.-]+)" is not available')
_CONTROL = "comment = 'stands in for one that this server lacks'\ndefault_version = '1.0'\nrelocatable = {}\n"
# What says that the file was never meant for one transaction: run it as written instead.
_NOT_IN_A_TRANSACTION = {"25001", "2D000", "55P04", "55006"}


@dataclass(frozen=True)
class Failed:
    """What the server said, and the line of the statement to which it said it."""

    sqlstate: str
    message: str
    line: int


class Laboratory:
    """The databases of one project."""

    def __init__(self, server: Server, stand_ins: Path | None) -> None:
        """Begin with an empty history; *stand_ins* is where the server looks for extensions that it lacks."""
        self.server = server
        self._stand_ins = stand_ins
        self._numbers = itertools.count()
        self.admin: Connection = psycopg.connect(server.conninfo(), autocommit=True)
        self._main = self.create("template0")
        self._open: Connection | None = None

    def close(self) -> None:
        """Disconnect; the server and its databases go with the block that started it."""
        self.leave()
        self.admin.close()

    def main(self) -> Connection:
        """Return the connection to the history so far, its session as good as new, outside of any transaction."""
        if self._open is None or self._open.closed:
            self._open = self.connect(self._main)
        self._open.rollback()
        self._open.autocommit = True
        self._open.execute("DISCARD ALL")
        return self._open

    def leave(self) -> None:
        """Close the connection to the history."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def connect(self, database: str) -> Connection:
        """Return a new connection to *database*."""
        options = f"-c statement_timeout={PATIENCE} -c client_min_messages=error"
        return psycopg.connect(
            self.server.conninfo(database),
            autocommit=True,
            options=options,
            prepare_threshold=None,  # DISCARD ALL between two files would take the prepared ones away
        )

    @contextmanager
    def copy(self) -> Iterator[str]:
        """Copy the history so far; the copy is dropped afterwards, unless it was adopted."""
        self.leave()
        name = self.create(self._main)
        try:
            yield name
        finally:
            if name != self._main:
                self.drop(name)

    def adopt(self, database: str) -> None:
        """Let *database*, a copy, be the history from now on."""
        self.leave()
        self.drop(self._main)
        self._main = database

    def supply(self, failed: Failed) -> bool:
        """Make the role or the extension that is missing; False if that is not what is wrong."""
        if found := _NO_ROLE.search(failed.message):
            role = sql.Identifier(found[1])
            self.admin.execute(sql.SQL("CREATE ROLE {} LOGIN").format(role))
            return True
        found = _NO_EXTENSION.search(failed.message)
        return bool(found and self._stand_ins and _stand_in(self._stand_ins, found[1]))

    def create(self, template: str) -> str:
        """Make a database like *template* and return its name."""
        name = f"history_{next(self._numbers)}"
        names = map(sql.Identifier, (name, template))
        copy = " STRATEGY file_copy" if self.admin.info.server_version >= 150000 else ""
        self.admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}" + copy).format(*names))
        return name

    def drop(self, name: str) -> None:
        """Drop a database, whoever is in it."""
        self.admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def laboratory(binaries: Binaries | None = None, **wanted: str) -> Iterator[Laboratory]:
    """Start a server of its own for one project, with the settings *wanted*: roles belong to the whole server."""
    binaries = binaries or find()
    settings = {"max_locks_per_transaction": "1024", "max_connections": "10"} | wanted
    with tempfile.TemporaryDirectory(prefix="corpus-") as folder:
        stand_ins = None
        if binaries.major >= 18:  # the first that can be told where to look
            stand_ins = Path(folder, "extension")
            stand_ins.mkdir()
            for ours in _STAND_INS.glob("*.sql"):
                _stand_in(stand_ins, ours.stem)
            settings["extension_control_path"] = f"$system:{folder}"
        with private_cluster(settings=settings, binaries=binaries) as server:
            made = Laboratory(server, stand_ins)
            try:
                yield made
            finally:
                made.close()


def run_in_transaction(connection: Connection, migration: Migration) -> Failed | None:
    """Run a file in a transaction that is left open for the caller to look into and to end; deferred checks are done."""
    connection.autocommit = False
    failed = _run_all(connection, migration)
    if failed is None:
        try:
            connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        except psycopg.Error as error:
            failed = _failed(error, migration, migration.statements[-1])
    return failed


def run_as_written(connection: Connection, migration: Migration) -> Failed | None:
    """Run a file statement by statement, each on its own unless the file itself begins a transaction."""
    connection.autocommit = True
    return _run_all(connection, migration)


def wants_no_transaction(failed: Failed) -> bool:
    """True if it failed only because it was in a transaction."""
    return failed.sqlstate in _NOT_IN_A_TRANSACTION


def _run_all(connection: Connection, migration: Migration) -> Failed | None:
    for statement in migration.statements:
        try:
            connection.execute(statement.text.encode())
        except (psycopg.Error, UnicodeEncodeError, ValueError) as error:
            return _failed(error, migration, statement)
    return None


def _failed(error: Exception, migration: Migration, statement: Statement) -> Failed:
    state = (error.sqlstate if isinstance(error, psycopg.Error) else None) or "client"
    message = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    line = migration.text.count("\n", 0, statement.offset) + 1
    return Failed(state, message or " ".join(str(error).split()), line)


def _stand_in(folder: Path, name: str) -> bool:
    """Make an extension of that name: one of ours, else an empty one; False if it is there already."""
    control = folder / f"{name}.control"
    if control.exists():
        return False
    ours = _STAND_INS / f"{name}.sql"
    body = ours.read_text(encoding="utf-8") if ours.exists() else ""
    (folder / f"{name}--1.0.sql").write_text(body, encoding="utf-8")
    control.write_text(
        _CONTROL.format("false" if "CREATE SCHEMA" in body else "true"), encoding="utf-8"
    )
    return True
