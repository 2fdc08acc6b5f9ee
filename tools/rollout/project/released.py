"""The studio with one feature more, which grows from release to release: what it is now stands in ``edition.py``."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import edition
from fastapi import APIRouter, FastAPI

import studio.assembly
from lockstep import Application, Database, Needs, ServiceHealth

studio_alone = studio.assembly.application
router = APIRouter(prefix="/release")


@router.get("/rows")
async def read_rows() -> list[dict[str, Any]]:
    """Read what this release reads."""
    async with studio_alone.database.connection() as connection:
        cursor = await connection.execute(edition.READ)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in await cursor.fetchall()]


@router.post("/rows", status_code=201)
async def write_row() -> dict[str, Any]:
    """Write what this release writes."""
    async with studio_alone.database.connection() as connection:
        await connection.execute(edition.WRITE)
    return {"release": edition.NAME}


class Feature:
    """The feature's service: it works in the background where the release has work for it."""

    name, critical = "feature", True
    after: tuple[str, ...] = ()
    needs = Needs(edition.NEEDS)

    def __init__(self) -> None:
        self._ok = True
        self._task: asyncio.Task[None] | None = None

    async def start(self, database: Database) -> asyncio.Task[None] | None:
        """Begin to work, if there is work."""
        if edition.CRASH:
            raise RuntimeError(edition.CRASH)
        if edition.WORK:
            await self._work_once(database)
            self._task = asyncio.create_task(self._work(database))
        return self._task

    async def stop(self) -> None:
        """Stop working."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    def health(self) -> ServiceHealth:
        """Say whether the last round went well."""
        return ServiceHealth(ok=self._ok)

    async def _work(self, database: Database) -> None:
        while True:
            await asyncio.sleep(1)
            try:
                await self._work_once(database)
                self._ok = True
            except Exception:
                self._ok = False

    async def _work_once(self, database: Database) -> None:
        async with database.connection() as connection:
            await connection.execute(edition.WORK)


def http() -> FastAPI:
    """Make the application that HTTP serves."""
    app = studio_alone.http()
    # Before the pages, the last of which takes every address that is left.
    app.router.routes[:0] = router.routes
    return app


application: Application = dataclasses.replace(
    studio_alone, services=(*studio_alone.services, Feature()), http=http
)
