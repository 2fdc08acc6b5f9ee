"""What is wanted, what was seen, and what came of it."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path
from typing import Any, Literal

from lockstep.catalog.snapshot import Snapshot
from lockstep.chaos.plan import Disturbance
from lockstep.values import dataclass

Claim = Literal["once", "early", "ready", "schema", "left", "exit"]
CLAIMS: Mapping[Claim, str] = {
    "once": "each file applied once, to the end",
    "early": "no request answered before the copy was ready",
    "ready": "all copies ready in the end",
    "schema": "the schema that an undisturbed boot makes",
    "left": "no session, lock or process left behind",
    "exit": "only exit statuses that are documented",
}
File = tuple[str, str, str, str]
"""A row of the ledger: application, kind, name, checksum."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be done: the command, and how hard it is tried. ``kill_after`` 0: as long as the copies take to boot."""

    command: tuple[str, ...]
    copies: int = 4
    rounds: int = 5
    seed: int = 0
    only: int = 0
    kill_after: float = 0.0
    timeout: float = 60.0
    ready: str = "/readyz"
    addresses: tuple[str, ...] = ("/", "/api/health")
    own_statuses: tuple[int, ...] = ()
    growing: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    logs: Path = Path()

    @property
    def paths(self) -> tuple[str, ...]:
        """All addresses that are asked, the one that tells readiness last."""
        return (*(path for path in self.addresses if path != self.ready), self.ready)


@dataclass(frozen=True, slots=True)
class Violation:
    """A claim that does not hold: what was seen, of which copy (0: of none), and the last lines that it wrote."""

    claim: Claim
    what: str
    copy: int = 0
    seconds: float = 0.0
    log: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        return {
            "claim": self.claim,
            "what": self.what,
            "copy": self.copy or None,
            "seconds": round(self.seconds, 3),
            "log": list(self.log),
        }


@dataclass(frozen=True, slots=True)
class Expected:
    """What an undisturbed boot makes, and how it answers."""

    files: frozenset[File]
    schema: Snapshot
    counts: Mapping[str, int]
    answers: Mapping[str, int]
    seconds: float


@dataclass(frozen=True, slots=True)
class Played:
    """What happened in a round, or in an undisturbed boot (number 0)."""

    number: int
    plan: tuple[Disturbance, ...]
    seconds: float
    """Until all were ready."""
    launches: int
    ends: Mapping[str, int]
    violations: tuple[Violation, ...]
    answers: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened: when (seconds from the round's start), in which round, to which copy (0: to none)."""

    round: int
    seconds: float
    copy: int
    what: str


Report = Callable[[Happening], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that is to be said in the end."""

    wanted: Wanted
    window: float
    pooled: bool
    server: str
    files: int
    undisturbed: Played
    rounds: tuple[Played, ...]

    @property
    def violations(self) -> tuple[Violation, ...]:
        """What does not hold; one round's at most, since nothing is done after it."""
        return tuple(
            one for played in (self.undisturbed, *self.rounds) for one in played.violations
        )

    @property
    def holds(self) -> bool:
        """True if every claim holds."""
        return not self.violations

    @property
    def failed_round(self) -> int | None:
        """The round in which a claim did not hold; 0 is the undisturbed boot."""
        return next(
            (one.number for one in (self.undisturbed, *self.rounds) if one.violations), None
        )

    @property
    def replay(self) -> str:
        """The command that does the same to the same copies, in the failed round only if there is one."""
        wanted = self.wanted
        only = f"--round {self.failed_round}" if self.failed_round else f"--rounds {wanted.rounds}"
        told = [
            f"lockstep chaos --seed {wanted.seed} {only} --copies {wanted.copies}",
            f"--kill-after {round(self.window * 1000)}ms" if self.window else "",
            f"--pgbouncer {'on' if self.pooled else 'off'} -- {shlex.join(wanted.command)}",
        ]
        return " ".join(part for part in told if part)
