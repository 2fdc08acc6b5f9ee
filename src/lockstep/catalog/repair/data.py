"""What the planner asks of the database that is repaired. Without a database, nothing is known and nothing is in the way."""

from __future__ import annotations

import json
from collections.abc import Iterable

from lockstep.catalog.fact import Fact, Path, undotted
from lockstep.catalog.making.index import Index
from lockstep.catalog.repair.conflicts import QUERIES, Answer, Question, answer
from lockstep.postgres.session import ServerError, Session
from lockstep.sql.objects import qualified, quoted

_USUAL = "OPERATOR(pg_catalog.=)"
_TYPES = ("enum", "composite", "range", "table")


class Data:
    """Answers about rows, and about what reads what. *timeout* is in seconds, for each question."""

    def __init__(self, session: Session | None, live: Index, timeout: float) -> None:
        self._session = session
        self._live = live
        self._timeout = timeout

    def answer(self, question: Question) -> Answer:
        """Count the rows that are in the way."""
        if self._session is None or not self._can_be_asked(question):
            return Answer()
        return answer(self._session, question, self._live, self._timeout)

    def estimates(self, tables: Iterable[Path]) -> dict[str, int]:
        """Return how many rows the server believes tables to hold, by their names in SQL."""
        names = sorted({qualified(*table) for table in tables if table})
        if self._session is None or not names:
            return {}
        try:
            rows = self._session.fetch(QUERIES["estimates"], names=json.dumps(names))
        except ServerError:
            self._session.rollback()
            return {}
        return {row["name"]: row["rows"] for row in rows}

    def equality(self, table: Path, column: str) -> str:
        """Return the operator by which values of a column are the same, whatever the search path is."""
        found = self._live.get("column", (*table, column))
        return _equality(str(found.body["type"]), self._live) if found else _USUAL

    def _can_be_asked(self, question: Question) -> bool:
        """Rows that are not there yet, or columns, cannot be in the way."""
        live = self._live
        if live.first(("table", "foreign_table"), question.table) is None:
            return False
        return all(live.get("column", (*question.table, column)) for column in question.shown)


def _equality(type_: str, live: Index) -> str:
    """Types of PostgreSQL, enums, composites and ranges are compared by PostgreSQL; an extension's by its own operators."""
    if "." not in type_:
        return _USUAL
    path = undotted(type_.partition("(")[0].removesuffix("[]"))
    domain = live.get("domain", path)
    if domain is not None:
        return _equality(str(domain.body["type"]), live)
    if len(path) != 2 or live.first(_TYPES, path) or type_.endswith("[]"):
        return _USUAL
    return f"OPERATOR({quoted(path[0])}.=)"


def estimated(fact: Fact) -> Path:
    """Return the table whose size tells how much *fact* is about; empty if there is none."""
    if fact.kind == "index":
        return undotted(fact.body["table"])
    if fact.kind in {"table", "matview", "foreign_table"}:
        return fact.path
    return fact.path[:2] if fact.kind in {"column", "constraint"} else ()
