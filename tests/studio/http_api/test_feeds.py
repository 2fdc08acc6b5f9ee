"""Everybody may read the feed of a public project, of no other one, and only what is published there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import httpx
import pytest

if TYPE_CHECKING:
    from tests.studio.conftest import Shelf
    from tests.studio.http_api.conftest import Studio

pytestmark = pytest.mark.anyio
ATOM = {"a": "http://www.w3.org/2005/Atom"}
TYPES = {"atom": "application/atom+xml; charset=utf-8", "json": "application/feed+json"}


def project(shelf: Shelf, *, public: bool = True) -> int:
    """Make a project with something in every state, the published ones out of order; return its id."""
    (made,) = shelf.run(
        "insert into projects (user_id, name, is_public) values ('u', 'Bread <1>', %s) returning id",
        public,
    )
    for status in ("draft", "scheduled", "failed", "paused", "cancelled"):
        shelf.add(project_id=made, status=status, title=f"not out: {status}")
    for title, hours in (("second", 2), ("first", 3), ("third", 1)):
        content = shelf.add(project_id=made, status="draft", title=title, script="<b>Text</b>")
        shelf.run(
            "update content set status = 'published', published_at = now() - make_interval(hours => %s)"
            " where id = %s",
            hours,
            content,
        )
    return int(made)


async def read(studio: Studio, path: str, **headers: str) -> httpx.Response:
    """Ask as somebody who has not signed in."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return await (await studio.browser()).get(path, headers=names)


async def test_everybody_reads_what_is_published(studio: Studio, shelf: Shelf) -> None:
    """The newest first, in both formats, under their own types."""
    made = project(shelf)
    content = shelf.run("select id from content where title = 'second'")[0]
    shelf.run(
        "insert into publications (content_id, content_version, platform, status, external_url)"
        " values (%s, 1, 'instagram', 'succeeded', 'https://example.com/2')",
        content,
    )
    answer = await read(studio, f"/feeds/{made}.atom")
    assert (answer.status_code, answer.headers["content-type"]) == (200, TYPES["atom"])
    root = ET.fromstring(answer.content)
    assert [found.text for found in root.findall("a:title", ATOM)] == ["Bread <1>"]
    titles = [found.text for found in root.findall("a:entry/a:title", ATOM)]
    assert titles == ["third", "second", "first"]
    links = root.findall("a:entry/a:link", ATOM)
    assert [link.get("href") for link in links] == ["https://example.com/2"]
    (own,) = root.findall("a:link", ATOM)
    assert own.get("href") == f"http://studio/feeds/{made}.atom"

    answer = await read(studio, f"/feeds/{made}.json?x=1")
    assert (answer.status_code, answer.headers["content-type"]) == (200, TYPES["json"])
    said = json.loads(answer.content)
    assert [item["title"] for item in said["items"]] == ["third", "second", "first"]
    assert said["items"][0]["content_text"] == "<b>Text</b>"
    assert said["feed_url"] == f"http://studio/feeds/{made}.json"


async def test_a_project_that_is_not_public_has_no_feed(studio: Studio, shelf: Shelf) -> None:
    """It is answered as one that does not exist, also to its owner; so is what is no number."""
    made = project(shelf, public=False)
    for path in (f"/feeds/{made}.atom", f"/feeds/{made}.json", f"/feeds/{made + 1}.atom"):
        answer = await read(studio, path)
        assert (answer.status_code, answer.json()["detail"]) == (404, "There is no such feed.")
    for path in ("/feeds/x.atom", "/feeds/0.json", f"/feeds/{2**63}.atom"):
        assert (await read(studio, path)).status_code == 422
    assert (await read(studio, f"/feeds/{made}.rss")).status_code == 404


@pytest.mark.parametrize("kind", ["atom", "json"])
async def test_who_has_it_gets_no_second_copy(studio: Studio, shelf: Shelf, kind: str) -> None:
    """By tag or by date; the tag counts more. Once something has changed, it is sent again."""
    path = f"/feeds/{project(shelf)}.{kind}"
    answer = await read(studio, path)
    tag, date = answer.headers["etag"], answer.headers["last-modified"]
    assert "max-age" in answer.headers["cache-control"]
    for headers in (
        {"if_none_match": tag},
        {"if_none_match": f'"other", W/{tag}'},
        {"if_none_match": "*"},
        {"if_modified_since": date},
        {"if_none_match": tag, "if_modified_since": "Thu, 01 Jan 1970 00:00:00 GMT"},
    ):
        again = await read(studio, path, **headers)
        assert (again.status_code, again.content) == (304, b""), headers
        assert again.headers["etag"] == tag
    for headers in (
        {"if_none_match": '"other"'},
        {"if_none_match": '"other"', "if_modified_since": date},
        {"if_modified_since": "Thu, 01 Jan 1970 00:00:00 GMT"},
        {"if_modified_since": "yesterday"},
        {"if_modified_since": "Thu, 01 Jan 99999 00:00:00 GMT"},
    ):
        assert (await read(studio, path, **headers)).status_code == 200, headers
    shelf.run("update content set title = 'changed' where title = 'third'")
    changed = await read(studio, path, if_none_match=tag)
    assert (changed.status_code, changed.headers["etag"] != tag) == (200, True)


async def test_only_the_newest_are_shown(studio: Studio, shelf: Shelf) -> None:
    """However much a project has published, and found by an index."""
    made = project(shelf)
    shelf.run(
        "insert into content (user_id, project_id, title, platform, status, published_at)"
        " select 'u', %s, 'n' || n, 'instagram', 'published', now() - n * interval '1 minute'"
        " from generate_series(1, 60) as n",
        made,
    )
    items = json.loads((await read(studio, f"/feeds/{made}.json")).content)["items"]
    assert [item["title"] for item in items] == [f"n{n}" for n in range(1, 51)]
    shelf.run("set enable_seqscan = off")
    shelf.run("set enable_bitmapscan = off")
    plan = shelf.run(
        "explain select id from content where project_id = %s and status = 'published'"
        " order by published_at desc, id desc limit 50",
        made,
    )
    assert "content_published_idx" in "".join(plan)
    assert "Sort" not in "".join(plan)


async def test_the_head_alone_can_be_asked_for(studio: Studio, shelf: Shelf) -> None:
    """With the same headers and no body."""
    path = f"/feeds/{project(shelf)}.atom"
    whole, head = await read(studio, path), await (await studio.browser()).head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["etag"] == whole.headers["etag"]
