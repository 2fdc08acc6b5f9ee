"""My accounts on other platforms over HTTP. Tokens are written, never read."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import Field, StringConstraints

from lockstep import ConfigurationWrong
from studio.accounts.social import AlreadyThere
from studio.http_api.paging import Page, Paging, page
from studio.http_api.parts import PartsHere
from studio.http_api.problems import NotFound, Refused, documented
from studio.http_api.values import (
    Answer,
    Body,
    Flag,
    Id,
    Metadata,
    Moment,
    Name,
    Platform,
    Storable,
    not_named,
)
from studio.http_api.who import CurrentUser

router = APIRouter(prefix="/api/social-accounts", tags=["social accounts"])

Token = Annotated[str, StringConstraints(min_length=1, max_length=8192), Storable]


class NewSocialAccount(Body):
    """An account on a platform that the studio may publish to."""

    platform: Platform = Field(examples=["instagram"])
    account_id: Name = Field(description="As the platform names it.", examples=["17841400000000"])
    account_name: Name = Field(examples=["@small.kitchen"])
    access_token: Token | None = Field(None, description="Sealed at rest; never answered.")
    refresh_token: Token | None = Field(None, description="Sealed at rest; never answered.")
    token_expiry: Moment | None = None
    is_active: Flag = True
    metadata: Metadata = Field(
        {},
        description="Among it where to publish.",
        examples=[{"publisher": "webhook", "url": "https://example.com/hook"}],
    )


class SocialAccountChange(Body):
    """What to change; what is not named stays, a token of null is forgotten."""

    account_name: Name = Field(default_factory=not_named, examples=["@small.kitchen"])
    access_token: Token | None = None
    refresh_token: Token | None = None
    token_expiry: Moment | None = None
    is_active: Flag = Field(default_factory=not_named)
    metadata: Metadata = Field(default_factory=not_named)


class SocialAccountAnswer(Answer):
    """An account on a platform."""

    id: int
    platform: str
    account_id: str
    account_name: str
    has_access_token: bool
    has_refresh_token: bool
    token_expiry: datetime | None
    is_active: bool
    metadata: dict[str, Any]
    created_at: datetime
    updated_at: datetime


@router.post(
    "",
    status_code=201,
    summary="Connect an account",
    responses=documented(401, 403, 409, 422, 503),
)
async def create_social_account(
    new: NewSocialAccount, user: CurrentUser, parts: PartsHere, response: Response
) -> SocialAccountAnswer:
    """Let the studio publish to an account of mine."""
    values = new.model_dump(exclude={"platform", "account_id"})
    try:
        made = await parts.social_accounts.create(user.id, new.platform, new.account_id, values)
    except AlreadyThere:
        detail = "You have connected this account already."
        raise Refused(409, "already_there", detail) from None
    except ConfigurationWrong:
        raise _no_key() from None
    response.headers["Location"] = f"/api/social-accounts/{made.id}"
    return SocialAccountAnswer.model_validate(made)


@router.get("", summary="My accounts", responses=documented(401, 422, 503))
async def list_social_accounts(
    user: CurrentUser, parts: PartsHere, paging: Paging
) -> Page[SocialAccountAnswer]:
    """Return a page of my accounts on platforms, the newest first."""
    found = await parts.social_accounts.list(user.id, limit=paging.fetch, after=paging.after)
    return page(paging, [SocialAccountAnswer.model_validate(account) for account in found])


@router.get("/{social_account_id}", summary="An account", responses=documented(401, 404, 422, 503))
async def get_social_account(
    social_account_id: Id, user: CurrentUser, parts: PartsHere
) -> SocialAccountAnswer:
    """Return an account of mine."""
    found = await parts.social_accounts.find(user.id, social_account_id)
    if found is None:
        raise NotFound("social account")
    return SocialAccountAnswer.model_validate(found)


@router.patch(
    "/{social_account_id}",
    summary="Change an account",
    responses=documented(401, 403, 404, 422, 503),
)
async def change_social_account(
    social_account_id: Id, change: SocialAccountChange, user: CurrentUser, parts: PartsHere
) -> SocialAccountAnswer:
    """Rename an account of mine, give it other tokens, switch it off or on."""
    try:
        changed = await parts.social_accounts.change(user.id, social_account_id, change.given())
    except ConfigurationWrong:
        raise _no_key() from None
    if changed is None:
        raise NotFound("social account")
    return SocialAccountAnswer.model_validate(changed)


@router.delete(
    "/{social_account_id}",
    status_code=204,
    summary="Disconnect an account",
    responses=documented(401, 403, 404, 422, 503),
)
async def delete_social_account(social_account_id: Id, user: CurrentUser, parts: PartsHere) -> None:
    """Forget an account of mine and its tokens."""
    if not await parts.social_accounts.delete(user.id, social_account_id):
        raise NotFound("social account")


def _no_key() -> Refused:
    return Refused(
        503,
        "no_secret_key",
        "The studio has no key to keep tokens with; its operator must set one.",
    )
