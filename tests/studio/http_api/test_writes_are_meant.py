"""What another site's page may make a browser send changes nothing: tokens, origins and cookies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from studio.http_api.app import Doors, create_app
from studio.http_api.origin import is_ours

if TYPE_CHECKING:
    from tests.studio.http_api.conftest import Studio

pytestmark = pytest.mark.anyio
LOGIN = {"email": "dana@example.com", "password": "a long and quiet evening"}


async def test_a_write_needs_the_token_of_its_own_session(studio: Studio) -> None:
    """Without the token, with a wrong one, or with another's, nothing is written; reading needs none."""
    dana, eve = await studio.sign_in("dana@example.com"), await studio.sign_in("eve@example.com")
    own, others = dana.headers.pop("X-CSRF-Token"), eve.headers["X-CSRF-Token"]
    for headers in ({}, {"X-CSRF-Token": "x"}, {"X-CSRF-Token": others}):
        answer = await dana.post("/api/projects", json={"name": "Bread"}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf")
    found = await dana.get("/api/projects")
    assert (found.status_code, found.json()["items"]) == (200, [])
    sent = {"X-CSRF-Token": own}
    answer = await dana.post("/api/projects", json={"name": "Bread"}, headers=sent)
    assert answer.status_code == 201
    assert own == dana.cookies["studio_csrf"]


async def test_a_form_brings_the_token_in_a_field(studio: Studio) -> None:
    """A page without JavaScript sends it as ``csrf_token``; a wrong one is refused there too."""
    dana = await studio.sign_in("dana@example.com")
    own = dana.headers.pop("X-CSRF-Token")
    wrong = await dana.post("/api/auth/logout", data={"csrf_token": "x"})
    assert wrong.status_code == 403
    upload = await dana.post("/api/auth/logout", files={"csrf_token": ("x", b"y")})
    assert upload.status_code == 403
    assert (await dana.post("/api/auth/logout", data={"csrf_token": own})).status_code == 204


ORIGINS: list[tuple[dict[str, str], int]] = [
    ({}, 401),
    ({"Sec-Fetch-Site": "same-origin"}, 401),
    ({"Sec-Fetch-Site": "none"}, 401),
    ({"Sec-Fetch-Site": "same-site"}, 403),
    ({"Sec-Fetch-Site": "cross-site"}, 403),
    ({"Sec-Fetch-Site": "cross-site", "Origin": "http://studio"}, 403),
    ({"Origin": "http://studio"}, 401),
    ({"Origin": "HTTP://STUDIO"}, 401),
    ({"Origin": "https://studio"}, 403),
    ({"Origin": "http://studio:8080"}, 403),
    ({"Origin": "http://studio.evil.example"}, 403),
    ({"Origin": "null"}, 403),
    ({"Origin": ""}, 403),
]


async def test_signing_in_comes_from_our_own_pages(studio: Studio) -> None:
    """Another site cannot sign a browser in to an account of its choice; a program without a page can."""
    browser = await studio.browser()
    for number, (headers, status) in enumerate(ORIGINS):
        body = LOGIN | {"email": f"{number}@example.com"}
        answer = await browser.post("/api/auth/login", json=body, headers=headers)
        assert answer.status_code == status, headers
        assert (await browser.get("/api/projects", headers=headers)).status_code == 401


@pytest.mark.parametrize(
    ("scheme", "origin", "ours"),
    [
        ("ws", b"http://studio", True),
        ("wss", b"https://studio", True),
        ("ws", b"http://evil.example", False),
        ("ws", b"https://studio", False),
        ("ws", None, True),
    ],
)
def test_a_websocket_is_opened_by_our_own_pages(
    scheme: str, origin: bytes | None, ours: bool
) -> None:
    """Browsers let any page open a WebSocket with its cookies, and say whose page it was."""
    headers = [(b"host", b"studio")] + ([(b"origin", origin)] if origin else [])
    scope = {"type": "websocket", "scheme": scheme, "path": "/ws", "headers": headers}
    assert is_ours(scope) is ours


def flags(answer: httpx.Response) -> dict[str, set[str]]:
    """The cookies that an answer sets, each with its attributes."""
    found = {}
    for line in answer.headers.get_list("set-cookie"):
        first, *rest = line.split("; ")
        found[first.partition("=")[0]] = {part for part in rest if not part.startswith("Max-Age")}
    return found


PLAIN = {"Path=/", "SameSite=lax"}


CONNECTIONS: list[tuple[str, str, str | None, bool]] = [
    ("http://studio", "127.0.0.1", None, False),
    ("https://studio", "127.0.0.1", None, True),
    ("http://studio", "10.1.2.3", "https", True),
    ("http://studio", "fd00::7", "https", True),
    ("http://studio", "10.2.0.1", "https", False),
    ("http://studio", "127.0.0.1", "https", False),
    ("https://studio", "10.1.2.3", "http", False),
]


async def test_cookies_are_as_safe_as_the_connection(studio: Studio) -> None:
    """Behind TLS they are Secure and bound to the host; a proxy's word on TLS counts if it is one of ours."""
    app = create_app(studio.parts, doors=Doors(trusted_proxies=("10.1.0.0/16", "fd00::7/128")))
    await studio.parts.accounts.create(**LOGIN)
    for url, peer, forwarded, secure in CONNECTIONS:
        transport = httpx.ASGITransport(app, client=(peer, 50_000))
        headers = {"X-Forwarded-Proto": forwarded} if forwarded else {}
        async with httpx.AsyncClient(transport=transport, base_url=url, headers=headers) as browser:
            answer = await browser.post("/api/auth/login", json=LOGIN)
            prefix, more = ("__Host-", {"Secure"}) if secure else ("", set())
            assert flags(answer) == {
                f"{prefix}studio_session": PLAIN | more | {"HttpOnly"},
                f"{prefix}studio_csrf": PLAIN | more,
            }, peer
            value = answer.cookies[f"{prefix}studio_session"]
            browser.cookies.clear()
            for name in ("studio_session", "__Host-studio_session"):
                known = await browser.get("/api/auth/me", headers={"Cookie": f"{name}={value}"})
                assert known.status_code == (200 if name.startswith("__Host-") is secure else 401)
