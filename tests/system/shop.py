"""The application that system tests boot, copied into their project: services that do as the environment says.

``SHOP`` is JSON: ``services``, a list of arguments for ``Part``, and ``factory``, what ``http()`` does. What is done to the
services is noted in ``notes.txt``, a line each.
"""

from __future__ import annotations

import asyncio
import json
import os
import threading
from pathlib import Path
from typing import Any

from lockstep import Application, Database, Needs, ServiceHealth

NOTES = Path("notes.txt")
database = Database()
parts: list[Part] = []


def note(text: str) -> None:
    """Write a line that the test reads."""
    with NOTES.open("a", encoding="utf-8") as notes:
        notes.write(text + "\n")


class Part:
    """A service whose ``start`` and ``stop`` do what the words say."""

    def __init__(
        self,
        name: str,
        *,
        after: tuple[str, ...] = (),
        critical: bool = True,
        needs: dict[str, tuple[str, ...]] | None = None,
        start: str = "query",
        stop: str = "",
    ) -> None:
        self.name = name
        self.after = tuple(after)
        self.critical = critical
        self.needs = Needs(needs or {})
        self.end = asyncio.Event()
        self._start = start
        self._stop = stop

    async def start(self, database: Database) -> asyncio.Task[None] | None:
        """Use the database, as a service does, then do what the word says."""
        note(f"start {self.name}")
        async with database.connection() as connection:
            cursor = await connection.execute("SELECT current_setting('application_name')")
            note(f"{self.name} is known as {await cursor.fetchone()}")
        if self._start == "fail":
            raise RuntimeError("no such queue")
        if self._start == "hang":
            await asyncio.Event().wait()
        if self._start == "thread":
            threading.Thread(target=threading.Event().wait, name="endless").start()
        works = {"run": self._run, "cling": self._cling}
        return asyncio.create_task(works[self._start]()) if self._start in works else None

    async def stop(self) -> None:
        """Note it, and do what the word says."""
        note(f"stop {self.name}")
        if self._stop == "hang":
            await asyncio.Event().wait()
        self.end.set()

    def health(self) -> ServiceHealth:
        """Be well."""
        return ServiceHealth(ok=True)

    async def _run(self) -> None:
        await self.end.wait()

    async def _cling(self) -> None:
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                note(f"{self.name} ignores being cancelled")


async def web(scope: Any, receive: Any, send: Any) -> None:
    """Answer "sold"; at /wait only once the file ``release`` is there; at /end after ending the first service."""
    if scope["path"] == "/wait":
        note("a request waits")
        while not Path("release").exists():  # noqa: ASYNC110, ASYNC240  # the test makes it
            await asyncio.sleep(0.005)
    if scope["path"] == "/end":
        parts[0].end.set()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"sold"})


def http() -> Any:
    """Note that it is called, and make the application, or fail."""
    note(f"http, database ready: {database.ready}")
    if SHOP.get("factory") == "fail":
        raise KeyError("no such template")
    if SHOP.get("factory") == "exit":
        raise SystemExit(0)
    return web


SHOP = json.loads(os.environ.get("SHOP", "{}"))
parts += [Part(**arguments) for arguments in SHOP.get("services", [])]
application = Application(
    name="shop", database=database, http=http, services=tuple(parts), lifespan=False
)
