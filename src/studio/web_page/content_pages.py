"""Content: the list, and the editor with what can be done to a piece and what was done to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from studio.content.library import Wanted
from studio.content.model import Action, Status
from studio.content.pieces import Piece
from studio.content.planning import Order, OrderRefused
from studio.content.recurrence import Recurrence
from studio.http_api.problems import Refused
from studio.http_api.schedule import NewTime, Time
from studio.storage import Outdated
from studio.web_page import content_sheet, paging
from studio.web_page.clock import clock_in
from studio.web_page.forms import Invalid, Sheet, checked
from studio.web_page.rendering import label
from studio.web_page.visits import Visit, back_to, local

_TIMED = {Action.SCHEDULE: Time, Action.RESCHEDULE: NewTime}
_HISTORY = 30
_PROJECTS = 100


async def show_list(visit: Visit) -> Response:
    """Show a page of the user's content, those of a state, platform or title."""
    status, search = visit.asked("status"), visit.asked("search")[:200].replace("\0", "")
    platform = visit.asked("platform")[:50].replace("\0", "")
    wanted = Wanted(
        status=Status(status) if status in set(Status) else None,
        platform=platform or None,
        search=search or None,
    )
    place = paging.asked(visit)
    found = await visit.parts.library.page(
        visit.user.id, wanted, limit=place.fetch, after=place.after
    )
    return visit.show(
        "content_list.html",
        content=paging.some(visit, place, found),
        wanted=wanted,
        statuses=list(Status),
    )


async def show_new(visit: Visit) -> Response:
    """Show the form for a draft, in the *project* that the address names."""
    typed = content_sheet.BLANK | {"project_id": visit.asked("project")}
    return await _new(visit, Sheet(typed))


async def create(visit: Visit) -> Response:
    """Write a draft."""
    typed = _typed(visit)
    try:
        piece = await visit.parts.editing.create(visit.user.id, content_sheet.read(typed))
    except Invalid as invalid:
        return await _new(visit, Sheet(typed, invalid.problems))
    except OrderRefused as refused:
        return await _new(visit, Sheet(typed, {"project_id": str(refused)}))
    return back_to(f"/content/{piece.id}?done=created")


async def show_editor(visit: Visit) -> Response:
    """Show a piece: its form, its time, its history."""
    piece = await _found(visit)
    return await _editor(visit, piece, Sheet(content_sheet.written(piece)))


async def save(visit: Visit) -> Response:
    """Write the form over the revision that it was made from; if there is another one by now, show both and write nothing."""
    typed = _typed(visit)
    read = visit.text("revision")
    try:
        values = content_sheet.read(typed)
        await visit.parts.editing.edit(
            visit.user.id, visit.number("id"), values, lambda revision: str(revision) == read
        )
    except Invalid as invalid:
        return await _editor(visit, await _found(visit), Sheet(typed, invalid.problems), kept=read)
    except OrderRefused as refused:
        return await _editor(
            visit, await _found(visit), Sheet(typed, {"": str(refused)}), kept=read
        )
    except Outdated:
        piece = await _found(visit)
        theirs = content_sheet.differing(piece, typed)
        if theirs:
            return await _editor(visit, piece, Sheet(typed, theirs=theirs))
    return back_to(f"/content/{visit.number('id')}?done=saved")


async def carry_out(visit: Visit) -> Response:
    """Do what was ordered; if it cannot be done, say why beside what was typed."""
    wanted = visit.text("action")
    if wanted not in set(Action):
        raise Refused(422, "invalid", "Nobody knows this order.")
    action = Action(wanted)
    typed = {name: visit.text(name) for name in ("at", "timezone", "recurrence", "series_end_date")}
    try:
        order = _order(action, typed)
        await visit.parts.schedules.carry_out(visit.user.id, visit.number("id"), order)
    except Invalid as invalid:
        return await _refused(visit, Sheet(typed, invalid.problems))
    except OrderRefused as refused:
        if refused.code == "not_found":
            raise
        return await _refused(visit, Sheet(typed, {"": str(refused)}))
    back = local(visit.text("back"), f"/content/{visit.number('id')}")
    return back_to(f"{back}{'&' if '?' in back else '?'}done={action.value}")


async def ask_to_delete(visit: Visit) -> Response:
    """Ask whether a piece is really to be deleted."""
    piece = await _found(visit)
    return visit.show(
        "delete.html",
        title=piece.title,
        what="piece of content",
        loses="Its history, schedules and figures go with it. What is published stays where it is.",
        version=str(piece.revision),
        back=f"/content/{piece.id}",
    )


async def delete(visit: Visit) -> Response:
    """Delete a piece, if it is what was shown."""
    read = visit.text("version")
    await visit.parts.editing.delete(
        visit.user.id, visit.number("id"), lambda revision: str(revision) == read
    )
    return back_to("/content?done=deleted")


def _order(action: Action, typed: Mapping[str, str]) -> Order:
    model = _TIMED.get(action)
    if model is None:
        return Order(action)
    moment = clock_in(typed["timezone"]).moment(typed["at"])
    if moment is None:
        raise Invalid({"at": "Say the day and the time."})
    values: dict[str, Any] = {"scheduled_at": moment.isoformat()}
    if typed["recurrence"]:  # a rescheduled occurrence keeps its series unless it is said anew
        values |= {"recurrence": typed["recurrence"], "timezone": typed["timezone"] or "UTC"}
        values |= {"series_end_date": typed["series_end_date"] or None}
    time = checked(model, values)
    return time.order()


async def _refused(visit: Visit, times: Sheet) -> Response:
    piece = await _found(visit)
    written = Sheet(content_sheet.written(piece))
    return await _editor(visit, piece, written, times=times, status=409)


async def _new(visit: Visit, sheet: Sheet) -> Response:
    projects = await visit.parts.projects.list(visit.user.id, limit=_PROJECTS)
    return visit.show("content_new.html", sheet.status, sheet=sheet, projects=projects)


async def _editor(
    visit: Visit,
    piece: Piece,
    sheet: Sheet,
    *,
    times: Sheet | None = None,
    kept: str = "",
    status: int | None = None,
) -> Response:
    library, user = visit.parts.library, visit.user
    usual = {
        "at": visit.clock.field(piece.scheduled_at),
        "timezone": visit.clock.name,
        "recurrence": "",
        "series_end_date": piece.series_end_date.isoformat() if piece.series_end_date else "",
    }
    history = await library.history(user.id, piece.id, limit=_HISTORY) or []
    return visit.show(
        "content.html",
        status or sheet.status,
        piece=piece,
        revision=kept or str(piece.revision),
        sheet=sheet,
        times=times or Sheet(usual),
        projects=await visit.parts.projects.list(user.id, limit=_PROJECTS),
        actions=content_sheet.actions_of(piece.status),
        recurrences=[
            (each.value, label(each) if each != "none" else "Once") for each in Recurrence
        ],
        zones=[(zone, zone) for zone in dict.fromkeys((visit.clock.name, piece.timezone, "UTC"))],
        history=[(entry, content_sheet.story(entry, visit.clock)) for entry in history],
        metrics=await visit.parts.metrics.of(user.id, piece.id) or [],
    )


async def _found(visit: Visit) -> Piece:
    piece = await visit.parts.library.piece(visit.user.id, visit.number("id"))
    if piece is None:
        raise Refused(404, "not_found", "There is no such piece of content, or it is not yours.")
    return piece


def _typed(visit: Visit) -> dict[str, str]:
    return {name: visit.text(name) for name in content_sheet.FIELDS}
