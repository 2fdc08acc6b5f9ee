"""Figures of replicas add up, also those of a replica that runs another release."""

from __future__ import annotations

from typing import Any

import pytest

from studio.live_updates.figures import Figures, added, percentile, shown


def counted(connections: int, code: int) -> dict[str, Any]:
    """Return the figures of a replica that had so many connections, one of which has ended."""
    figures = Figures()
    for _ in range(connections):
        figures.opened("/ws")
        figures.answered(connections / 1000)
    figures.ended("/ws", code)
    figures.sent(100)
    figures.rejected["not_signed_in"] += 1
    return figures.as_dict(3)


def test_the_sum_of_two_replicas() -> None:
    """Every number is added, also under keys that only one of them has; round trips are put together."""
    total = shown(added([counted(2, 1000), counted(3, 1012), {"of_a_newer_release": {"x": 1}}]))
    assert total["connections"] == {"current": 3, "peak": 5, "total": 5, "by_path": {"/ws": 3}}
    assert total["closed"]["by_code"] == {"1000": 1, "1012": 1}
    assert total["messages"]["bytes_out"] == 200
    assert total["backpressure"]["queued"] == 6
    assert total["rejected"] == {"not_signed_in": 2}
    assert total["heartbeat"] == {"missed": 0, "rtt_p50_ms": 3.0, "rtt_p95_ms": 3.0}


@pytest.mark.parametrize(("share", "value"), [(0.0, 1.0), (0.5, 3.0), (0.95, 4.0), (1.0, 4.0)])
def test_a_percentile(share: float, value: float) -> None:
    """Is one of the values; of none there is none."""
    assert percentile([1.0, 2.0, 3.0, 4.0], share) == value
    assert percentile([], share) is None
