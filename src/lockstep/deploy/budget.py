"""Does a boot with what is pending fit into the time that the platform waits for it to be healthy?

A boot waits for the lock, then applies what is pending. What a file takes is known from the environment before, where it ran
already; what ran nowhere is taken to be as slow as the slowest file so far.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from lockstep.deploy.checks import Check, judged, skipped
from lockstep.deploy.stages import Stage
from lockstep.durations import format_duration
from lockstep.inspection import look
from lockstep.postgres.queries import load_queries
from lockstep.settings import Settings
from lockstep.values import dataclass

QUERIES = load_queries(Path(__file__).with_name("budget.sql"))
_LEAST = 1.0
_SHOWN = 3

FileKey = tuple[str, str, str]
"""Kind, name and checksum: another text is another file."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """What a database says: what is pending there, and how long each applied file took, in seconds."""

    pending: Sequence[FileKey]
    seconds: Mapping[FileKey, float]


def read_ledger(settings: Settings) -> Ledger:
    """Read both from the database of *settings*; raises what a boot would refuse with."""
    with look(settings, lambda _: None) as view:
        _, plan, _ = view.plan()
        rows = []
        if view.facts.has_ledger:
            rows = view.session.fetch(QUERIES["durations"], app=settings.app)
    pending = [(file.kind, file.name, file.checksum) for file in plan.files]
    seconds = {(row["kind"], row["name"], row["checksum"]): float(row["seconds"]) for row in rows}
    return Ledger(pending, seconds)


def judge(stage: Stage, own: Ledger | None, before: Ledger | None, where_before: str) -> Check:
    """Judge the budget of *stage*; *own* is its ledger, *before* that of the stage before it (None: not known)."""
    window = format_duration(stage.window)
    wanted = f"lock wait + pending files < {window} (health_window of {stage.name})"
    todo = (
        "Shorten lock_wait, apply slow files ahead with `lockstep up`, or let the platform wait longer and say so: "
        f"[environments.{stage.name}] health_window."
    )
    name, wait = f"budget {stage.name}", f"lock wait {format_duration(stage.lock_wait)}"
    if own is None:
        saw = f"{wait}; what is pending is not known: {stage.database_variable} is not set"
        if stage.lock_wait < stage.window:
            return skipped(name, saw, wanted)
        return judged(name, holds=False, saw=saw, wanted=wanted, todo=todo)
    seconds, told = _pending(own, before, where_before)
    total = stage.lock_wait + seconds
    saw = f"{wait} + {told} = {format_duration(total)} of {window}"
    return judged(name, holds=total < stage.window, saw=saw, wanted=wanted, todo=todo)


def _pending(own: Ledger, before: Ledger | None, where_before: str) -> tuple[float, str]:
    """Return how long what is pending takes, and how that is known."""
    if not own.pending:
        return 0.0, "nothing pending"
    there = before.seconds if before else {}
    measured = [there[key] for key in own.pending if key in there]
    names = [key[1] for key in own.pending if key not in there]
    slowest = max([_LEAST, *own.seconds.values(), *there.values()])
    parts = []
    if measured:
        took = format_duration(sum(measured))
        parts.append(f"{took} for {len(measured)} measured on {where_before}")
    if names:
        few = ", ".join(names[:_SHOWN]) + (" ..." if len(names) > _SHOWN else "")
        guess = format_duration(slowest * len(names))
        parts.append(f"{guess} estimated for {few} (measured nowhere; as the slowest before)")
    return sum(measured) + slowest * len(names), " + ".join(parts)
