"""The publishing queue: what goes out next, what is going out, what came of the last ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from starlette.responses import Response

from studio.content.library import Wanted
from studio.content.model import Status
from studio.content.pieces import Outline
from studio.web_page.visits import Visit

_BACK, _AHEAD = timedelta(days=1), timedelta(days=7)
_MOST = 200
_QUEUED = frozenset(Status) - {Status.DRAFT, Status.CANCELLED}


async def show_queue(visit: Visit) -> Response:
    """Show the queue; a script keeps it as it is now."""
    library, user, now = visit.parts.library, visit.user, datetime.now(UTC)
    near = await library.between(user.id, now - _BACK, now + _AHEAD, project_id=None, limit=_MOST)
    stuck = [
        piece
        for status in (Status.FAILED, Status.PUBLISHING)
        for piece in await library.page(user.id, Wanted(status=status), limit=50)
    ]
    return visit.show("queue.html", rows=queued([*near, *stuck]))


def queued(found: list[Outline]) -> list[Outline]:
    """Return what belongs into the queue, each once, in the order of its time."""
    each = {piece.id: piece for piece in found if piece.status in _QUEUED}
    never = datetime.max.replace(tzinfo=UTC)
    return sorted(each.values(), key=lambda piece: (piece.scheduled_at or never, piece.id))
