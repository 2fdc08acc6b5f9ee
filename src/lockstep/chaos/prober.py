"""Somebody who asks a copy over HTTP all the time, from the moment it is started."""

from __future__ import annotations

import contextlib
import http.client
import threading
from collections.abc import Callable, Sequence

from lockstep.chaos.answers import Answers, answers_request, too_early
from lockstep.chaos.launch import Launch
from lockstep.postgres.session import ServerError

_PATIENCE = 1.0
_BEFORE = 0.02
_AFTER = 0.1


class Prober:
    """A thread that asks one launch for every address, again and again, until it is closed."""

    def __init__(
        self,
        launch: Launch,
        paths: Sequence[str],
        applied: Callable[[], int],
        total: int,
        found: Callable[[str], None],
    ) -> None:
        """Ask for *paths*, readiness last. *applied* tells how many files are applied; *total* is all of them, 0 if unknown.

        *found* is called with what is wrong.
        """
        self.answers = Answers(paths[-1])
        self._launch, self._paths, self._found = launch, paths, found
        self._applied, self._total = applied, total
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lockstep-prober", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop asking."""
        self._closed.set()
        self._thread.join()

    def _run(self) -> None:
        with contextlib.suppress(ServerError):  # the database was dropped: nobody needs us any more
            while not self._closed.is_set():
                if not self._ask_all():
                    self.answers.silent()
                self._closed.wait(_AFTER if self.answers.was_ready else _BEFORE)

    def _ask_all(self) -> bool:
        for path in self._paths:
            status = ask(self._launch.port, path)
            if status is None:
                return False
            if not self._closed.is_set():
                self._judge(path, status)
        return True

    def _judge(self, path: str, status: int) -> None:
        answers, first = self.answers, self.answers.first is None
        applied = self._applied() if first and answers_request(status) else 0
        undisturbed = not self._launch.signals and not self._launch.shaken
        wrong = answers.saw(path, status, applied, undisturbed=undisturbed)
        if first and self._total:
            wrong = too_early(answers, self._total) or wrong
        if wrong:
            self._found(wrong)


def ask(port: int, path: str) -> int | None:
    """Return the status with which 127.0.0.1 answers; None if nobody does."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)
    try:
        connection.connect()
        if connection.sock.getsockname() == connection.sock.getpeername():
            return None  # a client that was given the very port it asks for
        connection.request("GET", path, headers={"User-Agent": "lockstep-chaos"})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
