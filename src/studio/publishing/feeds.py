"""A public project's feed: what it has published last, as Atom (RFC 4287) and as JSON Feed 1.1.

Identifiers of feed and entries are made of what never changes, not of the address, which does.
"""

from __future__ import annotations

import json
import mimetypes
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

from lockstep import Database
from studio.publishing.addresses import TargetRefused, read_target
from studio.publishing.destinations import QUERIES
from studio.storage import PATIENCE, Storage

LONGEST = 50
_ATOM = "http://www.w3.org/2005/Atom"
_OURS = uuid.UUID("6f1c9a52-58f1-4d0e-9a53-0c4b7e1d2f60")
# XML 1.0 has no way to write these, not even escaped.
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

ET.register_namespace("", _ATOM)


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that is published."""

    id: int
    title: str
    description: str | None
    script: str | None
    platform: str
    tags: Sequence[str]
    thumbnail_url: str | None
    video_url: str | None
    published_at: datetime
    updated_at: datetime
    external_url: str | None

    @property
    def text(self) -> str:
        """What it says: its text, else what is said of it, else its title."""
        return self.script or self.description or self.title

    @property
    def changed_at(self) -> datetime:
        """When it was last changed: not before it was published."""
        return max(self.published_at, self.updated_at)


@dataclass(frozen=True, slots=True)
class Feed:
    """A public project and what it has published, the newest first."""

    id: int
    name: str
    description: str | None
    created_at: datetime
    updated_at: datetime
    entries: Sequence[Entry]

    @property
    def changed_at(self) -> datetime:
        """When anything in it was last changed."""
        return max([self.updated_at, *(entry.changed_at for entry in self.entries)])

    def urn(self, entry: Entry | None = None) -> str:
        """Return the identifier of an entry, or of the feed; no other installation has the same."""
        name = f"{self.id}/{self.created_at.astimezone(UTC).isoformat()}"
        return uuid.uuid5(_OURS, f"{name}/{entry.id}" if entry else name).urn


class FeedStore:
    """Reads feeds."""

    def __init__(self, database: Database, *, patience: float = PATIENCE) -> None:
        """Use *database*; reading that takes longer than *patience* seconds counts as unavailable."""
        self._storage = Storage(database, QUERIES, patience=patience)

    async def read(self, project_id: int) -> Feed | None:
        """Return the feed of a project, or None if there is none that everybody may read."""
        async with self._storage.transaction() as transaction:
            project = await transaction.one("public_project", project_id=project_id)
            if project is None:
                return None
            rows = await transaction.all("published_content", project_id=project_id, limit=LONGEST)
        return Feed(**project, entries=tuple(Entry(**row) for row in rows))


def atom(feed: Feed, url: str) -> bytes:
    """Return *feed* as Atom; *url* is its own address."""
    root = ET.Element(f"{{{_ATOM}}}feed")
    _add(root, "id", feed.urn())
    _add(root, "title", feed.name)
    if feed.description:
        _add(root, "subtitle", feed.description)
    _add(root, "updated", _moment(feed.changed_at))
    _add(root, "link", rel="self", type="application/atom+xml", href=url)
    _add(_add(root, "author"), "name", feed.name)
    for entry in feed.entries:
        _add_entry(root, feed, entry)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def _add_entry(root: ET.Element, feed: Feed, entry: Entry) -> None:
    element = _add(root, "entry")
    _add(element, "id", feed.urn(entry))
    _add(element, "title", entry.title)
    _add(element, "published", _moment(entry.published_at))
    _add(element, "updated", _moment(entry.changed_at))
    if entry.script and entry.description:
        _add(element, "summary", entry.description)
    _add(element, "content", entry.text, type="text")
    for rel, address in (
        ("alternate", entry.external_url),
        ("enclosure", entry.video_url),
        ("enclosure", entry.thumbnail_url),
    ):
        href = _web(address)
        if href:
            _add(element, "link", rel=rel, href=href)
    for term in (entry.platform, *entry.tags):
        _add(element, "category", term=term)


def _add(parent: ET.Element, name: str, text: str | None = None, **attributes: str) -> ET.Element:
    clean = {key: _UNWRITABLE.sub("", value) for key, value in attributes.items()}
    element = ET.SubElement(parent, f"{{{_ATOM}}}{name}", clean)
    if text is not None:
        element.text = _UNWRITABLE.sub("", text)
    return element


def json_feed(feed: Feed, url: str) -> bytes:
    """Return *feed* as JSON Feed; *url* is its own address."""
    body: dict[str, Any] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.name,
        "feed_url": url,
        "authors": [{"name": feed.name}],
        "items": [_item(feed, entry) for entry in feed.entries],
    }
    if feed.description:
        body["description"] = feed.description
    return json.dumps(body, ensure_ascii=False).encode()


def _item(feed: Feed, entry: Entry) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": feed.urn(entry),
        "title": entry.title,
        "content_text": entry.text,
        "date_published": _moment(entry.published_at),
        "date_modified": _moment(entry.changed_at),
        "tags": [entry.platform, *entry.tags],
    }
    if entry.script and entry.description:
        item["summary"] = entry.description
    for name, address in (("url", entry.external_url), ("image", entry.thumbnail_url)):
        href = _web(address)
        if href:
            item[name] = href
    video = _web(entry.video_url)
    if video:
        kind = mimetypes.guess_type(urlsplit(video).path)[0] or "application/octet-stream"
        item["attachments"] = [{"url": video, "mime_type": kind}]
    return item


def _web(address: str | None) -> str | None:
    """Return *address* if it is one that a reader may follow: never ``javascript:``."""
    try:
        read_target(address or "")
    except TargetRefused:
        return None
    return address


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
