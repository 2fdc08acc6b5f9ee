"""A proof as one JSON object. The keys are part of the public contract."""

from __future__ import annotations

import json

from lockstep.prove.verdicts import Proof


def render(proof: Proof) -> str:
    """Return the object."""
    return json.dumps(proof.as_dict(), ensure_ascii=False, indent=1) + "\n"
