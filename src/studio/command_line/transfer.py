"""Rows of one user's, in and out of the database: in pieces, each of them a transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from lockstep import Database, load_queries
from studio.command_line.rows import Matter, exported
from studio.storage import ConstraintViolated, Jsonb, Row, Storage, Transaction

QUERIES = load_queries(Path(__file__).with_name("transfer.sql"))
_IMPORT = {"content": "import_content", "projects": "import_projects"}
_EXPORT = {"content": "export_content", "projects": "export_projects"}
_PATIENCE = 60.0
_PAGE = 500


class RolledBack(Exception):
    """What was tried only is not to be kept."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of rows: how many are new, and what is wrong with which line."""

    added: int = 0
    bad: tuple[tuple[int, str], ...] = ()


class Transfer:
    """Moves rows of a user's."""

    def __init__(self, database: Database, matter: Matter) -> None:
        self._storage = Storage(database, QUERIES, patience=_PATIENCE)
        self._matter = matter

    async def owner(self, email: str) -> str | None:
        """Return the id of the user with that address."""
        async with self._storage.transaction() as transaction:
            row = await transaction.one("find_owner", email=email)
        return None if row is None else str(row["id"])

    async def now(self) -> datetime:
        """Return the time."""
        async with self._storage.transaction() as transaction:
            row = await transaction.one("clock")
        assert row is not None
        moment = row["now"]
        assert isinstance(moment, datetime)
        return moment

    async def pages(self, user_id: str) -> AsyncIterator[list[dict[str, Any]]]:
        """Yield the user's rows, a few hundred at a time."""
        after = 0
        while True:
            async with self._storage.transaction() as transaction:
                rows = await transaction.all(
                    _EXPORT[self._matter.name], user_id=user_id, after=after, limit=_PAGE
                )
            if not rows:
                return
            after = rows[-1]["id"]
            yield [exported(row) for row in rows]

    async def series(self, user_id: str) -> int:
        """Return how many pieces of the user's repeat."""
        async with self._storage.transaction() as transaction:
            row = await transaction.one("count_series", user_id=user_id)
        return int(row["count"]) if row else 0

    async def known(self, user_id: str, import_id: str, lines: Sequence[int]) -> set[int]:
        """Return which of those lines that import has added before."""
        async with self._storage.transaction() as transaction:
            rows = await transaction.all(
                "known_lines", user_id=user_id, import_id=import_id, lines=list(lines)
            )
        return {row["line"] for row in rows}

    async def take(self, user_id: str, import_id: str, rows: Sequence[Row], *, keep: bool) -> Taken:
        """Add *rows* (each with its ``line``) that are not in yet; without *keep*, try only.

        If the database refuses, it is found out which row it refuses; the others are added.
        """
        try:
            async with self._storage.transaction() as transaction:
                taken = await self._add(transaction, user_id, import_id, rows)
                if not keep:
                    raise RolledBack
        except RolledBack:
            pass
        except ConstraintViolated as error:
            if len(rows) == 1:
                return Taken(bad=((rows[0]["line"], f"the database refuses it: {error}"),))
            half = len(rows) // 2
            first = await self.take(user_id, import_id, rows[:half], keep=keep)
            second = await self.take(user_id, import_id, rows[half:], keep=keep)
            return Taken(first.added + second.added, first.bad + second.bad)
        return taken

    async def _add(
        self, transaction: Transaction, user_id: str, import_id: str, rows: Sequence[Row]
    ) -> Taken:
        rows, bad = await self._with_projects(transaction, user_id, rows)
        row = await transaction.one(
            _IMPORT[self._matter.name],
            user_id=user_id,
            import_id=import_id,
            rows=Jsonb(list(rows)),
        )
        assert row is not None
        return Taken(row["added"], bad)

    async def _with_projects(
        self, transaction: Transaction, user_id: str, rows: Sequence[Row]
    ) -> tuple[Sequence[Row], tuple[tuple[int, str], ...]]:
        """Put ids in the place of the projects' names; what cannot be told is bad."""
        names = sorted({row["project"] for row in rows if row.get("project") is not None})
        if not names:
            return rows, ()
        found = await transaction.all("projects_by_name", user_id=user_id, names=names)
        known = {row["name"]: row for row in found}
        good, bad = [], []
        for row in rows:
            name = row["project"]
            project = known.get(name)
            if name is None:
                good.append(row)
            elif project is not None and project["count"] == 1:
                good.append({**row, "project_id": project["id"]})
            else:
                many = f"{project['count']} projects have" if project else "no project has"
                bad.append((row["line"], f"project: {many} the name {name[:80]!r}"))
        return good, tuple(bad)
