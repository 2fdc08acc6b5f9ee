"""What is counted, and how the counts of several replicas are added up."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from typing import Any

_ROUND_TRIPS = 200


class Figures:
    """The counts of one replica since it started; they are kept where things happen, and read by ``as_dict``."""

    def __init__(self) -> None:
        self.current = 0
        self.peak = 0
        self.total = 0
        self.by_path: Counter[str] = Counter()
        self.closed: Counter[str] = Counter()
        self.rejected: Counter[str] = Counter()
        self.messages: Counter[str] = Counter(in_=0, out=0, bytes_in=0, bytes_out=0)
        self.dropped = 0
        self.slow = 0
        self.resets = 0
        self.missed = 0
        self._round_trips: deque[float] = deque(maxlen=_ROUND_TRIPS)

    def opened(self, path: str) -> None:
        """Count a connection that was accepted."""
        self.current += 1
        self.total += 1
        self.peak = max(self.peak, self.current)
        self.by_path[path] += 1

    def ended(self, path: str, code: int) -> None:
        """Count its end."""
        self.current -= 1
        self.by_path[path] -= 1
        self.closed[str(code)] += 1

    def received(self, size: int) -> None:
        """Count a message from a client."""
        self.messages["in_"] += 1
        self.messages["bytes_in"] += size

    def sent(self, size: int) -> None:
        """Count a message that a client's connection took."""
        self.messages["out"] += 1
        self.messages["bytes_out"] += size

    def answered(self, seconds: float) -> None:
        """Note how long a client took to answer the heartbeat."""
        self._round_trips.append(round(seconds * 1000, 1))

    def as_dict(self, queued: int) -> dict[str, Any]:
        """Return all of it, with the number of messages that wait now."""
        counts = self.messages
        return {
            "connections": {
                "current": self.current,
                "peak": self.peak,
                "total": self.total,
                "by_path": dict(+self.by_path),
            },
            "closed": {"by_code": dict(self.closed)},
            "rejected": dict(self.rejected),
            "messages": {
                "in": counts["in_"],
                "out": counts["out"],
                "bytes_in": counts["bytes_in"],
                "bytes_out": counts["bytes_out"],
            },
            "backpressure": {
                "queued": queued,
                "dropped": self.dropped,
                "slow_clients": self.slow,
                "resets": self.resets,
            },
            "heartbeat": {"missed": self.missed, "round_trips_ms": list(self._round_trips)},
        }


def shown(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Return figures with percentiles in the place of the single round trips."""
    heartbeat = dict(figures["heartbeat"])
    trips = sorted(heartbeat.pop("round_trips_ms"))
    heartbeat |= {"rtt_p50_ms": percentile(trips, 0.5), "rtt_p95_ms": percentile(trips, 0.95)}
    return {**figures, "heartbeat": heartbeat}


def percentile(ordered: list[float], share: float) -> float | None:
    """Return the value that *share* of the values do not exceed (nearest rank); None of none."""
    if not ordered:
        return None
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def added(all_figures: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the sum of several replicas' figures; the sum of their peaks is an upper bound of the peak."""
    total: dict[str, Any] = Figures().as_dict(0)
    for figures in all_figures:
        total = _plus(total, figures)
    return total


def _plus(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    summed = dict(one)
    for name, value in other.items():
        if isinstance(value, Mapping):
            summed[name] = _plus(summed.get(name, {}), value)
        elif isinstance(value, list):
            summed[name] = [*summed.get(name, []), *value]
        else:
            summed[name] = summed.get(name, 0) + value
    return summed
