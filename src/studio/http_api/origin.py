"""Writes come from our own pages only. Browsers say where a request comes from; other programs say nothing, and pass.

``Sec-Fetch-Site`` decides where it is sent (over TLS, and to localhost); elsewhere ``Origin`` is held against the address that
was asked. WebSockets are asked too: browsers let any page open one, cookies included.
"""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from studio.http_api.problems import problem

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_CLOSE = 1008


class OwnOrigin:
    """Middleware that refuses other sites' writes and WebSockets."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or refuse with 403."""
        kind = scope["type"]
        if kind == "websocket" and not is_ours(scope):
            await receive()
            await send({"type": "websocket.close", "code": _CLOSE, "reason": "another site's page"})
        elif kind == "http" and scope["method"] not in _SAFE and not is_ours(scope):
            detail = "A page of another site may not change anything here."
            await problem(Request(scope), 403, "foreign_origin", detail)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def is_ours(scope: Scope) -> bool:
    """Tell whether a request comes from our own pages, or from no page at all."""
    headers = Headers(scope=scope)
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None and scope["type"] == "http":
        return site in {"same-origin", "none"}
    if origin is None:
        return True
    ours = HTTPConnection(scope).base_url
    scheme = {"ws": "http", "wss": "https"}.get(ours.scheme, ours.scheme)
    return origin.lower() == f"{scheme}://{ours.netloc}".lower()
