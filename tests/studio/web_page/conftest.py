"""A real browser before a real studio: one studio a worker, one browser a module, and an account of its own for every test.

Accounts and sessions are put into the database, so that a test begins where its story does. What a page says in its console,
and what its policy has kept from it, fails the test at its end.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from tests.studio.conftest import Studio, bring_up, digest

from lockstep.testing import Databases
from studio.accounts.model import csrf_token, hashed, new_sid

ZONE = "Europe/Berlin"
SETTINGS = {
    "LOCKSTEP_ENV": "test",
    "STUDIO_SECRET_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    "STUDIO_ADDRESS_ATTEMPTS": "100000",
}
NUMBERS = count(1)
PATIENCE = 30_000


@dataclass(slots=True)
class Somebody:
    """An account with a browser of its own, and what its pages complained of."""

    id: str
    csrf: str
    context: BrowserContext
    complaints: list[str] = field(default_factory=list)

    def page(self) -> Page:
        """Open a tab."""
        page = self.context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda said: self._hear(said.type, said.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    def _hear(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"}:
            self.complaints.append(text)


class Site:
    """The studio under its address, with its database at hand."""

    def __init__(self, url: str, conninfo: str) -> None:
        self.url = url
        self.conninfo = conninfo
        self.people: list[Somebody] = []
        self.browser: Browser | None = None
        self._connection = psycopg.connect(conninfo, autocommit=True)
        self._clients: list[httpx.Client] = []

    def run(self, query: str, *values: Any) -> list[Any]:
        """Run a query; return its rows, those of one column as plain values."""
        cursor = self._connection.execute(query.encode(), values or None)
        rows = cursor.fetchall() if cursor.description else []
        return [row[0] if len(row) == 1 else row for row in rows]

    def visitor(self, **options: Any) -> Somebody:
        """Return a browser that nobody has signed in with; *options* are a context's."""
        assert self.browser is not None
        context = self.browser.new_context(base_url=self.url, timezone_id=ZONE, locale="en-GB", **options)  # fmt: skip
        somebody = Somebody("", "", context)
        self.people.append(somebody)
        return somebody

    def account(self, role: str = "user", first_name: str = "Dana") -> str:
        """Make an account; return its id."""
        (user_id,) = self.run(
            "insert into users (email, first_name, role) values (%s, %s, %s) returning id",
            f"{os.getpid()}-{next(NUMBERS)}@example.com",
            first_name,
            role,
        )
        return str(user_id)

    def signed_in(self, user_id: str = "", *, role: str = "user", **options: Any) -> Somebody:
        """Return a browser that is signed in to an account, or to a new one."""
        somebody = self.visitor(**options)
        somebody.id = user_id or self.account(role)
        sid = self.session(somebody.id)
        somebody.csrf = csrf_token(sid)
        cookies = {"studio_session": sid, "studio_csrf": somebody.csrf, "studio_zone": ZONE}
        somebody.context.add_cookies(
            [{"name": name, "value": value, "url": self.url} for name, value in cookies.items()]
        )
        return somebody

    def session(self, user_id: str) -> str:
        """Begin a session of an account; return the id that its cookie holds."""
        sid = new_sid()
        self.run(
            "insert into sessions (sid, sess, expire) values"
            " (%s, jsonb_build_object('user_id', %s::text, 'user_agent', 'Chromium', 'address', '127.0.0.1'), now() + interval '1 day')",
            hashed(sid),
            user_id,
        )
        return sid

    def client(self, role: str = "user") -> tuple[httpx.Client, str]:
        """Return a program that is signed in to a new account and sends its CSRF token; and the account's id."""
        user_id = self.account(role)
        sid = self.session(user_id)
        headers = {"X-CSRF-Token": csrf_token(sid)}
        client = httpx.Client(base_url=self.url, cookies={"studio_session": sid}, headers=headers, timeout=20)  # fmt: skip
        self._clients.append(client)
        return client, user_id

    def content(self, user_id: str, title: str, status: str = "draft", at: str = "", **more: Any) -> int:  # fmt: skip
        """Put a piece of content there, at a time such as ``now() + interval '1 day'``; return its id."""
        columns = {"user_id": user_id, "title": title, "platform": "instagram", "status": status, **more}  # fmt: skip
        (content_id,) = self.run(
            f"insert into content ({', '.join(columns)}, scheduled_at, published_at) values"
            f" ({', '.join(['%s'] * len(columns))}, {at or 'null'},"
            f" {'now()' if status == 'published' else 'null'}) returning id",
            *columns.values(),
        )
        return int(content_id)

    def close(self) -> None:
        """Disconnect."""
        for client in self._clients:
            client.close()
        self._connection.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium without a window."""
    program = shutil.which("chromium")
    if program is None:
        message = "chromium is not installed: apt-get install chromium"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def served(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The studio as a process, on a database at its head."""
    root = tmp_path_factory.mktemp("studio")
    conninfo = databases.create(f"studio {digest()}", lambda empty: bring_up(root / "up", empty))
    with Studio(root, conninfo).serving(**SETTINGS) as url:
        site = Site(url, conninfo)
        yield site
        site.close()
    databases.drop(conninfo)


@pytest.fixture(scope="module")
def running(served: Site, browser: Browser) -> Site:
    """The same, with a browser."""
    served.browser = browser
    return served


@pytest.fixture
def site(running: Site) -> Iterator[Site]:
    """The same for one test, at whose end no page may have complained."""
    yield running
    complaints = [said for person in running.people for said in person.complaints]
    for person in running.people:
        person.context.close()
    running.people.clear()
    assert complaints == []


@pytest.fixture(scope="session")
def keep() -> Callable[[Page, str], None]:
    """Keep a picture of a page, for people to look at."""
    folder = Path(os.environ.get("STUDIO_SCREENSHOTS", "build/screenshots"))
    folder.mkdir(parents=True, exist_ok=True)

    def save(page: Page, name: str) -> None:
        page.screenshot(path=folder / f"{name}.png", full_page=True)

    return save
