"""Every request is counted, traced where that is asked for, and one line of the log: what was asked of which route, never the query."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio.operations.metrics import Metrics
from studio.operations.telemetry import Tracing

_UNKNOWN = "(unknown)"
_LOG = logging.getLogger("studio.access")


class Observed:
    """Middleware, outside of what names requests."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        metrics: Metrics,
        tracing: Tracing | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._tracing = tracing
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and tell of it afterwards."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        begun = self._clock()
        status = 0  # it went away, or was cut off, before it was answered

        async def noted(message: Message) -> None:
            nonlocal status
            status = _status_of(message) or status
            await send(message)

        with self._span(scope) as span:
            try:
                await self._app(scope, receive, noted)
            finally:
                self._tell(scope, status, self._clock() - begun, span)

    def _span(self, scope: Scope) -> Any:
        if self._tracing is None or scope["type"] != "http":
            return nullcontext()
        return self._tracing.request(scope["method"], dict(Headers(scope=scope)))

    def _tell(self, scope: Scope, status: int, seconds: float, span: Any) -> None:
        route, is_http = route_of(scope), scope["type"] == "http"
        method = scope["method"] if is_http else "WEBSOCKET"
        if is_http:
            self._metrics.answered(method, route, status, seconds)
        if span is not None:
            span.update_name(f"{method} {route}")
            span.set_attributes({"http.route": route, "http.response.status_code": status})
        said = {
            "method": method,
            "route": route,
            "status": status,
            "ms": round(seconds * 1000, 1),
            "request_id": scope.get("request_id"),
            "user_id": scope.get("user_id"),
        }
        _LOG.info("%s %s %d", method, route, status, extra=said)


def route_of(scope: Scope) -> str:
    """Return the template of the route that answered: ``/api/content/{content_id}``; never what was asked for itself."""
    path = getattr(scope.get("route"), "path", None)
    if path is not None:
        return str(path)
    endpoint = scope.get("endpoint")
    if endpoint is None:
        return _UNKNOWN
    routes = scope["app"].router.routes
    paths = (route.path for route in routes if getattr(route, "endpoint", None) is endpoint)
    mounted = scope.get("root_path", "")
    return next(paths, f"{mounted}/..." if mounted else _UNKNOWN)


def _status_of(message: Message) -> int | None:
    match message["type"]:
        case "http.response.start" | "websocket.http.response.start":
            return int(message["status"])
        case "websocket.accept":
            return 101
        case _:
            return None
