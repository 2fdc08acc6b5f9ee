"""The calendar: a month or a week, and moving what is in it. A day and a time are the user's own clock's, also when they drag."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from starlette.responses import JSONResponse, Response

from studio.content import calendar
from studio.content.library import Wanted
from studio.content.model import Action, Status
from studio.content.pieces import Piece
from studio.content.planning import MovedMeanwhile, Order, Repeat, Seen
from studio.content.recurrence import Recurrence, moment_of, next_occurrence, series_from
from studio.content.schedules import Outcome
from studio.http_api.calendar import MOST_ITEMS
from studio.http_api.problems import Refused
from studio.http_api.values import LARGEST_ID
from studio.web_page.clock import Clock
from studio.web_page.grid import span_of
from studio.web_page.visits import Visit, back_to, local

MOVABLE = frozenset({Status.DRAFT, Status.SCHEDULED, Status.PAUSED, Status.FAILED})
_DRAFTS = 100
_USUAL = time(10)
_STEPS = (Recurrence.DAILY, Recurrence.WEEKDAYS, Recurrence.WEEKLY)


async def show_calendar(visit: Visit) -> Response:
    """Show the month or week around a day."""
    return await _calendar(visit)


async def _calendar(visit: Visit, refused: Sequence[str] = (), status: int = 200) -> Response:
    clock, library = visit.clock, visit.parts.library
    span = span_of(visit.asked("view"), visit.asked("date"), clock.today())
    begin, end = calendar.span_of(span.first, span.last, clock.zone)
    found = await library.between(visit.user.id, begin, end, project_id=None, limit=MOST_ITEMS + 1)
    drafts = await library.page(visit.user.id, Wanted(status=Status.DRAFT), limit=_DRAFTS)
    return visit.show(
        "calendar.html",
        status,
        span=span,
        days=span.days(calendar.days_of(found[:MOST_ITEMS], clock.zone), clock.today()),
        truncated=len(found) > MOST_ITEMS,
        drafts=[draft for draft in drafts if draft.scheduled_at is None],
        movable=MOVABLE,
        steps=_STEPS,
        refused=refused,
        today=clock.today(),
        tomorrow=clock.today() + timedelta(days=1),
    )


async def move(visit: Visit) -> Response:
    """Move a piece to another day, or another time of it; its time stays where none is said.

    ``seen`` is when it was to go out as far as the page knew: somebody else's move is not undone unseen, and neither is one that
    comes between our looking and our moving.
    """
    clock = visit.clock
    piece = await _found(visit)
    _as_seen(piece, visit.text("seen"), clock)
    wall = _wall(visit.text("day"), visit.text("time"), piece, clock)
    moment = moment_of(wall, clock.zone)
    seen = Seen(piece.scheduled_at)
    if piece.status is Status.DRAFT:
        order = Order(Action.SCHEDULE, moment, Repeat(timezone=clock.name), seen)
    else:
        order = Order(Action.RESCHEDULE, moment, seen=seen)
    try:
        moved = await visit.parts.schedules.carry_out(visit.user.id, piece.id, order)
    except MovedMeanwhile as refusal:
        raise _moved(refusal.at, clock) from None
    if not visit.wants_json:
        back = local(visit.text("back"), "/calendar")
        return back_to(f"{back}{'&' if '?' in back else '?'}done=reschedule")
    assert moved.scheduled_at is not None
    return JSONResponse(
        {
            "day": clock.field(moved.scheduled_at)[:10],
            "time": clock.time(moved.scheduled_at),
            "seen": moved.scheduled_at.isoformat(),
            "status": moved.status.value,
            "words": f"“{moved.title}” goes out on {clock.full(moved.scheduled_at)}.",
        }
    )


async def schedule_many(visit: Visit) -> Response:
    """Schedule the chosen drafts one after the other, from a first time on."""
    clock = visit.clock
    chosen = dict.fromkeys(_number(str(each)) for each in visit.form.getlist("content_id"))
    first = clock.moment(visit.text("at"))
    if not chosen or first is None:
        return await _calendar(visit, ["Choose at least one draft, and say when the first one goes out."], 422)  # fmt: skip
    moments = _row(first, visit.text("step"), len(chosen), clock)
    repeat = Repeat(timezone=clock.name)
    orders = {
        content_id: Order(Action.SCHEDULE, moment, repeat)
        for content_id, moment in zip(chosen, moments, strict=True)
    }
    outcomes = await visit.parts.schedules.carry_out_all(visit.user.id, orders, whole=False)
    refused = [_why(outcome) for outcome in outcomes if outcome.refusal]
    if refused:
        return await _calendar(visit, refused, 409)
    return back_to(f"/calendar?date={clock.field(first)[:10]}&done=bulk")


def _row(first: datetime, step: str, count: int, clock: Clock) -> list[datetime]:
    """Return so many moments, each a step of the wall clock after the one before."""
    recurrence = Recurrence(step) if step in set(_STEPS) else Recurrence.DAILY
    series = series_from(first, clock.name, recurrence)
    moments = [first]
    while len(moments) < count:
        following = next_occurrence(series, moments[-1])
        if following is None:
            raise Refused(422, "invalid", "The calendar ends before the last of them.")
        moments.append(following)
    return moments


def _why(outcome: Outcome) -> str:
    return f"Number {outcome.content_id}: {outcome.refusal}"


def _number(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
    if not 0 < number <= LARGEST_ID:
        raise Refused(404, "not_found", "There is no such piece of content, or it is not yours.")
    return number


async def _found(visit: Visit) -> Piece:
    piece = await visit.parts.library.piece(visit.user.id, _number(visit.text("content_id")))
    if piece is None:
        raise Refused(404, "not_found", "There is no such piece of content, or it is not yours.")
    return piece


def _as_seen(piece: Piece, seen: str, clock: Clock) -> None:
    now = piece.scheduled_at.isoformat() if piece.scheduled_at else ""
    if seen and seen != now:
        raise _moved(piece.scheduled_at, clock)


def _moved(at: datetime | None, clock: Clock) -> Refused:
    when = clock.full(at) if at else "no time at all"
    return Refused(412, "outdated", f"Somebody moved it meanwhile, to {when}; it stays there.")


def _wall(day: str, at: str, piece: Piece, clock: Clock) -> datetime:
    usual = piece.scheduled_at.astimezone(clock.zone).time() if piece.scheduled_at else _USUAL
    try:
        wall = datetime.combine(date.fromisoformat(day), time.fromisoformat(at) if at else usual)
    except ValueError:
        raise Refused(422, "invalid", "Say the day and the time.") from None
    if wall.tzinfo is not None or not 1970 < wall.year < 2200:
        raise Refused(422, "invalid", "Say a day between the years 1971 and 2199.")
    return wall.replace(tzinfo=None)
