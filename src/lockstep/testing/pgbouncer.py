"""A pgbouncer in front of a test server: what a deploy meets where somebody put a pooler in between.

It runs in the foreground under a shell that watches our end of a pipe, so that it goes when we go, even if we are killed.
As root it becomes ``nobody``, since pgbouncer refuses root.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from psycopg.conninfo import make_conninfo

from lockstep.errors import ConfigurationWrong
from lockstep.testing.cluster import Server
from lockstep.testing.waiting import until

PoolMode = Literal["session", "transaction", "statement"]
HOW_TO_GET_ONE = "apt-get install -y pgbouncer"

# The reader in the background ends the pooler when the pipe does; the shell ends when the pooler does.
_WATCHED = 'exec 3<&0; "$@" & pid=$!; (read -r _ <&3; kill -9 $pid) & wait $pid'
_DEBIAN_DIRECTORY = "/usr/sbin"  # not on every user's PATH


def find_pgbouncer() -> str | None:
    """Return the program, or None where it is not installed."""
    return shutil.which("pgbouncer") or shutil.which("pgbouncer", path=_DEBIAN_DIRECTORY)


@contextmanager
def pgbouncer(
    server: Server,
    pool_mode: PoolMode = "transaction",
    pool_size: int = 20,
    *,
    roles: Sequence[str] = ("postgres",),
    settings: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """Run a pooler in front of *server* (made with ``tcp=True``) during the block; yields a connection string through it.

    It leads to database ``postgres``; any other of the server's can be named instead. All *roles* are let in without a
    password, and may use the console (database ``pgbouncer``). *settings* are pgbouncer's own. Raises
    ``ConfigurationWrong``, with the command that installs it, where there is no pgbouncer, and with its log if it does not
    start.
    """
    program = find_pgbouncer()
    if program is None:
        raise ConfigurationWrong(
            "there is no pgbouncer on this machine", next_step=f"As root: {HOW_TO_GET_ONE}"
        )
    port = _free_port()
    directory = Path(tempfile.mkdtemp(prefix="lockstep-pgbouncer-"))
    try:
        directory.chmod(0o755)  # it may run as somebody else
        options = {
            "listen_port": str(port),
            "pool_mode": pool_mode,
            "default_pool_size": str(pool_size),
            **(settings or {}),
        }
        file = _configure(directory, server, roles, options)
        with _running([program, str(file)], directory / "log", port):
            yield make_conninfo(host="127.0.0.1", port=port, user=roles[0], dbname="postgres")
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _configure(
    directory: Path, server: Server, roles: Sequence[str], more: Mapping[str, str]
) -> Path:
    users = directory / "users.txt"
    users.write_text("".join(f'"{role}" ""\n' for role in roles))
    options = {
        "listen_addr": "127.0.0.1",
        "unix_socket_dir": "",
        "auth_type": "trust",
        "auth_file": str(users),
        "admin_users": ", ".join(roles),
        **({"user": "nobody"} if os.geteuid() == 0 else {}),
        **more,
    }
    lines = [f"{name} = {value}" for name, value in options.items()]
    behind = f"* = host=127.0.0.1 port={server.port}"
    file = directory / "pgbouncer.ini"
    file.write_text("\n".join(["[databases]", behind, "[pgbouncer]", *lines, ""]))
    return file


@contextmanager
def _running(command: Sequence[str], log: Path, port: int) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603  # the pooler that was asked for
            ["/bin/sh", "-c", _WATCHED, "sh", *command],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            cwd="/",
        )
    try:
        until(lambda: _answers(port) or process.poll() is not None, what="pgbouncer's port")
        if process.poll() is not None:
            raise ConfigurationWrong(
                "pgbouncer did not start", why=log.read_text(errors="replace").strip()
            )
        yield
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait()


def _answers(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
