"""Whatever is sent, the answer is a problem that says what is wrong; and no 500 that we can foresee."""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.http_api.app import Doors, create_app
from studio.http_api.bodies import too_deep
from studio.http_api.requests import request_id
from studio.projects.store import ProjectStore
from studio.storage import Storage

if TYPE_CHECKING:
    from tests.studio.http_api.conftest import Studio

pytestmark = pytest.mark.anyio
JSON = {"Content-Type": "application/json"}


def is_problem(answer: httpx.Response, status: int, code: str, of: object = "") -> dict[str, Any]:
    """The answer is this problem; return it."""
    assert (answer.status_code, answer.json().get("code")) == (status, code), (answer.text, of)
    assert answer.headers["content-type"] == "application/problem+json"
    said = dict(answer.json())
    assert said["status"] == status
    assert said["type"] == "about:blank"
    assert said["title"]
    assert said["detail"]
    assert said["request_id"] == answer.headers["x-request-id"]
    return said


async def test_unknown_addresses_and_methods_are_problems(studio: Studio) -> None:
    """What is nowhere is answered in the API's form, before anybody has to sign in; 405 names what would do."""
    browser = await studio.browser()
    is_problem(await browser.get("/api/nothing"), 404, "not_found")
    is_problem(await browser.get("/api/%00%ff"), 404, "not_found")
    wrong = await browser.put("/api/auth/login", json={})
    is_problem(wrong, 405, "method_not_allowed")
    assert wrong.headers["allow"] == "POST"


BODIES: list[tuple[bytes, int, str]] = [
    (b"", 422, "invalid"),
    (b"{", 422, "invalid"),
    (b"[]", 422, "invalid"),
    (b"null", 422, "invalid"),
    (b'{"name": "\xff"}', 400, "bad_request"),
    (b'{"name": "a\\u0000b"}', 422, "invalid"),
    (b'{"name": "\\ud83d"}', 422, "invalid"),
    (b'{"name": "   "}', 422, "invalid"),
    (b'{"name": 7}', 422, "invalid"),
    (b'{"name": "' + b"x" * 201 + b'"}', 422, "invalid"),
    (b'{"name": "x", "id": 7}', 422, "invalid"),
    (b'{"name": "x", "\\ud83d\\u0000": 7}', 422, "invalid"),
    (b'{"name": "x", "tags": ["\\u0000"]}', 422, "invalid"),
    (b'{"name": "x", "is_public": "yes"}', 422, "invalid"),
    (b'{"name": "x", "is_public": 1}', 422, "invalid"),
    (b'{"name": "x", "platform": "In sta"}', 422, "invalid"),
    (b'{"name": "x", "platform": "insta\\n"}', 422, "invalid"),
    (b'{"name": "x", "status": "done"}', 422, "invalid"),
    (b'{"name": "x", "metadata": {"a": NaN}}', 422, "invalid"),
    (b'{"name": "x", "metadata": {"a": 1e999}}', 422, "invalid"),
    (b'{"name": "x", "metadata": {"a": [{"b\\u0000": 1}]}}', 422, "invalid"),
    (b'{"name": "x", "metadata": {"\\udfff": 1}}', 422, "invalid"),
    (b'{"name": "x", "metadata": {"a": 9223372036854775808}}', 422, "invalid"),
    (b'{"name": "x", "metadata": {"a": ' + b"9" * 5000 + b"}}", 400, "bad_request"),
    (b'{"name": "x", "metadata": {"a": "' + b"x" * 17_000 + b'"}}', 422, "invalid"),
    (b'{"name": "x", "metadata": ' + b'{"a":' * 9 + b"1" + b"}" * 10, 422, "invalid"),
    (b'{"name": "x", "metadata": ' + b"[" * 100_000, 422, "too_deep"),
    (b'{"name": "x", "metadata": ' + b'{"a":' * 33 + b"1" + b"}" * 34, 422, "too_deep"),
]


async def test_a_body_is_what_is_asked_for(studio: Studio) -> None:
    """Broken, wrong, unknown, too long or not to be stored: 400 or 422, and what was sent is not said back."""
    dana = await studio.sign_in("dana@example.com")
    for body, status, code in BODIES:
        answer = await dana.post("/api/projects", content=body, headers=JSON)
        said = is_problem(answer, status, code, body[:80])
        assert len(answer.content) < 2000
        if code == "invalid":
            assert all(flaw["where"].startswith("body") for flaw in said["problems"])
    assert (await dana.get("/api/projects")).json()["items"] == []


async def test_a_body_has_a_size(studio: Studio) -> None:
    """Over the limit it is refused before it is read, or as soon as it has grown too large; at the limit it is heard."""
    app = create_app(studio.parts, doors=Doors(body_bytes=1000))
    dana = await studio.sign_in("dana@example.com")
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://studio", cookies=dana.cookies, headers=dana.headers
    ) as browser:
        body = b'{"name": "Bread", "description": "%s"}'
        fits = body % (b"x" * (1000 - len(body) + 2))
        assert len(fits) == 1000
        assert (await browser.post("/api/projects", content=fits, headers=JSON)).status_code == 201
        large = await browser.post("/api/projects", content=fits + b" ", headers=JSON)
        is_problem(large, 413, "too_large")

        read: list[bytes] = []

        async def endless() -> AsyncIterator[bytes]:
            while len(read) < 100:
                read.append(b"x" * 100)
                yield read[-1]

        is_problem(
            await browser.post("/api/projects", content=endless(), headers=JSON), 413, "too_large"
        )
        assert len(read) <= 12
        lies = {**JSON, "Content-Length": "9" * 400}
        is_problem(
            await browser.post("/api/projects", content=b"{}", headers=lies), 413, "too_large"
        )


QUERIES = [
    "limit=0", "limit=101", "limit=x", "limit=99999999999999999999999", "after=", "after=%00",
    "after=%FF", "after=W10", "after=WzEsIDJd", "after=IjIwMjYi",
    "after=WyIyMDI2LTAxLTAxVDAwOjAwOjAwIiwgMV0",  # a moment without its offset
    "after=WyIyMDI2LTAxLTAxVDAwOjAwOjAwWiIsIDkyMjMzNzIwMzY4NTQ3NzU4MDhd",  # an id beyond 64 bits
    "status=nothing", "status=%00",
]  # fmt: skip
IDS = ["0", "-1", "9223372036854775808", "x", "1e3", "%00", "1.5", "9" * 5000]


async def test_an_address_is_what_is_asked_for(studio: Studio) -> None:
    """Pages, filters and ids that cannot be are refused; an id that nothing has is not found."""
    dana = await studio.sign_in("dana@example.com")
    for address in [f"?{query}" for query in QUERIES] + [f"/{row}" for row in IDS]:
        assert (await dana.get(f"/api/projects{address}")).status_code == 422, address
    is_problem(await dana.get("/api/projects/9223372036854775807"), 404, "not_found")


async def test_sql_and_html_are_text(studio: Studio) -> None:
    """They come back as they were sent, as JSON that no browser takes for a page."""
    dana = await studio.sign_in("dana@example.com")
    hostile = "'; drop table projects; -- <script>alert(1)</script> %(name)s {{7*7}} \u202e"
    body = {
        "name": hostile,
        "description": hostile,
        "tags": [hostile],
        "metadata": {hostile: hostile},
    }
    made = await dana.post("/api/projects", json=body)
    assert made.status_code == 201
    assert {name: made.json()[name] for name in body} == body
    assert made.headers["x-content-type-options"] == "nosniff"
    assert made.headers["content-type"] == "application/json"


async def test_a_route_that_breaks_is_answered_and_logged(
    studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    """A 500 names the request and nothing else; the log has the traceback under that name."""
    app = create_app(studio.parts)

    async def broken() -> None:
        raise RuntimeError("a secret")

    app.add_api_route("/broken", broken)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://studio") as browser:
        answer = await browser.get("/broken", headers={"X-Request-ID": "trace-1"})
    is_problem(answer, 500, "broken")
    assert answer.headers["x-request-id"] == "trace-1"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "secret" not in answer.text
    (record,) = [found for found in caplog.records if found.levelno == logging.ERROR]
    assert "trace-1" in record.getMessage()
    assert record.exc_info is not None


async def test_a_value_that_the_database_refuses_is_said(
    studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    """What no model has refused is answered 422 all the same; the log says what it was, the answer does not."""
    app = create_app(studio.parts)
    storage = Storage(studio.database, {"small": "select %(value)s::smallint as small"})

    async def refused() -> None:
        async with storage.transaction() as transaction:
            await transaction.one("small", value=40_000)

    app.add_api_route("/refused", refused)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://studio") as browser:
        answer = await browser.get("/refused")
    assert "smallint" not in is_problem(answer, 422, "unstorable")["detail"]
    assert any("smallint out of range" in record.getMessage() for record in caplog.records)


async def test_a_database_that_does_not_answer_is_said(studio: Studio) -> None:
    """503 with when to try again, and nothing of the database in it."""
    dana = await studio.sign_in("dana@example.com")
    impatient = ProjectStore(studio.database, patience=0.05)
    studio.app.state.parts = dataclasses.replace(studio.parts, projects=impatient)
    async with studio.database.connection() as other:
        await other.execute("lock table projects")
        answer = await dana.get("/api/projects")
    said = is_problem(answer, 503, "unavailable")
    assert int(answer.headers["retry-after"]) > 0
    assert "projects" not in said["detail"]


@pytest.mark.parametrize(
    ("given_id", "kept"),
    [
        ("0af7651916cd43dd8448eb211c80319c", True),
        ("a" * 128, True),
        ("a" * 129, False),
        ("", False),
        (None, False),
        ("a b", False),
        ("a\n", False),
        ("<script>", False),
        ("é", False),
    ],
)
def test_a_request_keeps_a_sane_name(given_id: str | None, kept: bool) -> None:
    """What a proxy calls it is what we call it, unless it could hurt a log."""
    assert (request_id(given_id) == given_id) is kept
    assert request_id(given_id)


json_values = st.recursive(
    st.none() | st.text(alphabet='[]{}"\\ab'),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet='[{"\\'), inner, max_size=3)
    ),
    max_leaves=20,
)


def depth(value: Any) -> int:
    """How deep a value is nested."""
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


@given(json_values)
def test_depth_is_that_of_the_value(value: Any) -> None:
    """Brackets within texts do not count, whatever quotes and backslashes stand around them."""
    text = json.dumps(value).encode()
    assert not too_deep(text, depth(value))
    assert depth(value) == 0 or too_deep(text, depth(value) - 1)
