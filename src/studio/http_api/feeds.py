"""The feeds of public projects: for everybody, without signing in, cheap to ask for again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from fastapi import APIRouter, Request, Response

from studio.http_api.etags import read_tags
from studio.http_api.parts import PartsHere
from studio.http_api.problems import NotFound, documented
from studio.http_api.values import Id
from studio.publishing.feeds import Feed, atom, json_feed

router = APIRouter(prefix="/feeds", tags=["feeds"])

_PROBLEMS = documented(404, 422, 503)
_FRESH = "public, max-age=60"


@router.head("/{project_id}.atom", include_in_schema=False)
@router.get(
    "/{project_id}.atom",
    summary="What a project has published, as Atom",
    response_class=Response,
    responses={
        **_PROBLEMS,
        200: {"content": {"application/atom+xml": {}}},
        304: {"description": "Not Modified"},
    },
)
async def get_atom_feed(project_id: Id, parts: PartsHere, request: Request) -> Response:
    """Return the feed of a public project (RFC 4287)."""
    return await _answer(project_id, parts, request, atom, "application/atom+xml; charset=utf-8")


@router.head("/{project_id}.json", include_in_schema=False)
@router.get(
    "/{project_id}.json",
    summary="What a project has published, as JSON Feed",
    response_class=Response,
    responses={
        **_PROBLEMS,
        200: {"content": {"application/feed+json": {}}},
        304: {"description": "Not Modified"},
    },
)
async def get_json_feed(project_id: Id, parts: PartsHere, request: Request) -> Response:
    """Return the feed of a public project (JSON Feed 1.1)."""
    return await _answer(project_id, parts, request, json_feed, "application/feed+json")


async def _answer(
    project_id: int,
    parts: PartsHere,
    request: Request,
    write: Callable[[Feed, str], bytes],
    media_type: str,
) -> Response:
    feed = await parts.feeds.read(project_id)
    if feed is None:
        raise NotFound("feed")
    body = write(feed, str(request.url.replace(query="")))
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {
        "ETag": tag,
        "Last-Modified": format_datetime(feed.changed_at.astimezone(UTC), usegmt=True),
        "Cache-Control": _FRESH,
    }
    if is_known(request, tag, feed.changed_at):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)


def is_known(request: Request, tag: str, changed_at: datetime) -> bool:
    """Tell whether the client has this very feed: by its tag, or, if it sends none, by its date."""
    tags = request.headers.get("if-none-match")
    if tags is not None:
        known = read_tags(tags, weak=True)
        return known is None or tag in known
    try:
        since = parsedate_to_datetime(request.headers.get("if-modified-since", ""))
    except (ValueError, OverflowError):
        return False
    if since.tzinfo is None:
        since = since.replace(tzinfo=UTC)
    return changed_at.replace(microsecond=0) <= since
