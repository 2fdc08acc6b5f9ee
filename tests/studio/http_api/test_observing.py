"""Every request is counted and logged by its route; `/metrics` shows the counts to whom they are for."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from studio.assembly import make_parts
from studio.http_api.app import Doors, create_app
from studio.settings import Settings

if TYPE_CHECKING:
    from tests.studio.http_api.conftest import Studio

pytestmark = pytest.mark.anyio


def fields(record: logging.LogRecord) -> dict[str, Any]:
    """What a line of the log says."""
    names = ("method", "route", "status", "request_id", "user_id")
    return {name: getattr(record, name) for name in names}


async def test_a_request_is_a_line(studio: Studio, caplog: pytest.LogCaptureFixture) -> None:
    """Method, route, status, who and under which id; what was asked for beside the route is not in it."""
    dana = await studio.sign_in("dana@example.com")
    (me,) = [(await dana.get("/api/auth/me")).json()["id"]]
    caplog.clear()
    with caplog.at_level(logging.INFO, "studio.access"):
        await dana.get("/api/content/4711?secret=1", headers={"X-Request-ID": "r1"})
        await dana.get("/nowhere/secret", headers={"X-Request-ID": "r2"})
    lines = [record for record in caplog.records if record.name == "studio.access"]
    assert [fields(line) for line in lines] == [
        {"method": "GET", "route": "/api/content/{content_id}", "status": 404, "request_id": "r1", "user_id": me},
        {"method": "GET", "route": "(unknown)", "status": 404, "request_id": "r2", "user_id": None},
    ]  # fmt: skip
    assert "secret" not in caplog.text
    assert "4711" not in caplog.text


async def test_a_websocket_is_a_line_too(studio: Studio, caplog: pytest.LogCaptureFixture) -> None:
    """It is named by its route, not by what it was asked with."""
    scope = {
        "type": "websocket", "path": "/ws", "raw_path": b"/ws", "query_string": b"after=secret", "root_path": "",
        "scheme": "ws", "headers": [(b"host", b"studio")], "client": ("127.0.0.1", 1), "server": ("studio", 80),
        "subprotocols": [], "asgi": {"version": "3.0"}, "extensions": {"websocket.http.response": {}},
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(_message: Any) -> None:
        """Nobody looks at the refusal."""

    with caplog.at_level(logging.INFO, "studio.access"):
        await studio.app(scope, receive, send)
    assert [record.message for record in caplog.records if record.name == "studio.access"] == [
        "WEBSOCKET /ws 422"
    ]


async def test_requests_are_counted_by_route(studio: Studio) -> None:
    """However many addresses are asked for, there is one label a route."""
    browser = await studio.browser()
    for number in range(3):
        await browser.get(f"/api/content/{number + 1}")
        await browser.get(f"/nowhere/{number}")
    answer = await browser.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    said = answer.text
    assert (
        'studio_http_requests_total{method="GET",route="/api/content/{content_id}",status="401"} 3.0'
        in said
    )
    assert 'studio_http_requests_total{method="GET",route="(unknown)",status="404"} 3.0' in said
    assert "studio_pool_size" in said
    assert "/nowhere" not in said


async def test_a_token_guards_the_figures(studio: Studio) -> None:
    """Where one is set: without it, or with another, 401."""
    app = create_app(make_parts(Settings(), studio.database), doors=Doors(metrics_token="t"))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://studio") as browser:
        tries: tuple[dict[str, str], ...] = (
            {},
            {"Authorization": "Bearer x"},
            {"Authorization": "Bearer t"},
        )
        statuses = [(await browser.get("/metrics", headers=one)).status_code for one in tries]
    assert statuses == [401, 401, 200]
