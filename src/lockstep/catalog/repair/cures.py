"""What is done about rows that are in the way, where the caller chose: fill a column, or move the rows to a table of their own."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence

from lockstep.catalog.fact import Path, dotted
from lockstep.catalog.making.index import Index
from lockstep.catalog.repair.choices import Choices
from lockstep.catalog.repair.conflicts import Question
from lockstep.catalog.repair.data import Data
from lockstep.catalog.repair.plan import Piece
from lockstep.catalog.repair.script import SETTINGS, quoted_body
from lockstep.sql.objects import qualified, quoted

BATCH = 10_000
SCHEMA = "lockstep"
_DECLARE = "DECLARE\n  remaining bigint;\n  changed bigint;"


class Cures:
    """Pieces that clear the way for a constraint, as the caller chose; they stand before the step that needs them."""

    def __init__(self, expected: Index, live: Index, choices: Choices, data: Data) -> None:
        self._expected = expected
        self._live = live
        self._choices = choices
        self._data = data

    def of(self, question: Question, guard: str) -> tuple[list[Piece], str]:
        """Return the pieces, and what was chosen in words; nothing if nothing was."""
        column, expression = self._backfill(question)
        if expression:
            text = f"--backfill {question.table[-1]}.{column}={expression}"
            return [self._filling(question, guard, column, expression)], text
        if self._choices.may_quarantine(question.fact) and question.kind != "unfit":
            store = self._store(question)
            return [self._moving(question, guard, store)], f"--quarantine, to {qualified(*store)}"
        return [], ""

    def _backfill(self, question: Question) -> tuple[str, str]:
        """Return the first column of those that the question is about for which an expression is given."""
        columns = list(question.shown) or [
            column for column in self._wanted(question.table) if names(question.rows, column)
        ]
        for column in columns:
            if expression := self._choices.expression_for(question.table, column):
                return column, expression
        return "", ""

    def _filling(self, question: Question, guard: str, column: str, expression: str) -> Piece:
        why = f"the rows in the way get {quoted(column)} = {expression}, {BATCH} at a time"
        in_batches = not self._has_parts(question.table)
        return filling(question, guard, why, column, f"({expression}\n)", in_batches=in_batches)

    def _has_parts(self, table: Path) -> bool:
        found = self._live.get("table", table)
        if found is None or "partition_by" in found.body:
            return True
        return any(
            dotted(table) in other.body.get("inherits", ()) for other in self._live.of_kind("table")
        )

    def _moving(self, question: Question, guard: str, store: Path) -> Piece:
        table = qualified(*question.table)
        columns = self._columns(question.table)
        names = ", ".join(map(quoted, columns))
        rows = " AND ".join([f"({question.offending})", *self._unreferenced(question.table)])
        returned = ", ".join(f"t.{quoted(column)}" for column in columns)
        move = (
            f"WITH moved AS (DELETE FROM {question.source} WHERE {rows} RETURNING {returned}) "
            f"INSERT INTO {qualified(*store)} ({names}) SELECT {names} FROM moved"
        )
        return Piece(
            about=question.about,
            why=f"the rows in the way are moved to {dotted(store)}",
            guard=guard,
            actions=(
                f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}",
                f"CREATE TABLE IF NOT EXISTS {qualified(*store)} AS SELECT {names} FROM {table} WITH NO DATA",
                move,
            ),
            part="later",
            cure=True,
            condition=f"EXISTS (SELECT FROM {question.source} WHERE {rows})",
            loses=f"rows that are in the way leave {dotted(question.table)} for {dotted(store)}",
        )

    def _store(self, question: Question) -> Path:
        """Name the table after its rows and their shape: where the shape changes, another takes them."""
        shape = [question.about, *self._columns(question.table)]
        digest = hashlib.sha256("\0".join(shape).encode("utf-8", "replace")).hexdigest()[:8]
        plain = re.sub(r"[^a-z0-9_]+", "_", question.table[-1].lower())[:40]
        return SCHEMA, f"quarantine_{plain}_{digest}"

    def _columns(self, table: Path) -> Sequence[str]:
        return [column.path[2] for column in self._live.children(table)]

    def _wanted(self, table: Path) -> list[str]:
        """Return the columns that the table has when rows are cured: also those that are added."""
        wanted = [column.path[2] for column in self._expected.children(table)]
        return list(dict.fromkeys([*self._columns(table), *wanted]))

    def _unreferenced(self, table: Path) -> Iterator[str]:
        """Yield conditions that nobody refers to a row: deleting it would delete others, or fail."""
        for constraint in self._live.mentioning(f'"references": "{_escaped(dotted(table))}"'):
            if constraint.kind != "constraint" or constraint.path[:2] == table:
                continue
            pairs = zip(
                constraint.body["columns"], constraint.body["referenced_columns"], strict=True
            )
            same = " AND ".join(
                f"c.{quoted(mine)} {self._data.equality(table, their)} t.{quoted(their)}"
                for mine, their in pairs
            )
            yield f"NOT EXISTS (SELECT FROM {qualified(*constraint.path[:2])} AS c WHERE {same})"


def filling(
    question: Question, guard: str, why: str, column: str, value: str, *, in_batches: bool
) -> Piece:
    """Give a column a value where the question's rows are.

    In batches that are committed, so that nobody waits for long; it ends, whatever the value is: no row is counted twice.
    """
    about = question.about
    update = f"UPDATE {question.source} SET {quoted(column)} = {value} WHERE "
    if not in_batches:
        return Piece(about, why, guard, (update + question.offending,), part="later", cure=True)
    some = f"SELECT t.ctid FROM {question.source} WHERE {question.offending} LIMIT {BATCH}"
    count = f"SELECT count(*) FROM {question.source} WHERE {question.offending}"
    body = (
        f"EXECUTE {quoted_body(count)} INTO remaining;",
        "WHILE remaining > 0 LOOP",
        f"  EXECUTE {quoted_body(f'{update}t.ctid = ANY (ARRAY({some}))')};",
        "  GET DIAGNOSTICS changed = ROW_COUNT;",
        "  EXIT WHEN changed = 0;",
        "  remaining := remaining - changed;",
        "  COMMIT;",
        f"  PERFORM {SETTINGS.format(local='true')};",
        "END LOOP;",
    )
    return Piece(about, why, guard, part="later", cure=True, declare=_DECLARE, body=body)


def names(expression: str, column: str) -> bool:
    """Tell whether an expression has the name of a column in it."""
    return bool(re.search(rf"(?<!\w){re.escape(quoted(column))}(?!\w)", expression))


def _escaped(text: str) -> str:
    import json

    return json.dumps(text, ensure_ascii=False)[1:-1]
