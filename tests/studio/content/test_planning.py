"""Orders are decided before anything is written: what follows from each, and what is refused with which reason."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.content.model import Action, Status, advance, allowed
from studio.content.planning import (
    PEOPLES,
    Change,
    MovedMeanwhile,
    Order,
    OrderRefused,
    Repeat,
    Schedule,
    Seen,
    Standing,
    decide,
)
from studio.content.recurrence import Recurrence

NOW = datetime(2030, 3, 30, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAILY = Repeat(Recurrence.DAILY, "Europe/Berlin")
EPOCH = datetime(1970, 1, 2, tzinfo=UTC)
moments = st.timedeltas(timedelta(0), datetime(2199, 1, 1, tzinfo=UTC) - EPOCH).map(EPOCH.__add__)
repeats = st.builds(
    Repeat,
    st.sampled_from(Recurrence),
    st.sampled_from(["UTC", "Europe/Berlin", "Pacific/Apia", "Mars/Phobos"]),
    st.none() | st.dates(date(1970, 1, 2), date(2199, 1, 1)),
)
schedules = st.builds(
    Schedule,
    moments,
    repeats,
    st.sampled_from(["pending", "failed"]),
    st.sampled_from([{}, {"series": {"first": "2030-01-01T09:00:00"}}, {"misfire": "skip"}]),
)
standings = st.builds(
    Standing,
    st.just(1),
    st.sampled_from(Status),
    st.just("instagram"),
    st.none() | moments,
    st.none() | moments,
    st.none() | schedules,
)
timed = st.builds(
    Order,
    st.sampled_from([Action.SCHEDULE, Action.RESCHEDULE]),
    moments,
    st.none() | repeats,
)
untimed = st.builds(
    Order, st.sampled_from(sorted(PEOPLES - {Action.SCHEDULE, Action.RESCHEDULE, Action.CREATE}))
)


def standing(
    status: Status, at: datetime | None = NOW + HOUR, schedule: Schedule | None = None
) -> Standing:
    """Content in that state, to go out at that time."""
    return Standing(1, status, "instagram", at, None, schedule)


def refusal(piece: Standing, order: Order) -> OrderRefused:
    """Why the order is not carried out."""
    with pytest.raises(OrderRefused) as caught:
        decide(piece, order, NOW)
    return caught.value


def decided(piece: Standing, order: Order, now: datetime) -> Change | OrderRefused:
    """What follows, or why nothing does."""
    try:
        return decide(piece, order, now)
    except OrderRefused as refused:
        return refused


@given(standings, timed | untimed, moments)
def test_whatever_is_ordered_keeps_the_database_whole(
    piece: Standing, order: Order, now: datetime
) -> None:
    """An order is refused with a known reason, or leads to a row that every check of the table accepts and can be claimed."""
    change = decided(piece, order, now)
    if isinstance(change, OrderRefused):
        assert change.code in {"wrong_state", "time_passed", "in_the_past", "series_ended"}
        assert (change.code == "wrong_state") == (order.action not in allowed(piece.status))
        return
    assert change.status is advance(piece.status, order.action)
    if change.status is Status.SCHEDULED and order.action is not Action.EDIT:
        assert change.scheduled_at is not None
        at_once = order.action in {Action.PUBLISH_NOW, Action.RETRY}
        due = max(change.scheduled_at, change.next_attempt_at or change.scheduled_at)
        assert at_once or due > now
        if order.action is Action.PUBLISH_NOW:
            assert due == now
    if order.action in {Action.SCHEDULE, Action.RESCHEDULE}:
        assert change.schedule is not None
        assert change.schedule.at == change.scheduled_at == order.at
        assert change.open_becomes == "cancelled"


@given(standings, st.sampled_from(sorted(PEOPLES)))
def test_a_wrong_state_says_what_can_be_done_instead(piece: Standing, action: Action) -> None:
    """What is possible is what people can do there, and none of it is the scheduler's."""
    if action in allowed(piece.status):
        return
    refused = refusal(piece, Order(action, NOW + HOUR))
    assert refused.possible is not None
    assert set(refused.possible) == {a.value for a in allowed(piece.status) if a in PEOPLES}
    assert not {"claim", "publish", "fail", "take_over"} & set(refused.possible)
    assert all(word in str(refused) for word in (piece.status.value, *refused.possible))


@pytest.mark.parametrize("at", [NOW, NOW - HOUR, datetime(1970, 1, 2, tzinfo=UTC)])
@pytest.mark.parametrize(
    ("status", "action"), [(Status.DRAFT, Action.SCHEDULE), (Status.SCHEDULED, Action.RESCHEDULE)]
)
def test_a_time_has_to_come_yet(status: Status, action: Action, at: datetime) -> None:
    """Nothing is scheduled into the past; who wants it out now says so."""
    refused = refusal(standing(status), Order(action, at))
    assert refused.code == "in_the_past"
    assert "publish_now" in str(refused)


def test_what_was_missed_during_a_pause_is_not_sent_by_resuming() -> None:
    """Its time has passed, or it never had one: the person says when, and nothing goes out by surprise."""
    for at in (NOW, NOW - HOUR, None):
        refused = refusal(standing(Status.PAUSED, at), Order(Action.RESUME))
        assert (refused.code, refused.possible) == ("time_passed", ("publish_now", "reschedule"))
    resumed = decide(standing(Status.PAUSED), Order(Action.RESUME), NOW)
    assert (resumed.status, resumed.scheduled_at) == (Status.SCHEDULED, NOW + HOUR)
    assert resumed.open_becomes == "pending"


def test_a_wait_for_another_attempt_survives_a_pause() -> None:
    """What was to be tried again later is resumed to that moment, though its first time is over."""
    waiting = Standing(1, Status.PAUSED, "instagram", NOW - HOUR, NOW + HOUR)
    change = decide(waiting, Order(Action.RESUME), NOW)
    assert (change.scheduled_at, change.next_attempt_at) == (NOW - HOUR, NOW + HOUR)
    assert not change.afresh


def test_a_retry_keeps_its_place_and_is_not_late() -> None:
    """The calendar shows it where it was; the scheduler sees that it is due now, not since then."""
    change = decide(standing(Status.FAILED, NOW - 9 * HOUR), Order(Action.RETRY), NOW)
    assert (change.status, change.scheduled_at) == (Status.SCHEDULED, NOW - 9 * HOUR)
    assert (change.next_attempt_at, change.afresh, change.open_becomes) == (NOW, True, "pending")
    assert change.schedule is None


def test_the_last_day_of_a_series_is_a_day_of_its_zone() -> None:
    """Half past eleven in the evening in New York is the next day in UTC, and still within the series."""
    at = datetime(2030, 6, 2, 3, 30, tzinfo=UTC)
    last = Repeat(Recurrence.DAILY, "America/New_York", date(2030, 6, 1))
    order = Order(Action.SCHEDULE, at, last)
    assert decide(standing(Status.DRAFT), order, NOW).schedule is not None
    late = Order(Action.SCHEDULE, at + HOUR, last)
    assert refusal(standing(Status.DRAFT), late).code == "series_ended"


def moved(schedule: Schedule, repeat: Repeat | None = None) -> Change:
    """What follows from moving the content of that schedule by two hours."""
    piece = standing(Status.SCHEDULED, schedule.at, schedule)
    return decide(piece, Order(Action.RESCHEDULE, schedule.at + 2 * HOUR, repeat), NOW)


def test_moving_an_occurrence_moves_no_other() -> None:
    """The new row remembers the wall clock that the series is counted from, and when this occurrence was meant to be."""
    first = Schedule(NOW + HOUR, DAILY, "pending", {"misfire": "skip"})
    added = moved(first).schedule
    assert added is not None
    assert (added.at, added.repeat) == (first.at + 2 * HOUR, DAILY)
    memory = {"first": "2030-03-30T14:00:00", "due": "2030-03-30T13:00:00+00:00"}
    assert added.metadata == {"misfire": "skip", "series": memory}
    again = moved(added).schedule
    assert again is not None
    assert again.metadata == added.metadata


@pytest.mark.parametrize("seen", [None, NOW, NOW + 2 * HOUR])
def test_what_was_moved_meanwhile_stays_there(seen: datetime | None) -> None:
    """Who moves it says where they have seen it; if it is not there any more they learn where it is."""
    piece = Standing(1, Status.SCHEDULED, "instagram", NOW + HOUR, None)
    with pytest.raises(MovedMeanwhile) as refused:
        decide(piece, Order(Action.RESCHEDULE, NOW + 3 * HOUR, seen=Seen(seen)), NOW)
    assert (refused.value.code, refused.value.at) == ("outdated", NOW + HOUR)
    moved = decide(piece, Order(Action.RESCHEDULE, NOW + 3 * HOUR, seen=Seen(NOW + HOUR)), NOW)
    assert moved.scheduled_at == NOW + 3 * HOUR


def test_a_new_series_forgets_the_old_one() -> None:
    """Who says anew how it repeats begins at the new time."""
    schedule = Schedule(NOW + HOUR, DAILY, "pending", {"series": {"next": 7}})
    added = moved(schedule, Repeat(Recurrence.WEEKLY)).schedule
    assert added is not None
    assert (added.repeat.recurrence, added.metadata) == (Recurrence.WEEKLY, {})


def test_publishing_early_leaves_the_series_where_it_was() -> None:
    """The open row keeps its date: what follows is counted from it. A draft gets a row of its own."""
    schedule = Schedule(NOW + HOUR, DAILY, "pending")
    early = decide(standing(Status.SCHEDULED, NOW + HOUR, schedule), Order(Action.PUBLISH_NOW), NOW)
    assert (early.scheduled_at, early.schedule, early.open_becomes) == (NOW, None, "pending")
    draft = decide(standing(Status.DRAFT, None), Order(Action.PUBLISH_NOW), NOW)
    assert draft.schedule == Schedule(NOW, Repeat(), "pending")


def test_what_is_paused_stays_so_when_it_is_moved() -> None:
    """Its new row waits, too."""
    change = decide(standing(Status.PAUSED), Order(Action.RESCHEDULE, NOW + 2 * HOUR), NOW)
    assert change.status is Status.PAUSED
    assert change.schedule is not None
    assert change.schedule.status == "paused"
