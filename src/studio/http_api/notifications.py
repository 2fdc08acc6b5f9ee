"""Notifications over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from studio.http_api.paging import Page, Paging, page
from studio.http_api.parts import PartsHere
from studio.http_api.problems import NotFound, documented
from studio.http_api.values import LARGEST_ID, Answer, Id
from studio.http_api.who import CurrentUser

router = APIRouter(prefix="/api/notifications", tags=["notifications"])


class NotificationAnswer(Answer):
    """Something that the studio had to tell."""

    id: int
    type: str = Field(examples=["published"])
    title: str
    message: str
    is_read: bool
    read_at: datetime | None
    metadata: dict[str, Any]
    created_at: datetime


class Unread(BaseModel):
    """How many were not read."""

    unread: int = Field(examples=[3])


class Marked(BaseModel):
    """How many were marked as read, which were not before."""

    marked: int = Field(examples=[3])


@router.get("", summary="My notifications", responses=documented(401, 422, 503))
async def list_notifications(
    user: CurrentUser,
    parts: PartsHere,
    paging: Paging,
    unread: Annotated[bool, Query(description="Only those that were not read.")] = False,
) -> Page[NotificationAnswer]:
    """Return a page of my notifications, the newest first."""
    found = await parts.notifications.list(
        user.id, unread=unread, limit=paging.fetch, after=paging.after
    )
    return page(paging, [NotificationAnswer.model_validate(told) for told in found])


@router.get("/unread", summary="How many are unread?", responses=documented(401, 503))
async def count_unread_notifications(user: CurrentUser, parts: PartsHere) -> Unread:
    """Return how many of my notifications were not read."""
    return Unread(unread=await parts.notifications.count_unread(user.id))


@router.post(
    "/{notification_id}/read",
    summary="Mark as read",
    responses=documented(401, 403, 404, 422, 503),
)
async def read_notification(
    notification_id: Id, user: CurrentUser, parts: PartsHere
) -> NotificationAnswer:
    """Mark a notification of mine as read; the first time counts."""
    told = await parts.notifications.read(user.id, notification_id)
    if told is None:
        raise NotFound("notification")
    return NotificationAnswer.model_validate(told)


@router.post("/read-all", summary="Mark all as read", responses=documented(401, 403, 422, 503))
async def read_all_notifications(
    user: CurrentUser,
    parts: PartsHere,
    up_to: Annotated[
        int | None,
        Query(
            ge=1, le=LARGEST_ID, description="The newest that was shown; later ones stay unread."
        ),
    ] = None,
) -> Marked:
    """Mark my notifications as read."""
    return Marked(marked=await parts.notifications.read_all(user.id, up_to))
