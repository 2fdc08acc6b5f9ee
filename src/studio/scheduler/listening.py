"""Edits wake the scheduler: a trigger on content notifies, one connection listens. Without it the slow poll finds everything later."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from lockstep import Database
from studio.content.model import describe_failure
from studio.content.store import QUERIES
from studio.scheduler.pulse import Pulse

CHANNEL = "studio_schedule"
_QUIET = 10.0
_PATIENCE = 5.0
_AGAIN_AFTER = 1.0
_LOG = logging.getLogger(__name__)


class Listening:
    """Hears when something becomes due, or due at another time."""

    def __init__(self, database: Database, pulse: Pulse, heard: Callable[[str], None]) -> None:
        """Call *heard* with the second at which something will be due; empty: look, something may have been missed."""
        self._database = database
        self._pulse = pulse
        self._heard = heard

    async def run(self) -> None:
        """Listen until cancelled; a connection that dies is replaced."""
        while True:
            try:
                async with self._database.listening(CHANNEL) as connection:
                    if self._pulse.listener == "reconnecting":
                        _LOG.info("listening for edits again")
                    self._pulse.listener = "listening"
                    self._heard("")
                    await self._hear(connection)
            except Exception as error:
                if self._pulse.listener != "reconnecting":
                    _LOG.warning("edits are not heard of for now: %s", describe_failure(error))
                self._pulse.listener = "reconnecting"
            await asyncio.sleep(_AGAIN_AFTER)

    async def _hear(self, connection: Any) -> None:
        while True:
            async for news in connection.notifies(timeout=_QUIET):
                self._heard(news.payload)
            # A network that swallows everything looks like silence.
            async with asyncio.timeout(_PATIENCE):
                await connection.execute(QUERIES["still_there"].encode())
