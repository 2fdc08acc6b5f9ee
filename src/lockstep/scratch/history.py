"""The history run in a scratch database, by the engine that boots: what the migrations add up to.

Roles belong to a server, not to a database, and migrations may speak of some. On a PostgreSQL of our own those that are
missing are made, and the history begins anew; on a server that somebody named, making them is for its owner.
"""

from __future__ import annotations

import re
from dataclasses import replace

from lockstep.errors import ConfigurationWrong, MigrationFailed
from lockstep.events import Listener
from lockstep.migrate.files import Shipped
from lockstep.migrate.ledger import Boot
from lockstep.migrate.upgrade import Upgrade
from lockstep.postgres.databases import quoted
from lockstep.postgres.opening import open_session
from lockstep.scratch.server import SOURCE, Scratch

_UNKNOWN_ROLE = re.compile(r'role "(.+)" does not exist')
_UNDEFINED_OBJECT = "42704"
_ELSEWHERE = "It ran on the embedded PostgreSQL; to run it on a server like yours: --scratch URL."


def migrated(
    scratch: Scratch,
    shipped: Shipped,
    upto: str | None = None,
    report: Listener = lambda _: None,
) -> str:
    """Return the connection string of a new database that ran the migrations (no seeds), to the file *upto* if one is named.

    Repair files are left out: they bring a database to what the others add up to, perhaps to what they once did.

    Raises what a boot would raise of the files, and ``ConfigurationWrong`` where the server lacks a role that they name.
    """
    history = _until(shipped, upto)
    _have_roles(scratch, scratch.settings.scratch_roles)
    while True:
        url = scratch.create()
        try:
            _run(scratch, url, history, report)
        except MigrationFailed as error:
            scratch.drop(url)
            _have_roles(scratch, _unknown_role(error), error)
        else:
            return url


def _until(shipped: Shipped, upto: str | None) -> Shipped:
    migrations = tuple(file for file in shipped.migrations if not file.header.repair)
    names = [file.name for file in migrations]
    if upto is None:
        return Shipped(migrations)
    if upto not in names:
        raise ConfigurationWrong(
            f"there is no migration {upto!r}",
            next_step=f"The last is {names[-1]!r}." if names else "There are none at all.",
        )
    return Shipped(migrations[: names.index(upto) + 1])


def _run(scratch: Scratch, url: str, history: Shipped, report: Listener) -> None:
    settings = replace(scratch.settings, database=url, lock="always")
    opened = open_session(
        url,
        source=SOURCE,
        application_name=f"lockstep:{settings.app}:scratch",
        wait=0,
        interrupt=scratch.interrupt,
        report=report,
    )
    try:
        boot = Boot(settings.app, "scratch", settings.release, settings.environment)
        upgrade = Upgrade(opened, boot, history, settings, report)
        upgrade.begin(outcome_at_head=None)
        upgrade.migrate()
        upgrade.seed()
        upgrade.finish()
    finally:
        opened.session.close()


def _unknown_role(error: MigrationFailed) -> list[str]:
    found = _UNKNOWN_ROLE.search(error.what) if error.sqlstate == _UNDEFINED_OBJECT else None
    return [found[1]] if found else []


def _have_roles(
    scratch: Scratch, names: list[str] | tuple[str, ...], error: MigrationFailed | None = None
) -> None:
    """See that the roles are there; raise *error*, if given, where that changes nothing."""
    missing = scratch.missing_roles(names) if names else []
    if error is not None and not missing:
        if scratch.embedded:
            error.next_step = f"{error.next_step}\n{_ELSEWHERE}"
        raise error
    if missing and not scratch.embedded:
        listed = ", ".join(map(repr, missing))
        raise ConfigurationWrong(
            f"the scratch server has no role {listed}, which the migrations name",
            place=error.place if error else None,
            why="Roles belong to a server: on one that is yours, Lockstep makes none.",
            next_step="There, as a superuser: "
            + " ".join(f"CREATE ROLE {quoted(name)} NOLOGIN;" for name in missing)
            + "\nOr leave --scratch out: on the embedded PostgreSQL they are made.",
        ) from error
    for name in missing:
        scratch.create_role(name)
