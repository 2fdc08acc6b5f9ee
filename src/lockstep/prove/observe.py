"""What a database is at one moment, as far as it matters here: its schema line by line, and its rows table by table.

Left out is what ``pg_dump`` would show and nobody promises: where sequences stand (a guarded INSERT takes a number also when it
inserts nothing), and what a materialized view holds. Left out is also all that ``lockstep snapshot`` leaves out, but for the order of
a table's columns and the names of NOT NULL.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from lockstep.catalog.compare import compare
from lockstep.catalog.fact import Fact, read_line
from lockstep.catalog.snapshot import Snapshot, read_within
from lockstep.postgres.queries import load_queries
from lockstep.postgres.session import Session
from lockstep.values import dataclass

QUERIES = load_queries(Path(__file__).with_name("observe.sql"))
_LARGE_OBJECTS = "large objects"
_MOST_ROWS = 3
_WIDEST = 200


@dataclass(frozen=True, slots=True)
class Table:
    """A table that holds rows; ``oid``, ``filenode`` and ``natts`` tell it from one made anew or altered."""

    oid: int
    name: str
    filenode: int
    natts: int
    filled: bool


@dataclass(frozen=True, slots=True)
class Rows:
    """A table's rows: how many, a hash of them in no order, and the first of them as text."""

    count: int
    digest: str
    sample: tuple[str, ...] = ()


NO_ROWS = Rows(0, "0")


@dataclass(frozen=True, slots=True)
class Touched:
    """What the open transaction has written so far: catalogs by name, tables by OID."""

    written: bool
    catalogs: tuple[str, ...]
    tables: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class State:
    """Schema and rows; ``schema`` is None where nobody looked."""

    schema: Snapshot | None
    rows: Mapping[str, Rows]


@dataclass(frozen=True, slots=True)
class RowChange:
    """A table whose rows differ: how many there were and are, and some that only one side has."""

    table: str
    before: int
    after: int
    gone: tuple[str, ...] = ()
    new: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.before != self.after:
            return f"rows of {self.table}: {self.before} -> {self.after}"
        return f"rows of {self.table}: {self.before}, but others"


@dataclass(frozen=True, slots=True)
class Change:
    """What differs between two states: schema lines (``+``, ``-`` or ``~`` and the object), and rows."""

    schema: tuple[str, ...] = ()
    rows: tuple[RowChange, ...] = ()
    keys: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.schema or self.rows)

    def __str__(self) -> str:
        told = [*self.schema, *map(str, self.rows)]
        more = f" (and {len(told) - 3} more)" if len(told) > 3 else ""
        return "; ".join(told[:3]) + more

    def as_dict(self) -> dict[str, object]:
        """Return it as JSON-ready values: the counter-example."""
        return {
            "schema": list(self.schema[:20]),
            "rows": [
                {
                    "table": one.table,
                    "before": one.before,
                    "after": one.after,
                    "gone": list(one.gone),
                    "new": list(one.new),
                }
                for one in self.rows[:20]
            ],
        }


def touched(session: Session) -> Touched:
    """Return what the session's open transaction has written."""
    session.script(QUERIES["settle"])
    (row,) = session.fetch(QUERIES["touched"])
    return Touched(row["written"], tuple(row["catalogs"]), tuple(row["tables"]))


def rewritten(session: Session, other: Session, names: Sequence[str]) -> bool:
    """Return whether the open transaction of *session* has made the named catalogs others than *other* sees them.

    What is written as it had been (``CREATE OR REPLACE``) has not.
    """
    (own,) = session.fetch(QUERIES["own_transaction"])
    mine, theirs = (
        one.fetch(
            " UNION ALL ".join(
                QUERIES["catalog"]
                .replace("{catalog}", name)
                .replace("{bears}", bears)
                .replace("{number}", str(own["number"]))
                for name in names
            )
        )
        for one, bears in ((session, "xmin"), (other, "xmax"))
    )
    return mine != theirs


def tables_of(session: Session) -> dict[int, Table]:
    """Return all tables that may hold rows, by OID."""
    return {row["oid"]: Table(**row) for row in session.fetch(QUERIES["tables"])}


def look(session: Session, *, schema: bool = True, rows: bool = True) -> State:
    """Return the state of the session's database as its transaction sees it; the session's settings change."""
    session.script(QUERIES["settle"])
    lines = _with_more(session, read_within(session).lines) if schema else None
    found: dict[str, Rows] = {}
    if rows:
        names = [table.name for table in tables_of(session).values() if table.filled]
        found = rows_of(session, names) | _large_objects(session)
    return State(lines, found)


def rows_of(session: Session, names: Iterable[str]) -> dict[str, Rows]:
    """Return what the named tables hold."""
    found = {}
    for name in names:
        query = QUERIES["rows"].replace("{table}", name.replace("%", "%%"))
        (row,) = session.fetch(query, name=name)
        found[name] = Rows(row["count"], row["digest"], tuple(row["sample"]))
    return found


def changes(before: State, after: State) -> Change:
    """Return what of *after* is not as in *before*; schemas are compared where both were looked at."""
    lines: list[str] = []
    keys: set[str] = set()
    if before.schema is not None and after.schema is not None:
        for one in compare(before.schema, after.schema).differences:
            keys.add(one.name)
            if one.what == "missing":
                lines.append(f"- {one.expected and one.expected.line()}")
            elif one.what == "extra":
                lines.append(f"+ {one.live and one.live.line()}")
            else:
                told = (
                    f"{field}: {_said(one.expected, field)} -> {_said(one.live, field)}"
                    for field in one.fields
                )
                lines.append(f"~ {one.name} {', '.join(told)}")
    return Change(
        tuple(map(_short, lines)), tuple(_row_changes(before.rows, after.rows)), frozenset(keys)
    )


def _row_changes(before: Mapping[str, Rows], after: Mapping[str, Rows]) -> Iterable[RowChange]:
    for name in sorted({*before, *after}):
        old, new = before.get(name, NO_ROWS), after.get(name, NO_ROWS)
        if (old.count, old.digest) != (new.count, new.digest):
            gone = _only(old.sample, new.sample)
            yield RowChange(name, old.count, new.count, gone, _only(new.sample, old.sample))


def _only(mine: tuple[str, ...], theirs: tuple[str, ...]) -> tuple[str, ...]:
    left = list(theirs)
    found = []
    for row in mine:
        if row in left:
            left.remove(row)
        else:
            found.append(_short(row))
    return tuple(found[:_MOST_ROWS])


def _said(fact: object, field: str) -> str:
    body = getattr(fact, "body", {})
    return json.dumps(body[field], ensure_ascii=False) if field in body else "nothing"


def _short(text: str) -> str:
    return text if len(text) <= _WIDEST else text[: _WIDEST - 3] + "..."


def _large_objects(session: Session) -> dict[str, Rows]:
    (row,) = session.fetch(QUERIES["large_objects"])
    return {_LARGE_OBJECTS: Rows(row["count"], row["digest"])} if row["count"] else {}


def _with_more(session: Session, lines: Iterable[str]) -> Snapshot:
    """Add, to the body of each table, what a snapshot's lines do not promise: the order of its columns, and names of NOT NULL."""
    known = list(lines)
    order: dict[tuple[str, ...], list[str]] = {}
    for line in known:
        if line.startswith("column "):
            path = read_line(line).path
            order.setdefault(path[:-1], []).append(path[-1])
    names = _not_null_names(session)
    made = []
    for line in known:
        if line.startswith(("table ", "foreign_table ")):
            fact = read_line(line)
            more = {"columns": order.get(fact.path, []), "not_null_names": names.get(fact.path)}
            told = {name: value for name, value in more.items() if value is not None}
            made.append(Fact(fact.kind, fact.path, {**told, **fact.body}).line())
        else:
            made.append(line)
    return Snapshot(made)


def _not_null_names(session: Session) -> dict[tuple[str, ...], dict[str, str]]:
    if session.server_version < 180000:
        return {}
    return {tuple(row["path"]): row["names"] for row in session.fetch(QUERIES["not_null_names"])}
