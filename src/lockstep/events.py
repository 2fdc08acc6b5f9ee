"""What a boot reports, as frozen values to one callable.

Library code never prints and never configures logging: the console, NDJSON and the boot record are listeners. The exact
list of events of a boot is held by a golden test; that is the test of determinism.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from enum import IntEnum
from typing import Any

from lockstep.errors import LockstepError
from lockstep.values import dataclass


class Step(IntEnum):
    """The mandatory sequence. Its numbers are what operators, records and health speak of."""

    PREFLIGHT = 0
    CONNECT = 1
    LOCK = 2
    MIGRATE = 3
    SEED = 4
    UNLOCK = 5
    SERVICES = 6
    HTTP = 7

    @property
    def label(self) -> str:
        """The step's name as shown: ``connect``, ``HTTP``."""
        return "HTTP" if self is Step.HTTP else self.name.lower()


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened during a boot."""

    def as_dict(self) -> dict[str, Any]:
        """Return the event as one JSON-ready object; ``event`` is its class name."""
        values = {field.name: _plain(getattr(self, field.name)) for field in fields(self)}
        return {"event": type(self).__name__, **values}


Listener = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class BootBegun(Event):
    """A boot has begun; ``command`` is up, run or serve."""

    boot_id: str
    app: str
    command: str
    release: str
    environment: str


@dataclass(frozen=True, slots=True)
class StepBegun(Event):
    """A step of the sequence has begun."""

    step: Step


@dataclass(frozen=True, slots=True)
class StepDone(Event):
    """A step holds; ``note`` says in a few words what it found. ``skipped``: nothing had to be done."""

    step: Step
    seconds: float
    note: str = ""
    skipped: bool = False


@dataclass(frozen=True, slots=True)
class EmbeddedStarted(Event):
    """A development PostgreSQL of our own was started (or one that already ran was joined)."""

    directory: str
    version: str
    created: bool


@dataclass(frozen=True, slots=True)
class DatabaseWaiting(Event):
    """The server does not answer yet; the next try follows after ``retry_in`` seconds."""

    reason: str
    waited: float
    retry_in: float


@dataclass(frozen=True, slots=True)
class PoolerFound(Event):
    """A transaction pooler answers at the boot's address; ``consequence`` says how the boot goes on."""

    consequence: str


@dataclass(frozen=True, slots=True)
class LockWaiting(Event):
    """Another process holds the boot lock; ``holder`` is a sentence naming it."""

    holder: str
    waited: float


@dataclass(frozen=True, slots=True)
class LockObtained(Event):
    """The boot lock is ours after ``waited`` seconds."""

    waited: float


@dataclass(frozen=True, slots=True)
class LockReleased(Event):
    """The boot lock was given back, and the server confirmed it."""


@dataclass(frozen=True, slots=True)
class Planned(Event):
    """What will run, by name and in order, and what is remarkable about the history."""

    migrations: tuple[str, ...] = ()
    seeds: tuple[str, ...] = ()
    late: tuple[str, ...] = ()
    ahead: tuple[str, ...] = ()
    history_lost: bool = False


@dataclass(frozen=True, slots=True)
class FilesWarned(Event):
    """Pending files have ``count`` findings that refuse nothing, of which the first few are ``shown``: place, rule, message."""

    count: int
    shown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FileBegun(Event):
    """A migration or seed (``kind``) begins; ``position`` of ``total`` counts from 1."""

    kind: str
    name: str
    position: int
    total: int


@dataclass(frozen=True, slots=True)
class StatementDone(Event):
    """A statement of a no-transaction file is done; ``outcome`` is done, found done, or rebuilt."""

    name: str
    position: int
    total: int
    outcome: str


@dataclass(frozen=True, slots=True)
class StatementBlocked(Event):
    """A statement waits for what other sessions hold; ``blockers`` names them. Repeated while it waits."""

    name: str
    blockers: str
    waited: float


@dataclass(frozen=True, slots=True)
class FileApplied(Event):
    """A migration or seed is applied and recorded."""

    kind: str
    name: str
    seconds: float


@dataclass(frozen=True, slots=True)
class ServerNotice(Event):
    """The server said something while a file ran: a WARNING, or a NOTICE that a name was skipped."""

    name: str
    severity: str
    message: str


@dataclass(frozen=True, slots=True)
class SchemaDiffers(Event):
    """The live schema is not what ``schema.lock`` says, and the boot goes on: ``why`` says why.

    ``counts`` are such as ``2 extra columns``, ``shown`` are the first few differences. ``harmless``: none of them could have
    refused a boot.
    """

    counts: tuple[str, ...]
    shown: tuple[str, ...]
    why: str
    harmless: bool


@dataclass(frozen=True, slots=True)
class SchemaFinal(Event):
    """The gate opens: nothing will change the schema any more."""

    migrations: int
    seeds: int


@dataclass(frozen=True, slots=True)
class ServiceStarting(Event):
    """A service is being started."""

    name: str


@dataclass(frozen=True, slots=True)
class ServiceStarted(Event):
    """A service is ready."""

    name: str
    seconds: float


@dataclass(frozen=True, slots=True)
class ServiceDegraded(Event):
    """A service that is not critical failed; the application goes on without it and health says so."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class ServiceStopped(Event):
    """A service was stopped; ``error`` is empty when it stopped cleanly."""

    name: str
    seconds: float
    error: str = ""


@dataclass(frozen=True, slots=True)
class NeedsNotKept(Event):
    """What this release needs could not be written to the database: no deploy sees that it runs. ``grant`` would change that."""

    reason: str
    grant: str


@dataclass(frozen=True, slots=True)
class HttpListening(Event):
    """The sockets listen: clients are answered from now on."""

    url: str


@dataclass(frozen=True, slots=True)
class BootCompleted(Event):
    """All steps of the command hold."""

    command: str
    seconds: float


@dataclass(frozen=True, slots=True)
class BootFailed(Event):
    """The boot ended without being complete; the process exits with the error's status."""

    error: LockstepError
    step: Step
    seconds: float
    environment: str


@dataclass(frozen=True, slots=True)
class Stopping(Event):
    """An orderly stop has begun: readiness is off."""

    reason: str


@dataclass(frozen=True, slots=True)
class Stopped(Event):
    """Everything that was started has been told to stop; ``problems`` are those of closing HTTP and the pool."""

    seconds: float
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LeftBehind(Event):
    """Tasks that ignore being cancelled; the process ends without waiting for them."""

    tasks: tuple[str, ...]


def _plain(value: object) -> object:
    if isinstance(value, Step):
        return value.label
    if isinstance(value, LockstepError):
        return value.as_dict()
    if isinstance(value, float):
        return round(value, 6)
    return list(value) if isinstance(value, tuple) else value
