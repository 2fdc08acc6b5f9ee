"""What ``lockstep repair`` knows: the plan for the database that is booted on, and the seeds that it lacks."""

from __future__ import annotations

from collections.abc import Sequence

from lockstep import schemas
from lockstep.catalog.repair.choices import Choices
from lockstep.catalog.repair.plan import Plan
from lockstep.catalog.repair.planner import make_plan
from lockstep.catalog.repair.script import seeds_text
from lockstep.errors import LockstepError
from lockstep.inspection import View, look
from lockstep.migrate.files import read_shipped
from lockstep.rehearsals import rehearse
from lockstep.settings import Settings
from lockstep.sql.hazards import is_repair
from lockstep.sql.parser import parse
from lockstep.values import dataclass


@dataclass(frozen=True, slots=True)
class Repair:
    """A plan, and what of the shipped files the ledger does not know; ``seeds`` is the seeds' text, if it was asked for.

    ``pending``: how many migrations run at a boot before the repair does, on the schema as it is.
    """

    plan: Plan
    address: str
    seeds_missing: tuple[str, ...] = ()
    pending: int = 0
    seeds: str = ""


def plan_repair(
    settings: Settings,
    against: str,
    choices: Choices,
    *,
    timeout: float,
    with_seeds: bool,
    with_rehearsal: bool = True,
) -> Repair:
    """Compare the database with what *against* names, ask it about its rows, plan, and rehearse. Nothing is changed there."""
    with look(settings, lambda _: None) as view:
        source = view.source
        expected, live = schemas.together(
            lambda: schemas.named(against, settings),
            lambda: schemas.of_database(source.url, source.name, settings),
        )
        server = view.session.server_version // 10000
        plan = make_plan(
            expected, live, choices, server=server, session=view.session, timeout=timeout
        )
        seeds, pending = _not_applied(view)
        address = view.session.address
    if with_rehearsal:
        plan = rehearse(plan, expected, live, settings)
    return Repair(plan, address, seeds, pending, _seeds(settings) if with_seeds else "")


def _not_applied(view: View) -> tuple[tuple[str, ...], int]:
    """Return the names of the seeds that were never applied, and how many migrations were not."""
    try:
        _, made, _ = view.plan()
    except LockstepError:
        # A boot refuses with the same words; the schema can be repaired all the same.
        return (), 0
    pending = sum(not is_repair(file.text) for file in made.migrations)
    return tuple(file.name for file in made.seeds), pending


def _seeds(settings: Settings) -> str:
    shipped = read_shipped(settings.migrations, settings.seeds, settings.environment)
    texts: list[tuple[str, Sequence[str]]] = [
        (file.name, [statement.text for statement in parse(file.text, rows=True)])
        for file in shipped.seeds
    ]
    return seeds_text(texts) if texts else ""
