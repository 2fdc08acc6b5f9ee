"""A pgbouncer on this machine: found, started on a free port, and gone when we go, even if we are killed.

It runs in the foreground under a shell that watches our end of a pipe. As root it becomes ``nobody``, since pgbouncer refuses
root.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from lockstep.errors import ConfigurationWrong

HOW_TO_GET_ONE = "apt-get install -y pgbouncer"

# The reader in the background ends the pooler when the pipe does; the shell ends when the pooler does.
_WATCHED = 'exec 3<&0; "$@" & pid=$!; (read -r _ <&3; kill -9 $pid) & wait $pid'
_DEBIAN_DIRECTORY = "/usr/sbin"  # not on every user's PATH
_PATIENCE = 10.0
_POLL = 0.005


def find_pgbouncer() -> str | None:
    """Return the program, or None where it is not installed."""
    return shutil.which("pgbouncer") or shutil.which("pgbouncer", path=_DEBIAN_DIRECTORY)


@contextmanager
def running_pgbouncer(
    behind: str, options: Mapping[str, str], users: Sequence[str] = ()
) -> Iterator[int]:
    """Run a pooler on 127.0.0.1 during the block; yields its port.

    *behind* is what pgbouncer.ini has in its section of databases, *options* what it has of its own; *users* need no password.
    Raises ``ConfigurationWrong``, with the command that installs it, where there is no pgbouncer, and with its log if it does
    not start.
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
        listening = {"listen_addr": "127.0.0.1", "listen_port": str(port), "unix_socket_dir": ""}
        file = _configure(directory, behind, {**listening, **options}, users)
        with _running([program, str(file)], directory / "log", port):
            yield port
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _configure(
    directory: Path, behind: str, options: Mapping[str, str], users: Sequence[str]
) -> Path:
    listed = directory / "users.txt"
    listed.write_text("".join(f'"{user}" ""\n' for user in users))
    told = {
        "auth_type": "trust",
        "auth_file": str(listed),
        **({"user": "nobody"} if os.geteuid() == 0 else {}),
        **options,
    }
    lines = [f"{name} = {value}" for name, value in told.items()]
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
        deadline = time.monotonic() + _PATIENCE
        while not _answers(port):
            if process.poll() is not None or time.monotonic() > deadline:
                said = log.read_text(errors="replace").strip()
                raise ConfigurationWrong("pgbouncer did not start", why=said)
            time.sleep(_POLL)
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
