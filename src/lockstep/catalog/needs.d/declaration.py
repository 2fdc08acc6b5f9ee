"""What a service requires of the schema, and the refusal when the schema does not meet it.

All needs of all services are checked in one query, as the role that the services will use: a table which that role may not
read is missing for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lockstep.errors import NeedsUnmet, Problem
from lockstep.postgres.gate import Database
from lockstep.postgres.queries import load_queries

QUERIES = load_queries(Path(__file__).with_name("needs.sql"))
_PRIVILEGES = {"privilege", "schema"}


@dataclass(frozen=True, slots=True)
class Needs:
    """Tables and, for each, the columns that a service reads or writes.

    A table's name may be qualified (``audit.entries``); an unqualified one is found as the services' search path finds it.
    """

    tables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that a service needs and does not find: a table, a column, or the privilege to read.

    ``schema`` is the one that the table is in, if the role may not use that.
    """

    service: str
    table: str
    column: str | None
    missing: str
    role: str
    schema: str = ""

    def __str__(self) -> str:
        if self.missing in _PRIVILEGES:
            return f"table {self.table} to be readable by role {self.role!r}"
        if self.missing == "table":
            return f"table {self.table}" + (f" (with column {self.column})" if self.column else "")
        return f"column {self.table}.{self.column}"


async def find_missing(database: Database, needs: Mapping[str, Needs]) -> list[Missing]:
    """Return what the services (by name) need and the live schema lacks; one query for all of them."""
    needed = [
        {"service": service, "table": table, "column": column}
        for service, need in needs.items()
        for table, columns in need.tables.items()
        for column in (columns or (None,))
    ]
    if not needed:
        return []
    async with database.connection() as connection:
        cursor = await connection.execute(
            QUERIES["missing"].encode(), {"needed": json.dumps(needed)}
        )
        return [Missing(*row) for row in await cursor.fetchall()]


def needs_unmet(missing: Iterable[Missing], folder: Path) -> NeedsUnmet:
    """Return the refusal for what is missing; *folder* is searched for the migration that should have made it."""
    found = list(missing)
    services = list(dict.fromkeys(item.service for item in found))
    problems = [
        Problem(f"service {item.service!r} needs {item}", None, _remedy(item, folder))
        for item in found
    ]
    what = f"the schema does not meet the needs of {', '.join(services)}"
    if all(item.missing in _PRIVILEGES for item in found):
        return NeedsUnmet(
            what,
            problems=problems,
            why="The tables are there, but the role that the services' pool uses (DATABASE_URL) may not read them.",
            next_step="Grant what is listed, then start again.",
        )
    return NeedsUnmet(
        what,
        problems=problems,
        why="The ledger says that all migrations are applied, yet the schema lacks what they should have made: "
        "it was changed by hand, or a migration is missing.",
        next_step="Write a migration that adds what is missing, or restore it by hand, then start again.",
    )


def _remedy(item: Missing, folder: Path) -> str:
    if item.missing in _PRIVILEGES:
        role = '"' + item.role.replace('"', '""') + '"'
        usage = f'GRANT USAGE ON SCHEMA "{item.schema}" TO {role}; ' if item.schema else ""
        return f"{usage}GRANT SELECT ON {item.table} TO {role};"
    table = re.escape(item.table.rpartition(".")[2])
    # The table's name stands before any parenthesis: one that only refers to it does not count.
    pattern = rf"\bcreate\s+table\b[^;(]*\b{table}\b"
    if item.missing == "column" and item.column is not None:
        column = re.escape(item.column)
        pattern = rf"\b(?:create|alter)\s+table\b[^;(]*\b{table}\b[^;]*\b{column}\b"
    maker = re.compile(pattern, re.IGNORECASE)
    files = [file.name for file in sorted(folder.glob("*.sql")) if maker.search(_statements(file))]
    return f"{files[0]} should have made it" if files else "no migration makes it"


def _statements(file: Path) -> str:
    return re.sub(r"--.*", "", file.read_text(encoding="utf-8", errors="replace"))
