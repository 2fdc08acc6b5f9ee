"""Questions to the rows, asked before a step would find out by failing: which rows does a constraint forbid?

A question is a condition on the rows of one table, or a list of keys that must not come twice. It is answered with a count
that stops at a limit, and with the keys of a few of the rows; never with what else they hold, for the answers are written
into files that are committed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path as File
from typing import Any, Literal

from lockstep.catalog.fact import Fact, Path, dotted, undotted
from lockstep.catalog.making.index import Index
from lockstep.postgres.queries import load_queries
from lockstep.postgres.session import ServerError, Session
from lockstep.sql.objects import qualified, quoted
from lockstep.values import dataclass

QUERIES = load_queries(File(__file__).with_name("questions.sql"))
_PLACE = re.compile(r"\{(\w+)\}")
LIMIT = 10_000
SAMPLE = 5
Kind = Literal["nulls", "orphans", "duplicates", "outside", "unfit", "rows", "values"]


@dataclass(frozen=True, slots=True)
class Question:
    """Which rows of *table* (alias ``t``) are meant: those for which *rows* holds, or whose *keys* are not the only ones.

    ``shown`` are the columns that a sample shows beside the primary key. ``fact`` is the object that stands against the rows.
    """

    about: str
    kind: Kind
    fact: Fact
    table: Path
    rows: str
    keys: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    only: bool = False
    choices: tuple[str, ...] = ()
    now: str = ""
    """The condition as long as the table is as it is, if that is another one."""

    @property
    def source(self) -> str:
        """The table as it stands in FROM."""
        return f"{'ONLY ' if self.only else ''}{qualified(*self.table)} AS t"

    @property
    def offending(self) -> str:
        """The condition on each row that is in the way; of rows with the same keys the first is not."""
        if not self.keys:
            return self.rows
        numbered = (
            f"SELECT tableoid AS a, ctid AS b, row_number() OVER (PARTITION BY {', '.join(self.keys)} "
            f"ORDER BY tableoid, ctid) AS n FROM {self.source} WHERE {self.rows}"
        )
        return f"(t.tableoid, t.ctid) IN (SELECT d.a, d.b FROM ({numbered}) AS d WHERE d.n > 1)"


@dataclass(frozen=True, slots=True)
class Answer:
    """How many rows (or keys that come twice) there are, ``more`` if these are only the first; ``error`` if nobody knows."""

    count: int = 0
    more: bool = False
    sample: tuple[Any, ...] = ()
    error: str = ""

    @property
    def clean(self) -> bool:
        """True if no row is in the way."""
        return not self.count and not self.error

    @property
    def text(self) -> str:
        """How many, in words."""
        if self.error:
            return f"not counted ({self.error})"
        return f"at least {self.count}" if self.more else str(self.count)


def answer(session: Session, question: Question, live: Index, timeout: float) -> Answer:
    """Answer a question in a transaction that can neither write nor wait; *timeout* is in seconds."""
    shown = dict.fromkeys([*_key(question, live), *map(quoted, question.shown)])
    text = filled(
        QUERIES["duplicates" if question.keys else "rows"],
        source=question.source,
        rows=question.now or question.rows,
        keys=", ".join(question.keys),
        shown=", ".join(f"t.{column}" for column in shown),
    )
    return read(session, text, timeout)


def read(session: Session, query: str, timeout: float) -> Answer:
    """Run a query of ``questions.sql`` that counts and samples."""
    begin = filled(QUERIES["begin"], timeout=str(round(timeout * 1000)))
    try:
        found = json.loads(session.texts(f"{begin};{query}")[-1] or "{}")
    except ServerError as error:
        if error.connection_lost:
            raise
        return Answer(error=" ".join(error.message.split()))
    finally:
        session.rollback()
    count = int(found["count"])
    return Answer(min(count, LIMIT), count > LIMIT, tuple(found["sample"] or ()))


def filled(template: str, **values: str) -> str:
    """Put *values* into a template, in one go: what is put in is never looked at again."""
    known = {"limit": str(LIMIT + 1), "sample": str(SAMPLE), **values}
    return _PLACE.sub(lambda place: known[place[1]], template)


def _key(question: Question, live: Index) -> Sequence[str]:
    for constraint in live.children(question.table, "constraint"):
        if constraint.body.get("type") == "primary key":
            return [quoted(column) for column in constraint.body["columns"]]
    return ["ctid"]


def nulls(about: Fact, table: Path, column: str, *, there: bool = True) -> Question:
    """Which rows have no value in a column? All, as long as it is not *there*."""
    return Question(
        f"{_name(about)}: NOT NULL",
        "nulls",
        about,
        table,
        f"t.{quoted(column)} IS NULL",
        choices=(
            f"--backfill {'.'.join((*table[-1:], column))}=EXPRESSION",
            "leave it: rows without a value stay, and new ones are refused",
        ),
        now="" if there else "true",
    )


def outside(fact: Fact, table: Path, expression: str) -> Question:
    """Which rows does a CHECK forbid? Its columns stand without the table's name in it."""
    return Question(
        _name(fact),
        "outside",
        fact,
        table,
        f"({expression}) IS FALSE",
        only=bool(fact.body.get("no_inherit")),
        choices=_choices(fact, table),
    )


def duplicates(
    fact: Fact,
    table: Path,
    keys: Sequence[str],
    columns: Sequence[str],
    where: str,
    *,
    distinct: bool,
) -> Question:
    """Which keys come twice? *distinct*: two rows without a value are different."""
    conditions = [f"({where})"] if where else []
    if distinct:
        conditions += [f"({key}) IS NOT NULL" for key in keys]
    return Question(
        _name(fact),
        "duplicates",
        fact,
        table,
        " AND ".join(conditions) or "true",
        keys=tuple(f"({key})" for key in keys),
        shown=tuple(columns),
        choices=_choices(fact, table),
    )


def orphans(fact: Fact, equality: Sequence[str], *, there: bool = True) -> Question:
    """Which rows refer to none? *equality* are the operators that compare the columns, in their order.

    As long as the other table is not *there*, all do that refer to anything.
    """
    columns, theirs = fact.body["columns"], fact.body["referenced_columns"]
    mine = [f"t.{quoted(column)}" for column in columns]
    parent = qualified(*undotted(fact.body["references"]))
    pairs = " AND ".join(
        f"p.{quoted(their)} {operator} {own}"
        for their, operator, own in zip(theirs, equality, mine, strict=True)
    )
    absent = f"NOT EXISTS (SELECT FROM {parent} AS p WHERE {pairs})"
    known = " AND ".join(f"{own} IS NOT NULL" for own in mine)
    rows, some = f"{known} AND {absent}", known
    if fact.body.get("match") == "full" and len(mine) > 1:
        some = " OR ".join(f"{own} IS NOT NULL" for own in mine)
        rows = f"({some}) AND (NOT ({known}) OR {absent})"
    return Question(
        _name(fact),
        "orphans",
        fact,
        fact.path[:2],
        rows,
        shown=tuple(columns),
        choices=_choices(fact, fact.path[:2]),
        now="" if there else some,
    )


def unfit(fact: Fact, converted: str, again: str, *, bare: bool = False) -> Question:
    """Which values does another type not hold as they are? *converted* makes a value one of the new type.

    *again* makes that one of the old type, which must be the same; if it is empty it is enough that it can be converted.
    Values of a *bare* type know no equality: their texts must be the same.
    """
    value = f"t.{quoted(fact.path[2])}"
    text = "::pg_catalog.text" if bare else ""
    lost = f"({converted}) IS NULL"
    if again:
        lost = f"({again}){text} IS DISTINCT FROM {value}{text}"
    return Question(
        _name(fact),
        "unfit",
        fact,
        fact.path[:2],
        f"{value} IS NOT NULL AND {lost}",
        choices=(
            f"--backfill {'.'.join(fact.path[1:])}=EXPRESSION",
            "leave its type as it is",
        ),
    )


def amount(fact: Fact) -> Question:
    """How much would a DROP of a table or a column lose?"""
    if fact.kind == "column":
        return Question(
            _name(fact), "values", fact, fact.path[:2], f"t.{quoted(fact.path[2])} IS NOT NULL"
        )
    return Question(_name(fact), "rows", fact, fact.path, "true")


def _choices(fact: Fact, table: Path) -> tuple[str, ...]:
    column = (fact.body.get("columns") or ["COLUMN"])[0]
    column = column if isinstance(column, str) else column.get("column", "COLUMN")
    left = (
        "leave it"
        if fact.kind == "index" or fact.body.get("type") in {"unique", "primary key"}
        else "leave it NOT VALID"
    )
    return (
        f"--quarantine {'.'.join(fact.path[-2:])}",
        f"--backfill {table[-1]}.{column}=EXPRESSION",
        left,
    )


def _name(fact: Fact) -> str:
    return f"{fact.kind} {dotted(fact.path)}"
