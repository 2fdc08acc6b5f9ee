"""Put rows into every table that has none, or whose columns have changed since it got some.

What a table asks for is asked of the server: for the columns of a CHECK or of a partition's bound, candidates are laid out and the
server chooses those for which the condition holds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from lockstep.postgres.queries import load_queries
from lockstep.postgres.session import Row, ServerError, Session
from lockstep.prove.filling.sources import NULL, Source, components, joined
from lockstep.prove.filling.values import Type, Types, candidates, drawn_from
from lockstep.prove.observe import QUERIES as OBSERVE
from lockstep.prove.observe import Table, tables_of
from lockstep.prove.splitting import split
from lockstep.sql.objects import literal, quoted

QUERIES = load_queries(Path(__file__).with_name("describe.sql"))
ROWS = 2
_TRIES = 4
_MOST_COMBINATIONS = 4000
_PARENTS = 8
_AT_ONCE = "SET CONSTRAINTS ALL IMMEDIATE"


class Filler:
    """Fills one database after the other; what it has put where decides the next values, and nothing else does."""

    def __init__(self, fixture: str = "") -> None:
        """Make one that tries the statements of *fixture* first, each until it has succeeded once."""
        self._fixture = [text for _, text in split(fixture)]
        self._put: set[int] = set()
        self._filled: dict[int, int] = {}
        self._numbers: dict[str, int] = {}
        self.unfilled: dict[str, str] = {}
        """Tables that got no row, and why."""

    def begin_anew(self) -> None:
        """Forget what was filled: the next database is another one."""
        self._filled.clear()
        self._put.clear()

    def fill(self, session: Session) -> int:
        """Put rows where they are missing, in a transaction of its own; return into how many tables."""
        session.script("BEGIN")
        self._try_fixture(session)
        session.script(OBSERVE["settle"])
        if not self._is_checked(session):
            return 0
        wanted = [table for table in tables_of(session).values() if self._needs(table)]
        if self._fixture:
            # What the fixture has filled is left to it.
            for table in wanted:
                if table.filled:
                    self.settled(table, "")
            wanted = [table for table in wanted if not table.filled]
        count = _Filling(session, self, wanted).run() if wanted else 0
        session.script("COMMIT")
        return count

    def _is_checked(self, session: Session) -> bool:
        """Let what is deferred to the end of the transaction be checked at once, row by row; False if the fixture breaks it."""
        try:
            session.script(_AT_ONCE)
        except ServerError as error:
            if not self._fixture:
                raise
            session.rollback()
            self._fixture = []
            self.unfilled["--fixture"] = f"{error.message} ({error.sqlstate})"
            return bool(self.fill(session))
        return True

    def _try_fixture(self, session: Session) -> None:
        for number, text in enumerate(self._fixture):
            if number in self._put:
                continue
            session.script("SAVEPOINT lockstep_fixture")
            try:
                session.script(text)
                self._put.add(number)
            except ServerError:
                session.script("ROLLBACK TO lockstep_fixture")
            session.script("RELEASE lockstep_fixture")

    def number(self, table: str) -> int:
        """Return the next number for a row of a table."""
        self._numbers[table] = self._numbers.get(table, 0) + 1
        return self._numbers[table]

    def settled(self, table: Table, trouble: str) -> None:
        """Take note of a table that was dealt with; *trouble* says why it has no row, or is empty."""
        self._filled[table.oid] = table.natts
        self.unfilled.pop(table.name, None)
        if trouble and not table.filled:
            self.unfilled[table.name] = trouble

    def _needs(self, table: Table) -> bool:
        return self._filled.get(table.oid) != table.natts


class _Filling:
    """One transaction's work."""

    def __init__(self, session: Session, filler: Filler, tables: Sequence[Table]) -> None:
        self._session = session
        self._filler = filler
        self._tables = {table.oid: table for table in tables}
        oids = json.dumps(list(self._tables))
        self._described = {row["oid"]: row for row in session.fetch(QUERIES["tables"], oids=oids)}
        self._types = self._read_types()

    def run(self) -> int:
        """Fill tables after those that they refer to; in the end the rest, without waiting for each other."""
        left = dict(self._described)
        filled = 0
        for patient in (True, False):
            progress = True
            while progress and left:
                progress = False
                for oid in list(left):
                    if patient and self._waits(left[oid], left):
                        continue
                    filled += self._fill(left.pop(oid))
                    progress = True
        return filled

    def _waits(self, table: Row, left: dict[int, Row]) -> bool:
        names = {other["name"] for other in left.values()}
        return any(one["table"] in names and not one["self"] for one in table["references"])

    def _fill(self, table: Row) -> int:
        trouble, count = "", 0
        for _ in range(ROWS):
            trouble = self._add_row(table)
            if trouble:
                break
            count += 1
        self._filler.settled(self._tables[table["oid"]], "" if count else trouble)
        return int(count > 0)

    def _add_row(self, table: Row) -> str:
        """Insert a row; return what was wrong with every try, or an empty text."""
        n = self._filler.number(table["name"])
        row: dict[str, str] | None = None
        trouble = ""
        for attempt in range(_TRIES):
            row, trouble = self._row(table, n, skip=attempt)
            if row is None:
                return trouble
            trouble = self._insert(table, row)
            if not trouble:
                return ""
        # Some value is none that this server takes: what may be left out is left out.
        needed = {
            one["name"] for one in table["columns"] if one["required"] and not one["has_default"]
        }
        least = {name: value for name, value in (row or {}).items() if name in needed}
        return trouble and (self._insert(table, least) and trouble)

    def _row(self, table: Row, n: int, skip: int) -> tuple[dict[str, str] | None, str]:
        checks = self._checks(table)
        try:
            sources = self._sources(table, n, checks)
        except LookupError as error:
            return None, str(error)
        row: dict[str, str] = {}
        for group in components(sources, [one["columns"] for one in checks]):
            names = {column for source in group for column in source.columns}
            held = [one["expression"] for one in checks if names.issuperset(one["columns"])]
            chosen = self._choose(group, held, skip)
            row.update(chosen)
        return row, ""

    def _checks(self, table: Row) -> list[dict[str, Any]]:
        checks = list(table["checks"])
        if table["bound"]:
            columns = [one["name"] for one in table["columns"]]
            named = [one for one in columns if quoted(one) in table["bound"]]
            checks.append({"columns": named, "expression": table["bound"]})
        for column in table["columns"]:
            for text in self._domain_checks(column["type"]):
                expression = (
                    f"(SELECT {text} FROM (SELECT {quoted(column['name'])} AS value) AS lockstep)"  # noqa: S608
                )
                checks.append({"columns": [column["name"]], "expression": expression, "said": text})
        return checks

    def _domain_checks(self, oid: int) -> Iterator[str]:
        known = self._types.get(oid)
        while known is not None and known.kind == "d":
            yield from known.checks or ()
            known = self._types.get(known.base)

    def _sources(self, table: Row, n: int, checks: Sequence[dict[str, Any]]) -> list[Source]:
        parents = [self._parents(table, one, n) for one in table["references"]]
        referring = joined(one for one in parents if one is not None)
        taken = {column for source in referring for column in source.columns}
        singles = [
            Source((column["name"],), tuple((one,) for one in self._candidates(column, n, checks)))
            for column in table["columns"]
            if column["name"] not in taken
        ]
        return [*referring, *singles]

    def _candidates(self, column: Row, n: int, checks: Sequence[dict[str, Any]]) -> list[str]:
        about = [
            one.get("said") or one["expression"]
            for one in checks
            if column["name"] in one["columns"]
        ]
        found = candidates(self._types, column["type"], column["modifier"], n)
        drawn = drawn_from(self._types, column["type"], about)
        turned = drawn[n % len(drawn) :] + drawn[: n % len(drawn)] if drawn else []
        found = list(dict.fromkeys([*found[:1], *turned, *found[1:]]))
        if not column["required"]:
            found.append(NULL)
        return found or [NULL]

    def _parents(self, table: Row, reference: Row, n: int) -> Source | None:
        """Return the rows that a foreign key may refer to."""
        columns = tuple(reference["columns"])
        required = {one["name"] for one in table["columns"] if one["required"]}
        types = {one["name"]: one["type"] for one in table["columns"]}
        if not set(columns) <= set(types):
            return None  # a generated column: its value follows from others
        casts = [self._base_name(types[one]) for one in columns]
        picked = ", ".join(f"{quoted(one)}::text" for one in reference["referenced"])
        filled = " AND ".join(f"{quoted(one)} IS NOT NULL" for one in reference["referenced"])
        rows = self._session.fetch(
            f"SELECT json_build_array({picked}) AS key FROM {reference['table']} WHERE {filled} LIMIT {_PARENTS}"  # noqa: S608
        )
        keys = [row["key"] for row in rows]
        keys = keys[n % len(keys) :] + keys[: n % len(keys)] if keys else []
        choices = [
            tuple(f"{literal(value)}::{cast}" for value, cast in zip(key, casts, strict=True))
            for key in keys
        ]
        if not set(columns) & required:
            choices.append((NULL,) * len(columns))
        if not choices and not reference["self"]:
            raise LookupError(f"{reference['table']}, to which it refers, has no rows")
        return Source(columns, tuple(choices)) if choices else None

    def _base_name(self, oid: int) -> str:
        known = self._types[oid]
        while known.kind == "d" and known.base in self._types:
            known = self._types[known.base]
        return known.qualified

    def _choose(self, group: Sequence[Source], held: Sequence[str], skip: int) -> dict[str, str]:
        """Return values for which all conditions hold, or the likeliest if the server cannot tell."""
        first = {
            column: value
            for source in group
            for column, value in zip(
                source.columns,
                source.choices[skip % len(source.choices) if len(source.columns) > 1 else 0],
                strict=True,
            )
        }
        if not held:
            return first
        most = max(2, int(_MOST_COMBINATIONS ** (1 / len(group))))
        laid = [source.trimmed(most) for source in group]
        query = _selection(laid, held, skip)
        found = self._tried(query)
        if not found:
            found = self._tried(_selection(laid, held, 0)) if skip else []
        if not found:
            return first
        places = found[0]["places"]
        return {
            column: value
            for source, place in zip(laid, places, strict=True)
            for column, value in zip(source.columns, source.choices[place], strict=True)
        }

    def _insert(self, table: Row, row: dict[str, str]) -> str:
        names = ", ".join(map(quoted, row))
        values = ", ".join(row.values())
        text = f"INSERT INTO {table['name']} ({names}) OVERRIDING SYSTEM VALUE VALUES ({values})"  # noqa: S608
        if not row:
            text = f"INSERT INTO {table['name']} DEFAULT VALUES"
        trouble = self._executed(text)
        if trouble:
            # A trigger may refuse what no constraint forbids; foreign keys are met by what was chosen.
            quiet = f"SET session_replication_role = replica; {text}; SET session_replication_role = origin"
            return "" if not self._executed(quiet) else trouble
        return ""

    def _executed(self, text: str) -> str:
        self._session.script("SAVEPOINT lockstep_row")
        try:
            count = self._session.script(text)
        except ServerError as error:
            self._session.script("ROLLBACK TO lockstep_row; RELEASE lockstep_row")
            return f"{error.message} ({error.sqlstate})"
        self._session.script("RELEASE lockstep_row")
        return "" if count else "nothing was inserted"

    def _tried(self, query: str) -> list[Row]:
        self._session.script("SAVEPOINT lockstep_choice")
        try:
            found = self._session.fetch(query)
        except ServerError:
            self._session.script("ROLLBACK TO lockstep_choice")
            found = []
        self._session.script("RELEASE lockstep_choice")
        return found

    def _read_types(self) -> Types:
        oids = {column["type"] for row in self._described.values() for column in row["columns"]}
        recent = self._session.server_version >= 140000
        query = (
            QUERIES["types"]
            .replace(
                "{multirange}",
                "UNION ALL SELECT r.rngtypid FROM pg_range r WHERE r.rngmultitypid = t.oid"
                if recent
                else "",
            )
            .replace(
                "{multirange_of}",
                "(SELECT r.rngtypid::bigint FROM pg_range r WHERE r.rngmultitypid = t.oid)"
                if recent
                else "NULL::bigint",
            )
        )
        rows = self._session.fetch(query, oids=json.dumps(sorted(oids)))
        return {row["oid"]: Type(**row) for row in rows}


def _selection(laid: Sequence[Source], held: Iterable[str], skip: int) -> str:
    """Return the query that finds, by their places, choices for which all conditions hold."""
    parts, places = [], []
    for number, source in enumerate(laid):
        rows = ", ".join(
            f"({place}, {', '.join(choice)})" for place, choice in enumerate(source.choices)
        )
        columns = ", ".join(map(quoted, source.columns))
        parts.append(f"(VALUES {rows}) AS lockstep_{number} (lockstep_place_{number}, {columns})")
        places.append(f"lockstep_place_{number}")
    conditions = " AND ".join(f"({one}) IS NOT FALSE" for one in held)
    order = " + ".join(places)
    listed = ", ".join(places)
    return (
        f"SELECT json_build_array({listed}) AS places FROM {' CROSS JOIN '.join(parts)} "  # noqa: S608
        f"WHERE {conditions} ORDER BY {order}, {listed} LIMIT 1 OFFSET {skip}"
    )
