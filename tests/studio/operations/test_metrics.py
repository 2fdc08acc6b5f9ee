"""What Prometheus reads: parsed by its own parser, with labels from fixed sets only."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from studio.operations.metrics import Metrics, Sources

SCHEDULER = {
    "lag_seconds": 0.5, "backlog": 7, "leases": 2, "published": 3, "retried": 1,
    "failed": 0, "lost": 0, "taken_over": 0, "dismissed": 0,
}  # fmt: skip
LIVE = {
    "connections": {"current": 4, "total": 9},
    "messages": {"in": 1, "out": 2},
    "backpressure": {"queued": 0},
    "closed": {"by_code": {"1000": 3, "4999": 1, "3210": 1}},
}


def samples(metrics: Metrics) -> dict[tuple[str, ...], float]:
    """Every sample: its name and its labels' values."""
    found: dict[tuple[str, ...], float] = {}
    for family in text_string_to_metric_families(metrics.render().decode()):
        for sample in family.samples:
            key = (sample.name, *(value for _, value in sorted(sample.labels.items())))
            assert key not in found
            found[key] = sample.value
    return found


def test_requests_are_counted_by_route() -> None:
    """Method, template and status; a method that nobody knows makes no label of its own."""
    metrics = Metrics()
    for method in ("GET", "GET", "BREW"):
        metrics.answered(method, "/api/content/{content_id}", 200, 0.02)
    found = samples(metrics)
    assert found["studio_http_requests_total", "GET", "/api/content/{content_id}", "200"] == 2
    assert found["studio_http_requests_total", "other", "/api/content/{content_id}", "200"] == 1
    bucket, of = "studio_http_request_seconds_bucket", ("GET", "/api/content/{content_id}")
    assert (found[bucket, "0.01", *of], found[bucket, "0.025", *of]) == (0, 2)


def test_figures_of_others_are_read_when_asked_for() -> None:
    """Scheduler, pool, WebSockets and boot, each as it is now; codes that clients made up are one."""
    pool = {"pool_size": 4, "pool_available": 1, "requests_waiting": 2, "requests_wait_ms": 1500}
    metrics = Metrics(
        Sources(lambda: SCHEDULER, lambda: pool, lambda: LIVE, lambda: {"migrate": 0.25})
    )
    found = samples(metrics)
    assert found["studio_scheduler_backlog",] == 7
    assert found["studio_scheduler_content_total", "published"] == 3
    assert found["studio_pool_requests_waiting",] == 2
    assert found["studio_pool_wait_seconds_total",] == 1.5
    assert found["studio_websocket_closed_total", "other"] == 2
    assert found["studio_boot_step_seconds", "migrate"] == 0.25
    pool["requests_waiting"] = 0
    assert samples(metrics)["studio_pool_requests_waiting",] == 0


def test_before_anything_runs_there_is_nothing_to_say() -> None:
    """Sources that know nothing yet break nothing."""
    assert ("studio_scheduler_backlog",) not in samples(Metrics())
