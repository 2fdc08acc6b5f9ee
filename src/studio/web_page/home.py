"""The front page: for visitors a door, for users what is going on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from starlette.responses import Response

from studio.content.library import Wanted
from studio.content.model import Status
from studio.http_api import auth
from studio.http_api.problems import Refused
from studio.web_page.forms import BLANK, Invalid, Sheet, checked, or_none, refusal_of
from studio.web_page.visits import Visit, back_to, local

_SHOWN = 6
_AHEAD = timedelta(days=60)
_WAITING = (Status.SCHEDULED, Status.PUBLISHING)


async def show_home(visit: Visit) -> Response:
    """Show the door, or the dashboard."""
    if visit.session is None:
        return _door(visit, BLANK)
    library, user = visit.parts.library, visit.user
    now = datetime.now(UTC)
    ahead = await library.between(user.id, now - timedelta(hours=1), now + _AHEAD, project_id=None, limit=100)  # fmt: skip
    return visit.show(
        "dashboard.html",
        counts=await library.counts(user.id),
        coming=[piece for piece in ahead if piece.status in _WAITING][:_SHOWN],
        failed=await library.page(user.id, Wanted(status=Status.FAILED), limit=_SHOWN),
        drafts=await library.page(user.id, Wanted(status=Status.DRAFT), limit=_SHOWN),
    )


def _door(visit: Visit, sheet: Sheet, status: int | None = None) -> Response:
    wanted = local(visit.text("next") or visit.asked("next"))
    return visit.show("door.html", status or sheet.status, sheet=sheet, wanted=wanted)


async def sign_in(visit: Visit) -> Response:
    """Begin a session, and go where the visitor was going."""
    given = {"email": visit.text("email"), "password": visit.text("password")}
    answer = back_to(local(visit.text("next")))
    try:
        await auth.login(checked(auth.Login, given), visit.request, answer, visit.parts)
    except Invalid as invalid:
        return _door(visit, Sheet({"email": given["email"]}, invalid.problems))
    except Refused as refused:
        sheet = Sheet({"email": given["email"]}, {"": refused.detail})
        return _door(visit, sheet, refused.status_code)
    return answer


async def show_registration(visit: Visit) -> Response:
    """Show the form for a new account."""
    return back_to("/") if visit.session else visit.show("register.html", sheet=BLANK)


async def register(visit: Visit) -> Response:
    """Make an account and sign in to it."""
    typed = {name: visit.text(name) for name in ("email", "first_name", "last_name")}
    given = {
        "email": typed["email"],
        "password": visit.text("password"),
        "first_name": or_none(typed["first_name"]),
        "last_name": or_none(typed["last_name"]),
    }
    answer = back_to("/")
    try:
        await auth.register(checked(auth.Registration, given), visit.request, answer, visit.parts)
    except Invalid as invalid:
        return visit.show("register.html", 422, sheet=Sheet(typed, invalid.problems))
    except Refused as refused:
        fields = {"email_taken": "email", "password_weak": "password"}
        sheet = Sheet(typed, refusal_of(refused, fields))
        return visit.show("register.html", refused.status_code, sheet=sheet)
    return answer


async def sign_out(visit: Visit) -> Response:
    """End the session."""
    assert visit.session is not None
    answer = back_to("/")
    await auth.logout(visit.session, visit.request, answer, visit.parts)
    return answer
