"""What stands on an object that goes, and is to stand on another: dropped with the one, and made again behind the other.

A foreign key does not say on which of several keys it stands, and a view not whether it reads a table or another view of that
name: neither is a difference when that changes, and both keep what they stand on from being dropped.
"""

from __future__ import annotations

from collections.abc import Iterator

from lockstep.catalog.compare import Difference
from lockstep.catalog.fact import BESIDE, Fact, dotted, undotted
from lockstep.catalog.making import Step, change, dependents, drop, guards, must_drop
from lockstep.catalog.making.dependents import called_by_default
from lockstep.catalog.making.index import Index
from lockstep.catalog.making.references import word_of
from lockstep.catalog.repair import arranged
from lockstep.catalog.repair.arranged import Entry
from lockstep.catalog.repair.choices import Choices
from lockstep.catalog.repair.plan import Piece


def without_defaults(routine: Fact, live: Index) -> list[Step]:
    """Return what takes from columns and domains the defaults that call a routine."""
    found = called_by_default(routine, live)
    return [step for one in found for step in _steps(Difference(_bare(one), one), live, live)]


def with_defaults(routine: Fact, expected: Index, live: Index) -> list[Step]:
    """Return what gives them the defaults that they are to have."""
    found = (expected.get(one.kind, one.path) for one in called_by_default(routine, live))
    wanted = [one for one in found if one is not None]
    return [step for one in wanted for step in _steps(Difference(one, _bare(one)), expected, live)]


def _bare(fact: Fact) -> Fact:
    return Fact(fact.kind, fact.path, {k: v for k, v in fact.body.items() if k != "default"})


def _steps(difference: Difference, expected: Index, live: Index) -> list[Step]:
    steps = change(difference, expected, live) if difference.fields else []
    return steps if isinstance(steps, list) else []


class Survivors:
    """Finds them for one object after the other."""

    def __init__(self, expected: Index, live: Index, choices: Choices) -> None:
        self._expected = expected
        self._live = live
        self._choices = choices

    def in_the_way(self, fact: Fact) -> list[Fact]:
        """Return what has to be dropped before *fact*."""
        return must_drop(self._standing(fact), fact)

    def _standing(self, fact: Fact) -> list[Fact]:
        """Return what would not let *fact* go, or a column be of another type: foreign keys from it, and those to it."""
        if fact.kind != "column":
            return dependents(fact, self._live)
        table, name = fact.path[:2], fact.path[2]
        return [
            one
            for one in self._live.mentioning(word_of(table[1]))
            if one.kind == "constraint"
            and one.body["type"] == "foreign key"
            and (
                (one.path[:2] == table and name in one.body["columns"])
                or (
                    undotted(one.body["references"]) == table
                    and name in one.body["referenced_columns"]
                )
            )
        ]

    def drops(self, fact: Fact, needed: str) -> Iterator[Entry]:
        """Yield what drops all that stands on *fact*, as long as it is *needed* that this one goes."""
        for one in self.in_the_way(fact):
            for step in drop(one):
                piece = Piece(
                    f"{one.kind} {dotted(one.path)}",
                    f"it stands on {fact.kind} {dotted(fact.path)}, which goes; it comes back where it is expected",
                    guards.both(f"({needed})", f"({step.guard})"),
                    (step.action,),
                    caught=("dependent_objects_still_exist",),
                    loses=step.loses,
                )
                yield Entry(one, piece, arranged.FIRST_DROPS, step.phase)
        for step in without_defaults(fact, self._live):
            about = f"{step.fact.kind} {dotted(step.fact.path)}"
            why = f"its default calls {fact.kind} {dotted(fact.path)}, which goes; it comes back"
            guard = guards.both(f"({needed})", f"({step.guard})")
            piece = Piece(about, why, guard, (step.action,))
            yield Entry(step.fact, piece, arranged.FIRST_DROPS, step.phase)

    def again(self, fact: Fact) -> Iterator[Fact]:
        """Yield what of it is to be there in the end, in the order in which it is made; what was granted and remarked stays."""
        for one in self._standing(fact):
            wanted = self._expected.get(one.kind, one.path)
            if wanted is not None:
                yield wanted
            elif one.kind in BESIDE and not self._choices.may_drop(one):
                yield one
