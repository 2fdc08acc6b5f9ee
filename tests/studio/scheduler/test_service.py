"""The scheduler publishes what is due once, whoever else runs, and whatever publishers do."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import pytest

from lockstep import Database
from studio.content.misfire import Misfire, MisfirePolicy
from studio.content.model import Claim
from studio.publishing.publishers import LogPublisher
from studio.scheduler.policy import Policy
from studio.scheduler.service import ContentScheduler

if TYPE_CHECKING:
    from tests.studio.conftest import Shelf
    from tests.studio.scheduler.conftest import Stage

QUICK = Policy(poll=60, lease=30, attempts=3, first_pause=0.05)
"""A poll so slow that only the timer can make a test pass in time."""


def test_due_content_is_published_on_time(stage: Stage, shelf: Shelf) -> None:
    """What is due is published at once, what will be due when its time comes: a timer wakes, not the poll."""
    due, soon, later = shelf.add(), shelf.add("0.3 s"), shelf.add("1 hour")

    async def story() -> None:
        async with stage.scheduler(LogPublisher()) as service:
            await stage.seen(lambda: service.health().details["published"] == 2, "two published")

    stage.play(story)
    assert shelf.row(later)["status"] == "scheduled"
    for content in (due, soon):
        assert shelf.history(content) == [
            "claim: scheduled → publishing",
            "publish: publishing → published",
        ]
        assert shelf.publications(content) == [(1, "succeeded")]
    (early,) = shelf.run("select bool_or(published_at < scheduled_at) from content")
    assert not early


def test_two_schedulers_publish_each_piece_once(stage: Stage, shelf: Shelf) -> None:
    """Side by side on one database they share the work, and nothing is published twice."""
    contents = [shelf.add() for _ in range(60)]
    platforms = stage.platform(), stage.platform()

    async def story() -> None:
        async with stage.scheduler(platforms[0]), stage.scheduler(platforms[1]):
            await stage.seen(lambda: shelf.count("published") == len(contents), "all published")

    stage.play(story)
    asked = [content for platform in platforms for content, _ in platform.asked]
    assert sorted(asked) == contents
    assert shelf.run("select count(*), count(distinct content_id) from publications") == [(60, 60)]


@pytest.mark.parametrize("lease", ["-1 hour", "0.3 s"])
def test_an_expired_lease_is_taken_over(stage: Stage, shelf: Shelf, lease: str) -> None:
    """What a dead instance left behind is published by another as soon as its lease ends, and the record says so."""
    content = shelf.left_behind(lease)

    async def story() -> None:
        async with stage.scheduler(stage.platform()) as service:
            await stage.seen(lambda: shelf.count("published"), "the take-over")
            assert service.health().details["taken_over"] == 1

    stage.play(story)
    assert shelf.publications(content) == [(1, "abandoned"), (2, "succeeded")]
    assert shelf.history(content) == [
        "take_over: publishing → publishing",
        "publish: publishing → published",
    ]


def test_a_failed_attempt_is_repeated_later(stage: Stage, shelf: Shelf) -> None:
    """After a failure there is a pause and another attempt; the success clears the error."""
    content = shelf.add()
    platform = stage.platform(stage.break_down, stage.break_down, stage.accept)

    async def story() -> None:
        async with stage.scheduler(platform) as service:
            await stage.seen(lambda: shelf.count("published"), "the third attempt")
            assert service.health().details["retried"] == 2

    stage.play(story)
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


def test_after_the_limit_it_has_failed(stage: Stage, shelf: Shelf) -> None:
    """The last attempt's reason stays with the content, and nobody tries again."""
    content = shelf.add()
    platform = stage.platform(stage.break_down)

    async def story() -> None:
        async with stage.scheduler(platform):
            await stage.seen(lambda: shelf.count("failed"), "the failure")

    stage.play(story)
    row = shelf.row(content)
    assert row["last_error"] == "RuntimeError: the platform is down"
    assert (row["publish_attempts"], row["next_attempt_at"], row["lease_owner"]) == (3, None, None)
    assert len(platform.asked) == 3
    assert shelf.history(content)[-1] == "fail: publishing → failed"


def test_what_is_rejected_is_not_tried_again(stage: Stage, shelf: Shelf) -> None:
    """A publisher that knows it is hopeless spares everybody the further attempts."""
    content = shelf.add()
    platform = stage.platform(stage.reject)

    async def story() -> None:
        async with stage.scheduler(platform):
            await stage.seen(lambda: shelf.count("failed"), "the rejection")

    stage.play(story)
    assert platform.asked == [(content, 1)]
    assert shelf.row(content)["last_error"] == "Rejected: the account is closed"


def test_a_publisher_that_hangs_is_a_failed_attempt(stage: Stage, shelf: Shelf) -> None:
    """It is given up when its time is over, however often the lease was prolonged."""
    content = shelf.add()
    policy = replace(QUICK, lease=1, attempts=2, publish_timeout=0.3)

    async def story() -> None:
        async with stage.scheduler(stage.platform(stage.hang), policy):
            await stage.seen(lambda: shelf.count("failed"), "the failure")

    stage.play(story)
    assert shelf.row(content)["last_error"] == "TimeoutError: no answer within 0.3 s"
    assert shelf.publications(content) == [(1, "failed"), (2, "failed")]


def test_what_kills_every_instance_is_given_up(stage: Stage, shelf: Shelf) -> None:
    """Content whose attempts all ended with their instance is failed instead of being taken over for ever."""
    content = shelf.left_behind("-1 s")
    shelf.run("update content set publish_attempts = 3 where id = %s", content)
    platform = stage.platform()

    async def story() -> None:
        async with stage.scheduler(platform):
            await stage.seen(lambda: shelf.count("failed"), "the end of it")

    stage.play(story)
    assert platform.asked == []
    assert "3 attempts ended" in shelf.row(content)["last_error"]


def test_the_same_version_is_out_only_once(stage: Stage, shelf: Shelf) -> None:
    """Content that somebody scheduled again by hand, unchanged, is not published a second time."""
    content = shelf.add()
    platform = stage.platform()

    async def story() -> None:
        async with stage.scheduler(platform, Policy(poll=0.1)):
            await stage.seen(lambda: shelf.count("published"), "the publication")
            shelf.run("update content set status = 'scheduled' where id = %s", content)
            await stage.seen(lambda: shelf.count("failed"), "the refusal")

    stage.play(story)
    assert platform.asked == [(content, 1)]
    assert "version 1 is already out on instagram" in shelf.row(content)["last_error"]


def test_a_stop_finishes_the_piece_in_hand(stage: Stage, shelf: Shelf) -> None:
    """Stop waits for the platform's answer and writes it; what else is due is left to others."""
    first, second = shelf.add("-2 s"), shelf.add("-1 s")

    async def story() -> None:
        begun, answer = asyncio.Event(), asyncio.Event()

        async def wait(_claim: Claim) -> None:
            begun.set()
            await answer.wait()

        async with stage.scheduler(stage.platform(wait), replace(QUICK, at_once=1)) as service:
            await begun.wait()
            stopping = asyncio.create_task(service.stop())
            answer.set()
            await stopping

    stage.play(story)
    assert shelf.row(first)["status"] == "published"
    assert shelf.row(second)["status"] == "scheduled"


def test_a_stop_that_is_out_of_time_leaves_the_lease(stage: Stage, shelf: Shelf) -> None:
    """When the engine's deadline cuts the stop short, the task ends too, and the content can be taken over."""
    contents = [shelf.add() for _ in range(5)]

    async def cut_short(database: Database, moments: int) -> None:
        platform = stage.platform(stage.hang)
        service = ContentScheduler(platform, replace(QUICK, at_once=1))
        task = await service.start(database)
        await stage.seen(lambda: platform.asked, "the attempt")
        stopping = asyncio.create_task(service.stop())
        for _ in range(moments):  # it wakes meanwhile, or not yet
            await asyncio.sleep(0)
        stopping.cancel()
        await asyncio.wait({task, stopping}, timeout=20)
        assert task.cancelled()

    async def story() -> None:
        database = Database()
        await database.open(stage.conninfo, "scheduler under test")
        for moments in range(1, 1 + len(contents)):
            await cut_short(database, moments)
        await database.close()

    stage.play(story)
    for content in contents:
        row = shelf.row(content)
        assert (row["status"], row["lease_owner"] is None) == ("publishing", False)
        assert shelf.publications(content) == [(1, "started")]


def test_it_can_be_started_and_stopped_at_any_moment(stage: Stage, shelf: Shelf) -> None:
    """Twenty schedulers, each stopped in the midst of work, together publish everything once."""
    contents = [shelf.add() for _ in range(20)]
    platform = stage.platform()

    def progress(before: int) -> bool:
        return len(platform.asked) > before or not shelf.count("scheduled")

    async def story() -> None:
        for _ in contents:
            async with stage.scheduler(platform):
                await stage.seen(partial(progress, len(platform.asked)), "work")

    stage.play(story)
    assert sorted(platform.asked) == [(content, 1) for content in contents]
    assert shelf.count("published") == len(contents)


def test_pieces_are_published_side_by_side(stage: Stage, shelf: Shelf) -> None:
    """As many as the policy says wait for their platforms at the same time, and no more."""
    for _ in range(7):
        shelf.add()
    busy, most = 0, 0

    async def story() -> None:
        nonlocal busy, most
        answer = asyncio.Event()

        async def wait(_claim: Claim) -> None:
            nonlocal busy, most
            busy += 1
            most = max(most, busy)
            await answer.wait()
            busy -= 1

        async with stage.scheduler(stage.platform(wait), replace(QUICK, at_once=3)) as service:
            await stage.seen(lambda: busy == 3, "three at once")
            await stage.seen(lambda: service.health().details["leases"] == 3, "three leases")
            await stage.seen(lambda: service.health().details["backlog"] == 4, "the backlog")
            answer.set()
            await stage.seen(lambda: shelf.count("published") == 7, "all of them")
            await stage.seen(lambda: service.health().details["leases"] == 0, "no lease")

    stage.play(story)
    assert most == 3


def test_a_slow_publisher_keeps_its_lease(stage: Stage, shelf: Shelf) -> None:
    """While it works, its lease is prolonged beyond its first end, and a second instance does not take over."""
    content = shelf.add()
    ends = "select lease_until > updated_at and lease_until > %s::timestamptz from content"

    async def story() -> None:
        answer = asyncio.Event()

        async def wait(_claim: Claim) -> None:
            await answer.wait()

        quick, idle = replace(QUICK, lease=0.8), stage.platform()
        async with stage.scheduler(stage.platform(wait), quick):
            await stage.seen(lambda: shelf.count("publishing"), "the claim")
            begun = shelf.row(content)["lease_until"]
            async with stage.scheduler(idle, quick):
                later = "select now() > %s::timestamptz + interval '0.2 s'"
                await stage.seen(lambda: shelf.run(later, begun) == [True], "the first lease's end")
                assert shelf.run(ends, begun) == [True]
                answer.set()
                await stage.seen(lambda: shelf.count("published"), "the publication")
        assert idle.asked == []

    stage.play(story)
    assert shelf.publications(content) == [(1, "succeeded")]


def test_who_lost_its_lease_stops_publishing(stage: Stage, shelf: Shelf) -> None:
    """When another instance has taken over, the publisher is stopped and nothing is written."""
    content = shelf.add()

    async def story() -> None:
        stopped = asyncio.Event()

        async def wait(_claim: Claim) -> None:
            try:
                await asyncio.Event().wait()
            finally:
                stopped.set()

        async with stage.scheduler(stage.platform(wait), replace(QUICK, lease=0.4)) as service:
            await stage.seen(lambda: shelf.count("publishing"), "the claim")
            shelf.run(
                "update content set lease_owner = 'another', publish_attempts = 2,"
                " lease_until = now() + interval '1 hour'"
            )
            await stopped.wait()
            await stage.seen(lambda: service.health().details["lost"] == 1, "the loss in health")

    stage.play(story)
    assert shelf.row(content)["lease_owner"] == "another"


@pytest.mark.parametrize(
    "edit",
    [
        "update content set scheduled_at = now() where id = %s",
        "update content set is_paused = false, scheduled_at = now() - interval '1 s' where id = %s",
        (
            "insert into content (user_id, title, platform, status, scheduled_at)"
            " select user_id, title, platform, 'scheduled', now() from content where id = %s"
        ),
    ],
)
def test_an_edit_wakes_the_scheduler(stage: Stage, shelf: Shelf, edit: str) -> None:
    """What an edit makes due is published at once, though the poll is an hour away."""
    far = shelf.add("1 hour", is_paused="is_paused" in edit)
    calm = Policy(poll=3600, lease=3600)

    async def story() -> None:
        async with stage.scheduler(stage.platform(), calm) as service:
            await stage.seen(lambda: service.health().details["listener"] == "listening", "ears")
            await stage.seen(lambda: service.health().details["last_tick"], "a first tick")
            shelf.run(edit, far)
            await stage.seen(lambda: shelf.count("published"), "the publication")

    stage.play(story)


@pytest.mark.parametrize(("policy", "status"), [("skip", "cancelled"), ("hold", "paused")])
def test_what_missed_its_time_is_dismissed(
    stage: Stage, shelf: Shelf, policy: str, status: str
) -> None:
    """Too late is skipped or held, with the reason; what says otherwise itself, and what is late by less, is published."""
    late = shelf.add("-1 hour")
    loved = shelf.add("-1 hour", metadata='{"misfire": "publish"}')
    recent = shelf.add("-1 s")
    platform = stage.platform()

    async def story() -> None:
        misfires = MisfirePolicy(600, Misfire(policy))
        async with stage.scheduler(platform, QUICK, misfires) as service:
            await stage.seen(lambda: shelf.count("published") == 2, "the others")
            await stage.seen(lambda: service.health().details["dismissed"] == 1, "the dismissal")

    stage.play(story)
    assert sorted(content for content, _ in platform.asked) == [loved, recent]
    assert shelf.row(late)["status"] == status
    (change,) = shelf.history(late)
    assert change.endswith(f"scheduled → {status}")
    (reason,) = shelf.run(
        "select after ->> 'reason' from content_action_history where content_id = %s", late
    )
    assert reason == shelf.row(late)["last_error"]
    assert "missed its time by 3600 s" in reason
