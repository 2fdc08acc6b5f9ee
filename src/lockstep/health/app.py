"""The health addresses, answered before the application sees the request: never redirected, limited or behind a login."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from lockstep.application import AsgiApp, Receive, Scope, Send
from lockstep.health.evidence import PROBE_TIMEOUT, DatabaseEvidence
from lockstep.health.report import Answer, report_health, report_readiness, report_startup
from lockstep.health.view import View
from lockstep.timeline import format_utc

_METHODS = ("GET", "HEAD")


def _utc_now() -> datetime:
    return datetime.now(UTC)


class HealthApp:
    """Answers ``/api/health``, ``/livez``, ``/readyz``, ``/startupz`` and ``/api/boot``; the rest goes to *inner*."""

    def __init__(
        self,
        inner: AsgiApp,
        view: View,
        *,
        probe_timeout: float = PROBE_TIMEOUT,
        now: Callable[[], datetime] = _utc_now,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._inner = inner
        self._view = view
        self._now = now
        self._database = DatabaseEvidence(view.probe_database, timeout=probe_timeout, clock=clock)
        self._answers: dict[str, Callable[[], Awaitable[Answer]]] = {
            "/api/health": self._health,
            "/livez": self._alive,
            "/readyz": self._ready,
            "/startupz": self._startup,
            "/api/boot": self._boot,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on: other addresses, WebSockets and the lifespan are the application's."""
        path = scope["path"].rstrip("/") if scope["type"] == "http" else ""
        answer = self._answers.get(path)
        if answer is None:
            await self._inner(scope, receive, send)
        elif scope["method"] not in _METHODS:
            allow = (b"allow", ", ".join(_METHODS).encode())
            await _respond(send, 405, {"error": "method not allowed"}, [allow])
        else:
            status, body = await answer()
            await _respond(send, status, body, with_body=scope["method"] != "HEAD")

    async def _health(self) -> Answer:
        view = self._view
        database = await self._database.word()
        return report_health(
            healths=view.healths(),
            states=view.states(),
            health_service=view.health_service,
            database=database,
            stopping=view.timeline.stopping,
            timestamp=format_utc(self._now()),
            uptime=view.timeline.uptime,
        )

    async def _alive(self) -> Answer:
        return 200, {"status": "alive"}

    async def _ready(self) -> Answer:
        view = self._view
        return report_readiness(
            states=view.states(), healths=view.healths(), stopping=view.timeline.stopping
        )

    async def _startup(self) -> Answer:
        return report_startup(self._view.timeline.phase)

    async def _boot(self) -> Answer:
        return 200, self._view.timeline.as_dict()


async def _respond(
    send: Send,
    status: int,
    body: dict[str, Any],
    headers: list[tuple[bytes, bytes]] | None = None,
    *,
    with_body: bool = True,
) -> None:
    content = json.dumps(body, default=str).encode()
    standard = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(content)).encode()),
        (b"cache-control", b"no-store"),
    ]
    await send(
        {"type": "http.response.start", "status": status, "headers": standard + (headers or [])}
    )
    await send({"type": "http.response.body", "body": content if with_body else b""})
