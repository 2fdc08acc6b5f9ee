"""Content that is too late is published, skipped or held: by the policy, unless the piece says otherwise itself."""

from __future__ import annotations

import pytest

from studio.content.misfire import Misfire, MisfirePolicy

SKIPS = MisfirePolicy(60, Misfire.SKIP)


@pytest.mark.parametrize(
    ("late", "wish", "held", "verdict"),
    [
        (60.0, None, False, Misfire.PUBLISH),
        (60.1, None, False, Misfire.SKIP),
        (60.1, "hold", False, Misfire.HOLD),
        (60.1, "publish", False, Misfire.PUBLISH),
        (60.1, "explode", False, Misfire.SKIP),
        (1e9, "hold", True, Misfire.PUBLISH),
        (-5.0, "skip", False, Misfire.PUBLISH),
    ],
)
def test_late_is_judged(late: float, wish: str | None, held: bool, verdict: Misfire) -> None:
    """Within the grace it is published; beyond, the piece's own word counts, if it is one; what a person let go is published."""
    assert SKIPS.judge(late, wish, held=held) is verdict
