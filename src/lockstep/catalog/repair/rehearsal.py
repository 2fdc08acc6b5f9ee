"""The statements of a plan, run on a copy of the live schema without its rows: what they leave is known before anybody runs them.

The copy is made of the lines of the live snapshot. What PostgreSQL refuses there is taken out of the plan, and what is not as
expected in the end, although nothing was said of it, is added to what is left. Rows are not rehearsed: they are asked before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace

from lockstep.catalog.compare import Difference, compare
from lockstep.catalog.fact import OWNER, undotted
from lockstep.catalog.making import Index, create_all
from lockstep.catalog.making.texts import dollar_quoted
from lockstep.catalog.repair.plan import Left, Plan
from lockstep.catalog.repair.remaking import each
from lockstep.catalog.repair.script import SETTINGS, statement
from lockstep.catalog.snapshot import Snapshot, read_snapshot
from lockstep.postgres.session import ServerError, Session

Copies = Callable[[], AbstractContextManager[Session]]
"""Gives a session on a new copy each time."""
_ROUNDS = 5
_BEGIN = f"SELECT {SETTINGS.format(local='false')}; SET check_function_bodies = off"
_HOSTS = ("extension ", "collation ", "text_search_dictionary ")
"""What depends on the files of the host: another host may have them."""
_LEFT = "a rehearsal on a copy of this schema left it so"


def roles_in(*snapshots: Snapshot) -> set[str]:
    """Return the roles that any of *snapshots* names."""
    return {name for one in snapshots for name in _roles(one)} - {"public", OWNER}


def _roles(snapshot: Snapshot) -> Iterator[str]:
    for line in snapshot.lines:
        kind = line.partition(" ")[0]
        if kind not in {"grant", "maintain", "default_privilege", "policy"}:
            continue
        (fact,) = Snapshot([line]).facts()
        if kind == "policy":
            yield from fact.body.get("roles", ())
        elif kind == "default_privilege":
            yield fact.path[0]
            for entry in (*fact.body.get("granted", ()), *fact.body.get("revoked", ())):
                yield undotted(entry.rpartition(" ")[2])[0]
        else:
            yield fact.path[-1]


def make_copy(session: Session, live: Snapshot) -> None:
    """Make of an empty database what *live* is, as far as that goes: what cannot be made is not there."""
    server = session.server_version // 10000
    session.script(_BEGIN)
    for step in create_all(live.facts(), Index(live.lines, server)):
        body = "\n".join(["BEGIN", *each([step]), "END"])
        _said(session, f"DO {dollar_quoted(body)}")


def rehearsed(plan: Plan, expected: Snapshot, live: Snapshot, copies: Copies) -> Plan:
    """Return the plan without what fails, and with all that it leaves."""
    for _ in range(_ROUNDS):
        with copies() as session:
            unlike = {one.name for one in compare(live, read_snapshot(session)).differences}
            failed = dict(_failures(session, plan))
            rest = compare(expected, read_snapshot(session)).differences
        if unlike or any(about.startswith(_HOSTS) for about in failed):
            unlike |= failed.keys()  # here it fails for what the copy lacks
            break
        if not failed:
            break
        kept = tuple(piece for piece in plan.pieces if piece.about not in failed)
        refused = tuple(_refused(about, error, rest) for about, error in failed.items())
        plan = replace(plan, pieces=kept, left=(*plan.left, *refused))
    # What was too much before goes with what was told of it: an extra table's columns with the table.
    known = {one.name for one in compare(expected, live).of("extra")} | unlike
    told = (one for one in rest if one.name not in known and not _is_told(one, plan))
    more = tuple(Left(one.name, one.what, "never", _LEFT, one.fields) for one in told)
    return replace(plan, left=(*plan.left, *more))


def _failures(session: Session, plan: Plan) -> Iterator[tuple[str, str]]:
    """Run the plan, and yield what each failure is about and what PostgreSQL said."""
    session.script(f"{_BEGIN}; BEGIN")
    for piece in plan.of("main"):
        session.script("SAVEPOINT lockstep_rehearsal")
        if error := _said(session, statement(piece), "ROLLBACK TO SAVEPOINT lockstep_rehearsal"):
            yield piece.about, error
    session.script("COMMIT")
    for piece in plan.of("later"):
        if error := _said(session, statement(piece)):
            yield piece.about, error


def _said(session: Session, text: str, undo: str = "ROLLBACK") -> str:
    """Run a statement; return what the server said against it, empty if nothing."""
    try:
        session.script(text)
    except ServerError as error:
        if error.connection_lost:
            raise
        session.script(undo)
        return error.message
    return ""


def _refused(about: str, error: str, rest: tuple[Difference, ...]) -> Left:
    name = about.removesuffix(": NOT NULL")
    what = next((one.what for one in rest if one.name == name), "differs")
    return Left(name, what, "never", f"PostgreSQL refuses it: {error}")


def _is_told(one: Difference, plan: Plan) -> bool:
    """Tell whether every field that differs was named; what names no fields is about all of them."""
    if any(one.name == conflict.question.about for conflict in plan.conflicts):
        return True
    mine = [left for left in plan.left if left.name == one.name]
    fields = {field for left in mine for field in left.fields}
    return any(not left.fields for left in mine) or (bool(one.fields) and {*one.fields} <= fields)
