"""Columns of tables that are in use: added without writing every row at once, made NOT NULL with a proof."""

from __future__ import annotations

from lockstep.catalog.compare import Difference
from lockstep.catalog.fact import Fact, dotted
from lockstep.catalog.making import Step, create, guards, widens
from lockstep.catalog.making.column_changes import NOT_NULL
from lockstep.catalog.making.index import Index
from lockstep.catalog.making.retyping import back, using
from lockstep.catalog.repair import conflicts
from lockstep.catalog.repair.conflicts import Question
from lockstep.catalog.repair.cures import filling
from lockstep.catalog.repair.held_types import akin
from lockstep.catalog.repair.online import Online
from lockstep.catalog.repair.plan import Piece
from lockstep.sql.objects import qualified, quoted
from lockstep.sql.parser import NotParsed, parse
from lockstep.sql.state import State
from lockstep.sql.volatility import volatile_call

_TYPED = ("type", "collation", "generated", "virtual")
_WITHOUT_EQUALITY = ("json", "xml", "point", "polygon")
_TEXTS = ("text", "character varying", "character", "bit")


class Columns:
    """Makes the pieces for columns."""

    def __init__(self, expected: Index, live: Index, online: Online) -> None:
        self._expected = expected
        self._live = live
        self._online = online

    def added(self, fact: Fact) -> list[Piece]:
        """Add a column to a table that is there."""
        body = fact.body
        plain = "inherited" in body or "generated" in body or "identity" in body
        if plain or self._live.get("table", fact.path[:2]) is None:
            return [self._piece(step, self._why(fact)) for step in create(fact, self._expected)]
        written = "default" in body and volatile(body["default"])
        if written and body.get("not_null") is True:
            return self._filled(fact)
        if body.get("not_null") is True and "default" not in body:
            bare = _without(fact, "not_null")
            steps = create(bare, self._expected)
            why = "it is missing; until its rows have values it takes none as well"
            return [*(self._piece(step, why) for step in steps), *self._online.not_null(fact)]
        why = (
            "it is missing; its default differs from row to row, so that every row is written"
            if written
            else "it is missing"
        )
        return [self._piece(step, why) for step in create(fact, self._expected)]

    def becomes_not_null(self, goal: Difference) -> bool:
        """True if rows may be in the way of what is wanted."""
        fact, found = goal.fact, goal.live
        assert found is not None
        if "not_null" not in goal.fields or fact.body.get("not_null") is not True:
            return False
        fresh_identity = "identity" in fact.body and "identity" not in found.body
        return not fresh_identity and self._live.get("table", fact.path[:2]) is not None

    def as_nullable_as_now(self, goal: Difference) -> Difference:
        """Return what is wanted of a column otherwise, as nullable as it is now."""
        fact, found = goal.fact, goal.live
        assert found is not None
        now = {key: found.body[key] for key in NOT_NULL if key in found.body}
        bare = _without(fact, *NOT_NULL)
        return Difference(Fact(fact.kind, fact.path, {**bare.body, **now}), found)

    def retyped(self, goal: Difference) -> bool:
        """True if values would be converted."""
        return goal.fact.kind == "column" and bool({*goal.fields} & {*_TYPED})

    def is_another(self, goal: Difference) -> bool:
        """True if its values could not be compared with what they were: no foreign key can hold on to them."""
        assert goal.live is not None
        return not akin(str(goal.live.body["type"]), str(goal.fact.body["type"]))

    def question_of_retyping(self, goal: Difference) -> Question | None:
        """Ask which values another type does not hold; None where all fit, or where values are computed anew."""
        fact, found = goal.fact, goal.live
        assert found is not None
        old, new = str(found.body["type"]), str(fact.body["type"])
        if self._live.get("foreign_table", fact.path[:2]):
            return None  # nothing is converted: its rows are elsewhere
        if old == new or widens(old, new) or "generated" in fact.body or "generated" in found.body:
            return None
        converted = using(f"t.{quoted(fact.path[2])}", old, new)
        from_text = old.partition("(")[0] in _TEXTS and new.partition("(")[0] not in _TEXTS
        again = "" if from_text else back(converted, old, new)
        return conflicts.unfit(fact, converted, again, bare=old in _WITHOUT_EQUALITY)

    def _filled(self, fact: Fact) -> list[Piece]:
        """Add a column whose default differs from row to row: for new rows at once, for old ones in batches."""
        bare = _without(fact, "not_null", "default")
        pieces = [self._piece(step, "it is missing") for step in create(bare, self._expected)]
        table, row = fact.path[:2], guards.column(fact.path[:2], fact.path[2])
        default = f"ALTER TABLE {qualified(*table)} ALTER COLUMN {quoted(fact.path[2])} SET DEFAULT {fact.body['default']}"
        held = guards.exists("pg_attribute", row, "NOT atthasdef")
        pieces.append(
            Piece(_name(fact), "with a default that differs from row to row", held, (default,))
        )
        nullable = guards.exists("pg_attribute", row, "NOT attnotnull")
        if self._live.server >= 18:
            unproven = "contype = 'n' AND conrelid = attrelid AND conkey = ARRAY[attnum] AND NOT convalidated"
            nullable = guards.exists(
                "pg_attribute",
                row,
                f"(NOT attnotnull OR {guards.exists('pg_constraint', unproven)})",
            )
        question = self._online.nulls(fact)
        why = "old rows get their default, some at a time"
        fill = filling(
            question, nullable, why, fact.path[2], "DEFAULT", in_batches=not self._has_parts(fact)
        )
        return [*pieces, fill, *self._online.proof_of_not_null(fact)]

    def _has_parts(self, fact: Fact) -> bool:
        table = self._live.get("table", fact.path[:2])
        return table is None or "partition_by" in table.body

    def _why(self, fact: Fact) -> str:
        if "identity" in fact.body or ("generated" in fact.body and not fact.body.get("virtual")):
            return "it is missing; a value is computed for every row, and the table is locked while they are written"
        return "it is missing"

    def _piece(self, step: Step, why: str) -> Piece:
        return Piece(_name(step.fact), why, step.guard, (step.action,))


def volatile(expression: str) -> bool:
    """Tell whether an expression gives another value for each row, or may."""
    try:
        (statement,) = parse(f"SELECT {expression}")
    except (NotParsed, ValueError):
        return True
    return bool(volatile_call(statement.tree, State()))


def _without(fact: Fact, *keys: str) -> Fact:
    return Fact(
        fact.kind, fact.path, {key: value for key, value in fact.body.items() if key not in keys}
    )


def _name(fact: Fact) -> str:
    return f"{fact.kind} {dotted(fact.path)}"
