"""What cannot be changed in place is made anew, with all that is built on it, in one statement: all of it or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lockstep.catalog.compare import Drift
from lockstep.catalog.fact import BESIDE, Fact, Path, dotted, undotted
from lockstep.catalog.making import Step, arranged, create, dependents, drop, in_order, must_drop
from lockstep.catalog.making.children import children
from lockstep.catalog.making.index import Index
from lockstep.catalog.repair.choices import Choices
from lockstep.catalog.repair.conflicts import Question
from lockstep.catalog.repair.plan import Piece
from lockstep.catalog.repair.privileges import corrections
from lockstep.catalog.repair.script import quoted_body
from lockstep.catalog.repair.survivors import with_defaults, without_defaults

_REFUSED = (
    "dependent_objects_still_exist",
    "feature_not_supported",
    "invalid_table_definition",
    "invalid_function_definition",
)
_UNFIT = (
    "data_exception",
    "integrity_constraint_violation",
    "cannot_coerce",
    "datatype_mismatch",
    "undefined_function",
)
_MAY_COME_BEFORE = {"view", "matview"}


class Remaking:
    """Makes one piece of the steps for an object and for what is built on it."""

    def __init__(self, expected: Index, live: Index, drift: Drift, choices: Choices) -> None:
        self._expected = expected
        self._live = live
        self._gone = {one.fact.key for one in drift.of("extra") if choices.may_drop(one.fact)}

    def whole(
        self, fact: Fact, steps: Sequence[Step], why: str, question: Question | None = None
    ) -> Piece:
        """Return a piece that does all of *steps* where one of them is needed; what is built on *fact* goes, and comes back.

        *question* asks for rows that are in the way: while there are any, nothing is done.
        """
        standing = self._standing(fact)
        called = [fact, *must_drop(standing, fact)]
        gone = [step for one in called for step in without_defaults(one, self._live)]
        gone += [step for one in reversed(must_drop(standing, fact)) for step in drop(one)]
        lost = {one.path for one in standing if one.key in self._gone}
        back = (one for one in standing if one.key not in self._gone and not _goes_with(one, lost))
        again = arranged(step for one in back for step in self._again(one))
        again = [*corrections(fact, self._live, self._live), *again]
        again += [s for one in called for s in with_defaults(one, self._expected, self._live)]
        kept = (
            f", and remade with what stands on it: {', '.join(map(_name, must_drop(standing, fact)))}"
            if gone
            else ""
        )
        return Piece(
            _name(fact),
            f"{why}{kept}",
            " OR ".join(f"({step.guard})" for step in steps),
            caught=(*_REFUSED, *_UNFIT),
            condition=f"NOT EXISTS (SELECT FROM {question.source} WHERE {question.offending})"
            if question
            else "",
            otherwise=f"{_name(fact)} is left as it is: there are values that would not fit"
            if question
            else "",
            body=tuple(each([*gone, *steps, *again])),
            loses=next((step.loses for step in steps if step.loses), ""),
            bodies_unchecked=True,
        )

    def _standing(self, fact: Fact) -> list[Fact]:
        """Return what is built on *fact*, and what is there and is to be built on it: that may have been changed just before.

        A column is one with those of its table's children.
        """
        found = {one.key: one for one in dependents(fact, self._live)}
        for child in children(fact.path[:2], self._live) if fact.kind == "column" else ():
            column = self._live.get("column", (*child.path, fact.path[2]))
            found |= {x.key: x for x in dependents(column, self._live)} if column else {}
        for coming in dependents(fact, self._expected):
            one = self._live.get(*coming.key)
            if one is not None and one.key not in found and coming.kind in _MAY_COME_BEFORE:
                found[one.key] = one
                found |= {x.key: x for x in dependents(one, self._live) if x.key not in found}
        return in_order(found.values())

    def _again(self, fact: Fact) -> list[Step]:
        """Return what makes a dependent again: as it should be, but for what people granted and remarked."""
        own = fact.kind in BESIDE
        wanted = None if own else self._expected.get(fact.kind, fact.path)
        made = create(wanted, self._expected) if wanted else create(fact, self._live)
        return [*made, *corrections(fact, self._live, self._live)]


def _goes_with(fact: Fact, lost: set[Path]) -> bool:
    """Tell whether *fact* is one of those that are dropped for good, or goes with one."""
    if fact.kind in BESIDE:
        return any(fact.path[1 : len(path) + 1] == path for path in lost)
    if fact.kind in {"index", "statistics"} and undotted(fact.body["table"]) in lost:
        return True
    return fact.path in lost or fact.path[:2] in lost


def each(steps: Iterable[Step]) -> Iterable[str]:
    """Yield PL/pgSQL that does each step where it is needed."""
    for step in steps:
        yield f"IF {step.guard} THEN"
        yield f"  EXECUTE {quoted_body(step.action)};"
        yield "END IF;"


def _name(fact: Fact) -> str:
    return f"{fact.kind} {dotted(fact.path)}"
