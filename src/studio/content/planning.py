"""What people order to be done with the time of a piece of content, decided before anything is written.

``decide`` is a pure function from how the piece stands and the order to the ``Change`` to write, or a refusal. How the rows
keep together:

- ``content.scheduled_at`` is when the piece goes out. The newest row of ``post_schedules`` says how it comes again, and
  which date of its series it stands for (``series.py``). A row that is neither completed nor cancelled is *open*; a piece
  has one at most.
- A new time closes the open row (cancelled: superseded) and adds one, which remembers the series: moving an occurrence moves
  no other, unless the order says anew how it repeats. Publishing now, early, leaves the open row's date alone for the same reason.
- Pausing, resuming and retrying turn the open row with the content. Cancelling ends the series.
- ``is_paused``, ``is_stopped`` and ``can_publish`` say nothing that the status does not; every change sets them from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from studio.content.model import Action, Status, TransitionRefused, advance, allowed
from studio.content.recurrence import Recurrence, series_from, zone_of

PEOPLES = frozenset(Action) - {Action.CLAIM, Action.TAKE_OVER, Action.PUBLISH, Action.FAIL}
"""What people do; the rest is the scheduler's."""

_OPEN_BECOMES: Mapping[Action, str] = {
    Action.PAUSE: "paused",
    Action.RESUME: "pending",
    Action.RETRY: "pending",
    Action.PUBLISH_NOW: "pending",
}
_NEW_TIME = (Action.SCHEDULE, Action.RESCHEDULE)
_AFRESH = (*_NEW_TIME, Action.PUBLISH_NOW, Action.RETRY)


class OrderRefused(Exception):
    """The order cannot be carried out; nothing was changed.

    ``code``: ``wrong_state`` (``possible`` is what can be ordered instead), ``time_passed``, ``in_the_past``,
    ``series_ended``, ``not_found``, ``unknown_project``, ``outdated``.
    """

    def __init__(self, code: str, reason: str, possible: tuple[str, ...] | None = None) -> None:
        super().__init__(reason)
        self.code = code
        self.possible = possible


class MovedMeanwhile(OrderRefused):
    """The piece is not any more where whoever moves it has seen it, but at *at*."""

    def __init__(self, at: datetime | None) -> None:
        super().__init__("outdated", "It was moved meanwhile; it stays there.")
        self.at = at


@dataclass(frozen=True, slots=True)
class Seen:
    """Where a piece stood when somebody decided to move it; None: it had no time."""

    at: datetime | None


@dataclass(frozen=True, slots=True)
class Repeat:
    """How a piece comes again: at the same wall clock in *timezone*, until *end* (a date there)."""

    recurrence: Recurrence = Recurrence.NONE
    timezone: str = "UTC"
    end: date | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody wants done; *at* goes with a new time only, where *repeat* None keeps what there is.

    *seen*: only if the piece still stands there.
    """

    action: Action
    at: datetime | None = None
    repeat: Repeat | None = None
    seen: Seen | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """A row of ``post_schedules``: the newest of a piece, or one to add."""

    at: datetime
    repeat: Repeat
    status: str
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Standing:
    """A piece of content as it stands under our lock."""

    id: int
    status: Status
    platform: str
    scheduled_at: datetime | None
    next_attempt_at: datetime | None
    schedule: Schedule | None = None

    @property
    def due(self) -> datetime | None:
        """When the scheduler would take it."""
        moments = [moment for moment in (self.scheduled_at, self.next_attempt_at) if moment]
        return max(moments, default=None) if self.scheduled_at else None


@dataclass(frozen=True, slots=True)
class Change:
    """What to write; *afresh*: its attempts count anew and the last error is forgotten."""

    piece: Standing
    action: Action
    status: Status
    scheduled_at: datetime | None
    next_attempt_at: datetime | None
    afresh: bool
    open_becomes: str
    schedule: Schedule | None


def decide(piece: Standing, order: Order, now: datetime) -> Change:
    """Return what *order* changes; raise ``OrderRefused`` if it cannot be carried out."""
    action = order.action
    if order.seen is not None and order.seen.at != piece.scheduled_at:
        raise MovedMeanwhile(piece.scheduled_at)
    status = advanced(piece.status, action)
    if action is Action.RESUME:
        _still_to_come(piece, now)
    schedule = _new_schedule(piece, order, status, now)
    scheduled_at, next_attempt_at = _moments(piece, order, now)
    return Change(
        piece,
        action,
        status,
        scheduled_at,
        next_attempt_at,
        afresh=action in _AFRESH,
        open_becomes="cancelled" if schedule else _OPEN_BECOMES.get(action, "cancelled"),
        schedule=schedule,
    )


def advanced(status: Status, action: Action) -> Status:
    """Return the state that *action* leads to; refuse, naming what people can do instead, if there is none."""
    try:
        return advance(status, action)
    except TransitionRefused:
        possible = tuple(sorted(choice.value for choice in allowed(status) if choice in PEOPLES))
        instead = ", ".join(possible) or "nothing until the platform has answered"
        raise OrderRefused(
            "wrong_state",
            f"Cannot {action.value} content that is {status.value}; possible: {instead}.",
            possible,
        ) from None


def _moments(
    piece: Standing, order: Order, now: datetime
) -> tuple[datetime | None, datetime | None]:
    """Return when it is to go out, and before when it is not to be tried."""
    match order.action:
        case Action.SCHEDULE | Action.RESCHEDULE:
            return order.at, None
        case Action.PUBLISH_NOW:
            return now, None
        case Action.RETRY:
            # It keeps its place in the calendar; that it is not late but tried again shows in the other moment.
            return piece.scheduled_at or now, now
        case Action.CANCEL:
            return piece.scheduled_at, None
        case _:
            return piece.scheduled_at, piece.next_attempt_at


def _new_schedule(piece: Standing, order: Order, status: Status, now: datetime) -> Schedule | None:
    if order.action in _NEW_TIME:
        assert order.at is not None
        kept = piece.schedule if order.action is Action.RESCHEDULE and not order.repeat else None
        repeat = kept.repeat if kept else order.repeat or Repeat()
        _acceptable(order.at, repeat, now)
        word = "paused" if status is Status.PAUSED else "pending"
        return Schedule(order.at, repeat, word, _remembered(kept) if kept else {})
    if order.action is Action.PUBLISH_NOW and piece.status is Status.DRAFT:
        return Schedule(now, Repeat(), "pending")
    return None


def _remembered(schedule: Schedule) -> Mapping[str, Any]:
    """Return the metadata of a moved occurrence: what its series is counted from, and when it was meant to be."""
    if schedule.repeat.recurrence is Recurrence.NONE or "series" in schedule.metadata:
        return schedule.metadata
    try:
        series = series_from(schedule.at, schedule.repeat.timezone, schedule.repeat.recurrence)
    except ValueError:  # an older row may name a zone that nobody knows
        return schedule.metadata
    memory = {"first": series.first.isoformat(), "due": schedule.at.isoformat()}
    return {**schedule.metadata, "series": memory}


def _acceptable(at: datetime, repeat: Repeat, now: datetime) -> None:
    if at <= now:
        raise OrderRefused(
            "in_the_past",
            f"It is past {at.isoformat()} already; give a time to come, or order publish_now.",
        )
    if repeat.end is None:
        return
    try:
        day = at.astimezone(zone_of(repeat.timezone)).date()
    except ValueError:
        day = at.date()
    if day > repeat.end:
        raise OrderRefused("series_ended", f"Its series ends on {repeat.end}, before {day}.")


def _still_to_come(piece: Standing, now: datetime) -> None:
    """Refuse to resume what would go out this very moment: nobody has said that it should."""
    if piece.due is None or piece.due <= now:
        said = f"Its time, {piece.due.isoformat()}, has passed" if piece.due else "It has no time"
        raise OrderRefused(
            "time_passed",
            f"{said}; reschedule it and then resume, or publish_now.",
            (Action.PUBLISH_NOW.value, Action.RESCHEDULE.value),
        )
