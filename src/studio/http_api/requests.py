"""What every request passes before any route: a name for the log, and an answer even when a route breaks."""

from __future__ import annotations

import logging
import re
import secrets

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from studio.http_api.problems import problem

_SANE = re.compile(r"[A-Za-z0-9._:+/=-]{1,128}")
_LOG = logging.getLogger(__name__)


class Requests:
    """Middleware: names each request (``X-Request-ID``, also in its answer), and turns what nobody foresaw into a 500."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on under a name."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        name = request_id(Headers(scope=scope).get("x-request-id"))
        scope["request_id"] = name
        begun = False

        async def named(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                MutableHeaders(scope=message)["x-request-id"] = name
            await send(message)

        try:
            # Whatever is logged meanwhile is this request's; who asks is not known yet.
            with bound_contextvars(request_id=name, user_id=None):
                await self._app(scope, receive, named)
        except Exception:
            if begun or scope["type"] != "http":
                raise
            _LOG.exception("%s %s broke (request %s)", scope["method"], scope["path"], name)
            answer = problem(
                Request(scope),
                500,
                "broken",
                "Something broke on our side. The log tells more under the request's id.",
            )
            await answer(scope, receive, named)


def request_id(given: str | None) -> str:
    """Return the id that a client or proxy gave, if it is sane, else a new one."""
    return given if given and _SANE.fullmatch(given) else secrets.token_hex(8)
