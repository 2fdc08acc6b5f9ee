"""Ask again, while running, what a service was asked for before its start: is what it needs still there?"""

from __future__ import annotations

import asyncio
from pathlib import Path

from lockstep.catalog.needs.declaration import Needs
from lockstep.catalog.needs.missing import find_missing, look_around
from lockstep.catalog.needs.requirements import requirements_of
from lockstep.errors import NeedsUnmet
from lockstep.postgres.gate import Database


async def check_needs(
    database: Database, service: str, needs: Needs, migrations: Path
) -> NeedsUnmet | None:
    """Return what a boot would refuse *service* for, now; None if the schema meets its needs.

    The files in *migrations* that should have made what is missing are named.
    """
    missing = await find_missing(database, requirements_of({service: needs}))
    if not missing:
        return None
    around = await look_around(database, missing)

    def refusal() -> NeedsUnmet:
        from lockstep.catalog.needs.unmet import needs_unmet  # it knows SQL, and few need that

        return needs_unmet(missing, around, migrations)

    return await asyncio.to_thread(refusal)
