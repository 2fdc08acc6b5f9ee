"""Orders are carried out whole, under a lock: content, schedule and history change together, and races have one winner."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from lockstep import Database
from studio.content.model import Action, Status
from studio.content.planning import Order, OrderRefused, Repeat
from studio.content.recurrence import Recurrence
from studio.content.schedules import ScheduleStore
from studio.content.store import ContentStore, Wish

if TYPE_CHECKING:
    from tests.studio.conftest import Shelf

pytestmark = pytest.mark.anyio
LATER = datetime(2150, 1, 31, 9, tzinfo=UTC)
WEEKLY = Repeat(Recurrence.WEEKLY, "Europe/Berlin", date(2151, 1, 1))
FLAGS = ("is_paused", "is_stopped", "can_publish")


@pytest.fixture
def schedules(pool: Database) -> ScheduleStore:
    """The store."""
    return ScheduleStore(pool)


def rows(shelf: Shelf) -> list[Any]:
    """The schedules, oldest first: how each repeats, when, and its status."""
    return shelf.run("select recurrence, scheduled_at, status from post_schedules order by id")


def draft(shelf: Shelf, **columns: Any) -> int:
    """Add a draft."""
    return shelf.add(status="draft", **columns)


async def refused(attempt: Any) -> OrderRefused:
    """Why it was not done."""
    with pytest.raises(OrderRefused) as caught:
        await attempt
    return caught.value


async def test_a_life(schedules: ScheduleStore, shelf: Shelf) -> None:
    """Scheduled, moved, paused, moved, resumed, cancelled: state, flags, schedule and history agree at every step."""
    content = draft(shelf)
    steps: list[tuple[Order, str, str, Mapping[str, bool]]] = [
        (Order(Action.SCHEDULE, LATER, WEEKLY), "scheduled", "pending", {}),
        (Order(Action.RESCHEDULE, LATER + timedelta(1)), "scheduled", "pending", {}),
        (Order(Action.PAUSE), "paused", "paused", {"is_paused": True, "can_publish": False}),
        (Order(Action.RESCHEDULE, LATER), "paused", "paused", {"is_paused": True, "can_publish": False}),
        (Order(Action.RESUME), "scheduled", "pending", {}),
        (Order(Action.CANCEL), "cancelled", "cancelled", {"is_stopped": True, "can_publish": False}),
    ]  # fmt: skip
    for order, status, schedule, flags in steps:
        piece = await schedules.carry_out("u", content, order)
        row = shelf.row(content)
        assert (piece.status, row["status"]) == (status, status)
        assert (piece.recurrence, piece.timezone) == ("weekly", "Europe/Berlin")
        assert piece.series_end_date == date(2151, 1, 1)
        expected = {"is_paused": False, "is_stopped": False, "can_publish": True, **flags}
        assert {flag: row[flag] for flag in FLAGS} == expected
        assert rows(shelf)[-1] == ("weekly", piece.scheduled_at, schedule)
        assert [word for *_, word in rows(shelf)[:-1]] == ["cancelled"] * (len(rows(shelf)) - 1)
    assert shelf.history(content) == [
        "schedule: draft → scheduled",
        "reschedule: scheduled → scheduled",
        "pause: scheduled → paused",
        "reschedule: paused → paused",
        "resume: paused → scheduled",
        "cancel: scheduled → cancelled",
    ]
    assert shelf.run("select distinct user_id from content_action_history") == ["u"]
    (told,) = shelf.run("select after from content_action_history order by id limit 1")
    assert told == {
        "status": "scheduled",
        "scheduled_at": "2150-01-31T09:00:00+00:00",
        "repeat": {"recurrence": "weekly", "timezone": "Europe/Berlin", "series_end_date": "2151-01-01"},
    }  # fmt: skip
    assert (
        await refused(schedules.carry_out("u", content, Order(Action.PUBLISH_NOW)))
    ).code == "wrong_state"


async def test_publish_now_is_claimed_at_once(
    schedules: ScheduleStore, shelf: Shelf, pool: Database
) -> None:
    """From a draft, a later time, a pause and a failure alike; by the database's clock it is not late."""
    pieces = [
        draft(shelf),
        shelf.add("1 hour"),
        shelf.add("-1 day", status="paused", is_paused=True),
        shelf.add("-1 day", status="failed", publish_attempts=5, last_error="no token", metadata="{}"),
    ]  # fmt: skip
    for content in pieces:
        await schedules.carry_out("u", content, Order(Action.PUBLISH_NOW))
    claims = await claim_all(ContentStore(pool))
    assert sorted(claim.id for claim in claims) == pieces
    assert all(claim.attempt == 1 and claim.late < 60 for claim in claims)


async def claim_all(store: ContentStore) -> list[Any]:
    """Claim everything that is due."""
    return list((await store.claim("a", 30.0, Wish(100))).claims)


async def test_a_retry_begins_anew(schedules: ScheduleStore, shelf: Shelf, pool: Database) -> None:
    """Attempts count from one, the error is forgotten, the place in the calendar kept, and it is due but not late."""
    content = shelf.add("-1 day", status="failed", publish_attempts=5, last_error="no token")
    shelf.run(
        "insert into post_schedules (content_id, platform, scheduled_at, status, error_message)"
        " select id, platform, scheduled_at, 'failed', 'no token' from content"
    )
    before = shelf.row(content)
    piece = await schedules.carry_out("u", content, Order(Action.RETRY))
    assert (piece.status, piece.publish_attempts, piece.last_error) == (Status.SCHEDULED, 0, None)
    assert shelf.row(content)["scheduled_at"] == before["scheduled_at"]
    assert [status for *_, status in rows(shelf)] == ["pending"]
    (claim,) = await claim_all(ContentStore(pool))
    assert (claim.attempt, claim.late < 60) == (1, True)


async def test_one_of_pause_and_claim_wins(
    schedules: ScheduleStore, shelf: Shelf, pool: Database
) -> None:
    """However they race, content is paused and never claimed, or claimed and the pause refused."""
    store = ContentStore(pool)
    for _ in range(20):
        content = shelf.add()
        outcome, claims = await asyncio.gather(
            schedules.carry_out("u", content, Order(Action.PAUSE)),
            claim_all(store),
            return_exceptions=True,
        )
        status = shelf.row(content)["status"]
        if isinstance(outcome, OrderRefused):
            assert (outcome.code, status) == ("wrong_state", "publishing")
            assert [claim.id for claim in claims] == [content]
        else:
            assert (claims, status) == ([], "paused")
        assert len(shelf.history(content)) == 1
        shelf.run("delete from content")


async def test_a_claim_in_progress_is_waited_for(schedules: ScheduleStore, shelf: Shelf) -> None:
    """Whoever comes second sees what the first has written: here, that it is too late to pause."""
    content = shelf.add()
    shelf.run("begin")
    shelf.run("update content set status = 'publishing', lease_owner = 'a', lease_until = now()")
    attempt = asyncio.create_task(schedules.carry_out("u", content, Order(Action.PAUSE)))
    while not shelf.run("select 1 from pg_locks where not granted"):  # noqa: ASYNC110 - the event is the server's
        await asyncio.sleep(0.01)
    shelf.run("commit")
    assert (await refused(attempt)).code == "wrong_state"
    assert shelf.history(content) == []


async def test_of_two_orders_at_once_one_is_carried_out(
    schedules: ScheduleStore, shelf: Shelf
) -> None:
    """Scheduled twice at the same moment, a draft has one schedule, and the second hears what is possible now."""
    for _ in range(5):
        content = draft(shelf)
        results = await asyncio.gather(
            *[schedules.carry_out("u", content, Order(Action.SCHEDULE, LATER)) for _ in range(4)],
            return_exceptions=True,
        )
        lost = [result for result in results if isinstance(result, OrderRefused)]
        assert len(lost) == 3
        assert all("reschedule" in (refusal.possible or ()) for refusal in lost)
        assert rows(shelf) == [("none", LATER, "pending")]
        shelf.run("delete from content")


async def test_moving_an_occurrence_that_follows_keeps_its_memory(
    schedules: ScheduleStore, shelf: Shelf
) -> None:
    """The new row is a copy but for its time; the series goes on as if nothing had been moved."""
    content = draft(shelf)
    await schedules.carry_out("u", content, Order(Action.SCHEDULE, LATER, WEEKLY))
    await schedules.carry_out("u", content, Order(Action.RESCHEDULE, LATER + timedelta(hours=3)))
    (memory,) = shelf.run("select metadata from post_schedules where status = 'pending'")
    assert memory == {
        "series": {"first": "2150-01-31T10:00:00", "due": "2150-01-31T09:00:00+00:00"}
    }


async def test_many_at_once_have_an_outcome_each(schedules: ScheduleStore, shelf: Shelf) -> None:
    """What can be is scheduled, the rest is refused with its reason, in the order of the orders; all or nothing does nothing."""
    shelf.run("insert into users (id, email) values ('other', 'other@example.com')")
    good = [draft(shelf) for _ in range(3)]
    others = shelf.add(status="draft", user_id="other")
    out = shelf.add(status="published", published_at="2030-01-01T00:00:00Z")
    past = draft(shelf)
    orders = {
        content: Order(Action.SCHEDULE, LATER)
        for content in (out, others, good[2], past, good[0], 999_999, good[1])
    }
    orders[past] = Order(Action.SCHEDULE, datetime(2020, 1, 1, tzinfo=UTC))
    for whole in (True, False):
        outcomes = await schedules.carry_out_all("u", orders, whole=whole)
        assert [outcome.content_id for outcome in outcomes] == list(orders)
        codes = [outcome.refusal.code if outcome.refusal else None for outcome in outcomes]
        assert codes == ["wrong_state", "not_found", None, "in_the_past", None, "not_found", None]
        assert outcomes[1].status is None
        assert shelf.count("scheduled") == (0 if whole else 3)
        assert len(rows(shelf)) == (0 if whole else 3)
    assert shelf.row(others)["status"] == "draft"
    everything = {content: Order(Action.CANCEL) for content in good}
    assert all(not o.refusal for o in await schedules.carry_out_all("u", everything, whole=True))
    assert shelf.count("cancelled") == 3


async def test_many_and_many_in_another_order_do_not_deadlock(
    schedules: ScheduleStore, shelf: Shelf
) -> None:
    """Rows are locked in one order, whatever the orders' is; each draft is scheduled once."""
    ids = [draft(shelf) for _ in range(60)]
    orders = {content: Order(Action.SCHEDULE, LATER) for content in ids}
    reverse = dict(reversed(orders.items()))
    results = await asyncio.gather(
        *[schedules.carry_out_all("u", some, whole=False) for some in (orders, reverse) * 2]
    )
    done = [one.content_id for outcomes in results for one in outcomes if not one.refusal]
    assert sorted(done) == ids
    assert len(rows(shelf)) == 60


async def test_older_rows_stop_nobody(schedules: ScheduleStore, shelf: Shelf) -> None:
    """Content without a schedule, a zone that nobody knows, metadata of another shape: it can be moved, paused and resumed."""
    content = shelf.add("1 hour", metadata="[1]")
    shelf.run(
        "insert into post_schedules (content_id, platform, scheduled_at, recurrence, timezone, series_end_date, metadata)"
        " select id, platform, scheduled_at, 'daily', 'Mars/Phobos', '2190-01-01', '[]' from content"
    )
    bare = shelf.add("1 hour", is_stopped=True)
    for one in (content, bare):
        await schedules.carry_out("u", one, Order(Action.RESCHEDULE, LATER))
        await schedules.carry_out("u", one, Order(Action.PAUSE))
        piece = await schedules.carry_out("u", one, Order(Action.RESUME))
        assert (piece.scheduled_at, piece.metadata) == (LATER, {})
        assert shelf.row(one)["is_stopped"] is False
