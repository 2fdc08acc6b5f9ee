"""What the database itself says of a release: how its boot ended, nothing pending, no drift, no invalid index, and who serves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from typing import Any

from lockstep import schemas
from lockstep.catalog.compare import compare
from lockstep.catalog.needs.kept import QUERIES as KEPT
from lockstep.deploy.answers import same_release
from lockstep.deploy.checks import Check, judged, skipped
from lockstep.errors import LockstepError
from lockstep.inspection import View, look
from lockstep.migrate.drifted import judge
from lockstep.postgres.queries import load_queries
from lockstep.postgres.session import QUERIES
from lockstep.settings import Settings

OWN = load_queries(Path(__file__).with_name("inside.sql"))
_SHOWN = 3
_FOR_GOOD = (65, 77, 78, 79)
"""Exit statuses of boots that another start cannot mend."""


def checks(settings: Settings, expected_release: str, waited: float) -> Iterator[Check]:
    """Yield what is found, of a database that cannot be reached only that; *waited*: for so many seconds the release is awaited."""
    try:
        with look(settings, lambda _: None) as view:
            yield _record(view, expected_release, waited)
            yield _pending(view)
            yield _drift(settings, view)
            yield _indexes(view)
            yield _replicas(view, expected_release)
    except LockstepError as error:
        yield judged(
            "database",
            holds=False,
            saw=error.what,
            wanted="the database answers",
            todo=error.next_step,
        )


def _record(view: View, expected: str, waited: float) -> Check:
    """Judge how the newest boot of the release ended: where it failed, the rest follows from that, and this says why."""
    wanted = "the newest boot of the release has completed"
    if not expected:
        return skipped("record", "any boot may be the newest", wanted, "Name the release with --release.")  # fmt: skip
    rows = (
        view.session.fetch(OWN["latest_boot"], app=view.settings.app, release=expected)
        if view.facts.has_ledger
        else []
    )
    if not rows:
        todo = "Where it booted without coming so far, the platform's log says why; else see that this is its database."
        return judged("record", holds=False, saw=f"no boot of {expected[:7]} is recorded in {view.session.address}", wanted=wanted, todo=todo)  # fmt: skip
    row = rows[0]
    begun = f"{row['begun_at'].astimezone(UTC):%H:%M:%S} UTC"
    saw = f"{row['command']} on {row['host']}, begun at {begun}: {row['outcome'] or 'under way'}"
    if row["outcome"] is None:
        return skipped("record", saw, wanted)
    if row["outcome"] == "completed":
        return judged("record", holds=True, saw=saw, wanted=wanted, todo="")
    error: Mapping[str, Any] = row["error"] or {}
    final = row["ended_ago"] <= waited and (error.get("exit_status") in _FOR_GOOD or error.get("code") == "LS501")  # fmt: skip
    found = judged("record", holds=False, saw=f"{saw} at {row['step']}: {_why(error)}", wanted=wanted, todo=_next(error))  # fmt: skip
    return replace(found, cause=True, final=final)


def _why(error: Mapping[str, Any]) -> str:
    """What, where and why, in a line."""
    place = f" ({error['where']})" if error.get("where") else ""
    problems = [str(problem["what"]) for problem in error.get("problems", ())]
    parts = (f"{error.get('what', 'no reason is recorded')}{place}", _few(problems), error.get("why", ""))  # fmt: skip
    return " ".join("; ".join(part for part in parts if part).split())


def _next(error: Mapping[str, Any]) -> str:
    todos = [error.get("next", ""), *(one.get("next", "") for one in error.get("problems", ()))]
    return " ".join(" ".join(dict.fromkeys(todo for todo in todos if todo)).split())


def _pending(view: View) -> Check:
    wanted = "every migration and seed of this checkout is applied"
    try:
        _, plan, _ = view.plan()
    except LockstepError as error:
        return judged("pending", holds=False, saw=error.what, wanted=wanted, todo=error.next_step)
    names = [file.name for file in plan.files]
    saw = f"{len(names)} pending: {_few(names)}" if names else "nothing is pending"
    return judged("pending", holds=not names, saw=saw, wanted=wanted, todo="Deploy this checkout, or verify from the one that is deployed.")  # fmt: skip


def _drift(settings: Settings, view: View) -> Check:
    lock, wanted = settings.schema_lock, "the schema is what schema.lock says"
    if not lock.exists():
        return skipped("drift", f"there is no {lock.name}", wanted, "lockstep snapshot")
    live = schemas.of_database(view.source.url, view.source.name, settings)
    found = judge(compare(schemas.of_lock_file(lock), live), view.facts.role)
    wrong = [one.name for one in found.refusing]
    saw = (
        f"{len(wrong)} missing or different: {_few(wrong)}"
        if wrong
        else "no difference that refuses a boot"
    )
    return judged(
        "drift",
        holds=not wrong,
        saw=saw,
        wanted=wanted,
        todo="lockstep drift --tree, then lockstep repair",
    )


def _indexes(view: View) -> Check:
    invalid = [str(row["name"]) for row in view.session.fetch(QUERIES["invalid_indexes"])]
    saw = f"{len(invalid)} invalid: {_few(invalid)}" if invalid else "all are valid"
    return judged("indexes", holds=not invalid, saw=saw, wanted="no invalid index", todo="DROP INDEX CONCURRENTLY, then build it again.")  # fmt: skip


def _replicas(view: View, expected: str) -> Check:
    wanted = "every process that serves is of this release"
    if not view.facts.may_see_needs:
        return skipped("replicas", "who serves is not to be seen here", wanted)
    ours = [row for row in view.session.fetch(KEPT["running"]) if row["app"] == view.settings.app]
    found = ", ".join(f"{row['processes']} of {row['release'] or 'no release'}" for row in ours)
    saw = f"serving: {found}" if found else "nobody says that it serves"
    if not expected:
        return skipped("replicas", saw, wanted, "Name the release with --release.")
    holds = bool(ours) and all(same_release(row["release"], expected) for row in ours)
    todo = "Wait until the old release is gone (--wait); its lease ends a minute after it."
    if not ours:
        todo = "See why none does: the platform's log, and `lockstep boots`."
    return judged("replicas", holds=holds, saw=saw, wanted=wanted, todo=todo)


def _few(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
