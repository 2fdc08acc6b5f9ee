"""A pool on a database at the studio's head, for tests of the stores that are written as coroutines."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from lockstep import Database


@pytest.fixture
def anyio_backend() -> str:
    """The event loop's kind."""
    return "asyncio"


@pytest.fixture
async def pool(at_head: str) -> AsyncIterator[Database]:
    """Four connections."""
    database = Database(max_size=4)
    await database.open(at_head, "stores")
    try:
        yield database
    finally:
        await database.close()
