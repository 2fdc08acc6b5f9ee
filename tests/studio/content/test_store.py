"""A claim fences: what is not ours any more cannot be changed by us. Everything is written in one transaction."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import pytest

from lockstep import Database
from studio.content.model import Claim, Receipt, Settlement, Status
from studio.content.needs import NEEDS
from studio.content.series import SERIES_QUERIES
from studio.content.store import QUERIES, ContentStore, Wish
from studio.storage import StoreUnavailable

if TYPE_CHECKING:
    from tests.studio.conftest import Shelf

T = TypeVar("T")


def with_store(conninfo: str, work: Callable[[ContentStore], Awaitable[T]]) -> T:
    """Run *work* with a store on that database."""

    async def run() -> T:
        database = Database(max_size=2)
        await database.open(conninfo, "store")
        try:
            return await work(ContentStore(database))
        finally:
            await database.close()

    return asyncio.run(run())


async def claimed(store: ContentStore, owner: str, lease: float = 30.0) -> Claim:
    """Claim something that must be there."""
    (claim,) = (await store.claim(owner, lease, Wish(1))).claims
    return claim


async def succeed(store: ContentStore, claim: Claim, receipt: Receipt | None = None) -> bool:
    """Write that a claim was published; return whether it was still ours."""
    return claim.id in await store.settle(claim.owner, [Settlement(claim, receipt or Receipt())])


async def fail(store: ContentStore, claim: Claim, reason: str, retry_in: float | None) -> bool:
    """Write that a claim failed; return whether it was still ours."""
    settlement = Settlement(claim, None, reason, retry_in)
    return claim.id in await store.settle(claim.owner, [settlement])


def test_only_what_is_due_is_claimed(at_head: str, shelf: Shelf) -> None:
    """Neither the future, nor a pause, nor a wait for another attempt, nor any other state is claimed."""
    shelf.add("1 hour")
    shelf.add(is_paused=True)
    shelf.add(is_stopped=True)
    shelf.add(can_publish=False)
    waiting = shelf.add()
    shelf.run(
        "update content set next_attempt_at = now() + interval '1 hour' where id = %s", waiting
    )
    shelf.left_behind("1 hour")
    for status in set(Status) - {Status.SCHEDULED, Status.PUBLISHING, Status.PUBLISHED}:
        shelf.add(status=status.value)

    async def work(store: ContentStore) -> None:
        assert not (await store.claim("a", 30, Wish(9))).claims

    with_store(at_head, work)


def test_what_has_waited_longest_comes_first(at_head: str, shelf: Shelf) -> None:
    """What a dead instance left behind is taken first, then content in the order of its time."""
    second, third, first = shelf.add("-2 s"), shelf.add("-1 s"), shelf.left_behind("-1 s")

    async def work(store: ContentStore) -> list[Claim]:
        return [await claimed(store, "a") for _ in range(3)]

    claims = with_store(at_head, work)
    assert [claim.id for claim in claims] == [first, second, third]
    assert [claim.taken_over for claim in claims] == [True, False, False]
    assert 2 <= claims[1].late < 30


def test_a_claim_carries_what_a_publisher_needs(at_head: str, shelf: Shelf) -> None:
    """Texts, addresses and tags come with the claim, and the attempt is already written down."""
    content = shelf.add(
        title="Bröd 🍞",
        description="with butter",
        script="cut",
        tags=["a", "b"],
        video_url="https://example.com/v",
        content_version=3,
    )
    claim = with_store(at_head, lambda store: claimed(store, "a"))
    assert (claim.title, claim.description, claim.script) == ("Bröd 🍞", "with butter", "cut")
    assert (claim.tags, claim.video_url) == (("a", "b"), "https://example.com/v")
    assert claim.key == f"content-{content}-v3-instagram"
    assert shelf.publications(content) == [(1, "started")]
    assert shelf.history(content) == ["claim: scheduled → publishing"]


def test_success_is_written_whole(at_head: str, shelf: Shelf) -> None:
    """State, time, attempt and history change together; the lease is given back."""
    content = shelf.add()

    async def work(store: ContentStore) -> bool:
        return await succeed(
            store, await claimed(store, "a"), Receipt("x1\0", "https://example.com/x1")
        )

    assert with_store(at_head, work)
    row = shelf.row(content)
    assert (row["status"], row["lease_owner"], row["last_error"]) == ("published", None, None)
    assert row["published_at"] is not None
    assert shelf.history(content)[-1] == "publish: publishing → published"
    assert shelf.run("select status, external_id, external_url from publications") == [
        ("succeeded", "x1", "https://example.com/x1")
    ]


def test_an_instance_that_lost_its_lease_changes_nothing(at_head: str, shelf: Shelf) -> None:
    """After a take-over neither the success nor the failure of the former owner is written."""
    content = shelf.add()

    async def work(store: ContentStore) -> None:
        late = await claimed(store, "late", lease=0)
        quick = await claimed(store, "quick")
        assert (late.id, quick.id, quick.attempt) == (content, content, 2)
        before = shelf.row(content), shelf.history(content), shelf.publications(content)
        assert not await succeed(store, late)
        assert not await fail(store, late, "too late", 1.0)
        assert (shelf.row(content), shelf.history(content), shelf.publications(content)) == before
        assert await succeed(store, quick)
        assert not await succeed(store, quick)

    with_store(at_head, work)
    assert shelf.publications(content) == [(1, "abandoned"), (2, "succeeded")]


def test_one_owner_is_fenced_from_itself(at_head: str, shelf: Shelf) -> None:
    """An earlier attempt of the same instance is no better than one of another."""
    shelf.add()

    async def work(store: ContentStore) -> None:
        first = await claimed(store, "a", lease=0)
        second = await claimed(store, "a")
        assert not await succeed(store, first)
        assert await succeed(store, second)

    with_store(at_head, work)


def test_a_failure_with_another_try(at_head: str, shelf: Shelf) -> None:
    """The content is due again later; the history tells the failure, its reason and the retry."""
    content = shelf.add()

    async def work(store: ContentStore) -> None:
        assert await fail(store, await claimed(store, "a"), "no\0 token \ud800", 3600.0)
        assert not (await store.claim("a", 30, Wish(9))).claims
        assert 3590 < ((await store.wait(Wish(1))).seconds_to_next or 0) <= 3600

    with_store(at_head, work)
    row = shelf.row(content)
    assert (row["status"], row["publish_attempts"], row["last_error"]) == (
        "scheduled",
        1,
        "no token ?",
    )
    assert shelf.history(content)[1:] == ["fail: publishing → failed", "retry: failed → scheduled"]


def test_the_next_time_is_the_earliest_of_all(at_head: str, shelf: Shelf) -> None:
    """Something due, something to be tried again, or a lease that ends: whichever comes first."""

    async def work(store: ContentStore) -> None:
        assert (await store.wait(Wish(1))).seconds_to_next is None
        shelf.add("1 hour", is_stopped=True)
        assert (await store.wait(Wish(1))).seconds_to_next is None
        for seconds, add in ((900, shelf.add), (600, shelf.left_behind), (300, shelf.add)):
            add(f"{seconds} s")
            assert seconds - 20 < ((await store.wait(Wish(1))).seconds_to_next or 0) <= seconds
        waiting = shelf.add("-1 hour")
        shelf.run(
            "update content set next_attempt_at = now() + interval '60 s' where id = %s", waiting
        )
        assert 40 < ((await store.wait(Wish(1))).seconds_to_next or 0) <= 60
        shelf.add("-10 s")
        assert ((await store.wait(Wish(1))).seconds_to_next or 0) < -9

    with_store(at_head, work)


def test_a_database_that_is_away_is_said_to_be(at_head: str, shelf: Shelf) -> None:
    """What the driver raises then leaves as one exception, and the next call works again."""

    async def work(store: ContentStore) -> None:
        await store.wait(Wish(1))
        shelf.run(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'store'"
        )
        with pytest.raises(StoreUnavailable, match="terminating connection"):
            await store.wait(Wish(1))
        assert (await store.wait(Wish(1))).seconds_to_next is None

    with_store(at_head, work)


def test_a_database_that_is_silent_is_given_up(at_head: str, shelf: Shelf) -> None:
    """A statement that hangs is cancelled when patience ends."""

    async def work(_store: ContentStore) -> None:
        database = Database(max_size=1)
        await database.open(at_head, "store")
        try:
            with pytest.raises(StoreUnavailable, match=r"no answer within 0.2 s"):
                await ContentStore(database, patience=0.2).claim("a", 30, Wish(1))
        finally:
            await database.close()

    shelf.add()
    shelf.run("begin")
    shelf.run("lock table content in access exclusive mode")
    with_store(at_head, work)
    shelf.run("rollback")


def test_the_needs_name_every_column_that_is_used(shelf: Shelf) -> None:
    """The declared needs are exactly the columns of those tables that the statements, or the triggers they fire, mention."""
    triggers = shelf.run("select prosrc from pg_proc where proname = 'announce_changed_content'")
    words = set(
        re.findall(r"\w+", " ".join([*QUERIES.values(), *SERIES_QUERIES.values(), *triggers]))
    )
    for table, declared in NEEDS.tables.items():
        columns = set(
            shelf.run(
                "select column_name from information_schema.columns where table_name = %s", table
            )
        )
        assert set(declared) <= columns & words, table
    declared_anywhere = {column for columns in NEEDS.tables.values() for column in columns}
    content = set(
        shelf.run("select column_name from information_schema.columns where table_name = 'content'")
    )
    assert content & words <= declared_anywhere


def test_the_database_knows_the_same_states(shelf: Shelf) -> None:
    """The check on the column allows the states of the model and no other."""
    (check,) = shelf.run(
        "select pg_get_constraintdef(oid) from pg_constraint where conname = 'content_status_check'"
    )
    assert set(re.findall(r"'(\w+)'", check)) == {status.value for status in Status}
