"""A PostgreSQL for one test run: private, quick, and gone afterwards; or the server that ``LOCKSTEP_TEST_DSN`` names."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from lockstep.embedded import Binaries, start
from lockstep.embedded.memory import directory_in_memory

MEMORY_NEEDED = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Server:
    """A running PostgreSQL. ``log_path`` is None and ``port`` 0 when it is not ours and we cannot know."""

    dsn: str
    version: str
    log_path: Path | None = None
    port: int = 0

    def conninfo(self, dbname: str = "postgres") -> str:
        """Return a connection string for one of its databases."""
        return make_conninfo(self.dsn, dbname=dbname)

    def log(self) -> str:
        """Return the server's log so far; empty when it cannot be read from here."""
        return self.log_path.read_text(errors="replace") if self.log_path else ""


@contextmanager
def private_cluster(
    *,
    settings: Mapping[str, str] | None = None,
    tcp: bool = False,
    binaries: Binaries | None = None,
    dsn: str | None = None,
) -> Iterator[Server]:
    """Run a throw-away PostgreSQL during the block; it and its files are gone afterwards, even if we are killed.

    *settings* are PostgreSQL's (``{"log_statement": "all"}``). With *tcp* it also listens on 127.0.0.1, at ``Server.port``,
    trusting everybody on this machine. *dsn*, else ``LOCKSTEP_TEST_DSN``, names a server to use instead; it is left alone
    when *settings*, *tcp* or *binaries* ask for what only a server of our own can have.
    """
    own_only = bool(settings or tcp or binaries)
    given = dsn or os.environ.get("LOCKSTEP_TEST_DSN")
    if given and not own_only:
        yield _given_server(given)
        return
    wanted = dict(settings or {})
    if tcp:
        wanted |= {"listen_addresses": "127.0.0.1", "port": str(_free_port())}
    root = Path(tempfile.mkdtemp(prefix="lockstep-test-", dir=directory_in_memory(MEMORY_NEEDED)))
    try:
        with start(
            root, settings=wanted, durable=False, discard=True, binaries=binaries
        ) as cluster:
            yield Server(cluster.conninfo(), cluster.version, cluster.log_path, cluster.port)
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _given_server(dsn: str) -> Server:
    with psycopg.connect(dsn) as connection:
        return Server(
            dsn, connection.info.parameter_status("server_version") or "", port=connection.info.port
        )


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
