"""What is done with the time of content, over HTTP. Which of it can be done is the model's: 409 names what is possible."""

from __future__ import annotations

from typing import Annotated, Any, Self

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field, model_validator

from studio.content.model import Action, Status
from studio.content.pieces import Piece
from studio.content.planning import Order, Repeat
from studio.content.recurrence import Recurrence
from studio.content.schedules import Outcome
from studio.http_api.content import tagged
from studio.http_api.days import Day, Zone
from studio.http_api.parts import PartsHere
from studio.http_api.problems import Refused, documented
from studio.http_api.values import Body, Flag, Id, IdIn, Moment
from studio.http_api.who import CurrentUser

router = APIRouter(prefix="/api/content", tags=["schedule"])
MOST_AT_ONCE = 500
_ANSWERS = documented(401, 403, 404, 409, 422)


class Time(Body):
    """When it goes out, and how it comes again."""

    scheduled_at: Moment = Field(examples=["2030-01-31T09:00:00+01:00"])
    recurrence: Recurrence = Recurrence.NONE
    timezone: Zone = Field(
        "UTC", description="Whose wall clock a series keeps to, across summer time."
    )
    series_end_date: Day | None = Field(
        None, description="The last day on which the series may come."
    )

    @model_validator(mode="after")
    def _series_is_one(self) -> Self:
        if self.series_end_date is not None and self.recurrence is Recurrence.NONE:
            raise ValueError("only a series has an end: give its recurrence")
        return self

    def order(self) -> Order:
        """Return the order to schedule."""
        return Order(Action.SCHEDULE, self.scheduled_at, self.repeat())

    def repeat(self) -> Repeat:
        """Return how it comes again."""
        return Repeat(self.recurrence, self.timezone, self.series_end_date)


class NewTime(Time):
    """Another time. Without a `recurrence` only this occurrence of a series is moved; with one, a new series begins."""

    @model_validator(mode="after")
    def _series_is_new(self) -> Self:
        if "recurrence" not in self.model_fields_set and "timezone" in self.model_fields_set:
            raise ValueError("a time zone belongs to a series: give its recurrence too")
        return self

    def order(self) -> Order:
        """Return the order to reschedule."""
        repeat = self.repeat() if "recurrence" in self.model_fields_set else None
        return Order(Action.RESCHEDULE, self.scheduled_at, repeat)


class OneOfMany(Time):
    """A draft, and when it goes out."""

    content_id: IdIn


class Many(Body):
    """Drafts to schedule at once."""

    items: Annotated[list[OneOfMany], Field(min_length=1, max_length=MOST_AT_ONCE)]
    all_or_nothing: Flag = Field(
        False, description="If one is refused, none is scheduled, and the answer is a 409."
    )

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({item.content_id for item in self.items}) < len(self.items):
            raise ValueError("each content_id may come once")
        return self


class ManyOutcome(BaseModel):
    """What became of one of many."""

    content_id: int
    done: bool
    status: Status | None = Field(description="Its state now; null: there is no such content.")
    code: str | None = Field(
        None, description="Why it was refused, for programs.", examples=["wrong_state"]
    )
    detail: str | None = Field(None, description="The same, for people.")


class ManyAnswer(BaseModel):
    """What became of all of them, in the order that they were sent in."""

    scheduled: int
    refused: int
    items: list[ManyOutcome]


@router.post("/bulk-schedule", responses=documented(401, 403, 409, 422))
async def bulk_schedule(many: Many, user: CurrentUser, parts: PartsHere) -> ManyAnswer:
    """Schedule up to 500 drafts, in one transaction; each has its own outcome, and a refused one stops no other.

    Sent again after a lost answer it does no harm: what it has scheduled is no draft any more, and refused as
    `wrong_state`.
    """
    orders = {item.content_id: item.order() for item in many.items}
    outcomes = await parts.schedules.carry_out_all(user.id, orders, whole=many.all_or_nothing)
    refused = sum(outcome.refusal is not None for outcome in outcomes)
    if refused and many.all_or_nothing:
        raise Refused(
            409,
            "not_all_possible",
            f"{refused} of {len(outcomes)} cannot be scheduled; none was. `items` says which and why.",
            items=[_refused(outcome) for outcome in outcomes if outcome.refusal],
        )
    items = [_outcome(outcome) for outcome in outcomes]
    return ManyAnswer(scheduled=len(items) - refused, refused=refused, items=items)


def _outcome(outcome: Outcome) -> ManyOutcome:
    refusal = outcome.refusal
    return ManyOutcome(
        content_id=outcome.content_id,
        done=refusal is None,
        status=outcome.status,
        code=refusal.code if refusal else None,
        detail=str(refusal) if refusal else None,
    )


def _refused(outcome: Outcome) -> dict[str, Any]:
    return _outcome(outcome).model_dump(mode="json")


class _Desk:
    """Where an order for one piece is handed in; the answer is tagged with what became of the piece."""

    def __init__(
        self, content_id: Id, user: CurrentUser, parts: PartsHere, response: Response
    ) -> None:
        self._content_id = content_id
        self._user = user
        self._schedules = parts.schedules
        self._response = response

    async def carry_out(self, order: Order) -> Piece:
        """Do what is ordered, and return the piece as it is then."""
        done = await self._schedules.carry_out(self._user.id, self._content_id, order)
        return tagged(self._response, done)


Desk = Annotated[_Desk, Depends()]


@router.post("/{content_id}/schedule", responses=_ANSWERS)
async def schedule_content(time: Time, desk: Desk) -> Piece:
    """Let a draft go out at a time to come, once or again and again."""
    return await desk.carry_out(time.order())


@router.post("/{content_id}/reschedule", responses=_ANSWERS)
async def reschedule_content(time: NewTime, desk: Desk) -> Piece:
    """Move it to another time to come; what is paused stays so, and what has failed is tried again then."""
    return await desk.carry_out(time.order())


@router.post("/{content_id}/pause", responses=_ANSWERS)
async def pause_content(
    desk: Desk,
) -> Piece:
    """Keep it from going out until it is resumed."""
    return await desk.carry_out(Order(Action.PAUSE))


@router.post("/{content_id}/resume", responses=_ANSWERS)
async def resume_content(
    desk: Desk,
) -> Piece:
    """Let it go out at its time again. If that has passed (409 `time_passed`), say when: reschedule it, or publish it now."""
    return await desk.carry_out(Order(Action.RESUME))


@router.post("/{content_id}/cancel", responses=_ANSWERS)
async def cancel_content(
    desk: Desk,
) -> Piece:
    """Never let it go out; of a series, nothing more will come."""
    return await desk.carry_out(Order(Action.CANCEL))


@router.post("/{content_id}/publish-now", responses=_ANSWERS)
async def publish_content_now(
    desk: Desk,
) -> Piece:
    """Let it go out at once: the scheduler takes it as soon as it can. A series goes on as it was laid out."""
    return await desk.carry_out(Order(Action.PUBLISH_NOW))


@router.post("/{content_id}/retry", responses=_ANSWERS)
async def retry_content(
    desk: Desk,
) -> Piece:
    """Try again at once what has failed for good; its attempts are counted anew."""
    return await desk.carry_out(Order(Action.RETRY))
