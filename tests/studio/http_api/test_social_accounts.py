"""Accounts on platforms: their tokens go in and never come out."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from studio.accounts.social import SocialAccountStore
from studio.secrets import Sealer, context_of_token

if TYPE_CHECKING:
    from tests.studio.conftest import Shelf
    from tests.studio.http_api.conftest import Studio

pytestmark = pytest.mark.anyio
ACCOUNT = {
    "platform": "instagram",
    "account_id": "178414",
    "account_name": "@small.kitchen",
    "access_token": "token-of-access",
    "refresh_token": "token-of-refresh",
    "token_expiry": "2027-01-31T09:00:00+01:00",
    "metadata": {"publisher": "webhook", "url": "https://example.com/hook"},
}
ADDRESS = "/api/social-accounts"


async def test_tokens_are_sealed_and_never_answered(studio: Studio, shelf: Shelf) -> None:
    """No answer holds one, nor does the database in a form that opens without the key; the publisher's key opens it."""
    dana = await studio.sign_in("dana@example.com")
    made = await dana.post(ADDRESS, json=ACCOUNT)
    assert made.status_code == 201, made.text
    own = made.headers["location"]
    answers = [made, await dana.get(own), await dana.get(ADDRESS)]
    answers.append(await dana.patch(own, json={"access_token": "token-of-other-access"}))
    answers.append(await dana.post(ADDRESS, json=ACCOUNT))
    assert [answer.status_code for answer in answers] == [201, 200, 200, 200, 409]
    assert not any("token-of" in answer.text or "v1." in answer.text for answer in answers)
    assert made.json()["token_expiry"] == "2027-01-31T08:00:00Z"
    ((user, *sealed),) = shelf.run(
        "select user_id, access_token, refresh_token from social_accounts"
    )
    assert not any("token-of" in text for text in sealed)
    opened = [
        Sealer([bytes(32)]).open(text, context_of_token(user, "instagram", "178414", column))
        for text, column in zip(sealed, ("access_token", "refresh_token"), strict=True)
    ]
    assert opened == ["token-of-other-access", "token-of-refresh"]


async def test_an_account_changes_by_what_is_named(studio: Studio, shelf: Shelf) -> None:
    """What is not named stays, a token of null is forgotten, and the platform's name of it never changes."""
    dana = await studio.sign_in("dana@example.com")
    made = await dana.post(ADDRESS, json=ACCOUNT)
    own = made.headers["location"]
    change = {"access_token": None, "is_active": False, "account_name": "@bread"}
    changed = await dana.patch(own, json=change)
    shown = {**made.json(), "has_access_token": False, "is_active": False, "account_name": "@bread"}
    assert changed.json() == shown | {"updated_at": changed.json()["updated_at"]}
    assert (await dana.get(own)).json() == changed.json()
    for wrong in ({"account_id": "2"}, {"platform": "x"}, {"is_active": None}, {"metadata": None}):
        assert (await dana.patch(own, json=wrong)).status_code == 422
    emptied = await dana.patch(own, json={"metadata": {}, "token_expiry": None})
    assert (emptied.json()["metadata"], emptied.json()["token_expiry"]) == ({}, None)
    assert (await dana.delete(own)).status_code == 204
    assert (await dana.delete(own)).status_code == 404
    assert shelf.run("select count(*) from social_accounts") == [0]


async def test_the_same_account_belongs_to_two_users(studio: Studio) -> None:
    """It is unique to a user: a team's account may be connected by each of them."""
    for email in ("dana@example.com", "eve@example.com"):
        browser = await studio.sign_in(email)
        assert (await browser.post(ADDRESS, json=ACCOUNT)).status_code == 201
        again = await browser.post(ADDRESS, json=ACCOUNT)
        assert (again.status_code, again.json()["code"]) == (409, "already_there")
        assert len((await browser.get(ADDRESS)).json()["items"]) == 1


async def test_without_a_key_no_token_is_kept(studio: Studio, shelf: Shelf) -> None:
    """Rather refused than kept in clear text; what has no token needs no key."""
    store = SocialAccountStore(studio.database, Sealer())
    studio.app.state.parts = dataclasses.replace(studio.parts, social_accounts=store)
    dana = await studio.sign_in("dana@example.com")
    refused = await dana.post(ADDRESS, json=ACCOUNT)
    assert (refused.status_code, refused.json()["code"]) == (503, "no_secret_key")
    bare = {name: ACCOUNT[name] for name in ("platform", "account_id", "account_name")}
    made = await dana.post(ADDRESS, json=bare)
    assert made.status_code == 201
    changed = await dana.patch(made.headers["location"], json={"refresh_token": "token"})
    assert changed.status_code == 503
    assert shelf.run("select refresh_token from social_accounts") == [None]
