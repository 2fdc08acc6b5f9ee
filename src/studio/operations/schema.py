"""How the database stands to this release, for operators: its ledger, and whether the schema has drifted.

Looked at when somebody asks, at most once in a while, on a connection that lasts no longer than the look. One look runs,
however many ask; whoever asks waits a moment for it, and gets what was found before if it takes longer or fails.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from lockstep import Database, LockstepError, SchemaState, look_at_schema

Word = Literal["ready", "slow", "unreachable"]
FRESH = 30.0
_FRESH_FAILURE = 3.0
_LOOK_WITHIN = 8.0
_LATE = "the database has not answered yet; ask again"
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SchemaReport:
    """What was found when; *database* is how it answers now, and *reason* why there is nothing newer."""

    database: Word
    reason: str | None
    at: datetime | None
    state: SchemaState | None


class SchemaWatch:
    """Looks at the schema; one for the process."""

    def __init__(
        self,
        database: Database,
        *,
        fresh: float = FRESH,
        look_within: float = _LOOK_WITHIN,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Look at *database*; what was found counts for *fresh* seconds, and a look ends after *look_within*."""
        self._database = database
        self._fresh = fresh
        self._look_within = look_within
        self._clock = clock
        self._begun = float("-inf")
        self._looking: asyncio.Task[None] | None = None
        self._state: SchemaState | None = None
        self._at: datetime | None = None
        self._trouble: str | None = None

    async def report(self, within: float) -> SchemaReport:
        """Return how the schema is, after at most *within* seconds; older than it should be if it cannot be known by then."""
        looking = self._looking
        if (looking is None or looking.done()) and self._outdated():
            self._begun = self._clock()
            looking = self._looking = asyncio.create_task(self._look())
        if looking is not None and not looking.done():
            # Whoever asks may go away; the look goes on for the others.
            await asyncio.wait({looking}, timeout=within)
        late = looking is not None and not looking.done()
        # Why the last look has failed says more than that another one is under way.
        word: Word = "unreachable" if self._trouble else "slow" if late else "ready"
        reason = self._trouble or (_LATE if late else None)
        return SchemaReport(word, reason, self._at, self._state)

    def _outdated(self) -> bool:
        # What has failed is tried again soon.
        fresh = min(self._fresh, _FRESH_FAILURE) if self._trouble else self._fresh
        return self._clock() - self._begun >= fresh

    async def _look(self) -> None:
        at = datetime.now(UTC)
        try:
            self._state = await look_at_schema(self._database, within=self._look_within)
        except LockstepError as error:
            self._trouble = f"{error.what}. {error.why}".strip()
        except Exception as error:
            self._trouble = " ".join(str(error).split()) or type(error).__name__
            _LOG.warning("the schema could not be looked at", exc_info=error)
        else:
            self._at, self._trouble = at, None
