"""Where a repair is rehearsed: on scratch databases of the live server's major version, never on the live one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

from lockstep.catalog.repair.plan import Plan
from lockstep.catalog.repair.rehearsal import make_copy, rehearsed, roles_in
from lockstep.catalog.snapshot import Snapshot
from lockstep.embedded import find
from lockstep.errors import LockstepError
from lockstep.postgres.connection import connect_now
from lockstep.postgres.session import ServerError, Session
from lockstep.scratch import Scratch, scratch_server
from lockstep.settings import Settings

_DONE = "Rehearsed on a copy of the schema: what is not named here is as it should be afterwards."
_NOT = "Not rehearsed on a copy of the schema: {why}"
_ONE = "live"


def rehearse(plan: Plan, expected: Snapshot, live: Snapshot, settings: Settings) -> Plan:
    """Return the plan as a rehearsal leaves it, or as it is and why there was none."""
    if not plan.pieces:
        return plan
    try:
        if settings.scratch is None and (why := _other(find().major, live)):
            return replace(plan, rehearsal=_NOT.format(why=why))
        with scratch_server(settings) as scratch:
            why = _unfit(scratch, expected, live)
            if not why:
                return replace(_on(scratch, plan, expected, live), rehearsal=_DONE)
    except LockstepError as error:
        why = error.what
    except ServerError as error:
        why = error.message
    return replace(plan, rehearsal=_NOT.format(why=why))


def _on(scratch: Scratch, plan: Plan, expected: Snapshot, live: Snapshot) -> Plan:
    def prepare(url: str) -> None:
        with closing(_session(url, scratch.settings)) as session:
            make_copy(session, live)

    template = scratch.template(_ONE, prepare)

    @contextmanager
    def copies() -> Iterator[Session]:
        url = scratch.create(template)
        with closing(_session(url, scratch.settings)) as session:
            yield session
        scratch.drop(url)

    return rehearsed(plan, expected, live, copies)


def _unfit(scratch: Scratch, expected: Snapshot, live: Snapshot) -> str:
    """Return why nothing can be rehearsed on this server; empty if it can."""
    with closing(_session(scratch.create(), scratch.settings)) as session:
        major = session.server_version // 10000
        powerful = session.is_true("SELECT pg_catalog.current_setting('is_superuser') = 'on'")
    if why := _other(major, live):
        return why
    if not powerful:
        return "the role on the scratch server is no superuser"
    missing = scratch.missing_roles(sorted(roles_in(expected, live)))
    if missing and not scratch.embedded:
        return f"the scratch server has no role {', '.join(map(repr, missing))}"
    for name in missing:
        scratch.create_role(name)
    return ""


def _other(major: int, live: Snapshot) -> str:
    if major == live.major:
        return ""
    return f"the scratch server is PostgreSQL {major}, the database's {live.major}: name another with --scratch"


def _session(url: str, settings: Settings) -> Session:
    return connect_now(url, "the scratch database", f"lockstep:{settings.app}:rehearsal")
