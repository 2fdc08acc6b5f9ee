"""Content over HTTP: drafts, pages, edits under ``If-Match``, histories.

The entity tag of a piece has two parts: what people have written (``revision``), and when anything was changed. ``If-None-Match``
is held against both, ``If-Match`` against the first: an editor is stopped by another editor, never by the scheduler, which may
have claimed, published or given up the piece meanwhile without touching a word of it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field, StringConstraints

from studio.content.library import Wanted
from studio.content.model import Status
from studio.content.pieces import Outline, Piece
from studio.http_api.etags import IfMatch, Precondition, etag, read_tags
from studio.http_api.paging import Page, Paging, page
from studio.http_api.parts import PartsHere
from studio.http_api.problems import NotFound, documented
from studio.http_api.values import (
    LARGEST_ID,
    Answer,
    Body,
    Flag,
    Id,
    IdIn,
    LongText,
    Metadata,
    Name,
    Platform,
    Storable,
    Tags,
    Text,
    Url,
    Whole,
    not_named,
)
from studio.http_api.who import CurrentUser

router = APIRouter(prefix="/api/content", tags=["content"])

Kind = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50), Storable
]
Description = Annotated[Text, StringConstraints(max_length=10_000)]
DayNumber = Annotated[Whole, Field(ge=1)]
ProjectAsked = Annotated[
    int | None, Query(ge=1, le=LARGEST_ID, description="Only of this project.")
]


class Draft(Body):
    """A new piece of content; it stays a draft until it is scheduled."""

    title: Name = Field(examples=["Sourdough in five steps"])
    platform: Platform = Field(examples=["instagram"])
    project_id: IdIn | None = Field(None, description="One of your projects, or none.")
    description: Description | None = None
    script: LongText | None = None
    content_type: Kind = Field("post", examples=["reel"])
    thumbnail_url: Url | None = None
    video_url: Url | None = None
    tags: Tags = Field(default_factory=list, examples=[["bread"]])
    metadata: Metadata = Field(default_factory=dict)
    ai_generated: Flag = False
    day_number: DayNumber | None = Field(None, description="Its day in the project's plan.")
    publish_order: Whole = Field(0, description="Its place among those of the same day.")


class Edit(Body):
    """What to change; what is not named stays. Null empties what may be empty."""

    title: Name = Field(default_factory=not_named, examples=["Sourdough in five steps"])
    platform: Platform = Field(default_factory=not_named)
    project_id: IdIn | None = None
    description: Description | None = None
    script: LongText | None = None
    content_type: Kind = Field(default_factory=not_named)
    thumbnail_url: Url | None = None
    video_url: Url | None = None
    tags: Tags = Field(default_factory=not_named)
    metadata: Metadata = Field(default_factory=not_named)
    ai_generated: Flag = Field(default_factory=not_named)
    day_number: DayNumber | None = None
    publish_order: Whole = Field(default_factory=not_named)


class Entry(Answer):
    """One thing that was done to a piece of content."""

    id: int
    user_id: str | None = Field(
        description="Who did it; null: the scheduler, or somebody who is gone."
    )
    action: str = Field(examples=["schedule"])
    before: Any
    after: Any
    created_at: datetime


def tag_of(piece: Piece) -> str:
    """Return a piece's entity tag, quotes and all."""
    return f'"{piece.revision:x}.{etag(piece.updated_at)[1:-1]}"'


def accepting(match: Precondition) -> Callable[[int], bool]:
    """Return which revisions a writer may overwrite."""
    if match.tags is None:
        return lambda _revision: True
    revisions = {tag[1:-1].partition(".")[0] for tag in match.tags}
    return lambda revision: f"{revision:x}" in revisions


def tagged(response: Response, piece: Piece) -> Piece:
    """Return *piece*, whose tag goes with the answer."""
    response.headers["ETag"] = tag_of(piece)
    return piece


@router.post("", status_code=201, responses=documented(401, 403, 422))
async def create_content(
    draft: Draft, user: CurrentUser, parts: PartsHere, response: Response
) -> Piece:
    """Write a draft."""
    piece = await parts.editing.create(user.id, draft.model_dump())
    response.headers["Location"] = f"/api/content/{piece.id}"
    return tagged(response, piece)


@router.get("", responses=documented(401, 422))
async def list_content(
    user: CurrentUser,
    parts: PartsHere,
    paging: Paging,
    *,
    status: Status | None = None,
    platform: Platform | None = None,
    project_id: ProjectAsked = None,
    search: Annotated[
        Text | None, Query(max_length=200, description="Part of the title, in any case.")
    ] = None,
) -> Page[Outline]:
    """Return your content, the newest first."""
    wanted = Wanted(status, platform, project_id, search)
    found = await parts.library.page(user.id, wanted, limit=paging.fetch, after=paging.after)
    return page(paging, found)


@router.get("/counts", responses=documented(401, 422))
async def count_content(
    user: CurrentUser, parts: PartsHere, project_id: ProjectAsked = None
) -> dict[Status, int]:
    """Return how much of your content is in each state."""
    return await parts.library.counts(user.id, project_id)


@router.get(
    "/{content_id}",
    responses={**documented(401, 404, 422), 304: {"description": "You have it as it is."}},
    response_model=Piece,
)
async def read_content(
    content_id: Id, user: CurrentUser, parts: PartsHere, request: Request, response: Response
) -> Piece | Response:
    """Return a piece of your content, whole; its `ETag` is what a change of it must bring as `If-Match`."""
    piece = await parts.library.piece(user.id, content_id)
    if piece is None:
        raise NotFound("content")
    asked = request.headers.get("if-none-match")
    known = frozenset() if asked is None else read_tags(asked, weak=True)
    if known is None or tag_of(piece) in known:
        return Response(status_code=304, headers={"ETag": tag_of(piece)})
    return tagged(response, piece)


@router.patch("/{content_id}", responses=documented(401, 403, 404, 409, 412, 422, 428))
async def edit_content(
    content_id: Id,
    edit: Edit,
    user: CurrentUser,
    parts: PartsHere,
    match: IfMatch,
    response: Response,
) -> Piece:
    """Change what is named, if nobody else has edited it since you read it; in every state but `publishing`.

    Once it was scheduled, a change of what is published makes a new `content_version`.
    """
    return tagged(
        response, await parts.editing.edit(user.id, content_id, edit.given(), accepting(match))
    )


@router.delete(
    "/{content_id}", status_code=204, responses=documented(401, 403, 404, 409, 412, 422, 428)
)
async def delete_content(
    content_id: Id, user: CurrentUser, parts: PartsHere, match: IfMatch
) -> None:
    """Delete it with its history, schedules and figures, in every state but `publishing`; its series ends, what is out stays out."""
    await parts.editing.delete(user.id, content_id, accepting(match))


@router.get("/{content_id}/history", responses=documented(401, 404, 422))
async def read_history(
    content_id: Id, user: CurrentUser, parts: PartsHere, paging: Paging
) -> Page[Entry]:
    """Return what was done to a piece of your content, the newest first."""
    found = await parts.library.history(user.id, content_id, limit=paging.fetch, after=paging.after)
    if found is None:
        raise NotFound("content")
    return page(paging, [Entry.model_validate(entry) for entry in found])
