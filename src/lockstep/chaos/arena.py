"""Where copies are disturbed: a server of its own, or the one that ``--scratch`` names, and a pooler in front of it.

A server of its own listens on 127.0.0.1, because a pooler and drivers of any language must reach it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urlencode

from lockstep.chaos.launch import free_port
from lockstep.chaos.witness import Witness
from lockstep.embedded import find, start
from lockstep.embedded.memory import directory_in_memory
from lockstep.embedded.pgbouncer import find_pgbouncer, running_pgbouncer
from lockstep.errors import ConfigurationWrong, LockstepError, MigrationFailed
from lockstep.postgres import databases
from lockstep.postgres.connection import connect_now, read_conninfo
from lockstep.postgres.session import ServerError
from lockstep.scratch import Scratch, scratch_server
from lockstep.settings import Settings
from lockstep.values import dataclass

Pooling = Literal["auto", "on", "off"]
_MEMORY_NEEDED = 1 << 30
_SERVER = {"listen_addresses": "127.0.0.1", "shared_buffers": "64MB"}
_POOLER = {
    "pool_mode": "transaction",
    "auth_type": "any",
    "ignore_startup_parameters": "extra_float_digits",
}
_NETLOC = ("user", "password", "host", "port", "dbname")
_OURS = ("PORT", "HOST", "LOCKSTEP_PORT", "LOCKSTEP_HOST", "LOCKSTEP_SCRATCH_URL")
"""What the copies must not inherit: each gets a port of its own."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A database for copies: how they reach it, past the pooler and through it, and what it says itself."""

    direct: str
    pooled: str
    witness: Witness

    def environment(self, inherited: Mapping[str, str]) -> dict[str, str]:
        """Return the environment for the copies."""
        kept = {name: value for name, value in inherited.items() if name not in _OURS}
        return {
            "PYTHONUNBUFFERED": "1",
            **kept,
            "HOST": "127.0.0.1",
            "LOCKSTEP_DATABASE_URL": self.direct,
            "DATABASE_UNPOOLED_URL": self.direct,
            "DATABASE_URL": self.pooled,
        }


class Arena:
    """A server on which a database is made for each round, perhaps behind a pooler."""

    def __init__(self, scratch: Scratch, version: str, before: str) -> None:
        self.pooled = False
        self.version = version
        """The server's, such as 18."""
        self._scratch = scratch
        self._before = before

    @contextmanager
    def stage(self) -> Iterator[Stage]:
        """Give a new database for the block."""
        with ExitStack() as stack:
            database = self._database()
            stack.callback(self._scratch.drop, database)
            pooled = stack.enter_context(_pooler(database)) if self.pooled else as_url(database)
            # Behind the pooler on the stack: our own session ends first, then the pooler's, then the database goes.
            witness = Witness(database, self._scratch.settings)
            stack.callback(witness.close)
            yield Stage(as_url(database), pooled, witness)

    def try_pooler(self, wanted: Pooling) -> str:
        """Find out whether there is a pooler, and use it from now on; return why not, unless that was wanted."""
        if wanted == "off":
            return ""
        if wanted == "auto" and find_pgbouncer() is None:
            return "pgbouncer is not installed: the copies' pools go straight to the server"
        database = self._database()
        try:
            with _pooler(database) as url:
                connect_now(url, "pgbouncer", "lockstep:chaos").close()
            self.pooled = True
        except LockstepError as error:
            if wanted == "on":
                raise
            return f"pgbouncer does not reach the server ({error.why or error.what}): the copies' pools go straight there"
        finally:
            self._scratch.drop(database)
        return ""

    def _database(self) -> str:
        if not self._before:
            return self._scratch.create()
        return self._scratch.create(self._scratch.template("before", self._prepare))

    def _prepare(self, url: str) -> None:
        session = connect_now(url, "the scratch database", "lockstep:chaos")
        try:
            session.script(self._before)
        except ServerError as error:
            raise MigrationFailed(f"--before: {error.message}", sqlstate=error.sqlstate) from error
        finally:
            session.close()


@contextmanager
def arena(settings: Settings, url: str | None, before: str = "") -> Iterator[Arena]:
    """Give an arena for the block: on the server that *url* or the setting names, else on one that exists as long as the block.

    *before* is SQL that runs first in every database.
    """
    url = url or settings.scratch
    with ExitStack() as stack:
        if own := url is None:
            url = stack.enter_context(_own_server())
        scratch = stack.enter_context(scratch_server(settings, url))
        session = connect_now(url, "--scratch", "lockstep:chaos")
        try:
            if own:
                for role in settings.scratch_roles:
                    databases.create_role(session, role)
            version = str(session.server_version // 10000)
        finally:
            session.close()
        yield Arena(scratch, version, before)


def inherited() -> dict[str, str]:
    """Return this process's environment without what names a database: that is the copies' own."""
    foreign = ("PGHOST", "PGPORT", "PGDATABASE", "PGUSER", "PGSERVICE", "DATABASE_")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)}


@contextmanager
def _own_server() -> Iterator[str]:
    memory = directory_in_memory(_MEMORY_NEEDED)
    folder = Path(tempfile.mkdtemp(prefix="lockstep-chaos-", dir=memory))
    port = free_port()
    options = {**_SERVER, "port": str(port)}
    try:
        with start(folder, settings=options, durable=False, discard=True, binaries=find()):
            yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _pooler(database: str) -> Iterator[str]:
    """Run a pooler in front of *database*; it logs in there as we do, whoever comes."""
    given = read_conninfo(database, "the scratch database")
    if not given.get("host") or "," in str(given["host"]):
        raise ConfigurationWrong(
            "pgbouncer needs the name of one host", next_step="Give --scratch as a URL with a host."
        )
    behind = " ".join(
        f"{name}='{str(given[name]).replace(chr(39), chr(39) * 2)}'"
        for name in ("host", "port", "user", "password", "dbname")
        if given.get(name)
    )
    tls = {"server_tls_sslmode": str(given["sslmode"])} if given.get("sslmode") else {}
    with running_pgbouncer(f"{given['dbname']} = {behind}", {**_POOLER, **tls}) as port:
        user, name = quote(str(given.get("user", "postgres")), safe=""), given["dbname"]
        yield f"postgresql://{user}@127.0.0.1:{port}/{name}"


def as_url(conninfo: str) -> str:
    """Return a connection string as a URL, which drivers of all languages take."""
    given: dict[str, Any] = read_conninfo(conninfo, "the scratch database")
    user, secret, host, port, name = (str(given.get(key) or "") for key in _NETLOC)
    more = {key: str(value) for key, value in given.items() if key not in _NETLOC}
    if host.startswith("/") or "," in host or not host:  # a directory, or several: as parameters
        more |= {key: value for key, value in (("host", host), ("port", port)) if value}
        host = port = ""
    who = quote(user, safe="") + (f":{quote(secret, safe='')}" if secret else "")
    where = (f"[{host}]" if ":" in host else host) + (f":{port}" if port else "")
    query = f"?{urlencode(more, quote_via=quote)}" if more else ""
    return f"postgresql://{who}{'@' if who else ''}{where}/{quote(name, safe='')}{query}"
