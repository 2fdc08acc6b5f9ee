"""What a database is at one moment: its schema object by object, its rows by table, and what differs between two of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from lockstep.postgres.queries import load_queries

Connection = psycopg.Connection[tuple[Any, ...]]
_QUERIES = load_queries(Path(__file__).with_name("state.sql"))
_WIDEST = 100


@dataclass(frozen=True)
class State:
    """Definitions and identities by kind and name; rows and a hash of their content by table."""

    definitions: dict[tuple[str, str], str]
    identities: dict[tuple[str, str], str]
    rows: dict[str, tuple[int, str]]

    @property
    def digest(self) -> str:
        """One hash of the schema and of the row counts."""
        counts = {("rows", table): str(count) for table, (count, _) in self.rows.items() if count}
        lines = sorted(
            f"{kind}\0{name}\0{what}" for (kind, name), what in (self.definitions | counts).items()
        )
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def look(connection: Connection) -> State:
    """Return the state of the connection's database as its transaction sees it; the session's settings change."""
    for statement in _QUERIES["settle"].split(";"):
        connection.execute(statement.encode())
    objects = connection.execute(_QUERIES["objects"].encode()).fetchall()
    definitions = {(kind, name): definition for kind, name, definition, _ in objects}
    identities = {(kind, name): identity for kind, name, _, identity in objects if identity}
    rows = {}
    for (table,) in connection.execute(_QUERIES["filled_tables"].encode()).fetchall():
        query = _QUERIES["rows_of_table"].replace("{}", table).encode()
        found = connection.execute(query).fetchone()
        assert found is not None
        rows[table] = (found[0], found[1])
    return State(definitions, identities, rows)


def changes(before: State, after: State) -> list[str]:
    """Return what differs in schema and row counts, a line each: ``+ index public.t_a_idx1``, ``~ rows public.t 1 -> 2``."""
    return [*_schema_changes(before, after), *_count_changes(before, after)]


def recreated(before: State, after: State) -> list[str]:
    """Return tables that were dropped and made anew and columns likewise: defined as before, but whatever they held is gone."""
    return [
        f"{kind} {name}"
        for (kind, name), identity in sorted(after.identities.items())
        if before.identities.get((kind, name), identity) != identity
    ]


def rewritten(before: State, after: State) -> list[str]:
    """Return the tables whose rows are as many as before but hold something else."""
    return [
        table
        for table, (count, content) in sorted(after.rows.items())
        if table in before.rows
        and before.rows[table][0] == count
        and before.rows[table][1] != content
    ]


def _schema_changes(before: State, after: State) -> Iterator[str]:
    for key in sorted(before.definitions.keys() | after.definitions.keys()):
        old, new = before.definitions.get(key), after.definitions.get(key)
        if old is None:
            yield f"+ {key[0]} {key[1]}"
        elif new is None:
            yield f"- {key[0]} {key[1]}"
        elif old != new:
            yield f"~ {key[0]} {key[1]}: {_short(old)} -> {_short(new)}"


def _count_changes(before: State, after: State) -> Iterator[str]:
    for table in sorted(before.rows.keys() | after.rows.keys()):
        old, new = before.rows.get(table, (0, ""))[0], after.rows.get(table, (0, ""))[0]
        if old != new:
            yield f"~ rows {table} {old} -> {new}"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _WIDEST else line[: _WIDEST - 3] + "..."
