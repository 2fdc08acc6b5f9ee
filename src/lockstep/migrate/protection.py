"""Releases that still run are protected: a pending file that takes away what one of them needs is refused before anything runs.

What they need is kept in ``lockstep.needs`` (see ``catalog.needs.kept``). In a rolling deploy the old release runs until the new one is
ready, so a file must leave it what it has; one that says ``breaking`` need not.
"""

from __future__ import annotations

from collections.abc import Sequence

from lockstep.catalog.needs.kept import QUERIES
from lockstep.catalog.needs.requirements import Requirement
from lockstep.catalog.needs.still_needed import Running, Schema, Taken
from lockstep.errors import Problem, StillNeeded
from lockstep.migrate.script import Script
from lockstep.position import place_at
from lockstep.postgres.session import Session
from lockstep.sql.parser import NotParsed, parse

_EXPAND = (
    "Expand and contract: ship it with a later release, when no process of this one runs any more. If it is meant all the same: "
    "-- lockstep: breaking"
)


def refuse_what_is_needed(session: Session, scripts: Sequence[Script], server: int) -> None:
    """Raise ``StillNeeded`` with everything that the *scripts* would take from releases that run; they are pending, in order."""
    rows = session.fetch(QUERIES["running"])
    if not rows:
        return
    releases = [
        Running(
            row["app"],
            row["release"],
            row["processes"],
            row["host"],
            tuple(Requirement.from_dict(one) for one in row["needs"]),
        )
        for row in rows
    ]
    schema = Schema(releases, _live(session, releases), rows[0]["path"], server)
    problems: list[Problem] = []
    for script in scripts:
        try:
            taken = schema.play(parse(script.text))
        except NotParsed:  # newer than the grammar: nobody knows what it does
            continue
        if not script.header.breaking:
            problems += [_problem(script, one) for one in taken]
    if problems:
        raise _refusal(problems)


def _live(session: Session, releases: Sequence[Running]) -> list[dict[str, object]]:
    needed = [one for release in releases for one in release.needed]
    tables = {one.name for one in needed if one.kind not in {"function", "extension"}}
    functions = {one.name for one in needed if one.kind == "function"}
    return session.fetch(
        QUERIES["live"],
        tables=sorted(tables),
        functions=sorted(functions),
        schemas=sorted({one.schema for one in needed if one.schema}),
    )


def _problem(script: Script, taken: Taken) -> Problem:
    running = taken.running
    who = f"release {running.release!r}" if running.release else "a release without a name"
    count = f"{running.processes} process{'es' if running.processes != 1 else ''}"
    return Problem(
        f"{taken.what} from service {taken.needed.service!r} of {who} of {running.app!r}, which still runs "
        f"({count}, on {running.host})",
        place_at(script.file.shown, script.text, taken.offset),
        _EXPAND,
    )


def _refusal(problems: Sequence[Problem]) -> StillNeeded:
    files = list(dict.fromkeys(problem.place.file for problem in problems if problem.place))
    return StillNeeded(
        f"{', '.join(files)} would take away what a running release needs",
        problems=problems,
        why="In a rolling deploy the old release serves until the new one is ready, and it would fail in between. "
        "Nothing was run.",
        next_step="Stop that release first, or split the change. A process that was killed is forgotten within a minute.",
    )
