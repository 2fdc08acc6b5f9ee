"""Durations as people write them: ``5s``, ``500ms``, ``2m``, ``1h``, or plain seconds."""

from __future__ import annotations

import re

_FORM = r"(?i)(\d+(?:\.\d+)?)\s*(ms|s|m|min|h)?"
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_LONGEST = 24 * 24 * 3600.0
"""What PostgreSQL can be told: 2^31 milliseconds are 24 days and some hours."""


def parse_duration(text: str) -> float:
    """Return the seconds that *text* says; raises ``ValueError`` with the accepted forms."""
    match = re.fullmatch(_FORM, text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a duration; write for example 500ms, 5s, 2m or 1h")
    seconds = float(match[1]) * _SECONDS[(match[2] or "s").lower()]
    if 0 < seconds < 0.001 or seconds > _LONGEST:
        raise ValueError(f"{text!r} is out of range; durations go from 1ms to 24 days")
    return seconds


def format_duration(seconds: float) -> str:
    """Return *seconds* in the unit that reads best: ``0.4 ms``, ``38 ms``, ``2.31 s``, ``4 min 10 s``."""
    if seconds < 0.01:
        return f"{seconds * 1000:.1f} ms"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 120:
        return f"{seconds:.2f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"
