"""Sessions live on while they are used, end when they are not, and none outlives its longest life."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from lockstep import Database
from studio.accounts.model import User, csrf_fits, csrf_token, new_sid
from studio.accounts.sessions import Lifetime, SessionStore
from studio.accounts.store import AccountStore

if TYPE_CHECKING:
    from tests.studio.conftest import Shelf

T = TypeVar("T")
HOUR = 3600.0


def with_sessions(conninfo: str, work: Callable[[SessionStore, User], Awaitable[T]]) -> T:
    """Run *work* with sessions of 10 hours, 100 at most, and somebody to sign in."""

    async def run() -> T:
        database = Database(max_size=2)
        await database.open(conninfo, "sessions")
        try:
            user = await AccountStore(database).create("dana@example.com", None)
            return await work(SessionStore(database, Lifetime(10 * HOUR, 100 * HOUR)), user)
        finally:
            await database.close()

    return asyncio.run(run())


def hours_left(shelf: Shelf) -> list[int]:
    """How long each session lives on."""
    return shelf.run(
        "select round(extract(epoch from expire - now()) / 3600)::int from sessions order by created_at"
    )


def test_use_prolongs_a_session_up_to_its_longest_life(at_head: str, shelf: Shelf) -> None:
    """Not with every request: when a tenth of its time has gone; and never beyond the hundredth hour."""

    async def work(sessions: SessionStore, user: User) -> None:
        session = await sessions.begin(user, before=None, address=None, user_agent=None)

        async def used(hours: int) -> list[int]:
            shelf.run("update sessions set expire = expire - make_interval(hours => %s)", hours)
            before = shelf.run("select updated_at from sessions")
            assert await sessions.find(session.sid) == session
            written = shelf.run("select updated_at from sessions") != before
            assert written is (hours > 0)
            return hours_left(shelf)

        assert await used(0) == [10]
        assert await used(8) == [10]
        shelf.run("update sessions set created_at = now() - interval '97 hours'")
        assert await used(2) == [3]

    with_sessions(at_head, work)


def test_a_session_that_is_over_is_none_and_goes(at_head: str, shelf: Shelf) -> None:
    """It is not found, is in no list, does not come back by use, and the next sign-in removes it."""

    async def work(sessions: SessionStore, user: User) -> None:
        old = await sessions.begin(user, before=None, address="192.0.2.1", user_agent="a\0b" * 300)
        assert [seen.user_agent for seen in await sessions.list(user.id)] == [("ab" * 300)[:300]]
        shelf.run("update sessions set expire = now() - interval '1 second'")
        assert await sessions.find(old.sid) is None
        assert await sessions.find(old.sid) is None
        assert await sessions.list(user.id) == []
        new = await sessions.begin(user, before=None, address=None, user_agent=None)
        assert shelf.run("select count(*) from sessions") == [1]
        assert (await sessions.find(new.sid)) == new

    with_sessions(at_head, work)


def test_a_token_belongs_to_one_session() -> None:
    """It is always the same for a session, tells nothing of its id, and fits no other."""
    sid, other = new_sid(), new_sid()
    assert csrf_fits(sid, csrf_token(sid))
    assert not csrf_fits(other, csrf_token(sid))
    assert not any(csrf_fits(sid, wrong) for wrong in ("", "x", sid, "é", "\ud83d"))
    assert sid not in csrf_token(sid)
