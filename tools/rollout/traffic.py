"""Clients at a steady rate: HTTP requests that begin on time however long the others take, and WebSockets that stay.

They run in a thread of their own and are never paused; what they see is counted in the tally of the release that is being
deployed when the request begins, or the connection ends.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from rollout.tally import Tally

RATE = 40.0
"""Requests a second, of all kinds together."""
WATCHERS = 12
PATIENCE = 5.0
"""Seconds that a client waits for an answer."""
_EMAIL, _PASSWORD = "dana@example.com", "a long and quiet evening"

Ask = Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]


@dataclass(slots=True)
class Watcher:
    """A WebSocket client: what it was told of, and where it goes on."""

    seen: set[int] = field(default_factory=set)
    cursor: str = ""
    connected: bool = False
    left_at: float = 0.0


class Traffic:
    """All clients, on the address of the edge."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="clients", daemon=True)
        self._watchers = [Watcher() for _ in range(WATCHERS)]
        self._tasks: list[asyncio.Task[None]] = []
        self._under_way: set[asyncio.Task[None]] = set()
        self._tally = Tally(time.monotonic())
        self._headers: dict[str, str] = {}

    def start(self) -> None:
        """Make an account, sign in, and begin; returns when all watchers are connected."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(60)

    def begin(self) -> Tally:
        """Count what follows in a new tally, which is returned."""

        async def swap() -> Tally:
            self._tally.note_silence(time.monotonic())
            self._tally = Tally(time.monotonic())
            return self._tally

        return asyncio.run_coroutine_threadsafe(swap(), self._loop).result()

    def settle(self, tally: Tally) -> None:
        """Wait until what was begun by now has ended, and note what of it watchers were not told."""
        asyncio.run_coroutine_threadsafe(self._settle(tally), self._loop).result()

    def stop(self) -> None:
        """End all clients."""
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    async def _start(self) -> None:
        self._client = httpx.AsyncClient(
            base_url=self._url,
            timeout=PATIENCE,
            trust_env=False,
            # A connection for each request, so that none is in the way of seeing a refusal.
            limits=httpx.Limits(max_keepalive_connections=0),
        )
        who = {"email": _EMAIL, "password": _PASSWORD}
        (await self._client.post("/api/auth/register", json=who)).raise_for_status()
        answer = (await self._client.post("/api/auth/login", json=who)).raise_for_status()
        cookies = "; ".join(f"{name}={value}" for name, value in self._client.cookies.items())
        self._client.cookies.clear()
        self._headers = {"Cookie": cookies, "X-CSRF-Token": answer.json()["csrf_token"]}
        self._client.headers.update(self._headers)
        self._tasks = [asyncio.create_task(self._ask_steadily())]
        self._tasks += [asyncio.create_task(self._watch(one)) for one in self._watchers]
        while not all(one.connected for one in self._watchers):  # noqa: ASYNC110 (twelve flags, once)
            await asyncio.sleep(0.05)

    async def _settle(self, tally: Tally) -> None:
        if under_way := set(self._under_way):
            await asyncio.wait(under_way, timeout=2 * PATIENCE)
        written = set(tally.written)
        deadline = time.monotonic() + PATIENCE
        while (missed := self._not_told(written)) and time.monotonic() < deadline:  # noqa: ASYNC110 (until all was told)
            await asyncio.sleep(0.05)
        tally.missed = missed
        tally.note_silence(time.monotonic())

    def _not_told(self, written: set[int]) -> int:
        return sum(len(written - one.seen) for one in self._watchers)

    async def _stop(self) -> None:
        tasks = {*self._tasks, *self._under_way}
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await self._client.aclose()

    async def _ask_steadily(self) -> None:
        """Begin a request every so often, whatever became of those before."""
        next_at = time.monotonic()
        for ask in itertools.cycle(_JOURNEY):
            task = asyncio.create_task(self._ask(ask, self._tally))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
            next_at += 1 / RATE
            await asyncio.sleep(max(0.0, next_at - time.monotonic()))

    async def _ask(self, ask: Ask, tally: Tally) -> None:
        begun = time.monotonic()
        tally.requests += 1
        try:
            answer = await ask(self._client)
        except httpx.HTTPError as error:
            tally.failed[_without_answer(error)] += 1
            return
        now = time.monotonic()
        if not answer.is_success:
            tally.failed[str(answer.status_code)] += 1
            return
        tally.succeeded(now, now - begun)
        if answer.status_code == 201 and answer.request.url.path == "/api/content":
            tally.written.add(answer.json()["id"])

    async def _watch(self, watcher: Watcher) -> None:
        """Stay connected; come back at once when the connection ends, and a little later when it cannot be made."""
        while True:
            try:
                async with connect(
                    f"{self._url.replace('http', 'ws', 1)}/ws?after={watcher.cursor}".removesuffix("?after="),
                    additional_headers={"Cookie": self._headers["Cookie"]},
                    open_timeout=PATIENCE,
                    ping_interval=None,
                    proxy=None,
                ) as connection:  # fmt: skip
                    await self._listen(connection, watcher)
            except ConnectionClosed as end:
                self._tally.closed[end.rcvd.code if end.rcvd else 1006] += 1
            except InvalidStatus as refusal:
                self._tally.refused[str(refusal.response.status_code)] += 1
            except (OSError, TimeoutError, EOFError) as error:
                self._tally.refused[type(error).__name__] += 1
            if watcher.connected:
                watcher.connected, watcher.left_at = False, time.monotonic()
            await asyncio.sleep(random.uniform(0.05, 0.3))

    async def _listen(self, connection: ClientConnection, watcher: Watcher) -> None:
        while True:
            message: dict[str, Any] = json.loads(await connection.recv())
            watcher.cursor = message["cursor"]
            match message["type"]:
                case "hello":
                    watcher.connected = True
                    if watcher.left_at:
                        away = time.monotonic() - watcher.left_at
                        self._tally.away = max(self._tally.away, away)
                case "changes":
                    watcher.seen |= {change["content_id"] for change in message["changes"]}
                case "ping":
                    await connection.send(json.dumps({"type": "pong", "n": message["n"]}))


def _without_answer(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "timeout"
    return "refused" if isinstance(error, httpx.ConnectError) else "cut off"


_NEW = {"title": "Bread", "platform": "instagram"}
_MONTH = {"from": "2026-11-01", "to": "2026-11-30"}
_JOURNEY: tuple[Ask, ...] = (
    lambda client: client.get("/release/rows"),
    lambda client: client.post("/release/rows"),
    lambda client: client.get("/api/content", params={"limit": 20}),
    lambda client: client.post("/api/content", json=_NEW),
    lambda client: client.get("/api/calendar", params=_MONTH),
    lambda client: client.get("/release/rows"),
    lambda client: client.get("/api/projects"),
    lambda client: client.get("/api/auth/me"),
)
"""What a client does, over and over: what the newest code reads and writes, and what the studio is for."""
