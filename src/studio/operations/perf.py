"""How the database does, for operators: asked beside the pool, in parts that fail one by one, and never waited for long.

One collection runs, however many ask. Whoever asks gets what it has by then; it goes on meanwhile, and what it found is given
to those who ask in the next seconds. So a server that stalls makes the report poorer, not late.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from lockstep import Database, load_queries
from studio.operations.aside import Aside
from studio.operations.judging import Concern, judge_pool
from studio.operations.sections import (
    SECTIONS,
    Group,
    Limit,
    Section,
    group_of,
    limit_of_error,
    limit_of_extension,
    limit_of_rights,
)
from studio.operations.statements import fitted
from studio.storage import Row, Storage, StoreUnavailable, Transaction

Word = Literal["ready", "slow", "unreachable"]
QUERIES = load_queries(Path(__file__).with_name("perf.sql"))
FRESH = 5.0
_FRESH_FAILURE = 1.0
_LATE = "the database has not answered in time; ask again for the rest"
_PATIENCE = 2.0
_CATALOGUE = "pg_catalog"
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Report:
    """What is known: of the pool at once, of the server by group; *database* is how it answered."""

    database: Word
    reason: str | None
    at: datetime
    server_version: str | None
    pool: Mapping[str, int]
    groups: Mapping[str, Group]
    warnings: tuple[Concern, ...]


@dataclass(slots=True)
class _Draft:
    """A collection under way."""

    begun: float
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    groups: dict[str, Group] = field(default_factory=dict)
    rights: Mapping[str, Any] | None = None
    reason: str | None = None


class Performance:
    """Makes the report; one for the process."""

    def __init__(
        self,
        database: Database,
        aside: Aside,
        *,
        fresh: float = FRESH,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Ask over *aside*; what was found counts for *fresh* seconds."""
        self._database = database
        self._aside = aside
        self._fresh = fresh
        self._clock = clock
        self._draft: _Draft | None = None
        self._running: asyncio.Task[None] | None = None
        self._first_sizes: dict[str, int] = {}

    async def report(self, within: float) -> Report:
        """Return the report after at most *within* seconds: whole, or what there is of it by then."""
        draft = self._current()
        if self._running is not None and not self._running.done():
            # Whoever asks may go away; the collection goes on for the others.
            await asyncio.wait({self._running}, timeout=max(within, 0.0))
        return self._shown(draft)

    def _current(self) -> _Draft:
        """Return the collection that counts, beginning one if the last is too old."""
        running = self._running is not None and not self._running.done()
        if self._draft is None or (not running and self._outdated(self._draft)):
            self._draft = _Draft(self._clock())
            self._running = asyncio.create_task(self._collect(self._draft))
        return self._draft

    def _outdated(self, draft: _Draft) -> bool:
        # What has failed is tried again soon.
        fresh = min(self._fresh, _FRESH_FAILURE) if draft.reason else self._fresh
        return self._clock() - draft.begun >= fresh

    def _shown(self, draft: _Draft) -> Report:
        unfinished = self._running is not None and not self._running.done()
        word: Word = "unreachable" if draft.reason else "slow" if unfinished else "ready"
        reason = draft.reason or (_LATE if unfinished else None)
        missing = Group(limited=reason or "not asked")
        groups = {one.name: draft.groups.get(one.name, missing) for one in SECTIONS}
        pool = self._database.statistics()
        concerns = [*judge_pool(pool), *([Concern("database", reason)] if reason else ())]
        concerns += [concern for group in groups.values() for concern in group.concerns]
        version = draft.rights["server_version"] if draft.rights else None
        return Report(word, reason, draft.at, version, pool, groups, tuple(concerns))

    async def _collect(self, draft: _Draft) -> None:
        try:
            asker = await self._introduce(draft)
            for section in SECTIONS:
                draft.groups[section.name] = await asker.ask(section)
            self._note_growth(draft)
        except Exception as error:
            draft.reason = " ".join(str(error).split()) or type(error).__name__
            if not isinstance(error, StoreUnavailable):
                _LOG.warning("the report on the database is not whole", exc_info=error)
            await self._aside.close()

    async def _introduce(self, draft: _Draft) -> _Asker:
        """Learn who we are to the server, and what its views have."""
        async with _storage(self._aside, QUERIES).transaction() as transaction:
            await transaction.one("bound", path=_CATALOGUE)
            draft.rights = await transaction.one("rights")
            extension = await transaction.one("statements_extension")
            columns = {row["name"] for row in await transaction.all("columns")}
        assert draft.rights is not None
        queries = {name: fitted(sql, columns) for name, sql in QUERIES.items()}
        return _Asker(_storage(self._aside, queries), draft.rights, extension)

    def _note_growth(self, draft: _Draft) -> None:
        """Add to the sizes how much they have grown since this process first saw them."""
        for name in ("database_size", "table_sizes"):
            group = draft.groups[name]
            items = []
            for item in group.items:
                first = self._first_sizes.setdefault(f"{name} {item['name']}", item["bytes"])
                items.append({**item, "grown_bytes": item["bytes"] - first})
            draft.groups[name] = Group(tuple(items), group.limited, group.fix, group.concerns)


@dataclass(frozen=True, slots=True)
class _Asker:
    """Asks section by section: what one is refused for is nothing to the next."""

    storage: Storage
    rights: Mapping[str, Any]
    extension: Row | None

    async def ask(self, section: Section) -> Group:
        """Return a section's group; raise ``StoreUnavailable`` only if the server is not there any more."""
        path = _CATALOGUE
        if section.extension:
            limit = limit_of_extension(self.extension)
            if limit is not None or self.extension is None:
                return group_of(section, (), limit)
            path = f"{_CATALOGUE}, {self.extension['schema']}"
        try:
            async with self.storage.transaction() as transaction:
                rows = await _rows(transaction, section, path)
        except Exception as error:
            return group_of(section, (), self._refused(error, section))
        return group_of(section, rows, limit_of_rights(section, self.rights))

    def _refused(self, error: Exception, section: Section) -> Limit:
        """Return what a refusal means; raise *error* again if it was none of the server's."""
        said: Any = error if hasattr(error, "sqlstate") else error.__cause__
        state = getattr(said, "sqlstate", None)
        if state is None or state.startswith(("08", "57P")):
            raise error
        return limit_of_error(state, " ".join(str(said).split()), section, self.extension)


async def _rows(transaction: Transaction, section: Section, path: str) -> list[Row]:
    await transaction.one("bound", path=path)
    return await transaction.all(section.name)


def _storage(aside: Aside, queries: Mapping[str, str]) -> Storage:
    return Storage(aside, queries, patience=_PATIENCE)
