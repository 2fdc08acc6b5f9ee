"""What is done to the copies, and when: from a seed to a list, and nothing else has a say in it."""

from __future__ import annotations

import random
from typing import Literal

from lockstep.durations import format_duration
from lockstep.values import dataclass

Kind = Literal["SIGKILL", "SIGTERM", "SIGSTOP", "backend", "power cut"]
_KINDS: tuple[Kind, ...] = ("SIGKILL", "SIGTERM", "SIGSTOP", "backend", "power cut")
_WEIGHTS = (4, 3, 2, 3, 1)
_BY_FILES = 0.4
"""The part of the disturbances that wait for a file of the migrations, and not for the clock."""


@dataclass(frozen=True, slots=True)
class Disturbance:
    """One thing that is done.

    ``at`` and ``lasts`` (of SIGSTOP, until SIGCONT) are parts of the time in which copies are killed; ``files`` above 0: not
    then, but once so many files are applied. ``copy`` counts from 1, 0 is all. ``pick``: which of the sessions, from the one
    that holds an advisory lock (0) to the newest (1).
    """

    kind: Kind
    copy: int = 0
    at: float = 0.0
    files: int = 0
    lasts: float = 0.0
    pick: float = 0.0

    def told(self, window: float) -> str:
        """Return it as words: what, to whom, when."""
        whom: str = "a session ended" if self.kind == "backend" else self.kind
        whom += f" of copy {self.copy}" if self.copy else ""
        when = format_duration(self.at * window)
        return f"{whom} {f'after file {self.files}' if self.files else f'at {when}'}"


def plan(seed: int, number: int, copies: int, files: int) -> tuple[Disturbance, ...]:
    """Return what is done in round *number*, of *copies* that apply so many *files*; in order of time, then of files."""
    chance = random.Random(f"{seed} {number}")
    made = [_one(chance, copies, files) for _ in range(chance.randint(copies, 2 * copies))]
    return tuple(sorted(made, key=lambda one: (one.files, one.at)))


def _one(chance: random.Random, copies: int, files: int) -> Disturbance:
    # Everything is drawn every time, so that what follows does not depend on what came out.
    (kind,) = chance.choices(_KINDS, _WEIGHTS)
    copy, at, lasts, pick = (
        chance.randint(1, copies),
        chance.random(),
        chance.random(),
        chance.random(),
    )
    by_files, file = chance.random() < _BY_FILES, 1 + int(chance.random() * max(files - 1, 0))
    wait = file if by_files and files > 1 else 0
    return Disturbance(
        kind,
        copy=copy if kind.startswith("SIG") else 0,
        at=0.0 if wait else round(at, 3),
        files=wait,
        lasts=round(lasts, 3) if kind == "SIGSTOP" else 0.0,
        pick=round(pick, 3) if kind == "backend" else 0.0,
    )
