"""What the ledger of a database says of how long files take, and what is pending there; reads only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from lockstep.deploy.budget import FileKey, Measured
from lockstep.events import Event
from lockstep.inspection import View, look
from lockstep.postgres.queries import load_queries
from lockstep.settings import Settings

_QUERIES = load_queries(Path(__file__).with_name("measured.sql"))


def measured(settings: Settings) -> Measured:
    """Return what the database of *settings* knows; nothing where there is no ledger."""
    with look(settings, _silent) as view:
        return _measured(view)


def pending_and_measured(settings: Settings) -> tuple[Sequence[FileKey], Measured]:
    """Return what is pending there, too; raises what a boot would refuse with."""
    with look(settings, _silent) as view:
        _, plan, _ = view.plan()
        return [(file.kind, file.name, file.checksum) for file in plan.files], _measured(view)


def _measured(view: View) -> Measured:
    if not view.facts.has_ledger:
        return Measured({}, ())
    rows = view.session.fetch(_QUERIES["durations"], app=view.settings.app)
    boots: Counter[str] = Counter()
    for row in rows:
        boots[row["boot"]] += row["seconds"]
    files = {(row["kind"], row["name"], row["checksum"]): float(row["seconds"]) for row in rows}
    return Measured(files, tuple(boots.values()))


def _silent(_: Event) -> None:
    """Looking reports nothing."""
