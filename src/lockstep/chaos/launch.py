"""One start of a copy: a process group of its own, a port of its own, a log of its own."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from lockstep.chaos.processes import MARK, kill_all, left_of
from lockstep.errors import ConfigurationWrong
from lockstep.redaction import redact

_LINES = 12
_WIDEST = 200
_TAIL = 16384
_GRACE = 2.0
_POLL = 0.02
# Below what systems give to clients: a client that asks for its own port would be connected to itself.
_PORTS = range(15000, 32000)


class Launch:
    """A process that was started, what was done to it, and how it ended."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], mark: str, log: Path
    ) -> None:
        self.port = free_port()
        self.signals: set[int] = set()
        """What was sent to it."""
        self.shaken = False
        """It was halted for a while, or sessions of its database were ended."""
        self.halted = False
        self.begun = time.monotonic()
        self._mark, self._log = mark, log
        words = [word.replace("{port}", str(self.port)) for word in command]
        with log.open("ab") as output:
            try:
                self._process = subprocess.Popen(  # noqa: S603  # the service that was asked for
                    words,
                    env={**environment, "PORT": str(self.port), MARK: mark},
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                )
            except OSError as error:
                raise ConfigurationWrong(
                    f"{words[0]} cannot be run: {error.strerror}",
                    next_step="Correct the command after `--`.",
                ) from error

    @property
    def pid(self) -> int:
        """The process, and its group."""
        return self._process.pid

    @property
    def status(self) -> int | None:
        """How it ended (a signal below 0); None as long as it runs."""
        return self._process.poll()

    def kill(self) -> None:
        """End it as a platform ends a container: with its group at once, and what has left that as soon as it has ended."""
        self.signals.add(signal.SIGKILL)
        self._to_group(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end: the process alone, as platforms do."""
        self.resume()
        self.signals.add(signal.SIGTERM)
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def halt(self) -> None:
        """Stop its clock."""
        self.shaken = self.halted = True
        self._to_group(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        if self.halted:
            self.halted = False
            self._to_group(signal.SIGCONT)

    def left(self) -> list[str]:
        """Return which of its processes are there in spite of its end, after a moment of grace; they are ended then."""
        if signal.SIGKILL in self.signals:
            kill_all(self.pid, self._mark)
            return []
        deadline = time.monotonic() + _GRACE
        while (found := left_of(self.pid, self._mark)) and time.monotonic() < deadline:
            time.sleep(_POLL)
        if found:
            kill_all(self.pid, self._mark)
        return found

    def last_lines(self) -> tuple[str, ...]:
        """Return what it wrote last, without secrets."""
        with self._log.open("rb") as log:
            log.seek(max(self._log.stat().st_size - _TAIL, 0))
            lines = log.read().decode(errors="replace").splitlines()
        return tuple(redact(line.rstrip())[:_WIDEST] for line in lines if line.strip())[-_LINES:]

    def destroy(self) -> None:
        """End it and all that belongs to it, and collect it."""
        kill_all(self.pid, self._mark)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE)

    def _to_group(self, number: int) -> None:
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)


def free_port() -> int:
    """Return a port on which nobody listens, and that no client will be given."""
    while True:
        port = random.choice(_PORTS)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
