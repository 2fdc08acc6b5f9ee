"""The page and its files: complete, from nowhere else, and harmless."""

from __future__ import annotations

import asyncio
import re
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest

import studio
from lockstep import Database
from lockstep.events import Step
from studio.assembly import make_parts
from studio.http_api.app import create_app
from studio.settings import Settings
from studio.web_page.operator_page import STEPS
from studio.web_page.rendering import TEMPLATES
from studio.web_page.routes import page_routes

ASSETS = Path(studio.__file__).parent / "web_page" / "assets"


class Page(HTMLParser):
    """What a page holds: its elements with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element."""
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Keep its text."""
        self.text += data

    def values(self, attribute: str) -> list[str]:
        """Return the values of an attribute wherever it stands."""
        return [found[attribute] or "" for _, found in self.elements if attribute in found]


def get(path: str, **headers: str) -> httpx.Response:
    """Ask the studio's application, without the engine in front; an underscore in a header's name is a hyphen."""

    async def ask() -> httpx.Response:
        parts = make_parts(Settings(), Database())
        transport = httpx.ASGITransport(create_app(parts, page_routes()))
        async with httpx.AsyncClient(transport=transport, base_url="http://studio") as client:
            given = {name.replace("_", "-"): value for name, value in headers.items()}
            return await client.get(path, headers=given)

    return asyncio.run(ask())


@pytest.fixture(scope="module")
def page() -> Page:
    """The page at the root, as those see it who have not signed in."""
    return Page(get("/").text)


def test_nothing_comes_from_elsewhere(page: Page) -> None:
    """Every address is our own; the page's files are there, and name no other host."""
    addresses = page.values("src") + page.values("href") + page.values("action")
    assert all(re.match(r"/(?!/)|#", address) for address in addresses)
    for address in {a for a in addresses if a.startswith("/assets/")}:
        assert get(address).status_code == 200
    for file in [*ASSETS.iterdir(), *TEMPLATES.iterdir()]:
        text = file.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        text = re.sub(r"^\s*//.*$|[ \t]// .*$", "", text, flags=re.MULTILINE)
        assert not re.search(r"(?<![*`$}])//(?!\$\{location)", text), file.name


def test_the_policy_lets_the_page_do_no_more_than_it_does() -> None:
    """Nothing is inline in any template, so the policy allows only our own files."""
    headers = get("/").headers
    assert headers["content-security-policy"].startswith("default-src 'self'; ")
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    for file in TEMPLATES.iterdir():
        template = Page(file.read_text(encoding="utf-8"))
        assert template.values("style") == [], file.name
        assert [found for tag, found in template.elements if tag == "style"] == [], file.name
        assert all("src" in found for tag, found in template.elements if tag == "script")
        assert not [
            n for _, found in template.elements for n in found if re.fullmatch("on[a-z]+", n)
        ]


def test_scripts_and_templates_agree() -> None:
    """Every element that a script looks for by its id is in a template, every module it imports is there; none writes HTML."""
    templates = "".join(file.read_text(encoding="utf-8") for file in TEMPLATES.iterdir())
    for file in ASSETS.glob("*.js"):
        script = file.read_text(encoding="utf-8")
        for name in re.findall(r'(?:\bat|getElementById)\("([^"]+)"\)', script):
            assert f'id="{name}"' in templates, (file.name, name)
        for address in re.findall(r'from "/assets/([^"]+)"', script):
            assert (ASSETS / address).is_file(), (file.name, address)
        assert not re.search(r"innerHTML\s*=[^=]|insertAdjacentHTML|document\.write", script)
    for address in re.findall(r'src="/assets/([^"]+)"', templates):
        assert (ASSETS / address).is_file(), address


def test_every_form_that_writes_brings_its_token() -> None:
    """A form that is posted has the session's token in it; only those before a session have none to bring."""
    for file in TEMPLATES.iterdir():
        for form in re.findall(r"<form[^>]*method=\"post\".*?</form>", file.read_text(encoding="utf-8"), re.DOTALL):  # fmt: skip
            open_to_all = 'action="/sign-in"' in form or 'action="/register"' in form
            assert ("ui.token()" in form) != open_to_all, (file.name, form[:120])


def test_the_steps_are_the_engines() -> None:
    """The operator's page names the steps of a boot by the engine's numbers and names."""
    assert [(number, name) for number, name, _ in STEPS] == [(int(s), s.label) for s in Step]


def test_files_are_asked_for_again_and_not_sent_again() -> None:
    """A browser revalidates, so that a new release's page never runs an old script."""
    first = get("/assets/page.js")
    assert first.headers["cache-control"] == "no-cache"
    again = get("/assets/page.js", if_none_match=first.headers["etag"])
    assert again.status_code == 304


@pytest.mark.parametrize("path", ["/assets/../page.html", "/assets/%2e%2e/routes.py", "/assets/"])
def test_only_assets_are_assets(path: str) -> None:
    """No path leads out of the folder, or lists it."""
    assert get(path).status_code == 404


def test_the_api_describes_itself() -> None:
    """The OpenAPI document is there, and its page has a policy of its own."""
    assert get("/openapi.json").json()["info"]["title"] == "Studio"
    docs = get("/docs")
    assert docs.status_code == 200
    assert "/openapi.json" in docs.text
    assert "frame-ancestors 'none'" in docs.headers["content-security-policy"]
