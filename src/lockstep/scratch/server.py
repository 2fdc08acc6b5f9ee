"""Databases to try things in: empty ones, or copies of one that was prepared, made in a moment and gone afterwards.

They live on a PostgreSQL of our own under ``.lockstep/scratch``, which promises nothing about their safety and is quick for
it; or on a server that somebody names, beside its other databases, under names that begin with ``lockstep_scratch_``. What a
killed run leaves behind, the next one drops.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lockstep.development import FOLDER
from lockstep.errors import (
    ConfigurationWrong,
    DatabaseUnreachable,
    PoolerUnsafe,
    PrivilegeMissing,
)
from lockstep.interrupt import Interrupt
from lockstep.postgres import databases
from lockstep.postgres.connection import connect, read_conninfo
from lockstep.postgres.session import ServerError, Session

if TYPE_CHECKING:
    from lockstep.embedded import Cluster
    from lockstep.settings import Settings

SOURCE = "--scratch"
_NAMED_OTHERWISE = (
    "Or name a server on which databases may be made: --scratch URL (LOCKSTEP_SCRATCH_URL)."
)


class Scratch:
    """A server and the databases that were made on it; made by ``scratch_server``. Any thread may call its methods."""

    def __init__(self, session: Session, url: str, settings: Settings, *, embedded: bool) -> None:
        self.settings = settings
        self.embedded = embedded
        """True on a PostgreSQL of our own, where roles may be made too."""
        self.interrupt = session.interrupt
        self._session = session
        self._url = url
        self._prefix = databases.become_owner(session)
        self._numbers = itertools.count(1)
        self._made: set[str] = set()
        self._templates: dict[str, str] = {}
        self._turn = threading.RLock()

    def create(self, template: str | None = None) -> str:
        """Return the connection string of a new database: empty, or a copy of *template*, another one's.

        Nobody may be connected to the template in that moment.
        """
        with self._turn:
            name = f"{self._prefix}{next(self._numbers)}"
            self._made.add(name)
            source = self._own_name(template) if template else "template0"
            databases.create_database(self._session, name, source)
            return databases.with_database(self._url, name)

    def template(self, key: str, prepare: Callable[[str], object]) -> str:
        """Return a database to copy from; *prepare* is called with it the first time that *key* is asked for.

        It must leave no connection open. When it raises, nothing is kept.
        """
        with self._turn:
            if key not in self._templates:
                url = self.create()
                try:
                    prepare(url)
                except BaseException:
                    self.drop(url)
                    raise
                self._templates[key] = url
            return self._templates[key]

    def drop(self, url: str) -> None:
        """Drop one of the databases, whoever is connected to it."""
        with self._turn:
            name = self._own_name(url)
            databases.drop_database(self._session, name)
            self._made.discard(name)
            self._templates = {k: t for k, t in self._templates.items() if t != url}

    @property
    def urls(self) -> list[str]:
        """The connection strings of all that is there now."""
        with self._turn:
            return [databases.with_database(self._url, name) for name in sorted(self._made)]

    def missing_roles(self, names: Sequence[str]) -> list[str]:
        """Return those of *names* that the server has no role of."""
        with self._turn:
            rows = self._session.fetch(
                databases.QUERIES["missing_roles"], names=json.dumps(sorted(set(names)))
            )
        return [row["name"] for row in rows]

    def create_role(self, name: str) -> None:
        """Make a role that cannot log in, on a server of our own only; somebody drops it when nobody uses that."""
        assert self.embedded
        with self._turn:
            databases.create_role(self._session, name)

    def close(self) -> None:
        """Drop every database that is left."""
        with self._turn:
            for name in sorted(self._made):
                with contextlib.suppress(ServerError):
                    databases.drop_database(self._session, name)
                    self._made.discard(name)

    def _own_name(self, url: str) -> str:
        name = str(read_conninfo(url, "the database")["dbname"])
        if name not in self._made:
            raise ValueError(f"{name} is not a scratch database of this owner")
        return name


@contextmanager
def scratch_server(
    settings: Settings, url: str | None = None, *, interrupt: Interrupt | None = None
) -> Iterator[Scratch]:
    """Give scratch databases during the block; all of them are dropped at its end.

    *url*, else the setting's, names the server; its role must be allowed to make databases, and the database in it is only
    connected to. Without one the embedded PostgreSQL serves. Raises ``ConfigurationWrong`` where that is not there, or where
    *url* names the very database that the settings boot on; ``PrivilegeMissing``, ``PoolerUnsafe`` where the server will not do.
    """
    url = url or settings.scratch
    if url is not None:
        _refuse_target(url, settings)
    with _server(settings, url) as conninfo, contextlib.ExitStack() as stack:
        session: Session = connect(
            conninfo,
            source=SOURCE,
            application_name=f"lockstep:{settings.app}:scratch",
            wait=0 if url is None else settings.connect_wait,
            interrupt=interrupt or Interrupt(),
            report=lambda _: None,
        )
        stack.callback(session.close)
        if url is not None:
            _refuse_unfit(session)
        databases.drop_leftovers(session)
        scratch = Scratch(session, conninfo, settings, embedded=url is None)
        if scratch.embedded:
            databases.drop_stray_roles(session)
        stack.callback(scratch.close)
        yield scratch


@contextmanager
def _server(settings: Settings, url: str | None) -> Iterator[str]:
    if url is not None:
        yield url
        return
    with _start(settings.root / FOLDER / "scratch") as cluster:
        yield cluster.conninfo()


def _start(root: Path) -> Cluster:
    from lockstep.embedded import find, start

    try:
        binaries = find()
    except ConfigurationWrong as error:
        error.next_step = f"{error.next_step} {_NAMED_OTHERWISE}".strip()
        raise
    try:
        return start(root, durable=False, binaries=binaries)
    except DatabaseUnreachable:
        # Without fsync a crash of the machine may have broken it. There is nothing in it that anybody needs.
        shutil.rmtree(root, ignore_errors=True)
        return start(root, durable=False, binaries=binaries)


def _refuse_target(url: str, settings: Settings) -> None:
    if settings.database is None:
        return
    scratch, target = (
        read_conninfo(text, source)
        for text, source in ((url, SOURCE), (settings.database, settings.database_source))
    )
    keys = ("host", "hostaddr", "port", "dbname")
    if [scratch.get(key) for key in keys] == [target.get(key) for key in keys]:
        raise ConfigurationWrong(
            f"{SOURCE} and {settings.database_source} name the same database",
            why="Scratch databases are for trying things; the database that is booted on is not.",
            next_step="Name another server, or another database of that one (its `postgres`, for one).",
        )


def _refuse_unfit(session: Session) -> None:
    (row,) = session.fetch(databases.QUERIES["may_create_databases"])
    if row["backend_pid"] != session.libpq_pid:
        raise PoolerUnsafe(
            f"a pooler answers at {session.address}",
            why="Databases are made and dropped on a session of their own, which a pooler does not give.",
            next_step=f"Give {SOURCE} a direct connection.",
        )
    if not row["allowed"]:
        raise PrivilegeMissing(
            f"role {row['role']!r} may not make databases at {session.address}",
            next_step=f"As a superuser: ALTER ROLE {databases.quoted(row['role'])} CREATEDB;",
        )
