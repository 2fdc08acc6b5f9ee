"""An application's own commands: they use its database as its services do, on a schema that must fit, and never migrate it."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Mapping

from lockstep.application import Application
from lockstep.catalog.needs.declaration import Needs
from lockstep.catalog.needs.missing import find_missing, look_around
from lockstep.catalog.needs.requirements import requirements_of
from lockstep.cli.invocation import flushed, settings_of
from lockstep.cli.main import guarded
from lockstep.cli.serving import load_application
from lockstep.development import database_of
from lockstep.postgres.gate import Database
from lockstep.settings import Settings

Work = Callable[[Database], Awaitable[int]]


def run_on_schema(
    application: Application | str,
    needs: Mapping[str, Needs],
    work: Work,
    *,
    verbose: bool = False,
) -> int:
    """Run *work* with the database of *application* (or of what ``module:attribute`` names); return the exit status.

    *needs*, by the name of who has them, are checked first, and what is missing is refused as a boot would. What *work* returns
    is the status; a ``LockstepError`` that it raises is shown, and its status returned.
    """
    named = application
    options = argparse.Namespace(json=False, verbose=verbose)

    def command(options: argparse.Namespace) -> int:
        application = load_application(named) if isinstance(named, str) else named
        declared = {"app": application.name, "migrations": application.migrations}
        settings = settings_of(options, {name: value for name, value in declared.items() if value})
        source = database_of(settings, lambda _: None)
        try:
            return asyncio.run(_run(settings, source.pool_url, application.database, needs, work))
        finally:
            if source.cluster is not None:
                source.cluster.stop()

    with flushed():
        return guarded(command, options)


async def _run(
    settings: Settings, url: str, database: Database, needs: Mapping[str, Needs], work: Work
) -> int:
    await database.open(url, settings.app, settings)
    try:
        missing = await find_missing(database, requirements_of(needs))
        if missing:
            from lockstep.catalog.needs.unmet import needs_unmet  # it knows SQL; few need that

            raise needs_unmet(missing, await look_around(database, missing), settings.migrations)
        return await work(database)
    finally:
        await database.close()
