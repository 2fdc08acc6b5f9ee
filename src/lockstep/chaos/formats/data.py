"""An outcome as one JSON object. The keys are part of the public contract."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from lockstep.chaos.values import Outcome, Played


def render(outcome: Outcome) -> str:
    """Return the object."""
    wanted = outcome.wanted
    told: dict[str, Any] = {
        "holds": outcome.holds,
        "seed": wanted.seed,
        "copies": wanted.copies,
        "kill_after": outcome.window,
        "pgbouncer": outcome.pooled,
        "server": outcome.server,
        "files": outcome.files,
        "undisturbed": _played(outcome.undisturbed),
        "rounds": [_played(one) for one in outcome.rounds],
        "replay": outcome.replay,
    }
    return json.dumps(told, ensure_ascii=False, indent=1) + "\n"


def _played(played: Played) -> dict[str, Any]:
    return {
        "round": played.number,
        "disturbances": [asdict(one) for one in played.plan],
        "starts": played.launches,
        "ends": dict(played.ends),
        "seconds": round(played.seconds, 3),
        "violations": [one.as_dict() for one in played.violations],
    }
