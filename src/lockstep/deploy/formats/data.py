"""A verification as one JSON object."""

from __future__ import annotations

import json
from collections.abc import Sequence

from lockstep.deploy.checks import Check, verified


def render(checks: Sequence[Check], url: str) -> str:
    """Return ``{"url", "verified", "checks": [{"name", "result", "saw", "wanted", "todo"}]}``."""
    found = {"url": url, "verified": verified(checks), "checks": [one.as_dict() for one in checks]}
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"
