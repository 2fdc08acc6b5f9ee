"""What is missing of needs, asked of a real database as a service's pool asks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from lockstep.catalog.needs.declaration import Needs
from lockstep.catalog.needs.missing import find_missing, look_around
from lockstep.catalog.needs.requirements import Requirement, requirements_of
from lockstep.catalog.needs.unmet import needs_unmet
from lockstep.catalog.needs.verdicts import Missing
from lockstep.errors import NeedsUnmet
from lockstep.postgres.gate import Database
from lockstep.testing import Project

Run = Callable[..., list[Any]]


async def ask(conninfo: str, needed: tuple[Requirement, ...], work: Callable[..., Any]) -> Any:
    """Open a pool as a boot does, and let *work* use it."""
    database = Database(max_size=1)
    await database.open(conninfo, "shop")
    try:
        return await work(database, needed)
    finally:
        await database.close()


@pytest.fixture
def run(database: str) -> Run:
    """Run SQL on the test's database; return the rows of its last statement."""

    def execute(text: str, *values: Any) -> list[Any]:
        with psycopg.connect(database, autocommit=True) as connection:
            cursor = connection.execute(text.encode(), values or None)
            while cursor.nextset():
                pass
            rows = cursor.fetchall() if cursor.description else []
        return [row[0] if len(row) == 1 else row for row in rows]

    return execute


@pytest.fixture
def missing(database: str) -> Callable[..., list[Missing]]:
    """Return what one service lacks."""

    def of(needs: Needs, conninfo: str = "") -> list[Missing]:
        needed = requirements_of({"scheduler": needs})
        found: list[Missing] = asyncio.run(ask(conninfo or database, needed, find_missing))
        return found

    return of


@pytest.fixture
def lacks(missing: Callable[..., list[Missing]]) -> Callable[..., list[tuple[str, str, str]]]:
    """The same in words: what is needed, why it will not do, and what is there."""

    def of(needs: Needs, conninfo: str = "") -> list[tuple[str, str, str]]:
        return [(str(one.needed), one.why, one.found) for one in missing(needs, conninfo)]

    return of


@pytest.fixture
def refusal(project: Project, database: str) -> Callable[..., NeedsUnmet]:
    """Return the refusal that a boot makes of what is missing, with the project's migrations."""

    async def refuse(pool: Database, needed: tuple[Requirement, ...]) -> NeedsUnmet:
        found = await find_missing(pool, needed)
        return needs_unmet(found, await look_around(pool, found), project.root / "migrations")

    def of(needs: Needs, conninfo: str = "") -> NeedsUnmet:
        needed = requirements_of({"scheduler": needs})
        made: NeedsUnmet = asyncio.run(ask(conninfo or database, needed, refuse))
        return made

    return of
