"""What the database itself says of a release: nothing pending, no drift, no invalid index, and who serves."""

from __future__ import annotations

from collections.abc import Iterator

from lockstep import schemas
from lockstep.catalog.compare import compare
from lockstep.catalog.needs.kept import QUERIES as KEPT
from lockstep.deploy.answers import same_release
from lockstep.deploy.checks import Check, judged, skipped
from lockstep.errors import LockstepError
from lockstep.inspection import View, look
from lockstep.migrate.drifted import judge
from lockstep.postgres.session import QUERIES
from lockstep.settings import Settings

_SHOWN = 3


def checks(settings: Settings, expected_release: str) -> Iterator[Check]:
    """Yield what is found; of a database that cannot be reached only that."""
    try:
        with look(settings, lambda _: None) as view:
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
    return judged("replicas", holds=holds, saw=saw, wanted=wanted, todo="Wait until the old release is gone (--wait); its lease ends a minute after it.")  # fmt: skip


def _few(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
