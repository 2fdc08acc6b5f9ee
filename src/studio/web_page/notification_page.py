"""What the studio had to tell."""

from __future__ import annotations

from starlette.responses import Response

from studio.http_api.problems import Refused
from studio.web_page import paging
from studio.web_page.forms import number
from studio.web_page.visits import Visit, back_to


async def show_notifications(visit: Visit) -> Response:
    """Show a page of the user's notifications."""
    wanted = paging.asked(visit)
    unread = visit.asked("show") == "unread"
    found = await visit.parts.notifications.list(
        visit.user.id, unread=unread, limit=wanted.fetch, after=wanted.after
    )
    return visit.show(
        "notifications.html", told=paging.some(visit, wanted, found), only_unread=unread
    )


async def mark_read(visit: Visit) -> Response:
    """Mark one as read, or all up to the newest that was shown."""
    one, up_to = number(visit.text("id")), number(visit.text("up_to"))
    if isinstance(one, int):
        if await visit.parts.notifications.read(visit.user.id, one) is None:
            raise Refused(404, "not_found", "There is no such notification, or it is not yours.")
    elif isinstance(up_to, int):
        await visit.parts.notifications.read_all(visit.user.id, up_to)
    return back_to("/notifications?done=read")
