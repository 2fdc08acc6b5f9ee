"""The ledger is lost at head, and everything runs again from the first file: the end must be the head that was.

What diverges is told by the file after which it does so for good, and by the first statement of it after which it is to be seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lockstep.prove import observe
from lockstep.prove.ground import Ground
from lockstep.prove.lane import Lane
from lockstep.prove.observe import Change, State, changes
from lockstep.prove.trial import Failure, run_steps, shown
from lockstep.prove.verdicts import OK, Check, FileVerdict, failing, skipped

_OF_THE_FILES = ("23", "42")
"""Classes of errors that speak of keys and names; others may come of rows that we have made."""


def replay(
    ground: Ground, filled: str, plain: str, verdicts: Sequence[FileVerdict]
) -> list[FileVerdict]:
    """Return the verdicts with what came of running all files again, at the head with rows (*filled*) and without (*plain*)."""
    applied = [one for one in verdicts if one.verdict != "fails"]
    stop = next((one for one in applied if not one.checks["twice"].good), None)
    reach = applied[: applied.index(stop)] if stop else applied
    found = _Replay(ground, filled, reach).judge(whole=stop is None)
    if found is None:
        found = _Replay(ground, plain, reach).judge(whole=stop is None) or {}
    if stop is not None and not found:
        rest = skipped(f"{stop.subject.name} cannot run twice")
    elif found:
        rest = skipped(f"{next(iter(found))} diverged")
    else:
        rest = OK
    return [_with(one, found.get(one.subject.name, rest)) for one in verdicts]


def _with(verdict: FileVerdict, check: Check) -> FileVerdict:
    if verdict.verdict == "fails":
        return verdict
    return replace(verdict, checks={**verdict.checks, "replay": check})


class _Replay:
    """All files again, on copies of one head."""

    def __init__(self, ground: Ground, head: str, verdicts: Sequence[FileVerdict]) -> None:
        self._ground = ground
        self._head = head
        self._verdicts = verdicts

    def judge(self, *, whole: bool) -> dict[str, Check] | None:
        """Return what is wrong, by file; None if an error may come of the rows alone. Without *whole* only errors count."""
        if not self._verdicts:
            return {}
        lane = Lane(self._ground, self._ground.create(self._head))
        try:
            for one in self._verdicts:
                failure = self._apply(lane, one)
                if failure is not None:
                    ours = not failure.sqlstate.startswith(_OF_THE_FILES)
                    return None if ours else {one.subject.name: _error(failure)}
            if not whole:
                return {}
            before = Lane(self._ground, self._head).look()
            change = changes(before, lane.look())
        finally:
            self._ground.drop(lane.url)
        return self._culprit(before, change) if change else {}

    def _apply(self, lane: Lane, one: FileVerdict) -> Failure | None:
        failure, _, kept = lane.apply(
            one.subject, "as-written" if one.mode == "as-written" else "transaction"
        )
        if kept:
            self._ground.drop(kept)
        return failure

    def _culprit(self, before: State, change: Change) -> dict[str, Check]:
        """Run all again, looking after each file: since which is it as it is in the end?"""
        wanted = _parts(change)
        since = dict.fromkeys(wanted, 0)
        lane = Lane(self._ground, self._ground.create(self._head))
        try:
            for number, one in enumerate(self._verdicts):
                self._apply(lane, one)
                there = _parts(changes(before, lane.look()))
                since |= {part: number + 1 for part in wanted if part not in there}
        finally:
            self._ground.drop(lane.url)
        first = min(since.values())
        parts = {part for part, number in since.items() if number == first}
        one = self._verdicts[min(first, len(self._verdicts) - 1)]
        number = self._statement(first, one, before, parts)
        step = one.subject.steps[number - 1]
        told = f"run again with all the others at the head: {change}"
        line = one.subject.line_of(step.offset)
        return {one.subject.name: Check("unsafe", told, shown(step), line, change=change)}

    def _statement(self, first: int, one: FileVerdict, before: State, parts: set[str]) -> int:
        """Return the number of the first statement after which one of *parts* differs."""
        lane = Lane(self._ground, self._ground.create(self._head))
        try:
            for earlier in self._verdicts[:first]:
                self._apply(lane, earlier)
            low, high = 1, len(one.subject.steps)
            while low < high:
                middle = (low + high) // 2
                if parts & _parts(changes(before, self._after(lane, one, middle))):
                    high = middle
                else:
                    low = middle + 1
        finally:
            self._ground.drop(lane.url)
        return low

    def _after(self, lane: Lane, one: FileVerdict, count: int) -> State:
        steps = one.subject.steps[:count]
        if one.mode == "transaction":
            with self._ground.session(lane.url) as session:
                session.script("BEGIN")
                run_steps(session, one.subject, steps)
                return observe.look(session)
        with self._ground.copy(lane.url) as copy:
            with self._ground.session(copy) as session:
                run_steps(session, one.subject, steps)
            return Lane(self._ground, copy).look()


def _parts(change: Change) -> set[str]:
    return {*change.keys, *(one.table for one in change.rows)}


def _error(failure: Failure) -> Check:
    return failing("unsafe", failure, "run again with all the others at the head: ")
