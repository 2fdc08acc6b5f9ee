"""A drift becomes a plan: what may be done, in order, and what is left, with reasons."""

from __future__ import annotations

from dataclasses import replace

from lockstep.catalog.compare import compare
from lockstep.catalog.making.index import Index
from lockstep.catalog.repair.choices import Choices
from lockstep.catalog.repair.plan import Plan
from lockstep.catalog.repair.put_away import put_away
from lockstep.catalog.repair.taking import Planner
from lockstep.catalog.snapshot import Snapshot
from lockstep.postgres.session import Session

TIMEOUT = 10.0


def make_plan(
    expected: Snapshot,
    live: Snapshot,
    choices: Choices,
    *,
    server: int,
    session: Session | None = None,
    timeout: float = TIMEOUT,
) -> Plan:
    """Return what makes *live* what is *expected*, as far as *choices* allow.

    *session* leads to the live database, to be asked about its rows (*timeout* seconds for each question); without one they are
    taken to be clean. *server* is its major version.
    """
    goal, drift = Index(expected.lines, server), compare(expected, live)
    away = put_away(drift, goal, live, choices, server)
    rest = compare(expected, away.live) if away.entries else drift
    planner = Planner(rest, goal, Index(away.live.lines, server), choices, session, timeout)
    planner.begin(away)
    for difference in rest.differences:
        planner.take(difference)
    plan = planner.plan(live.fingerprint, expected.fingerprint)
    unused = choices.unused(one.fact for one in drift.differences)
    return replace(plan, differences=len(drift.differences), unused=unused)
