"""Bodies are read here, once, up to a limit: what is too large or too deep meets no parser.

A body is held whole (the limit is small), looked at, and handed on as if it had just come.
"""

from __future__ import annotations

import re

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio.http_api.problems import Refused, problem

DEEPEST = 32
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_OTHERS = re.compile(rb"[^][{}]+")


class Bodies:
    """Middleware that refuses bodies over *limit* bytes with 413, and JSON nested too deep with 422."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body, then pass on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            messages = await self._read(scope, receive)
        except Refused as refused:
            answer = problem(
                Request(scope), refused.status_code, refused.code, refused.detail,
                headers=refused.headers,
            )  # fmt: skip
            await answer(scope, receive, send)
            return

        async def replay() -> Message:
            return messages.pop(0) if messages else await receive()

        await self._app(scope, replay, send)

    async def _read(self, scope: Scope, receive: Receive) -> list[Message]:
        headers = Headers(scope=scope)
        length = headers.get("content-length", "0")
        if length.isdecimal() and int(length[:20]) > self._limit:
            raise self._too_large()
        body = bytearray()
        more = "content-length" in headers or "transfer-encoding" in headers
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return [message]
            body += message.get("body", b"")
            if len(body) > self._limit:
                raise self._too_large()
            more = message.get("more_body", False)
        if b"json" in headers.get("content-type", "").lower().encode() and too_deep(bytes(body)):
            raise Refused(422, "too_deep", f"JSON must not be nested deeper than {DEEPEST} levels.")
        return [{"type": "http.request", "body": bytes(body), "more_body": False}]

    def _too_large(self) -> Refused:
        # The rest of the body is not read: the connection is of no use any more.
        detail = f"A body must not be larger than {self._limit} bytes."
        return Refused(413, "too_large", detail, headers={"Connection": "close"})


def too_deep(text: bytes, deepest: int = DEEPEST) -> bool:
    """Tell whether JSON is nested deeper than *deepest* levels; what is no JSON is the parser's business."""
    depth = 0
    for bracket in _OTHERS.sub(b"", _STRINGS.sub(b"", text)):
        depth += 1 if bracket in b"[{" else -1
        if depth > deepest:
            return True
    return False
