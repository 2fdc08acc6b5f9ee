"""``/ws``: changes of one's own content as they happen; and what operators see of it at ``/api/websocket/stats``.

A connection is refused before it is accepted, as a problem over HTTP like any other. Of browsers only the network panel shows
that answer; a page that is refused asks ``/api/auth/me`` whether it is still signed in.

Messages are JSON with a ``type``. From here come ``hello``; ``changes``; ``reset`` (too much was missed: load anew); and
``ping``, to be answered by ``{"type": "pong", "n": ...}`` with its number. Each has a ``cursor``: who comes back with the
last one as ``?after=`` is told what happened in between. Not answered to: anything else.
"""

from __future__ import annotations

import re
from typing import Any

from fastapi import APIRouter
from pydantic import Field
from starlette.datastructures import QueryParams
from starlette.requests import HTTPConnection
from starlette.routing import WebSocketRoute
from starlette.types import Receive, Scope, Send

from studio.accounts.model import hashed
from studio.http_api.parts import Parts, PartsHere, parts_here
from studio.http_api.problems import NotFound, Refused, documented, problem
from studio.http_api.values import LARGEST_ID, Answer
from studio.http_api.who import AdminUser, session_of
from studio.live_updates.client import Client
from studio.live_updates.cursor import Cursor, CursorUnreadable, parse_cursor
from studio.live_updates.hub import Full
from studio.live_updates.service import NotReady, NotYours
from studio.storage import StoreUnavailable

router = APIRouter(prefix="/api/websocket", tags=["operations"])
RETRY = {"Retry-After": "5"}
_NUMBER = re.compile(r"[0-9]{1,19}")


class LiveSocket:
    """The WebSocket's ASGI application: nothing of a framework stays in memory for each of thousands of connections."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or accept and serve."""
        connection = HTTPConnection(scope)
        parts = parts_here(connection)
        await receive()  # websocket.connect
        try:
            client = await _admitted(connection, parts)
        except Refused as refused:
            parts.live.figures.rejected[refused.code] += 1
            answer = problem(
                connection,
                refused.status_code,
                refused.code,
                refused.detail,
                headers=refused.headers,
            )
            await answer(scope, receive, send)
            return
        try:
            await send({"type": "websocket.accept"})
        except BaseException:
            parts.live.release(client)
            raise
        del connection
        await parts.live.serve(client, receive, send)


async def _admitted(connection: HTTPConnection, parts: Parts) -> Client:
    project, after = _wanted(connection.query_params)
    try:
        session = await session_of(connection, parts)
        if session is None:
            raise Refused(401, "not_signed_in", "Sign in first.")
        return await parts.live.admit(session.user.id, hashed(session.sid), project, after)
    except NotYours:
        raise NotFound("project") from None
    except Full as full:
        status = 429 if full.code == "too_many_connections" else 503
        raise Refused(status, full.code, str(full), headers=RETRY) from None
    except (NotReady, StoreUnavailable):
        detail = "Live updates are not to be had at the moment. Try again."
        raise Refused(503, "unavailable", detail, headers=RETRY) from None


def _wanted(query: QueryParams) -> tuple[int | None, Cursor | None]:
    project, after = query.get("project"), query.get("after")
    try:
        return _number(project), None if after is None else parse_cursor(after)
    except CursorUnreadable as error:
        raise Refused(422, "invalid", f"after: {error}.") from None


def _number(text: str | None) -> int | None:
    if text is None:
        return None
    if not _NUMBER.fullmatch(text) or not 1 <= int(text) <= LARGEST_ID:
        raise Refused(422, "invalid", "project: a project's id is a whole number.")
    return int(text)


SOCKET = WebSocketRoute("/ws", LiveSocket(), name="live")
"""For the application itself: what is routed by an included router has no route's name in the log."""


class Connections(Answer):
    """How many there are, were at most at once, and were in all."""

    current: int
    peak: int
    total: int
    by_path: dict[str, int]


class Closed(Answer):
    """How connections ended, by the code."""

    by_code: dict[str, int]


class Messages(Answer):
    """What went in and out."""

    in_: int = Field(alias="in")
    out: int
    bytes_in: int
    bytes_out: int


class Backpressure(Answer):
    """What waits, what was thrown away, and for how many clients."""

    queued: int
    dropped: int
    slow_clients: int
    resets: int


class Heartbeat(Answer):
    """How fast clients answer (the last 200 answers of each replica), and how many did not."""

    missed: int
    rtt_p50_ms: float | None
    rtt_p95_ms: float | None


class LiveFigures(Answer):
    """The figures of one replica since it started, or of all."""

    connections: Connections
    closed: Closed
    messages: Messages
    backpressure: Backpressure
    heartbeat: Heartbeat
    rejected: dict[str, int]
    users: int


class ClusterFigures(LiveFigures):
    """The sum over all replicas; of ``peak``, an upper bound."""

    replicas: list[str]


class LiveStatistics(LiveFigures):
    """This replica's, and the cluster's."""

    replica: str
    uptime_seconds: float
    listener: dict[str, Any]
    cluster: ClusterFigures


@router.get("/stats", responses=documented(401, 403, 503))
async def websocket_statistics(_admin: AdminUser, parts: PartsHere) -> LiveStatistics:
    """Tell how live updates do: on this replica, and on all together."""
    return LiveStatistics.model_validate(await parts.live.cluster())
