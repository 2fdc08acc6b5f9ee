"""Versions of a row in HTTP: ``ETag`` out, ``If-Match`` in, so that two editors never overwrite each other.

A version is whatever changes with every write: ``updated_at``, or a number. A store checks it in the transaction that
writes, under a row lock, with the ``Precondition`` it was handed (any callable on the version), and raises
``storage.Outdated`` (412) where it does not hold::

    async def change(id: Id, change: Change, user: CurrentUser, match: IfMatch, response: Response): ...
        project = await store.update(user.id, id, change.given(), match)
        response.headers["ETag"] = etag(project.updated_at)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Header, Request
from starlette.responses import Response

from studio.http_api.problems import Refused

_TAGS = re.compile(r'\s*(W/)?"([\x21\x23-\x7e\x80-\xff]*)"\s*(?:,|$)')
Version = datetime | int


@dataclass(frozen=True, slots=True)
class Precondition:
    """Which versions a writer accepts to overwrite; ``None``: any that there is (``If-Match: *``)."""

    tags: frozenset[str] | None

    def __call__(self, version: Version) -> bool:
        """Tell whether *version* may be overwritten."""
        return self.tags is None or etag(version) in self.tags


def etag(version: Version) -> str:
    """Return the entity tag of a version, quotes and all."""
    if isinstance(version, datetime):
        since = version - datetime(1970, 1, 1, tzinfo=UTC)
        version = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    return f'"{version:x}"'


def read_tags(header: str, *, weak: bool) -> frozenset[str] | None:
    """Return the tags of an ``If-Match`` or ``If-None-Match``, None for ``*``; *weak* ones only where they may count.

    What is no list of tags matches nothing.
    """
    if header.strip() == "*":
        return None
    tags: set[str] = set()
    at = 0
    while at < len(header):
        found = _TAGS.match(header, at)
        if found is None:
            return frozenset()
        if weak or not found[1]:
            tags.add(f'"{found[2]}"')
        at = found.end()
    return frozenset(tags)


def if_match(
    if_match: Annotated[
        str | None,
        Header(description="The `ETag` of the version that you have read.", max_length=1000),
    ] = None,
) -> Precondition:
    """Read ``If-Match``; without it there is no writing (428)."""
    if if_match is None:
        raise Refused(
            428,
            "version_required",
            "Send the `ETag` of the version that you have read as `If-Match`.",
        )
    return Precondition(read_tags(if_match, weak=False))


IfMatch = Annotated[Precondition, Depends(if_match)]


def unchanged(request: Request, version: Version) -> Response | None:
    """Return the 304 for a client that has this version (``If-None-Match``), else None."""
    header = request.headers.get("if-none-match")
    if header is None:
        return None
    tags = read_tags(header, weak=True)
    tag = etag(version)
    return Response(status_code=304, headers={"ETag": tag}) if tags is None or tag in tags else None
