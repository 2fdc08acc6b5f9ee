"""What Prometheus scrapes, in a registry of our own. Every label is from a fixed set: routes, not addresses; methods we know.

What others count already (scheduler, pool, WebSockets, boot) is not counted again but read when it is asked for.
"""

from __future__ import annotations

from collections import Counter as Counted
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    Metric,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

Figures = Callable[[], Mapping[str, Any]]
CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_ENDED = ("published", "retried", "failed", "lost", "taken_over", "dismissed")
# RFC 6455's, and the studio's own.
_CODES = frozenset(
    [
        "1000",
        "1001",
        "1003",
        "1005",
        "1006",
        "1007",
        "1008",
        "1009",
        "1011",
        "1012",
        "1013",
        "4401",
        "4408",
    ]
)
_POOL = {
    "pool_size": "Connections that the pool holds.",
    "pool_available": "Connections of the pool that nobody has borrowed.",
    "requests_waiting": "Who waits for a connection now.",
}


def _nothing() -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class Sources:
    """Where figures are read: what the scheduler's health says, the pool, live updates, and the boot's steps."""

    scheduler: Figures = _nothing
    pool: Figures = _nothing
    live: Figures = _nothing
    boot: Figures = _nothing


class Metrics:
    """Counts requests, and shows them together with what *sources* know."""

    def __init__(self, sources: Sources | None = None) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._requests = Counter(
            "studio_http_requests",
            "Requests that were answered.",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "studio_http_request_seconds",
            "How long answering took.",
            ("method", "route"),
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._registry.register(_Read(sources or Sources()))

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request; *route* is its template."""
        known = method if method in _METHODS else "other"
        self._requests.labels(known, route, str(status)).inc()
        self._seconds.labels(known, route).observe(seconds)

    def render(self) -> bytes:
        """Return all of it in Prometheus' text format."""
        return generate_latest(self._registry)


class _Read(Collector):
    """The figures that others keep."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        yield from _scheduler(self._sources.scheduler())
        yield from _pool(self._sources.pool())
        yield from _live(self._sources.live())
        steps = _gauge("studio_boot_step_seconds", "How long a step of the boot took.", "step")
        for step, seconds in self._sources.boot().items():
            steps.add_metric([step], seconds)
        yield steps


def _gauge(name: str, text: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, labels=labels)


def _one(name: str, text: str, value: float) -> Metric:
    family = _gauge(name, text)
    family.add_metric([], value)
    return family


def _scheduler(figures: Mapping[str, Any]) -> Iterable[Metric]:
    if not figures:
        return
    ended = CounterMetricFamily(
        "studio_scheduler_content", "Content by what became of an attempt.", labels=["outcome"]
    )
    for outcome in _ENDED:
        ended.add_metric([outcome], figures.get(outcome, 0))
    yield ended
    lag = figures["lag_seconds"]
    yield _one("studio_scheduler_lag_seconds", "How late the last claimed content was.", lag)
    yield _one(
        "studio_scheduler_backlog", "Content that is due and not claimed.", figures["backlog"]
    )
    yield _one("studio_scheduler_leases", "Content in hand.", figures["leases"])


def _pool(figures: Mapping[str, Any]) -> Iterable[Metric]:
    for name, text in _POOL.items():
        yield _one(f"studio_pool_{name.removeprefix('pool_')}", text, figures.get(name, 0))
    waited = CounterMetricFamily("studio_pool_wait_seconds", "Time spent waiting for connections.")
    waited.add_metric([], figures.get("requests_wait_ms", 0) / 1000)
    yield waited
    errors = CounterMetricFamily("studio_pool_errors", "Requests for a connection that failed.")
    errors.add_metric([], figures.get("requests_errors", 0))
    yield errors


def _live(figures: Mapping[str, Any]) -> Iterable[Metric]:
    if not figures:
        return
    connections, messages = figures["connections"], figures["messages"]
    current = connections["current"]
    yield _one("studio_websocket_connections", "WebSockets that are open.", current)
    opened = CounterMetricFamily("studio_websocket_opened", "WebSockets that were accepted.")
    opened.add_metric([], connections["total"])
    yield opened
    sent = CounterMetricFamily("studio_websocket_messages", "Messages.", labels=["direction"])
    for direction in ("in", "out"):
        sent.add_metric([direction], messages[direction])
    yield sent
    waiting = figures["backpressure"]["queued"]
    yield _one("studio_websocket_queued", "Messages that wait for slow clients.", waiting)
    closed = CounterMetricFamily(
        "studio_websocket_closed", "WebSockets that ended.", labels=["code"]
    )
    for code, count in _by_known_code(figures["closed"]["by_code"]).items():
        closed.add_metric([code], count)
    yield closed


def _by_known_code(counts: Mapping[str, int]) -> Counted[str]:
    """Return the counts with all codes that clients made up under one name."""
    known: Counted[str] = Counted()
    for code, count in counts.items():
        known[code if code in _CODES else "other"] += count
    return known
