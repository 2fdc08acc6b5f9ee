"""Every way in which a boot can end badly, as one tree.

::

    LockstepError
    ├── Refused                  will not act; nothing was changed
    │   ├── ConfigurationWrong       78  LS101
    │   ├── PortInUse                73  LS102
    │   ├── DatabaseUnreachable      69  LS201
    │   ├── ServerTooOld             78  LS202
    │   ├── DatabaseReadOnly         77  LS203
    │   ├── PrivilegeMissing         77  LS204
    │   ├── PoolerUnsafe             78  LS205
    │   ├── LockNotObtained          75  LS301
    │   ├── FilesRejected            65  LS401
    │   ├── HistoryDiverged          65  LS402
    │   ├── DatabaseAhead            65  LS403
    │   ├── NeedsUnmet               79  LS601
    │   ├── SchemaNotReady           70  LS602
    │   ├── StillNeeded              79  LS604
    │   ├── SchemaDrifted            79  LS605
    │   └── SchemaUnread             75  LS606
    ├── Failed                   acted, and something broke
    │   ├── LockLost                 70  LS302
    │   ├── MigrationFailed          70  LS501
    │   ├── MigrationBlocked         70  LS502
    │   ├── EndStateWrong            70  LS503
    │   ├── ServiceFailed            70  LS603
    │   ├── HttpFailed               70  LS701
    │   └── Unexpected               70  LS999
    └── Interrupted              130 or 143, LS901

An error is a value with five parts: *what* happened, *where*, *why*, *what to do next*, and the exit status. Text and JSON
are two renderings of the same object. Refuse and fail differ in class because the operator's next step differs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from lockstep.redaction import redact
from lockstep.values import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A point in a file.

    ``line`` and ``column`` count from 1, in characters; 0 means unknown. ``excerpt`` is the line itself with a caret under
    the column, ready to print.
    """

    file: str
    line: int = 0
    column: int = 0
    excerpt: str = ""

    def __str__(self) -> str:
        parts = [self.file, *(str(n) for n in (self.line, self.column) if n)]
        return ":".join(parts)


@dataclass(frozen=True, slots=True)
class Problem:
    """One of several reasons in a single refusal: a sentence, its place, and its own next step."""

    what: str
    place: Place | None = None
    next_step: str = ""


def problem_as_dict(problem: Problem) -> dict[str, str]:
    """Return a problem as JSON-ready values; the keys are part of the public contract."""
    where = str(problem.place) if problem.place else ""
    return {"what": problem.what, "where": where, "next": problem.next_step}


class LockstepError(Exception):
    """Say what went wrong, where, why, and what to do next.

    All texts are redacted on the way in: no secret of a URL can reach a message, a log or the boot record.
    """

    code: ClassVar[str] = "LS000"
    exit_status: int = 70
    title: ClassVar[str] = "Lockstep error"
    shown: bool = False
    """True once a listener has shown it, so that it is not shown twice."""

    def __init__(
        self,
        what: str,
        *,
        place: Place | None = None,
        why: str = "",
        next_step: str = "",
        problems: Sequence[Problem] = (),
    ) -> None:
        self.what = redact(what)
        self.place = place
        self.why = redact(why)
        self.next_step = redact(next_step)
        self.problems = tuple(
            Problem(redact(p.what), p.place, redact(p.next_step)) for p in problems
        )
        super().__init__(self.what)

    @property
    def where(self) -> str:
        """The place as ``file:line:column``, or an empty string."""
        return str(self.place) if self.place else ""

    def as_dict(self) -> dict[str, Any]:
        """Return the error as JSON-ready values; the keys are part of the public contract."""
        return {
            "code": self.code,
            "error": type(self).__name__,
            "what": self.what,
            "where": self.where,
            "why": self.why,
            "next": self.next_step,
            "exit_status": self.exit_status,
            "problems": [problem_as_dict(problem) for problem in self.problems],
        }


class Refused(LockstepError):
    """Lockstep will not act; nothing was changed."""

    title = "Refused"


class Failed(LockstepError):
    """Lockstep acted, and something broke."""

    title = "Failed"


class ConfigurationWrong(Refused):
    """A setting is missing, malformed or contradicts another; all of them are listed at once."""

    code = "LS101"
    exit_status = 78


class PortInUse(Refused):
    """Another process listens where HTTP should open; found before any migration ran."""

    code = "LS102"
    exit_status = 73


class DatabaseUnreachable(Refused):
    """The server did not answer in time, or rejected the role, the password or the database."""

    code = "LS201"
    exit_status = 69


class ServerTooOld(Refused):
    """The server's major version is below the oldest that Lockstep is tested on (13)."""

    code = "LS202"
    exit_status = 78


class DatabaseReadOnly(Refused):
    """The server is a standby, or makes every transaction read-only."""

    code = "LS203"
    exit_status = 77


class PrivilegeMissing(Refused):
    """The role may not create what a migration must create; the message holds the GRANT."""

    code = "LS204"
    exit_status = 77


class PoolerUnsafe(Refused):
    """A transaction pooler sits in between, and what must be done cannot be done safely through it."""

    code = "LS205"
    exit_status = 78


class LockNotObtained(Refused):
    """Another process held the boot lock until the deadline; worth a retry."""

    code = "LS301"
    exit_status = 75


class LockLost(Failed):
    """The boot lock is no longer ours, so nothing more may run."""

    code = "LS302"


class FilesRejected(Refused):
    """Migration or seed files that cannot be run as they are, or not twice; found before the first statement."""

    code = "LS401"
    exit_status = 65


class HistoryDiverged(Refused):
    """An applied file was edited, renamed or removed."""

    code = "LS402"
    exit_status = 65


class DatabaseAhead(Refused):
    """The database has a breaking migration that this release does not ship."""

    code = "LS403"
    exit_status = 65


class MigrationFailed(Failed):
    """A statement of a migration or seed failed; a transactional file left nothing behind."""

    code = "LS501"

    def __init__(self, what: str, *, sqlstate: str = "", **parts: Any) -> None:
        super().__init__(what, **parts)
        self.sqlstate = sqlstate


class MigrationBlocked(MigrationFailed):
    """A statement waited for another session's lock longer than its lock-timeout."""

    code = "LS502"


class EndStateWrong(Failed):
    """Everything ran, yet the result is not what the files say: an invalid index, or a file unrecorded."""

    code = "LS503"


class NeedsUnmet(Refused):
    """The schema lacks something that a service declared."""

    code = "LS601"
    exit_status = 79


class SchemaNotReady(Refused):
    """Something reached for the database before the schema was final."""

    code = "LS602"
    exit_status = 70


class StillNeeded(Refused):
    """A pending file would take away what a release that is still running needs."""

    code = "LS604"
    exit_status = 79


class SchemaDrifted(Refused):
    """The live schema lacks something that ``schema.lock`` has, or has it otherwise."""

    code = "LS605"
    exit_status = 79


class SchemaUnread(Refused):
    """Another session locks what must be looked at to know whether the schema is as it should be; worth a retry."""

    code = "LS606"
    exit_status = 75


class ServiceFailed(Failed):
    """A critical service did not start, or ended while the application was running."""

    code = "LS603"


class HttpFailed(Failed):
    """The application's own start-up (its ASGI lifespan) failed, so HTTP was never opened."""

    code = "LS701"


class Interrupted(LockstepError):
    """A signal asked the boot to stop; statements were cancelled and the lock released."""

    code = "LS901"
    title = "Interrupted"

    def __init__(self, signal_number: int, *, during: str = "") -> None:
        name = signal_name(signal_number)
        super().__init__(
            f"{name} received" + (f" during step {during}" if during else ""),
            why="The process was asked to stop before the boot was complete.",
            next_step="Nothing: the next start continues where this one was stopped.",
        )
        self.signal_number = signal_number
        self.exit_status = 128 + signal_number


def signal_name(number: int) -> str:
    """Return a signal's name: ``SIGTERM``."""
    return {1: "SIGHUP", 2: "SIGINT", 15: "SIGTERM"}.get(number, f"signal {number}")


class Unexpected(Failed):
    """An exception that Lockstep did not foresee; the traceback is behind ``--verbose``."""

    code = "LS999"

    @classmethod
    def wrap(cls, error: BaseException, during: str = "") -> Unexpected:
        """Wrap *error*, naming the step it happened in."""
        return cls(
            f"{type(error).__name__}: {error}",
            why="This was not foreseen" + (f" (step {during})." if during else "."),
            next_step="Run again with --verbose for the traceback.",
        )
