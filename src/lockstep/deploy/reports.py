"""What a deploy tells while it goes on; texts and JSON are made of these elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from lockstep.deploy.checks import Check
from lockstep.deploy.plan import Plan, Step
from lockstep.values import dataclass

Result = Literal["done", "skipped", "failed", "interrupted"]
Status = Literal["planned", "deployed", "failed", "declined", "interrupted"]


@dataclass(frozen=True, slots=True)
class Planned:
    """What will be done, or with ``--dry-run`` would be."""

    plan: Plan


@dataclass(frozen=True, slots=True)
class Began:
    """A step begins."""

    step: Step


@dataclass(frozen=True, slots=True)
class Said:
    """A line of what a step's command writes, or of what it waits for."""

    step: Step
    line: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A step has ended; ``checks`` are those of a verification."""

    step: Step
    result: Result
    seconds: float
    saw: str
    wanted: str = ""
    todo: str = ""
    checks: Sequence[Check] = ()


@dataclass(frozen=True, slots=True)
class Live:
    """What a stage is at now, in one sentence; ``commit`` is its branch's at the remote, ``releases`` are those that answer."""

    stage: str
    told: str
    commit: str
    releases: Sequence[str]


@dataclass(frozen=True, slots=True)
class Finished:
    """How it ended; ``at`` is the step that it ended in, ``todo`` what to run now."""

    status: Status
    commit: str
    at: str = ""
    why: str = ""
    live: Sequence[Live] = ()
    todo: Sequence[str] = ()


Report = Planned | Began | Said | Ended | Finished
Reporter = Callable[[Report], None]
