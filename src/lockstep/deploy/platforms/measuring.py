"""What the ledger of a database knows of how long files take; reads only."""

from __future__ import annotations

from pathlib import Path

from lockstep.events import Event
from lockstep.inspection import look
from lockstep.postgres.queries import load_queries
from lockstep.settings import Settings

_QUERIES = load_queries(Path(__file__).with_name("measured.sql"))


def seconds_by_boot(settings: Settings) -> tuple[float, ...]:
    """Return how long each boot on the database of *settings* spent on files; nothing where there is no ledger."""
    with look(settings, _silent) as view:
        if not view.facts.has_ledger:
            return ()
        rows = view.session.fetch(_QUERIES["seconds_by_boot"], app=settings.app)
    return tuple(float(row["seconds"]) for row in rows)


def _silent(_: Event) -> None:
    """Looking reports nothing."""
