"""Constraints on tables that are in use, in forms that keep nobody waiting: first for new rows, then proven for the old ones.

The first form is short and stands in the file that is one transaction. The proof reads the table, and must not do so while that
transaction holds its locks: it stands in the file behind it, where every statement is on its own. Rows that are in the way make
a proof fail; that is caught and told, and the first form stays: no new row gets in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lockstep.catalog.fact import Fact, Path, dotted, undotted
from lockstep.catalog.making import guards
from lockstep.catalog.making.clustering import clustered
from lockstep.catalog.making.column_changes import no_heirs
from lockstep.catalog.making.constraints import (
    constraint_definition,
    create_constraint,
    create_domain_constraint,
    validated,
)
from lockstep.catalog.making.index import Index
from lockstep.catalog.making.step import Step
from lockstep.catalog.repair import building, conflicts
from lockstep.catalog.repair.building import short_name
from lockstep.catalog.repair.conflicts import Answer, Question
from lockstep.catalog.repair.cures import Cures, names
from lockstep.catalog.repair.data import Data
from lockstep.catalog.repair.plan import Conflict, Part, Piece
from lockstep.sql.objects import literal, qualified, quoted
from lockstep.sql.tokens import scan

NOT_NULL = "lockstep_not_null"
"""How the names of the CHECKs begin that prove a NOT NULL."""
_KEYS = {"primary key", "unique"}
_BROKEN = {
    "foreign key": ("foreign_key_violation", "invalid_foreign_key"),
    "check": ("check_violation",),
    "exclude": ("exclusion_violation",),
    "primary key": (
        "unique_violation",
        "not_null_violation",
        "exclusion_violation",
        "object_not_in_prerequisite_state",
    ),
    "unique": ("unique_violation", "exclusion_violation"),
}


class Online:
    """Makes the pieces, and keeps the conflicts that it finds."""

    def __init__(self, expected: Index, live: Index, cures: Cures, data: Data) -> None:
        self._expected = expected
        self._live = live
        self._cures = cures
        self._data = data
        self.conflicts: list[Conflict] = []

    def constraint(self, fact: Fact, *, late: bool = False) -> list[Piece]:
        """Add a constraint to a table with rows; *late*: what it stands on is made in the second file."""
        made = self._constraint(fact, late=late)
        marked = [clustered(fact, fact.path[:2])] if fact.body.get("clustered") else []
        return [
            *made,
            *(_piece(step, "the table is sorted by it", part="later") for step in marked),
        ]

    def _constraint(self, fact: Fact, *, late: bool) -> list[Piece]:
        type_ = fact.body["type"]
        if type_ in _KEYS and not fact.body.get("period") and "part_of" not in fact.body:
            return self._key(fact)
        step, *_ = create_constraint(fact, self._expected)
        if fact.body.get("not_valid") or fact.body.get("not_enforced"):
            return [_piece(step, "it is missing", part="later")]
        if type_ == "exclude" or type_ in _KEYS or not self._may_be_unproven(fact):
            return self._blocking(fact, step)
        unproven = constraint_definition(fact, valid=False)
        proven = constraint_definition(fact)
        add = Step(fact, step.action.removesuffix(proven) + unproven, step.guard)
        caught = ("invalid_foreign_key",) if late else ()
        first = _piece(
            add, "it is missing; new rows are held to it at once", part="later", caught=caught
        )
        return [first, *self.proof(fact)]

    def _blocking(self, fact: Fact, step: Step) -> list[Piece]:
        why = "it is missing; there is no way to add it that does not keep writers waiting while rows are read"
        question = self._question(fact)
        cures, answer = self._clear(question, step.guard)
        piece = _piece(step, why, part="later", caught=_BROKEN[fact.body["type"]])
        return [*cures, piece if answer.clean or cures else _once_clean(piece, question)]

    def proof(self, fact: Fact) -> list[Piece]:
        """Prove a constraint for the rows that are there."""
        step, question = validated(fact), self._question(fact)
        there = guards.exists("pg_class", f"oid = {guards.relation(fact.path[:2])}")
        done = guards.missing("pg_constraint", guards.constraint(fact.path), "convalidated")
        cures, answer = self._clear(question, guards.both(there, done))
        why = "and is proven for the rows that are there"
        piece = _piece(step, why, part="later", caught=_BROKEN[fact.body["type"]])
        return [*cures, piece if answer.clean or cures else _once_clean(piece, question)]

    def index(self, fact: Fact) -> list[Piece]:
        """Build an index that is missing or invalid."""
        why = "it is missing or invalid"
        table = undotted(fact.body["table"])
        if self._partitioned(table):
            return self._on_partitions(fact, why)
        cures, waiting = self._cleared(fact, why)
        return waiting or [*cures, *building.concurrently(fact, _name(fact), why)]

    def _cleared(self, index: Fact, why: str) -> tuple[list[Piece], list[Piece]]:
        """Return what clears the rows for a unique index; or, where nothing may, what builds it once they are clean."""
        if not index.body.get("unique"):
            return [], []
        question = building.question_about(index, index)
        cures, answer = self._clear(question, f"{guards.relation(index.path)} IS NULL")
        if not cures and answer.count:
            return [], building.when_clean(index, question, self._expected, why)
        return cures, []

    def not_null(self, column: Fact) -> list[Piece]:
        """Make a column NOT NULL: proven by a CHECK where the server has no constraint for it."""
        row = guards.column(column.path[:2], column.path[2])
        unproven = guards.exists("pg_attribute", row, "NOT attnotnull")
        if self._live.server >= 18:
            unproven = f"({unproven} OR {_unproven_18(row)})"
        question = self.nulls(column)
        cures, answer = self._clear(question, unproven)
        first, proof, *rest = self.proof_of_not_null(column)
        if not answer.clean and not cures:
            proof = _once_clean(proof, question)
            if question.now:
                # No row has a value: held to it, none of them could be changed any more.
                first = _once_clean(first, question)
        return [*cures, first, proof, *rest]

    def proof_of_not_null(self, column: Fact) -> list[Piece]:
        """Return the pieces that hold new rows to it (the first), and that prove it for the others."""
        make = self._not_null_18 if self._live.server >= 18 else self._not_null_before
        return make(column, f"{_name(column)}: NOT NULL")

    def nulls(self, column: Fact) -> Question:
        """Ask for the rows without a value."""
        there = self._live.get("column", column.path) is not None
        return conflicts.nulls(column, column.path[:2], column.path[2], there=there)

    def domain_constraint(self, fact: Fact, *, there: bool) -> list[Piece]:
        """Add a constraint to a domain (unless it is *there*), then prove it for every column of that type."""
        pieces: list[Piece] = []
        if not there:
            (step,) = create_domain_constraint(fact, self._expected)
            unproven = "" if fact.body.get("not_valid") else " NOT VALID"
            add = Step(fact, step.action + unproven, step.guard)
            why = "it is missing; new values are held to it at once"
            pieces.append(_piece(add, why, part="later"))
        if fact.body.get("not_valid"):
            return pieces
        guard = guards.exists(
            "pg_constraint", guards.domain_constraint(fact.path), "NOT convalidated"
        )
        for column in self._columns_of(fact.path[:2]):
            value = f"({quoted(column.path[2])})"
            question = conflicts.outside(
                fact, column.path[:2], _with_value(fact.body["expression"], value)
            )
            done = guards.missing(
                "pg_constraint", guards.domain_constraint(fact.path), "convalidated"
            )
            pieces += self._clear(question, done)[0]
        action = (
            f"ALTER DOMAIN {qualified(*fact.path[:2])} VALIDATE CONSTRAINT {quoted(fact.path[2])}"
        )
        why = "and is proven for the values that are there"
        return [
            *pieces,
            _piece(Step(fact, action, guard), why, part="later", caught=("check_violation",)),
        ]

    def clear(self, question: Question, guard: str) -> tuple[list[Piece], Answer]:
        """Ask, remember what is in the way, and return what the caller chose to do about it."""
        return self._clear(question, guard)

    def _clear(self, question: Question | None, guard: str) -> tuple[list[Piece], Answer]:
        if question is None:
            return [], Answer()
        answer = self._data.answer(question)
        cures, choice = self._cures.of(question, guard)
        if not answer.clean:
            self.conflicts.append(Conflict(question, answer, choice))
        return cures, answer

    def _question(self, fact: Fact) -> Question | None:
        body = fact.body
        if body["type"] == "check":
            if self._names_a_new_column(fact):
                return None
            return conflicts.outside(fact, fact.path[:2], body["expression"])
        if body["type"] == "foreign key" and not body.get("period"):
            parent = undotted(body["references"])
            equality = [
                self._data.equality(parent, column) for column in body["referenced_columns"]
            ]
            there = all(
                self._live.get("column", (*parent, column)) for column in body["referenced_columns"]
            )
            return conflicts.orphans(fact, equality, there=there)
        if body["type"] in _KEYS and not body.get("period"):
            return building.question_about(fact, building.index_of(fact))
        return None

    def _names_a_new_column(self, fact: Fact) -> bool:
        return any(
            self._live.get("column", column.path) is None
            and names(fact.body["expression"], column.path[2])
            for column in self._expected.children(fact.path[:2])
        )

    def _key(self, fact: Fact) -> list[Piece]:
        missing = guards.missing("pg_constraint", guards.constraint(fact.path))
        question = building.question_about(fact, building.index_of(fact))
        cures, answer = self._clear(question, missing)
        if self._partitioned(fact.path[:2]):
            step, *_ = create_constraint(fact, self._expected)
            why = "it is missing; on a table with partitions it cannot be built beside its writers"
            return [*cures, _piece(step, why, part="later", caught=_BROKEN[fact.body["type"]])]
        if not cures and answer.count:
            return building.when_clean(fact, question, self._expected, "it is missing")
        index = building.index_of(fact)
        built = building.concurrently(
            index, _name(fact), "its index, built beside reads and writes"
        )
        return [*cures, *built, building.adopted(fact)]

    def _may_be_unproven(self, fact: Fact) -> bool:
        """Before 18 a foreign key of a partitioned table cannot be NOT VALID."""
        foreign = fact.body["type"] == "foreign key"
        return not (foreign and self._live.server < 18 and self._partitioned(fact.path[:2]))

    def _partitioned(self, table: Path) -> bool:
        found = self._live.get("table", table)
        return found is not None and "partition_by" in found.body

    def _on_partitions(self, index: Fact, why: str) -> list[Piece]:
        root = undotted(index.body["table"])
        leaves: list[Path] = []
        inner: list[Path] = []
        pairs: list[tuple[Path, Path]] = []
        level = [root]
        while level:
            below = [(part, parent) for parent in level for part in self._parts(parent)]
            pairs += [(part.path, parent) for part, parent in below]
            inner += [part.path for part, _ in below if "partition_by" in part.body]
            leaves += [
                part.path
                for part, _ in below
                if "partition_by" not in part.body
                and part.kind == "table"
                and not self._brings_its_own(part.path, index)
            ]
            level = [part.path for part, _ in below if "partition_by" in part.body]
        about = _name(index)
        cures, waiting = self._cleared(index, why)
        if waiting:
            return waiting
        parts = building.partition_by_partition(index, about, why, leaves, inner)
        return [*cures, *parts, *building.attachments(index, about, pairs[::-1])]

    def half_attached(self, index: Fact) -> str:
        """Return a partition with partitions that has a part of an unfinished index already, of which nobody knows what it lacks."""
        for name in index.body.get("attached", ()):
            table = self._live.get("table", undotted(name))
            if table is not None and "partition_by" in table.body:
                return str(name)
        return ""

    def _brings_its_own(self, table: Path, index: Fact) -> bool:
        """Tell whether a partition has its part of an index, or is to have a key of its own that is this part."""
        found = self._live.get("index", index.path)
        if found is not None and dotted(table) in found.body.get("attached", ()):
            return True
        return any(
            key.body.get("part_of") == dotted(index.path)
            for key in self._expected.children(table, "constraint")
        )

    def _parts(self, parent: Path) -> list[Fact]:
        return [
            fact
            for fact in self._live.mentioning('"partition_of": ')
            if fact.kind in {"table", "foreign_table"}
            and fact.body.get("partition_of") == dotted(parent)
        ]

    def _columns_of(self, domain: Path) -> Iterator[Fact]:
        name = qualified(*domain)
        for fact in self._live.mentioning('"type": '):
            if fact.kind == "column" and fact.body.get("type") == name:
                yield fact

    def _not_null_18(self, column: Fact, about: str) -> list[Piece]:
        table, row = qualified(*column.path[:2]), guards.column(column.path[:2], column.path[2])
        add = f"ALTER TABLE {table} ADD NOT NULL {quoted(column.path[2])}{no_heirs(column.body)} NOT VALID"
        found = f"(SELECT k.conname FROM pg_catalog.pg_constraint AS k JOIN pg_catalog.pg_attribute ON attrelid = k.conrelid AND k.conkey = ARRAY[attnum] WHERE {row} AND k.contype = 'n')"
        prove = f"EXECUTE pg_catalog.format('ALTER TABLE %s VALIDATE CONSTRAINT %I', {literal(table)}, {found});"
        return [
            Piece(about, "new rows are held to it at once", guards.exists("pg_attribute", row, "NOT attnotnull"), (add,), part="later"),
            Piece(about, "and it is proven for the rows that are there", _unproven_18(row), part="later",
                  caught=("not_null_violation", "check_violation"), body=(prove,)),
        ]  # fmt: skip

    def _not_null_before(self, column: Fact, about: str) -> list[Piece]:
        path, table = column.path, qualified(*column.path[:2])
        name, column_ = short_name(NOT_NULL, path), quoted(path[2])
        row, check = guards.column(path[:2], path[2]), guards.constraint((*path[:2], name))
        nullable = guards.exists("pg_attribute", row, "NOT attnotnull")
        done = guards.exists("pg_attribute", row, "attnotnull")
        add = f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({column_} IS NOT NULL) NOT VALID"
        # The proof spares SET NOT NULL the reading of the table.
        set_ = (
            f"ALTER TABLE {table} ALTER COLUMN {column_} SET NOT NULL",
            f"ALTER TABLE {table} DROP CONSTRAINT {name}",
        )
        valid = guards.exists("pg_constraint", check, "convalidated")
        there = guards.exists("pg_constraint", check)
        return [
            Piece(about, "new rows are held to it at once, by a CHECK", f"{nullable} AND NOT {there}", (add,), part="later"),
            Piece(about, "which is proven for the rows that are there", guards.exists("pg_constraint", check, "NOT convalidated"),
                  (f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}",), part="later", caught=("check_violation",)),
            Piece(about, "and gives way to NOT NULL", f"{valid} OR ({there} AND {done})", set_, part="later"),
        ]  # fmt: skip


def _unproven_18(row: str) -> str:
    unproven = (
        "contype = 'n' AND conrelid = attrelid AND conkey = ARRAY[attnum] AND NOT convalidated"
    )
    return guards.exists("pg_attribute", row, guards.exists("pg_constraint", unproven))


def _piece(step: Step, why: str, *, part: Part = "main", caught: tuple[str, ...] = ()) -> Piece:
    return Piece(_name(step.fact), why, step.guard, (step.action,), part=part, caught=caught)


def _once_clean(piece: Piece, question: Question | None) -> Piece:
    """Look for rows that are known to be in the way before what would fail is tried."""
    if question is None:
        return piece
    clean = f"NOT EXISTS (SELECT FROM {question.source} WHERE {question.offending})"
    return replace(
        piece, condition=clean, otherwise=f"{piece.about} is not proven: rows are in the way"
    )


def _with_value(expression: str, value: str) -> str:
    """Put *value* in the place of VALUE in a domain's expression."""
    pieces, end = [], 0
    for token in scan(expression):
        if token.keyword == "VALUE":
            pieces += [expression[end : token.start], value]
            end = token.end
    return "".join([*pieces, expression[end:]])


def _name(fact: Fact) -> str:
    return f"{fact.kind} {dotted(fact.path)}"
