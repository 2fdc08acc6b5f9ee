"""The operator's page. How this instance booted and how its services are, the engine tells: the page's script asks it.

What the studio knows itself is rendered here.
"""

from __future__ import annotations

from starlette.responses import Response

from studio.storage import StoreUnavailable
from studio.web_page.visits import Visit

STEPS = (
    (0, "preflight", "Settings are complete, the files are read, the port is ours. No query yet."),
    (1, "connect", "One direct connection to the database, examined."),
    (2, "lock", "The boot lock is ours, or the schema is at head and none is needed."),
    (3, "migrate", "Every migration is applied once, in order."),
    (4, "seed", "Every seed is applied once, under the same lock."),
    (5, "unlock", "The lock is given back."),
    (6, "services", "Started in order, each after the schema meets its needs."),
    (7, "HTTP", "The socket listens, last of all."),
)
"""The steps of a boot, by the engine's numbers and names, and what each one means."""


async def show_operator(visit: Visit) -> Response:
    """Show how this instance and its companions do."""
    try:
        live, why = await visit.parts.live.cluster(), ""
    except StoreUnavailable as error:
        live, why = None, str(error)
    return visit.show("operator.html", live=live, why=why, steps=STEPS)
