"""The same application under the boot that people write by hand: Alembic in the ASGI lifespan, then the services.

``HANDWRITTEN_LOCK`` puts an advisory lock around the migration. Nothing is swallowed: a migration that fails ends the process.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from typing import Any

import psycopg
from alembic import command
from alembic.config import Config
from released import application, http

URL = os.environ["DATABASE_URL"]


def migrate() -> None:
    """Bring the database to the newest revision."""
    if not os.environ.get("HANDWRITTEN_LOCK"):
        command.upgrade(Config("alembic.ini"), "head")
        return
    with closing(psycopg.connect(URL, autocommit=True)) as connection:
        connection.execute("select pg_advisory_lock(4711)")
        command.upgrade(Config("alembic.ini"), "head")


@asynccontextmanager
async def lifespan(_: Any) -> AsyncIterator[None]:
    """Migrate, then start; stop in reverse."""
    await asyncio.to_thread(migrate)
    await application.database.open(URL, "studio")
    for service in application.services:
        await service.start(application.database)
    yield
    for service in reversed(application.services):
        await service.stop()
    await application.database.close()


app = http()
app.router.lifespan_context = lifespan


@app.get("/api/health")
async def health() -> dict[str, str]:
    """Say that we are up, as most health checks do."""
    return {"status": "ok"}
