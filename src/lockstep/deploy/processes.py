"""Run a program to its end: its lines are heard as they come, without secrets, and a request to stop reaches it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from lockstep.deploy.secrets import concealed
from lockstep.interrupt import Interrupt
from lockstep.values import dataclass

NO_SUCH_PROGRAM = 127
_KEPT = 10_000
_PATIENCE = 5.0
_LOOK = 0.1
_LAST_LINES = 1.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended; ``lines`` are the last that it wrote, to either stream, as they are. 127 where there is no such program."""

    status: int
    lines: Sequence[str]

    @property
    def text(self) -> str:
        """What it wrote, as one text."""
        return "\n".join(self.lines)


class Processes:
    """Runs programs in one folder, with one environment, until a stop is asked for.

    *first*, where *interrupt* is only the second request to stop: what runs is told of it, and goes on.
    """

    def __init__(
        self,
        folder: Path,
        environ: Mapping[str, str],
        interrupt: Interrupt,
        first: Interrupt | None = None,
    ) -> None:
        self.interrupt = interrupt
        self._first = first
        self._folder = folder
        self._environ = environ

    def run(
        self,
        command: Sequence[str],
        heard: Callable[[str], None] = lambda _: None,
        *,
        terminal: bool = False,
        timeout: float = 0.0,
        **variables: str,
    ) -> Ended:
        """Run *command*; raises ``Interrupted`` once it has ended because of a stop.

        *terminal*: it may ask the person there for a password, if there is one. *timeout* 0 is none.
        """
        self.interrupt.check()
        asks = terminal and may_ask()
        try:
            process = subprocess.Popen(  # noqa: S603  # what the plan shows
                command,
                cwd=self._folder,
                env={**self._environ, **variables},
                stdin=None if asks else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                # Without a terminal nothing can wait for a password that nobody will type.
                start_new_session=not asks,
            )
        except OSError as error:
            return Ended(NO_SUCH_PROGRAM, (f"{command[0]}: {error.strerror}",))
        lines: deque[str] = deque(maxlen=_KEPT)
        reader = threading.Thread(target=_read, args=(process, lines, heard), daemon=True)
        reader.start()
        try:
            self._wait(process, timeout, heard, group=not asks)
        finally:
            # What it left behind in the background may hold its output open: that is not waited for.
            reader.join(_LAST_LINES)
        self.interrupt.check()
        return Ended(process.returncode, tuple(lines))

    def _wait(
        self,
        process: subprocess.Popen[str],
        timeout: float,
        heard: Callable[[str], None],
        *,
        group: bool,
    ) -> None:
        waited, first = 0.0, self._first
        while True:
            with suppress(subprocess.TimeoutExpired):
                process.wait(_LOOK)
                return
            waited += _LOOK
            if first is not None and first.requested:
                heard(
                    f"{first.signal_name} received: this is waited for; a second one breaks it off"
                )
                first = None
            if self.interrupt.requested or 0 < timeout < waited:
                _end(process, group=group)
                return


def may_ask() -> bool:
    """Return whether there is a person at the terminal."""
    return sys.stdin is not None and sys.stdin.isatty()


def _read(process: subprocess.Popen[str], lines: deque[str], heard: Callable[[str], None]) -> None:
    assert process.stdout is not None
    with process.stdout as stream, suppress(ValueError):
        for line in stream:
            lines.append(line.rstrip())
            heard(concealed(lines[-1]))


def _end(process: subprocess.Popen[str], *, group: bool) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            if group:
                os.killpg(process.pid, number)
            else:
                process.send_signal(number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_PATIENCE)
            return
    process.wait()
