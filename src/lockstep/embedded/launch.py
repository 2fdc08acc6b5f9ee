"""Start the server through its watcher, wait until it accepts connections, or say why it does not."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping

from lockstep.embedded import locks, postmaster, watcher
from lockstep.embedded.data import server_environment
from lockstep.embedded.place import (
    FREE_SOME_SPACE,
    LARGEST_LOG,
    Place,
    socket_directory,
    tells_of_a_full_disk,
)
from lockstep.errors import DatabaseUnreachable

LINES_OF_LOG = 12


def launch(place: Place, server: int, options: Mapping[str, str], *, discard: bool) -> int:
    """Start the watcher, which starts the server and inherits the lock *server*; return where the log of this start begins."""
    port = int(options.get("port", "5432"))
    sockets = socket_directory(place, port)
    postmaster.clear_remains(place.data, sockets, port)
    quoted = str(sockets).replace('"', '""')  # the setting is a list of directories
    given = {**options, "unix_socket_directories": f'"{quoted}"'}
    arguments = [part for name, value in given.items() for part in ("-c", f"{name}={value}")]
    if place.log.exists() and place.log.stat().st_size > LARGEST_LOG:
        place.log.replace(place.log.with_suffix(".log.1"))
    with place.log.open("ab") as log:
        log_begins = log.tell()
        watching = subprocess.run(  # noqa: S603 - our own watcher
            [
                *(sys.executable, "-I", "-S", watcher.__file__, str(place.users), str(server)),
                str(sockets) if sockets != place.home else "",
                str(place.root) if discard else "",
                *place.account.command(place.binaries.postgres, "-D", str(place.data), *arguments),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=server_environment(),
            cwd="/",
            pass_fds=(server,),
            start_new_session=True,
            check=False,
        )
    if watching.returncode != 0:
        raise _not_started(place, log_begins, "Its watcher could not be started.")
    return log_begins


def wait_until_ready(place: Place, log_begins: int, deadline: float) -> postmaster.Status:
    """Return the server's status once it accepts connections; raises ``DatabaseUnreachable`` when it has ended."""
    while True:
        alive = locks.is_held(place.server)  # asked first: a server may become ready, and then die
        if status := postmaster.ready(place.data):
            return status
        if not alive:
            raise _not_started(place, log_begins, "It ended at once.")
        give_up_if_late(place, log_begins, deadline)
        time.sleep(locks.POLL_SECONDS)


def give_up_if_late(place: Place, log_begins: int, deadline: float) -> None:
    """Raise ``DatabaseUnreachable`` after *deadline*, a time of ``time.monotonic``."""
    if time.monotonic() > deadline:
        raise _not_started(place, log_begins, "It was not ready in time.")


def _not_started(place: Place, log_begins: int, reason: str) -> DatabaseUnreachable:
    place.log.touch()
    with place.log.open("rb") as log:
        log.seek(log_begins)
        lines = log.read().decode(errors="replace").strip().splitlines()[-LINES_OF_LOG:]
    full = tells_of_a_full_disk("\n".join(lines))
    anew = f"If nothing in it is needed, remove {place.home}: the next start makes a new one."
    return DatabaseUnreachable(
        f"The development PostgreSQL in {place.home} did not start",
        why="\n".join([f"{reason} The end of its log:", *lines]),
        next_step=FREE_SOME_SPACE if full else f"See {place.log}. {anew}",
    )
