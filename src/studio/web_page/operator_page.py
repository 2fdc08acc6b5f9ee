"""The operator's page. How this instance booted and how its services are, the engine tells: the page's script asks it.

What the studio knows itself is rendered here: the ledger, the schema's drift, live updates. It is shown also while the database is
away, with what was known before.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from starlette.responses import Response

from lockstep import SchemaState
from studio.ending import soon
from studio.operations.schema import FRESH
from studio.storage import SchemaChanged, StoreUnavailable
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

MOST_FILES, MOST_DIFFERENCES = 12, 25
_TOLD_WITHIN, _LOOKED_WITHIN = 0.5, 1.0


async def show_operator(visit: Visit) -> Response:
    """Show how this instance and its companions do; ``?ledger=all`` lists every file that was applied."""
    whole = visit.asked("ledger") == "all"
    (live, why), report = await asyncio.gather(
        _live(visit), visit.parts.watch.schema.report(_LOOKED_WITHIN)
    )
    state = report.state
    return visit.show(
        "operator.html",
        live=live,
        why=why,
        steps=STEPS,
        report=report,
        state=state,
        files=state.applied and state.applied[: None if whole else MOST_FILES] if state else None,
        whole=whole,
        counts=counts_of(state),
        most=MOST_DIFFERENCES,
        fresh=round(FRESH),
    )


async def _live(visit: Visit) -> tuple[dict[str, Any] | None, str]:
    """Return the figures of live updates, or why there are none."""
    try:
        return await soon(visit.parts.live.cluster(), _TOLD_WITHIN), ""
    except (StoreUnavailable, SchemaChanged) as error:
        return None, str(error)
    except TimeoutError:
        return None, "the database has not answered in time"


def counts_of(state: SchemaState | None) -> dict[str, int]:
    """Return how many objects are missing, different and more than expected; what there is none of is left out."""
    return Counter(each.what for each in state.differences or ()) if state else {}
