"""What a repair will do and what it leaves: values, made by ``planner`` and written by ``script`` and ``report``."""

from __future__ import annotations

from typing import Any, Literal

from lockstep.catalog.fact import Path
from lockstep.catalog.repair.conflicts import Answer, Question
from lockstep.values import dataclass

Part = Literal["main", "later"]
"""In which file: the one that is a transaction, or the one behind it, in which every statement stands alone."""
Need = Literal["drop", "retype", "never"]
"""What a difference that is left needs: to be named by --allow-drop or --allow-retype, or more than a repair can do."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One statement of a file: SQL that is run where *guard* holds.

    ``actions`` are statements without semicolons. ``alone``: the one action cannot stand under a guard, and is harmless a second
    time. ``caught`` are the names of errors that say that the data is not clean; they are told and the rest goes on.
    ``condition`` is a second guard, which may read rows: it is looked at where the first holds; ``otherwise`` is what is told
    where it does not. ``body`` is lines of PL/pgSQL for what no list of statements says, with ``declare`` before it.
    ``cure``: it changes rows that are in the way of another.
    ``bodies_unchecked``: it makes a routine, whose body may name what is made later.
    """

    about: str
    why: str
    guard: str
    actions: tuple[str, ...] = ()
    part: Part = "main"
    alone: bool = False
    caught: tuple[str, ...] = ()
    condition: str = ""
    otherwise: str = ""
    declare: str = ""
    body: tuple[str, ...] = ()
    loses: str = ""
    bodies_unchecked: bool = False
    cure: bool = False


@dataclass(frozen=True, slots=True)
class Left:
    """A difference, or a part of one, that the repair does not touch, with the SQL that a person may run."""

    name: str
    what: str
    need: Need
    reason: str
    fields: tuple[str, ...] = ()
    sql: tuple[str, ...] = ()
    table: Path = ()
    rows: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        return {
            "name": self.name,
            "what": self.what,
            "fields": list(self.fields),
            "needs": {"drop": "--allow-drop", "retype": "--allow-retype", "never": None}[self.need],
            "reason": self.reason,
            "rows_estimated": self.rows,
            "sql": list(self.sql),
        }


@dataclass(frozen=True, slots=True)
class Conflict:
    """Rows that keep a step from being done, and what may be done about them."""

    question: Question
    answer: Answer
    choice: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        return {
            "name": self.question.about,
            "kind": self.question.kind,
            "rows": self.answer.count,
            "at_least": self.answer.more,
            "unknown": self.answer.error or None,
            "sample": list(self.answer.sample),
            "choice": self.choice or "leave",
            "choices": list(self.question.choices),
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """All of it: ``pieces`` in the order in which they run; ``rehearsal`` says whether they were tried on a copy of the schema."""

    before: str
    after: str
    differences: int
    pieces: tuple[Piece, ...] = ()
    left: tuple[Left, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    unread: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    rehearsal: str = ""

    def of(self, part: Part) -> tuple[Piece, ...]:
        """Return the pieces of one file."""
        return tuple(piece for piece in self.pieces if piece.part == part)
