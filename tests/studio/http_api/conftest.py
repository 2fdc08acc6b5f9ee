"""The real application in this process, on a database of the test's own, as browsers see it.

A test is ``async def`` under ``pytestmark = pytest.mark.anyio``::

    async def test_…(studio: Studio) -> None:
        dana = await studio.sign_in("dana@example.com")
        answer = await dana.post("/api/projects", json={"name": "Bread"})
        assert answer.status_code == 201, answer.text
"""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from tests.studio.conftest import SETTINGS

from lockstep import Database
from lockstep.settings import resolve
from studio.accounts.passwords import Passwords
from studio.accounts.store import AccountStore
from studio.assembly import make_parts
from studio.http_api.app import create_app
from studio.http_api.parts import Parts
from studio.secrets import Sealer
from studio.settings import Settings

PASSWORD = "a long and quiet evening"
CHEAP = {"time_cost": 1, "memory_kib": 8}


class Studio:
    """One instance of the studio, and the browsers that use it."""

    def __init__(
        self, app: FastAPI, parts: Parts, database: Database, browsers: AsyncExitStack
    ) -> None:
        self.app = app
        self.parts = parts
        self.database = database
        self._browsers = browsers

    async def browser(
        self, url: str = "http://studio", peer: str = "127.0.0.1"
    ) -> httpx.AsyncClient:
        """Return a browser without cookies; its connections come from *peer*."""
        transport = httpx.ASGITransport(self.app, client=(peer, 50_000))
        client = httpx.AsyncClient(transport=transport, base_url=url)
        return await self._browsers.enter_async_context(client)

    async def sign_in(self, email: str, *, role: str = "user") -> httpx.AsyncClient:
        """Make the account if there is none; return a browser that has signed in to it and sends its CSRF token."""
        browser = await self.browser()
        if await self.parts.accounts.verify(email, PASSWORD) is None:
            await self.parts.accounts.create(email, PASSWORD, role=role)
        answer = await browser.post("/api/auth/login", json={"email": email, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        browser.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
        return browser


@pytest.fixture
def anyio_backend() -> str:
    """The event loop's kind."""
    return "asyncio"


@pytest.fixture
def settings() -> Settings:
    """What the studio is told; a test module may have its own."""
    return Settings()


@pytest.fixture
async def studio(at_head: str, settings: Settings, tmp_path: Path) -> AsyncIterator[Studio]:
    """The application on a database at the studio's head, as if it had booted there, without a user; passwords are cheap."""
    database = Database(max_size=4)
    told = {**SETTINGS, "LOCKSTEP_DATABASE_URL": at_head}
    await database.open(at_head, "studio", resolve(flags={}, environ=told, root=tmp_path))
    parts = make_parts(settings, database, Sealer([bytes(32)]))
    parts = dataclasses.replace(parts, accounts=AccountStore(database, Passwords(**CHEAP)))
    try:
        async with AsyncExitStack() as browsers:
            yield Studio(create_app(parts), parts, database, browsers)
    finally:
        await parts.watch.close()
        await database.close()
