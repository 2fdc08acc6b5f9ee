"""Notifications: told, counted, and read once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.studio.http_api.conftest import Studio

pytestmark = pytest.mark.anyio
ADDRESS = "/api/notifications"


async def tell(studio: Studio, email: str, *titles: str) -> list[int]:
    """Tell a user something; return the ids."""
    user = await studio.parts.accounts.verify(email, "a long and quiet evening")
    assert user is not None
    add = studio.parts.notifications.add
    return [(await add(user.id, "published", title, "Out.", {"n": 1})).id for title in titles]


async def test_what_is_read_is_counted_no_more(studio: Studio) -> None:
    """Unread ones are counted and listed; reading one again changes nothing, not even when it was read."""
    dana = await studio.sign_in("dana@example.com")
    first, second, third = await tell(studio, "dana@example.com", "1", "2", "3")
    listed = (await dana.get(ADDRESS)).json()["items"]
    assert [told["id"] for told in listed] == [third, second, first]
    assert (
        listed[0].items() >= {"type": "published", "metadata": {"n": 1}, "is_read": False}.items()
    )
    read = await dana.post(f"{ADDRESS}/{second}/read")
    assert (read.status_code, read.json()["is_read"]) == (200, True)
    assert (await dana.post(f"{ADDRESS}/{second}/read")).json() == read.json()
    assert (await dana.get(f"{ADDRESS}/unread")).json() == {"unread": 2}
    unread = (await dana.get(f"{ADDRESS}?unread=true&limit=1")).json()
    rest = (await dana.get(f"{ADDRESS}?unread=true&limit=1&after={unread['next']}")).json()
    assert [told["id"] for told in unread["items"] + rest["items"]] == [third, first]
    assert rest["next"] is None


async def test_all_are_read_that_were_shown(studio: Studio) -> None:
    """What came after the page was drawn stays unread; another's are not touched."""
    dana, eve = await studio.sign_in("dana@example.com"), await studio.sign_in("eve@example.com")
    ids = await tell(studio, "dana@example.com", "1", "2", "3")
    await tell(studio, "eve@example.com", "4")
    shown = await dana.post(f"{ADDRESS}/read-all?up_to={ids[1]}")
    assert shown.json() == {"marked": 2}
    assert (await dana.get(f"{ADDRESS}/unread")).json() == {"unread": 1}
    assert (await dana.post(f"{ADDRESS}/read-all")).json() == {"marked": 1}
    assert (await dana.post(f"{ADDRESS}/read-all")).json() == {"marked": 0}
    assert (await eve.get(f"{ADDRESS}/unread")).json() == {"unread": 1}
