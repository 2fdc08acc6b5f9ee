"""What a running process needs, kept in the database for as long as it runs: others see it before they take it away.

The row holds until its lease runs out; a process that is alive renews it, one that stops takes it away, of one that was killed it
expires. It is written in the background, from step 6 on: no boot waits for it. So a process that is just starting is not yet
seen by a deploy that migrates in that moment, and one whose database is away for longer than the lease is not seen either.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lockstep.catalog.needs.requirements import Requirement
from lockstep.events import Event, NeedsNotKept
from lockstep.postgres.at_once import fetch_at_once
from lockstep.postgres.gate import Database
from lockstep.postgres.queries import load_queries
from lockstep.postgres.session import ServerError

QUERIES = load_queries(Path(__file__).with_name("kept.sql"))
LEASE = 60.0
"""Seconds after which a process that says nothing any more is taken to be gone."""
RENEWED = 15.0
"""Seconds between two renewals."""
_GOODBYE = 2.0
_DENIED = "42501"
_GRANT = "GRANT USAGE ON SCHEMA lockstep TO {role}; GRANT SELECT, INSERT, UPDATE, DELETE ON lockstep.needs TO {role};"


class KeptNeeds:
    """The needs of this process in the table ``lockstep.needs``.

    *boot* has boot_id, app, release, host and pid. Whatever goes wrong with the writing is tried again at the next renewal; what
    the role may not do is reported, once.
    """

    def __init__(
        self,
        database: Database,
        needed: Sequence[Requirement],
        boot: Mapping[str, Any],
        report: Callable[[Event], None],
        *,
        lease: float = LEASE,
        renewed: float = RENEWED,
    ) -> None:
        self._database = database
        self._needs = json.dumps([one.as_dict() for one in needed])
        self._boot = {name: boot[name] for name in ("boot_id", "app", "release", "host", "pid")}
        self._report = report
        self._lease = lease
        self._renewed = renewed
        self._told = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to keep them; there is nothing to keep where nothing is needed."""
        if self._needs != "[]":
            self._task = asyncio.create_task(self._keep(), name="lockstep: keep the needs")

    async def stop(self) -> None:
        """Take them away; where the database does not answer soon, the lease will."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.wait({self._task})
        with contextlib.suppress(ServerError, TimeoutError):
            await asyncio.wait_for(self._ask("withdraw"), _GOODBYE)

    async def _keep(self) -> None:
        while True:
            try:
                if not await self._ask("renew", lease=self._lease):
                    await self._register()
            except ServerError as error:
                with contextlib.suppress(ServerError):
                    await self._tell(error)
            await asyncio.sleep(self._renewed)

    async def _register(self) -> None:
        digest = hashlib.sha256(self._needs.encode()).hexdigest()
        values = {**self._boot, "digest": digest, "needs": self._needs}
        await self._ask("register", lease=self._lease, **values)

    async def _ask(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        values = {"boot_id": self._boot["boot_id"], **values}
        return (await fetch_at_once(self._database, QUERIES[query], **values))[-1]

    async def _tell(self, error: ServerError) -> None:
        # No table yet: the bookkeeping is that of an earlier Lockstep until the next file is applied. No connection: health says so.
        if error.sqlstate != _DENIED or self._told:
            return
        self._told = True
        (((role,),),) = await fetch_at_once(self._database, QUERIES["role"])
        self._report(NeedsNotKept(error.message.partition("\n")[0], _GRANT.format(role=role)))
