"""Kill the backend at every place where something may stay behind, start again, and see that the end is the undisturbed one.

In a transaction nothing can stay behind, and the server is made to say so: after each statement the backend is ended, and the
transaction's status is asked for. What runs as written is ended after each statement, and in the middle of those that take several
transactions (an index that is built concurrently), each time on a copy of the state before.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from lockstep.postgres.sending import Experiment
from lockstep.postgres.session import ServerError
from lockstep.prove.ground import QUERIES, Ground
from lockstep.prove.lane import look_at
from lockstep.prove.observe import State, changes
from lockstep.prove.places import most_places, spread
from lockstep.prove.steps import Step
from lockstep.prove.subjects import Subject
from lockstep.prove.trial import Failure, run, run_steps, shown
from lockstep.prove.verdicts import Check, failing
from lockstep.sql.parser import ROWS_ONLY
from lockstep.sql.transactions import must_run_alone, transaction_control
from lockstep.values import dataclass

_TOTAL = 6
"""How many times the statements of a file in one transaction are run at most, so that the cost stays linear in them."""
_OPENS = {"BEGIN", "START TRANSACTION"}
_ROWS = {*ROWS_ONLY, "CopyStmt", "VariableSetStmt"}


@dataclass(frozen=True, slots=True)
class Point:
    """Where a run was ended: after a statement (``number``, from 1), or in the middle of it."""

    number: int
    middle: bool = False

    def told(self, subject: Subject) -> str:
        """Return it in words."""
        step = subject.steps[self.number - 1]
        where = "in the middle of" if self.middle else "after"
        return f"killed {where} statement {self.number} (line {subject.line_of(step.offset)}), then run again"


def crash_in_transaction(ground: Ground, url: str, subject: Subject) -> Check:
    """End the backend in the file's transaction after each statement (of many: after some); the database stays as it was."""
    count = len(subject.steps)
    places = spread(count, min(2 * _TOTAL, most_places(count)), _telling(subject.steps))
    for number in places.chosen:
        with ground.session(url) as session:
            session.script("BEGIN")
            if run_steps(session, subject, subject.steps[:number]) is not None:
                break  # it fails on these rows, which `applies` tells
            session.script("SET SESSION AUTHORIZATION DEFAULT; RESET ROLE")
            (row,) = session.fetch(QUERIES["transaction"])
            ground.kill(session)
        status = ground.status_of(row["transaction"])
        if status != "aborted":
            step = subject.steps[number - 1]
            return Check(
                "unsafe",
                f"killed after statement {number}, before its commit: the transaction is {status}",
                shown(step),
                subject.line_of(step.offset),
            )
    return places.held()


def crash_as_written(
    ground: Ground, before: str, subject: Subject, end: State, *, middle: bool
) -> Check:
    """End the backend after each statement and, with *middle*, inside of those that are long; run the file again from its beginning.

    Of many places some are tried. *before* is a database that nobody uses, *end* the state that it should end in.
    """
    points = [point for point in _points(subject.steps) if middle or not point.middle]
    telling = _telling(subject.steps)
    preferred = {place for place, one in enumerate(points, start=1) if one.number in telling}
    places = spread(len(points), most_places(len(subject.steps)), preferred)
    for place in places.chosen:
        point = points[place - 1]
        with ground.copy(before) as copy:
            if not break_off(ground, copy, subject, point):
                continue
            with ground.session(copy) as session:
                failure = run(session, subject, "as-written")
            found = judge(ground, copy, subject, point, failure, end)
        if found is not None:
            return found
    return places.held()


def judge(
    ground: Ground,
    url: str,
    subject: Subject,
    point: Point,
    failure: Failure | None,
    end: State,
    how: str = "",
) -> Check | None:
    """Return what is wrong with a database after it was broken off at *point* and run again; None if it is as it should be."""
    told = f"{point.told(subject)}{how}: "
    if failure is not None:
        lost = changes(end, look_at(ground, url))
        return failing("unsafe", failure, told, change=lost)
    change = changes(end, look_at(ground, url))
    if not change:
        return None
    step = subject.steps[point.number - 1]
    return Check(
        "unsafe", f"{told}{change}", shown(step), subject.line_of(step.offset), change=change
    )


def break_off(ground: Ground, url: str, subject: Subject, point: Point) -> bool:
    """Run a file up to *point* and end its backend there; False if that place was not reached."""
    steps = subject.steps[: point.number]
    with ground.session(url) as session:
        if not point.middle:
            if run_steps(session, subject, steps) is not None:
                return False
            ground.kill(session)
            return True
        if run_steps(session, subject, steps[:-1]) is not None:
            return False
        return kill_in_the_middle(
            ground, url, session, lambda: run_steps(session, subject, steps[-1:])
        )


def kill_in_the_middle(
    ground: Ground, url: str, session: Experiment, work: Callable[[], object]
) -> bool:
    """Let *work* meet a transaction that it must wait for, and end its backend when it waits; False if it never did."""
    with holding(ground, url):
        thread = threading.Thread(target=quietly(work), daemon=True)
        thread.start()
        waited = ground.until_waiting(session, thread.is_alive)
        if waited:
            ground.kill(session)
        thread.join()
        return waited


@contextmanager
def holding(ground: Ground, url: str) -> Iterator[None]:
    """Keep a transaction open that has looked at every table: what is built concurrently waits for its end."""
    with ground.session(url) as holder:
        holder.script("BEGIN ISOLATION LEVEL REPEATABLE READ")
        for row in holder.fetch(QUERIES["lock_tables"]):
            holder.script(row["statement"])
        yield


def quietly(work: Callable[[], object]) -> Callable[[], None]:
    """Return *work* for a thread of its own, in which nobody hears of a connection that was ended."""

    def attempt() -> None:
        try:
            work()
        except (ServerError, OSError):
            return

    return attempt


def _telling(steps: Sequence[Step]) -> set[int]:
    """Return the numbers of the statements behind which something new may stand in the schema for good."""
    found = set()
    is_open = made = False
    for number, step in enumerate(steps, start=1):
        control = transaction_control(step.statement)
        if control in _OPENS:
            is_open, made = True, False
        elif control:
            is_open = False
            if made:
                found.add(number)
        elif step.statement.kind not in _ROWS:
            made = True
            if not is_open:
                found.add(number)
    return found


def _points(steps: Sequence[Step]) -> Iterator[Point]:
    for number, step in enumerate(steps, start=1):
        if "CONCURRENTLY" in must_run_alone(step.statement):
            yield Point(number, middle=True)
        if number < len(steps) or len(steps) == 1:
            yield Point(number)
