"""What is judged: the way from one schema to another, by the functions that ``lockstep drift`` and ``lockstep repair`` use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass

from lockstep.catalog.compare import Difference, compare
from lockstep.catalog.repair import script
from lockstep.catalog.repair.choices import Choices, read_pattern
from lockstep.catalog.repair.plan import Conflict, Plan
from lockstep.catalog.repair.planner import make_plan
from lockstep.catalog.repair.rehearsal import make_copy, rehearsed
from lockstep.catalog.snapshot import Snapshot, read_snapshot
from lockstep.interrupt import Interrupt
from lockstep.postgres.connection import connect
from lockstep.postgres.session import Session

_ALL = (read_pattern("all"),)
Empty = Callable[[], AbstractContextManager[str]]


@dataclass(frozen=True)
class Repair:
    """The scripts, in the order in which they run, and the plan that they say."""

    scripts: tuple[str, ...]
    plan: Plan


def opened(conninfo: str) -> Session:
    """Return a session of the product's own."""
    return connect(
        conninfo,
        source="the pair",
        application_name="pairs-check",
        wait=0,
        interrupt=Interrupt(),
        report=print,
    )


def snapshot(conninfo: str) -> Snapshot:
    """Read a database."""
    with closing(opened(conninfo)) as session:
        return read_snapshot(session)


def repair(live: str, expected: Snapshot, empty: Empty, *, allowed: bool) -> Repair:
    """Plan, rehearse and write what brings the database at *live* to *expected*.

    *allowed*: everything may be dropped and re-typed. *empty* gives the address of an empty database of the same server.
    """
    choices = Choices(drop=_ALL, retype=_ALL) if allowed else Choices()
    with closing(opened(live)) as session:
        found = read_snapshot(session)
        major = session.server_version // 10000
        plan = make_plan(expected, found, choices, server=major, session=session)
    if plan.pieces:
        plan = rehearsed(plan, expected, found, lambda: _copy(found, empty))
    texts = script.texts(plan)
    return Repair(tuple(text for part in ("main", "later") if (text := texts.get(part))), plan)


@contextmanager
def _copy(live: Snapshot, empty: Empty) -> Iterator[Session]:
    with empty() as name, closing(opened(name)) as session:
        make_copy(session, live)
        yield session


def drift(expected: Snapshot, live: str) -> Sequence[Difference]:
    """Return what of the database at *live* is not as expected."""
    return compare(expected, snapshot(live)).differences


def declared(plan: Plan) -> list[str]:
    """Return what the plan says that it does not bring about: what it leaves, and what the rows forbid."""
    kept = [f"{one.what} {one.name} {list(one.fields)} | {one.reason}" for one in plan.left]
    return kept + [
        f"conflict {one.question.about} | {one.question.kind}: {one.answer.text}"
        for one in plan.conflicts
        if not one.answer.clean
    ]


def silent(
    plan: Plan, rest: Iterable[Difference], seen: Sequence[str], *, additive: bool
) -> list[str]:
    """Return what is left and was not declared; if the product finds nothing left, what pg_dump sees is that."""
    found = [one for one in rest if not (additive and one.what == "extra")]
    untold = [told(one) for one in found if not _is_declared(one, plan)]
    return untold or ([] if found or additive else list(seen))


def told(one: Difference) -> str:
    """Return a difference in one line."""
    if one.expected is None or one.live is None:
        return f"{one.what} {one.name}"
    fields = (
        f"{name}: {one.expected.body.get(name)!r} <- {one.live.body.get(name)!r}"
        for name in one.fields
    )
    return f"{one.what} {one.name} {list(one.fields)} | " + "; ".join(fields)


def _is_declared(one: Difference, plan: Plan) -> bool:
    """Tell whether every field that differs was named; what names no fields is about all of them."""
    if any(not c.answer.clean and one.name in {c.question.about, _of(c)} for c in plan.conflicts):
        return True
    mine = [left for left in plan.left if left.name == one.name]
    fields = {field for left in mine for field in left.fields}
    return bool(mine) and (any(not left.fields for left in mine) or {*one.fields} <= fields)


def _of(conflict: Conflict) -> str:
    fact = conflict.question.fact
    return Difference(fact, None).name
