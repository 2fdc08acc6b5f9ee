"""The scheduler publishes what is due once, whoever else runs, whatever dies, and however often the database goes away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
import pytest

from lockstep import Database
from lockstep.testing import Server, until
from studio.content.model import Claim, Receipt
from studio.scheduler.policy import Policy
from studio.scheduler.publishers import LogPublisher, Publisher, Rejected
from studio.scheduler.service import ContentScheduler

if TYPE_CHECKING:
    from tests.studio.conftest import Shelf

T = TypeVar("T")
QUICK = Policy(poll=60, lease=30, attempts=3, first_pause=0.05)
"""A poll so slow that only the timer can make a test pass in time."""
DISCONNECT = (
    "select count(pg_terminate_backend(pid)) from pg_stat_activity"
    " where datname = current_database() and application_name = 'scheduler under test'"
)


class Platform:
    """A publisher that remembers what it was asked, and does what the test says instead of succeeding."""

    def __init__(self, *behaviours: Callable[[Claim], Awaitable[None]]) -> None:
        self.asked: list[tuple[int, int]] = []
        self._behaviours = list(behaviours)

    async def publish(self, claim: Claim) -> Receipt:
        """Take the next behaviour, the last one for ever; without any, accept."""
        self.asked.append((claim.id, claim.attempt))
        if self._behaviours:
            behave = self._behaviours[0] if len(self._behaviours) == 1 else self._behaviours.pop(0)
            await behave(claim)
        return Receipt(claim.key)


async def accept(_claim: Claim) -> None:
    """Publish."""


async def break_down(_claim: Claim) -> None:
    """Fail, for now."""
    raise RuntimeError("the platform is down")


async def reject(_claim: Claim) -> None:
    """Fail, for good."""
    raise Rejected("the account is closed")


async def hang(_claim: Claim) -> None:
    """Never answer."""
    await asyncio.Event().wait()


async def seen(predicate: Callable[[], T], what: str, within: float = 20) -> T:
    """Wait for something to be visible, without standing in the scheduler's way."""
    return await asyncio.to_thread(until, predicate, within, what=what)


@asynccontextmanager
async def scheduler(
    conninfo: str, publisher: Publisher, policy: Policy = QUICK
) -> AsyncIterator[ContentScheduler]:
    """Run a scheduler with a pool of its own; it must stop in good order."""
    database = Database(max_size=2)
    await database.open(conninfo, "scheduler under test")
    service = ContentScheduler(publisher, policy)
    task = await service.start(database)
    try:
        yield service
        await service.stop()
        assert task.done()
        assert not task.cancelled()
        assert task.exception() is None
    finally:
        task.cancel()
        await asyncio.wait({task})
        await database.close()


def play(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a test's story on an event loop of its own."""
    asyncio.run(story())


def test_due_content_is_published_on_time(at_head: str, shelf: Shelf) -> None:
    """What is due is published at once, what will be due when its time comes: a timer wakes, not the poll."""
    due, soon, later = shelf.add(), shelf.add("0.3 s"), shelf.add("1 hour")

    async def story() -> None:
        async with scheduler(at_head, LogPublisher()) as service:
            await seen(lambda: service.health().details["published"] == 2, "two published")

    play(story)
    assert shelf.row(later)["status"] == "scheduled"
    for content in (due, soon):
        assert shelf.history(content) == [
            "claim: scheduled → publishing",
            "publish: publishing → published",
        ]
        assert shelf.publications(content) == [(1, "succeeded")]
    (early,) = shelf.run("select bool_or(published_at < scheduled_at) from content")
    assert not early


def test_two_schedulers_publish_each_piece_once(at_head: str, shelf: Shelf) -> None:
    """Side by side on one database they share the work, and nothing is published twice."""
    contents = [shelf.add() for _ in range(60)]
    platforms = Platform(), Platform()

    async def story() -> None:
        async with scheduler(at_head, platforms[0]), scheduler(at_head, platforms[1]):
            await seen(lambda: shelf.count("published") == len(contents), "all published")

    play(story)
    asked = [content for platform in platforms for content, _ in platform.asked]
    assert sorted(asked) == contents
    assert shelf.run("select count(*), count(distinct content_id) from publications") == [(60, 60)]


@pytest.mark.parametrize("lease", ["-1 hour", "0.3 s"])
def test_an_expired_lease_is_taken_over(at_head: str, shelf: Shelf, lease: str) -> None:
    """What a dead instance left behind is published by another as soon as its lease ends, and the record says so."""
    content = shelf.left_behind(lease)

    async def story() -> None:
        async with scheduler(at_head, Platform()) as service:
            await seen(lambda: shelf.count("published"), "the take-over")
            assert service.health().details["taken_over"] == 1

    play(story)
    assert shelf.publications(content) == [(1, "abandoned"), (2, "succeeded")]
    assert shelf.history(content) == [
        "take_over: publishing → publishing",
        "publish: publishing → published",
    ]


def test_a_failed_attempt_is_repeated_later(at_head: str, shelf: Shelf) -> None:
    """After a failure there is a pause and another attempt; the success clears the error."""
    content = shelf.add()
    platform = Platform(break_down, break_down, accept)

    async def story() -> None:
        async with scheduler(at_head, platform) as service:
            await seen(lambda: shelf.count("published"), "the third attempt")
            assert service.health().details["retried"] == 2

    play(story)
    assert platform.asked == [(content, 1), (content, 2), (content, 3)]
    assert shelf.publications(content) == [(1, "failed"), (2, "failed"), (3, "succeeded")]
    row = shelf.row(content)
    assert (row["publish_attempts"], row["last_error"], row["next_attempt_at"]) == (3, None, None)
    (waited,) = shelf.run(
        "select bool_and(created_at >= previous + interval '25 ms') from"
        " (select created_at, lag(updated_at) over (order by id) as previous from publications) as p"
        " where previous is not null"
    )
    assert waited


def test_after_the_limit_it_has_failed(at_head: str, shelf: Shelf) -> None:
    """The last attempt's reason stays with the content, and nobody tries again."""
    content = shelf.add()
    platform = Platform(break_down)

    async def story() -> None:
        async with scheduler(at_head, platform):
            await seen(lambda: shelf.count("failed"), "the failure")

    play(story)
    row = shelf.row(content)
    assert row["last_error"] == "RuntimeError: the platform is down"
    assert (row["publish_attempts"], row["next_attempt_at"], row["lease_owner"]) == (3, None, None)
    assert len(platform.asked) == 3
    assert shelf.history(content)[-1] == "fail: publishing → failed"


def test_what_is_rejected_is_not_tried_again(at_head: str, shelf: Shelf) -> None:
    """A publisher that knows it is hopeless spares everybody the further attempts."""
    content = shelf.add()
    platform = Platform(reject)

    async def story() -> None:
        async with scheduler(at_head, platform):
            await seen(lambda: shelf.count("failed"), "the rejection")

    play(story)
    assert platform.asked == [(content, 1)]
    assert shelf.row(content)["last_error"] == "Rejected: the account is closed"


def test_a_publisher_that_hangs_is_a_failed_attempt(at_head: str, shelf: Shelf) -> None:
    """It is given up before the lease ends, so that nobody else has begun."""
    content = shelf.add()
    policy = Policy(poll=60, lease=0.6, attempts=2, first_pause=0.05)

    async def story() -> None:
        async with scheduler(at_head, Platform(hang), policy):
            await seen(lambda: shelf.count("failed"), "the failure")

    play(story)
    assert shelf.row(content)["last_error"] == "TimeoutError: no answer within 0.3 s"
    assert shelf.publications(content) == [(1, "failed"), (2, "failed")]


def test_what_kills_every_instance_is_given_up(at_head: str, shelf: Shelf) -> None:
    """Content whose attempts all ended with their instance is failed instead of being taken over for ever."""
    content = shelf.left_behind("-1 s")
    shelf.run("update content set publish_attempts = 3 where id = %s", content)
    platform = Platform()

    async def story() -> None:
        async with scheduler(at_head, platform):
            await seen(lambda: shelf.count("failed"), "the end of it")

    play(story)
    assert platform.asked == []
    assert "3 attempts ended" in shelf.row(content)["last_error"]


def test_the_same_version_is_out_only_once(at_head: str, shelf: Shelf) -> None:
    """Content that somebody scheduled again by hand, unchanged, is not published a second time."""
    content = shelf.add()
    platform = Platform()

    async def story() -> None:
        async with scheduler(at_head, platform, Policy(poll=0.1)):
            await seen(lambda: shelf.count("published"), "the publication")
            shelf.run("update content set status = 'scheduled' where id = %s", content)
            await seen(lambda: shelf.count("failed"), "the refusal")

    play(story)
    assert platform.asked == [(content, 1)]
    assert "version 1 is already out on instagram" in shelf.row(content)["last_error"]


def test_a_terminated_connection_is_survived(at_head: str, shelf: Shelf) -> None:
    """An idle scheduler whose connections are cut goes on as if nothing had been."""

    def published(pieces: int) -> bool:
        return shelf.count("published") == pieces

    async def story() -> None:
        async with scheduler(at_head, Platform(), Policy(poll=0.1)) as service:
            await seen(lambda: service.health().details["last_tick"], "a first tick")
            for pieces in range(1, 4):
                assert shelf.run(DISCONNECT) != [0]
                shelf.add()
                await seen(partial(published, pieces), "the next one")
            await seen(lambda: service.health().ok, "health")

    play(story)


def test_a_database_that_is_away_is_waited_for(at_head: str, shelf: Shelf, cluster: Server) -> None:
    """While nobody can connect, health says so; when the database is back, what is due is published."""
    name = psycopg.conninfo.conninfo_to_dict(at_head)["dbname"]

    def allow(answer: str) -> None:
        with psycopg.connect(cluster.conninfo(), autocommit=True) as admin:
            admin.execute(f'alter database "{name}" allow_connections {answer}'.encode())

    async def story() -> None:
        async with scheduler(at_head, Platform(), Policy(poll=0.1)) as service:
            await seen(lambda: service.health().details["last_tick"], "a first tick")
            allow("false")
            shelf.run(DISCONNECT)
            await seen(lambda: service.health().word == "reconnecting", "the outage in health")
            assert not service.health().ok
            assert service.health().details["reason"]
            shelf.add()
            allow("true")
            await seen(lambda: shelf.count("published"), "the publication", within=40)
            await seen(lambda: service.health().ok, "health")

    play(story)


def test_an_answer_is_not_lost_with_the_connection(at_head: str, shelf: Shelf) -> None:
    """If the database goes away while the platform answers, the outcome is written later, and nobody asks twice."""
    content = shelf.add()

    async def cut(_claim: Claim) -> None:
        shelf.run(DISCONNECT)

    platform = Platform(cut)

    async def story() -> None:
        async with scheduler(at_head, platform) as service:
            await seen(lambda: shelf.count("published"), "the outcome")
            await seen(lambda: service.health().ok, "health")

    play(story)
    assert platform.asked == [(content, 1)]
    assert shelf.publications(content) == [(1, "succeeded")]


def test_an_unforeseen_error_does_not_end_it(at_head: str, shelf: Shelf) -> None:
    """A schema that is broken under its feet shows in health; mended, the work goes on."""

    async def story() -> None:
        async with scheduler(at_head, Platform(), Policy(poll=0.1)) as service:
            await seen(lambda: service.health().details["last_tick"], "a first tick")
            await asyncio.to_thread(
                shelf.run, "alter table content rename column can_publish to may_publish"
            )
            await seen(lambda: service.health().word == "failing", "the trouble in health")
            assert "can_publish" in service.health().details["reason"]
            await asyncio.to_thread(
                shelf.run, "alter table content rename column may_publish to can_publish"
            )
            shelf.add()
            await seen(lambda: shelf.count("published"), "the publication")
            await seen(lambda: service.health().ok, "health")

    play(story)


def test_a_stop_finishes_the_piece_in_hand(at_head: str, shelf: Shelf) -> None:
    """Stop waits for the platform's answer and writes it; what else is due is left to others."""
    first, second = shelf.add("-2 s"), shelf.add("-1 s")

    async def story() -> None:
        begun, answer = asyncio.Event(), asyncio.Event()

        async def wait(_claim: Claim) -> None:
            begun.set()
            await answer.wait()

        async with scheduler(at_head, Platform(wait)) as service:
            await begun.wait()
            stopping = asyncio.create_task(service.stop())
            answer.set()
            await stopping

    play(story)
    assert shelf.row(first)["status"] == "published"
    assert shelf.row(second)["status"] == "scheduled"


def test_a_stop_that_is_out_of_time_leaves_the_lease(at_head: str, shelf: Shelf) -> None:
    """When the engine's deadline cuts the stop short, the task ends too, and the content can be taken over."""
    content = shelf.add()

    async def story() -> None:
        platform = Platform(hang)
        database = Database()
        await database.open(at_head, "scheduler under test")
        service = ContentScheduler(platform, QUICK)
        task = await service.start(database)
        await seen(lambda: platform.asked, "the attempt")
        stopping = asyncio.create_task(service.stop())
        await asyncio.wait({stopping}, timeout=0)
        stopping.cancel()
        await asyncio.wait({task, stopping})
        assert task.cancelled()
        await database.close()

    play(story)
    row = shelf.row(content)
    assert (row["status"], row["lease_owner"] is None) == ("publishing", False)
    assert shelf.publications(content) == [(1, "started")]


def test_it_can_be_started_and_stopped_at_any_moment(at_head: str, shelf: Shelf) -> None:
    """Twenty schedulers, each stopped in the midst of work, together publish everything once."""
    contents = [shelf.add() for _ in range(20)]
    platform = Platform()

    def progress(before: int) -> bool:
        return len(platform.asked) > before or not shelf.count("scheduled")

    async def story() -> None:
        for _ in contents:
            async with scheduler(at_head, platform):
                await seen(partial(progress, len(platform.asked)), "work")

    play(story)
    assert sorted(platform.asked) == [(content, 1) for content in contents]
    assert shelf.count("published") == len(contents)
