"""Guessing is bounded: by account and by address, on all instances together, by the database's clock."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

import httpx
import pytest

from studio.http_api.app import Doors, create_app
from studio.settings import Settings

if TYPE_CHECKING:
    from tests.studio.conftest import Shelf
    from tests.studio.http_api.conftest import Studio

pytestmark = pytest.mark.anyio
PASSWORD = "a long and quiet evening"


@pytest.fixture
def settings() -> Settings:
    """Three attempts at an account, six from an address, in a quarter of an hour."""
    return Settings(sign_in_attempts=3, address_attempts=6)


async def attempt(browser: httpx.AsyncClient, email: str, password: str = "wrong") -> int:
    """Try to sign in; return what came of it."""
    body = {"email": email, "password": password}
    return (await browser.post("/api/auth/login", json=body)).status_code


async def test_an_account_is_not_guessed_at(studio: Studio, shelf: Shelf) -> None:
    """After three wrong ones even the right one has to wait, from any address, in any spelling; other accounts do not."""
    await studio.parts.accounts.create("dana@example.com", PASSWORD)
    await studio.parts.accounts.create("eve@example.com", PASSWORD)
    near, far = await studio.browser(), await studio.browser(peer="192.0.2.9")
    for email in ("dana@example.com", " DANA@example.com", "Dana@Example.com"):
        assert await attempt(near, email) == 401
    body = {"email": "dana@example.com", "password": PASSWORD}
    for browser in (near, far):
        answer = await browser.post("/api/auth/login", json=body)
        assert (answer.status_code, answer.json()["code"]) == (429, "too_many_attempts")
        assert 290 < int(answer.headers["retry-after"]) <= 300
    assert await attempt(far, "eve@example.com", PASSWORD) == 200
    shelf.run("update rate_limits set spent_until = spent_until - interval '300 seconds'")
    assert await attempt(near, "dana@example.com", PASSWORD) == 200
    assert await attempt(near, "dana@example.com") == 401  # its owner had come: it counts anew


async def test_an_unknown_account_is_limited_as_a_known_one(studio: Studio) -> None:
    """A limit does not tell whether there is an account either."""
    browser = await studio.browser()
    assert [await attempt(browser, "nobody@example.com") for _ in range(4)] == [401] * 3 + [429]


async def test_an_address_does_not_go_through_all_accounts(studio: Studio) -> None:
    """Six attempts from one network, whatever the accounts; a network of IPv6 counts once, another address anew."""
    first = await studio.browser(peer="2001:db8:1:2::1")
    second = await studio.browser(peer="2001:db8:1:2:ffff::9")
    tried = [await attempt(first, f"{n}@example.com") for n in range(3)]
    tried += [await attempt(second, f"{n}@example.com") for n in range(3, 7)]
    assert tried == [401] * 6 + [429]
    assert await attempt(await studio.browser(peer="2001:db8:1:3::1"), "8@example.com") == 401


async def test_the_address_is_what_trusted_proxies_say(studio: Studio) -> None:
    """Who is not one of our proxies is counted by their own address, whatever they claim."""
    app = create_app(studio.parts, doors=Doors(trusted_proxies=("10.1.0.0/16",)))

    async def tried(n: int, peer: str, claims: str) -> int:
        transport = httpx.ASGITransport(app, client=(peer, 50_000))
        headers = {"X-Forwarded-For": claims}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://studio", headers=headers
        ) as browser:
            return await attempt(browser, f"{n}@example.com")

    # A stranger who claims to be somebody else each time.
    strange = [await tried(n, "192.0.2.1", f"198.51.100.{n}") for n in range(7)]
    assert strange == [401] * 6 + [429]
    # Behind our proxies, in front of which anything may be claimed.
    ours = [
        await tried(n, "10.1.0.5", f"198.51.100.{n}, 203.0.113.7, 10.1.9.9") for n in range(10, 17)
    ]
    assert ours == [401] * 6 + [429]


async def test_instances_count_together(studio: Studio) -> None:
    """Of ten attempts at once on two instances, three are heard."""
    other = create_app(studio.parts)
    clients = [httpx.ASGITransport(app) for app in (studio.app, other)]
    browsers = [httpx.AsyncClient(transport=t, base_url="http://studio") for t in clients]
    for peer, transport in zip(("192.0.2.1", "192.0.2.2"), clients, strict=True):
        transport.client = (peer, 1)
    tries = [attempt(browsers[n % 2], "dana@example.com") for n in range(10)]
    assert Counter(await asyncio.gather(*tries)) == {401: 3, 429: 7}
    for browser in browsers:
        await browser.aclose()


async def test_accounts_are_not_made_by_the_thousand(studio: Studio, shelf: Shelf) -> None:
    """Twenty registrations from an address in an hour; buckets that are full again are removed."""
    browser = await studio.browser()

    async def register(n: int) -> int:
        body = {"email": f"{n}@example.com", "password": PASSWORD}
        return (await browser.post("/api/auth/register", json=body)).status_code

    assert [await register(n) for n in range(21)] == [201] * 20 + [429]
    shelf.run("update rate_limits set spent_until = now() - interval '1 second'")
    assert await attempt(browser, "1@example.com", PASSWORD) == 200
    kept = shelf.run("select key from rate_limits")
    assert kept == ["sign-in from 127.0.0.1"]


async def test_a_password_is_not_guessed_at_from_inside(studio: Studio) -> None:
    """A browser that was left signed in does not help to find the password."""
    dana = await studio.sign_in("dana@example.com")
    change = {"current": "wrong", "new": "an evening of another kind"}
    answers = [await dana.post("/api/auth/password", json=change) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [403] * 3 + [429]
