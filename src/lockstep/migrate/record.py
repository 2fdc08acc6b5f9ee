"""Write how a boot ended, on a connection of its own: the boot's is closed by then, or broken."""

from __future__ import annotations

import threading
from typing import Any

from lockstep.errors import LockstepError
from lockstep.migrate import ledger
from lockstep.migrate.ledger import Boot
from lockstep.postgres.connection import connect_now
from lockstep.postgres.session import ServerError
from lockstep.timeline import Timeline


def write_record(
    url: str, source: str, boot: Boot, timeline: Timeline, outcome: str, *, patience: float
) -> bool:
    """Record the boot as *timeline* has it; return whether that was done within *patience* seconds.

    Never raises: where the database cannot be reached, or has no ledger yet, there is nowhere to record.
    """
    written: list[bool] = []
    thread = threading.Thread(
        target=lambda: written.append(_write(url, source, boot, timeline, outcome)),
        name="lockstep-record",
        daemon=True,
    )
    thread.start()
    thread.join(patience)
    return written == [True]


def _write(url: str, source: str, boot: Boot, timeline: Timeline, outcome: str) -> bool:
    try:
        session = connect_now(url, source, f"lockstep:{boot.app}:record")
    except LockstepError:
        return False
    session.shared = True  # perhaps: nobody has looked
    try:
        ledger.record_boot(session, boot, _values(timeline, outcome))
    except ServerError:
        return False
    finally:
        session.close()
    return True


def _values(timeline: Timeline, outcome: str) -> dict[str, Any]:
    shown = timeline.as_dict()
    steps = shown["steps"]
    return {
        "outcome": outcome,
        "step": steps[-1]["step"] if steps else "",
        "seconds": shown["seconds"],
        "error": shown["error"],
        "timeline": {**shown, "outcome": outcome},
    }
