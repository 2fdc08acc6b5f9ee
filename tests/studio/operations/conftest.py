"""Tests here are ``async def`` where they must be."""

from __future__ import annotations

import pytest


@pytest.fixture
def anyio_backend() -> str:
    """The event loop's kind."""
    return "asyncio"
