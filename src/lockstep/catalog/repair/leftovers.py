"""Differences that are left as they are, with the reason and the SQL that a person may run."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from lockstep.catalog.compare import Difference
from lockstep.catalog.making import Step, Unchangeable, change
from lockstep.catalog.making.index import Index
from lockstep.catalog.repair.data import Data, estimated
from lockstep.catalog.repair.plan import Left, Need
from lockstep.catalog.repair.policy import Held
from lockstep.sql.objects import qualified


class Leftovers:
    """Collects them."""

    def __init__(self, expected: Index, live: Index, data: Data) -> None:
        self._expected = expected
        self._live = live
        self._data = data
        self._left: list[Left] = []

    def add(
        self,
        difference: Difference,
        need: Need,
        reason: str,
        steps: Sequence[Step] = (),
        fields: Sequence[str] = (),
    ) -> None:
        """Leave a difference, or some of its fields; *steps* would do it."""
        sql = tuple(f"{step.action};" for step in steps)
        shown = tuple(fields) or difference.fields
        table = estimated(difference.fact)
        self._left.append(Left(difference.name, difference.what, need, reason, shown, sql, table))

    def follow(self, difference: Difference, leaders: Collection[str]) -> bool:
        """Leave a difference if one of *leaders* is left, with which it comes and goes; tell whether it is."""
        for left in self._left:
            if left.name in leaders and left.name != difference.name:
                reason = f"it comes and goes with {left.name}, which is left"
                self.add(difference, left.need, reason)
                return True
        return False

    def hold(self, difference: Difference, held: Held) -> None:
        """Leave what nobody allowed."""
        steps = change(difference, self._expected, self._live)
        if isinstance(steps, Unchangeable):
            reason = f"{held.reason}; {steps.reason}"
            self.add(difference, "never", reason, fields=held.fields)
        else:
            self.add(difference, held.need, held.reason, steps, held.fields)

    def sized(self) -> Iterator[Left]:
        """Yield all, with how many rows the server believes them to be about."""
        sizes = self._data.estimates(left.table for left in self._left)
        for left in self._left:
            rows = sizes.get(qualified(*left.table)) if left.table else None
            yield left if rows is None or rows < 0 else replace(left, rows=rows)
