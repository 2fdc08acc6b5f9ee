"""A series goes on with the end of an occurrence, once, in the same transaction; nobody else lays it out."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from lockstep import Database
from studio.content.misfire import Misfire, MisfirePolicy
from studio.content.model import Receipt, Settlement
from studio.content.store import ContentStore, Wish

if TYPE_CHECKING:
    from tests.studio.conftest import Shelf

BERLIN = "at time zone 'Europe/Berlin'"


def plan(shelf: Shelf, content: int, recurrence: str, **columns: Any) -> None:
    """Give a piece of content a schedule that repeats."""
    values = {"timezone": "Europe/Berlin", "metadata": "{}", **columns}
    names = ", ".join(values)
    shelf.run(
        f"insert into post_schedules (content_id, platform, scheduled_at, recurrence, {names})"
        f" select id, platform, scheduled_at, %s, {', '.join(['%s'] * len(values))}"
        " from content where id = %s",
        recurrence,
        *values.values(),
        content,
    )


def publish_all(conninfo: str, *outcomes: Settlement | str, misfire: str = "publish") -> None:
    """Claim what is due, and write an outcome for each: a reason fails for good, otherwise it is published."""

    async def run() -> None:
        database = Database(max_size=2)
        await database.open(conninfo, "series")
        store = ContentStore(database, misfires=MisfirePolicy(60, Misfire(misfire)))
        claims = (await store.claim("me", 30, Wish(10))).claims
        reasons = (*outcomes, *[""] * len(claims))
        settlements = [
            Settlement(claim, None, str(reason)) if reason else Settlement(claim, Receipt("x"))
            for claim, reason in zip(claims, reasons, strict=False)
        ]
        assert await store.settle("me", settlements) == {claim.id for claim in claims}
        assert not await store.settle("another", settlements)
        await database.close()

    asyncio.run(run())


def following(shelf: Shelf, content: int) -> int:
    """Return the content that comes after a piece in its series."""
    (found,) = shelf.run(
        "select (metadata -> 'series' ->> 'next')::bigint from post_schedules where content_id = %s",
        content,
    )
    assert found is not None
    return int(found)


def test_what_is_published_comes_again(at_head: str, shelf: Shelf) -> None:
    """The next day's piece is a copy with a history of its own, planned for the same time on the wall."""
    content = shelf.add("-1 hour", tags=["a"], script="cut", metadata='{"mood": "good"}')
    plan(shelf, content, "daily", series_end_date="9000-01-01")
    publish_all(at_head)
    again = shelf.row(following(shelf, content))
    assert (again["status"], again["title"], again["script"]) == ("scheduled", "Bread", "cut")
    assert (again["tags"], again["metadata"], again["publish_attempts"]) == (["a"], {"mood": "good"}, 0)  # fmt: skip
    assert shelf.history(again["id"]) == ["schedule: draft → scheduled"]
    (same,) = shelf.run(
        f"select bool_and((late.scheduled_at {BERLIN}) - (early.scheduled_at {BERLIN}) = interval '1 day')"
        " from content as early, content as late where early.id = %s and late.id = %s",
        content,
        again["id"],
    )
    assert same
    assert shelf.run(
        "select status, recurrence, series_end_date::text from post_schedules order by id"
    ) == [("completed", "daily", "9000-01-01"), ("pending", "daily", "9000-01-01")]


def test_what_failed_for_good_or_was_skipped_comes_again(at_head: str, shelf: Shelf) -> None:
    """The series survives its occurrence, however that ended; a retry is not an end."""
    failed = shelf.add("-1 s")
    skipped = shelf.add("-1 hour", metadata='{"misfire": "skip"}')
    for content in (failed, skipped):
        plan(shelf, content, "weekly")
    publish_all(at_head, "no account")
    assert shelf.row(following(shelf, failed))["status"] == "scheduled"
    assert shelf.row(following(shelf, skipped))["status"] == "scheduled"
    assert shelf.run(
        "select status from post_schedules where content_id in (%s, %s) order by id",
        failed,
        skipped,
    ) == ["failed", "cancelled"]
    row = shelf.row(skipped)
    assert (row["is_stopped"], row["can_publish"], row["next_attempt_at"]) == (True, False, None)
    attempted = "select content_id from post_schedules where last_attempt_at is not null"
    assert shelf.run(attempted) == [failed]


def test_what_is_held_makes_its_series_wait(at_head: str, shelf: Shelf) -> None:
    """A person decides first; resumed, it is published in spite of its time, and then the series goes on."""
    content = shelf.add("-1 hour")
    plan(shelf, content, "daily")
    publish_all(at_head, misfire="hold")
    row = shelf.row(content)
    assert (row["status"], row["is_paused"], row["can_publish"]) == ("paused", True, False)
    assert shelf.run("select status, last_attempt_at from post_schedules") == [("paused", None)]
    assert shelf.run("select count(*) from content") == [1]
    shelf.run(
        "update content set status = 'scheduled', is_paused = false, can_publish = true where id = %s",
        content,
    )
    publish_all(at_head, misfire="hold")
    assert shelf.row(content)["status"] == "published"
    assert "held" not in shelf.row(following(shelf, content))["metadata"]


def test_an_occurrence_is_followed_once(at_head: str, shelf: Shelf) -> None:
    """Failed, tried again by a person and published: the next one was laid out with the failure, and only then."""
    content = shelf.add("-1 s")
    plan(shelf, content, "daily")
    publish_all(at_head, "no account")
    shelf.run(
        "update content set status = 'scheduled', publish_attempts = 0 where id = %s", content
    )
    shelf.run("update post_schedules set status = 'pending' where content_id = %s", content)
    publish_all(at_head)
    assert shelf.row(content)["status"] == "published"
    assert shelf.run("select count(*) from content") == [2]


def test_what_was_missed_is_not_made_up_for(at_head: str, shelf: Shelf) -> None:
    """After an outage of a week a daily series goes on in the future, with one post and not with eight."""
    content = shelf.add("-7 days -1 hour")
    plan(shelf, content, "daily")
    publish_all(at_head)
    (future,) = shelf.run(
        "select scheduled_at between now() and now() + interval '25 hours' from content where id = %s",
        following(shelf, content),
    )
    assert future


def test_a_moved_occurrence_does_not_move_its_series(at_head: str, shelf: Shelf) -> None:
    """The series counts from its memory of the first time, not from where a person has moved one occurrence."""
    content = shelf.add("-1 s")
    memory = {"series": {"first": "2026-01-31T09:30:00", "due": "2026-02-28T08:30:00+00:00"}}
    plan(shelf, content, "monthly", metadata=json.dumps(memory))
    publish_all(at_head)
    (time,) = shelf.run(
        f"select to_char(scheduled_at {BERLIN}, 'HH24:MI') from content where id = %s",
        following(shelf, content),
    )
    assert time == "09:30"


@pytest.mark.parametrize(
    ("columns", "error"),
    [
        ({"series_end_date": "2001-01-01"}, None),
        ({"timezone": "Mars/Olympus"}, "the series ends: there is no time zone 'Mars/Olympus'"),
    ],
)
def test_a_series_ends(
    at_head: str, shelf: Shelf, columns: dict[str, str], error: str | None
) -> None:
    """With its last day, or where its zone is unknown: the occurrence is published all the same, and the schedule says why."""
    content = shelf.add("-1 s")
    plan(shelf, content, "daily", **columns)
    publish_all(at_head)
    assert shelf.row(content)["status"] == "published"
    assert shelf.run("select count(*) from content") == [1]
    assert shelf.run("select status, error_message from post_schedules") == [("completed", error)]


@pytest.mark.parametrize(
    "metadata", ["[]", '{"series": 7}', '{"series": {"first": "x", "due": 5}}']
)
def test_a_memory_that_makes_no_sense_is_none(at_head: str, shelf: Shelf, metadata: str) -> None:
    """What somebody else wrote there does not stop the series: it counts from its schedule."""
    content = shelf.add("-1 s")
    plan(shelf, content, "daily", metadata=metadata)
    publish_all(at_head)
    assert shelf.run("select count(*) from content where status = 'scheduled'") == [1]
