"""Feeds are sound whatever is written into a project: parsed as their readers do, they hold what was published."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from studio.publishing.feeds import Entry, Feed, atom, json_feed

NOON = datetime(2026, 3, 29, 12, tzinfo=UTC)
URL = "https://studio.example/feeds/1.atom?a=b&c"
NAMES = {"a": "http://www.w3.org/2005/Atom"}
HOSTILE = "<script>&amp;]]>\"'\x00\x0b\x1b\ufffe\u2028é🍞"


def entry(**changes: Any) -> Entry:
    """Return something that is published."""
    values: dict[str, Any] = {
        "id": 1,
        "title": "Bread",
        "description": None,
        "script": None,
        "platform": "instagram",
        "tags": (),
        "thumbnail_url": None,
        "video_url": None,
        "published_at": NOON,
        "updated_at": NOON,
        "external_url": None,
    }
    return Entry(**{**values, **changes})


def feed(*entries: Entry, **changes: Any) -> Feed:
    """Return a project's feed."""
    values = {"id": 1, "name": "Bread", "description": None, "created_at": NOON, "updated_at": NOON}
    return Feed(**{**values, **changes}, entries=entries)


def parsed(of: Feed) -> ET.Element:
    """Return a feed as a reader of Atom sees it."""
    return ET.fromstring(atom(of, URL))


def texts(element: ET.Element, path: str) -> list[str | None]:
    """Return the texts of what is found."""
    return [found.text for found in element.findall(path, NAMES)]


def test_an_atom_feed_has_what_the_standard_wants() -> None:
    """Feed and entry have an id, a title, a date; the feed an author and its own address."""
    root = parsed(
        feed(entry(script="Long", description="Short", tags=("a",)), description="Loaves")
    )
    assert root.tag == "{http://www.w3.org/2005/Atom}feed"
    for name in ("id", "title", "updated", "subtitle", "author/a:name"):
        assert len(texts(root, f"a:{name}")) == 1, name
    (link,) = root.findall("a:link", NAMES)
    assert (link.get("rel"), link.get("href")) == ("self", URL)
    (found,) = root.findall("a:entry", NAMES)
    assert texts(found, "a:title") == ["Bread"]
    assert texts(found, "a:content") == ["Long"]
    assert texts(found, "a:summary") == ["Short"]
    assert texts(found, "a:updated") == texts(found, "a:published") == ["2026-03-29T12:00:00.000Z"]
    assert [each.get("term") for each in found.findall("a:category", NAMES)] == ["instagram", "a"]


def test_a_json_feed_has_what_the_standard_wants() -> None:
    """Its version, a title, and items with id and text; a video is an attachment with its type."""
    said = json.loads(
        json_feed(
            feed(
                entry(
                    script="Long",
                    description="Short",
                    video_url="https://example.com/a.mp4?x",
                    thumbnail_url="https://example.com/a.png",
                    external_url="https://example.com/a",
                )
            ),
            URL,
        )
    )
    assert said["version"] == "https://jsonfeed.org/version/1.1"
    assert (said["title"], said["feed_url"]) == ("Bread", URL)
    (item,) = said["items"]
    assert (item["content_text"], item["summary"]) == ("Long", "Short")
    assert (item["url"], item["image"]) == ("https://example.com/a", "https://example.com/a.png")
    assert item["attachments"] == [{"url": "https://example.com/a.mp4?x", "mime_type": "video/mp4"}]
    assert item["date_published"] == "2026-03-29T12:00:00.000Z"


def test_what_xml_cannot_hold_is_left_out() -> None:
    """Markup is text, control characters are gone, everything else arrives."""
    hostile = feed(
        entry(title=HOSTILE, script=HOSTILE, tags=(HOSTILE,)), name=HOSTILE, description=HOSTILE
    )
    root = parsed(hostile)
    kept = "<script>&amp;]]>\"'\u2028é🍞"
    assert texts(root, "a:title") == texts(root, "a:entry/a:title") == [kept]
    assert texts(root, "a:entry/a:content") == [kept]
    assert root.findall("a:entry/a:category", NAMES)[1].get("term") == kept
    assert json.loads(json_feed(hostile, URL))["items"][0]["content_text"] == HOSTILE


@given(st.text(), st.text(), st.text())
def test_any_text_makes_a_feed_that_parses(title: str, text: str, address: str) -> None:
    """And that is the same a second time."""
    of = feed(entry(title=title, script=text, external_url=address, tags=(text,)))
    assert len(parsed(of).findall("a:entry", NAMES)) == 1
    assert atom(of, URL) == atom(of, URL)


def test_only_addresses_of_the_web_become_links() -> None:
    """No reader is led to a script or a file."""
    for address in ("javascript:alert(1)", "file:///etc/passwd", "data:text/html,x", "", None):
        of = feed(entry(external_url=address, video_url=address, thumbnail_url=address))
        assert parsed(of).findall("a:entry/a:link", NAMES) == []
        item = json.loads(json_feed(of, URL))["items"][0]
        assert not {"url", "image", "attachments"} & item.keys()
    links = parsed(feed(entry(external_url="https://example.com/?a=1&b=2"))).findall(
        "a:entry/a:link", NAMES
    )
    assert [link.get("href") for link in links] == ["https://example.com/?a=1&b=2"]


def test_ids_stay_and_are_nobody_elses() -> None:
    """Not changed by what is written or where the feed is; other entries, projects, installations have others."""
    of, item = feed(), entry()
    assert of.urn(item) == feed(name="x", updated_at=NOON + timedelta(1)).urn(entry(title="x"))
    ids = {
        of.urn(),
        of.urn(item),
        of.urn(entry(id=2)),
        feed(id=2).urn(item),
        feed(created_at=NOON + timedelta(microseconds=1)).urn(item),
    }
    assert len(ids) == 5
    assert all(each.startswith("urn:uuid:") for each in ids)


def test_the_newest_change_is_the_feeds() -> None:
    """Of the project or of an entry; an entry is not older than its publication."""
    later = NOON + timedelta(hours=1)
    assert feed().changed_at == NOON
    assert feed(entry(updated_at=later)).changed_at == later
    assert feed(entry(published_at=later)).changed_at == later
    assert feed(entry(), updated_at=later).changed_at == later
