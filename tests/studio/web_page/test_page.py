"""The page and its files: complete, from nowhere else, and harmless."""

from __future__ import annotations

import asyncio
import re
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest

import studio
from lockstep.events import Step
from studio.http_api.app import create_app
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
        transport = httpx.ASGITransport(create_app(page_routes()))
        async with httpx.AsyncClient(transport=transport, base_url="http://studio") as client:
            given = {name.replace("_", "-"): value for name, value in headers.items()}
            return await client.get(path, headers=given)

    return asyncio.run(ask())


@pytest.fixture(scope="module")
def page() -> Page:
    """The page at the root."""
    return Page(get("/").text)


def test_the_page_tells_the_sequence_without_javascript(page: Page) -> None:
    """The steps stand in the page itself, by the engine's numbers and names, and a note leads to the values."""
    assert page.values("data-step") == [str(int(step)) for step in Step]
    text = " ".join(page.text.split())
    for step in Step:
        assert f"{int(step)} {step.label}" in text
    assert "noscript" in [tag for tag, _ in page.elements]
    assert "/api/boot" in page.values("href")


def test_nothing_comes_from_elsewhere(page: Page) -> None:
    """Every address is our own; the page's files are there, and name no other host."""
    addresses = page.values("src") + page.values("href")
    assert all(re.match(r"/(?!/)", address) for address in addresses)
    for address in {a for a in addresses if a.startswith("/assets/")}:
        assert get(address).status_code == 200
    for file in ASSETS.iterdir():
        text = file.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "//" not in re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE), file.name


def test_the_policy_lets_the_page_do_no_more_than_it_does(page: Page) -> None:
    """Nothing is inline, so the policy allows only our own files."""
    headers = get("/").headers
    assert headers["content-security-policy"].startswith("default-src 'self'; ")
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert page.values("style") == []
    assert [found for tag, found in page.elements if tag == "style"] == []
    assert all("src" in found for tag, found in page.elements if tag == "script")
    assert not [name for _, found in page.elements for name in found if name.startswith("on")]


def test_the_script_and_the_page_agree(page: Page) -> None:
    """Every element that the script looks for is in the page, and no id is there twice."""
    script = (ASSETS / "page.js").read_text(encoding="utf-8")
    ids = page.values("id")
    assert set(re.findall(r'\bat\("([^"]+)"\)', script)) <= set(ids)
    assert len(ids) == len(set(ids))
    assert "innerHTML" not in script


def test_every_region_has_a_name(page: Page) -> None:
    """Screen readers find the page's language, its title, and a label for every section."""
    ids = set(page.values("id"))
    assert ("html", {"lang": "en"}) in page.elements
    assert "title" in [tag for tag, _ in page.elements]
    sections = [found for tag, found in page.elements if tag == "section"]
    assert all(found.get("aria-labelledby") in ids for found in sections)
    assert all("alt" in found for tag, found in page.elements if tag == "img")


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
