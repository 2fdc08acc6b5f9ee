"""The entries of one plan, each put where it belongs: in which file, and at which stage."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from lockstep.catalog.fact import Fact, dotted
from lockstep.catalog.making import Step
from lockstep.catalog.repair import arranged
from lockstep.catalog.repair.arranged import Entry
from lockstep.catalog.repair.late_keys import LateKeys
from lockstep.catalog.repair.plan import Piece

_ROUTINES = {"function", "procedure", "aggregate"}


class Entries:
    """Collects them: ``every`` in no order but that in which they came."""

    def __init__(self, late: LateKeys) -> None:
        self.every: list[Entry] = []
        self._late = late

    def add(self, entry: Entry) -> None:
        """Add one as it is."""
        self.every.append(entry)

    def forget(self, fact: Fact) -> None:
        """Take out all about a fact."""
        self.every = [entry for entry in self.every if entry.fact.key != fact.key]

    def steps(
        self,
        fact: Fact,
        steps: Sequence[Step],
        why: str,
        *,
        caught: tuple[str, ...] = (),
        part_later: bool = False,
    ) -> None:
        """Add the steps for a fact."""
        for step in steps:
            piece = piece_of(step, why, caught=caught)
            # A label may be added in a transaction, but not used: what uses it moves to the second file.
            late = part_later or step.late
            if late or not (step.transactional or fact.kind == "enum"):
                piece = replace(piece, part="later")
            self.enter(fact, step, piece)

    def enter(self, fact: Fact, step: Step, piece: Piece) -> None:
        """Add a step's piece where it belongs: a foreign key on a key that is built later, behind that."""
        stage = arranged.MAKING if piece.part == "main" else arranged.BEHIND_KEYS
        if fact.kind == "constraint" and piece.part == "main" and self._behind_late_key(fact):
            piece, stage = (
                replace(piece, part="later", caught=("invalid_foreign_key",)),
                arranged.BEHIND_KEYS,
            )
        self.add(Entry(step.fact, piece, stage, step.phase))

    def _behind_late_key(self, fact: Fact) -> bool:
        return not self._late.in_use(fact.path[:2]) and self._late.refers(fact)

    def pieces(self, fact: Fact, pieces: Iterable[Piece], later: int = arranged.PROOFS) -> None:
        """Add pieces of one fact, for a table that is in use; *later* is the stage of those in the second file."""
        for piece in pieces:
            stage = arranged.MAKING if piece.part == "main" else later
            early = self._late.belongs_to_a_key(fact)
            if piece.cure:
                # Until it has its key again, a published table can perhaps not be updated.
                stage = arranged.KEY_CURES if early else arranged.CURES
            elif piece.part == "later" and fact.kind == "column":
                stage = arranged.KEY_NOT_NULL if early else arranged.NOT_NULL
            elif piece.part == "later" and fact.body.get("type") == "foreign key":
                stage = arranged.BEHIND_KEYS
            self.add(Entry(fact, piece, stage))


def piece_of(step: Step, why: str, *, caught: tuple[str, ...] = ()) -> Piece:
    """Return the piece that is one step."""
    fact = step.fact
    return Piece(
        f"{fact.kind} {dotted(fact.path)}",
        why,
        step.guard,
        (step.action,),
        caught=caught,
        loses=step.loses,
        bodies_unchecked=fact.kind in _ROUTINES,
    )
