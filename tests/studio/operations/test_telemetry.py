"""Traces as a collector gets them: a real one over HTTP, that reads what arrives."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from lockstep.testing import until
from studio.operations.telemetry import ENDPOINT, tracing

if TYPE_CHECKING:
    from tests.studio.conftest import Shelf, Studio

TRACE = "0af7651916cd43dd8448eb211c80319c"


class Collector(ThreadingHTTPServer):
    """Takes spans; one that hangs never answers."""

    daemon_threads = True

    def __init__(self, *, hangs: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), _Taking)
        self.spans: list[Any] = []
        self.resources: list[dict[str, str]] = []
        self.hangs = hangs
        self.asked = threading.Event()
        self.over = threading.Event()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_port}"

    def named(self, name: str) -> list[Any]:
        """The spans of that name so far."""
        return [span for span in list(self.spans) if span.name == name]


class _Taking(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.asked.set()
        if self.server.hangs:
            self.server.over.wait()
            return
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            attributes = {one.key: one.value.string_value for one in resource.resource.attributes}
            self.server.resources.append(attributes)
            for scope in resource.scope_spans:
                self.server.spans.extend(scope.spans)
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


@contextmanager
def collecting(*, hangs: bool = False) -> Iterator[Collector]:
    """Collect during the block."""
    collector = Collector(hangs=hangs)
    thread = threading.Thread(target=collector.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield collector
    finally:
        collector.over.set()
        collector.shutdown()
        thread.join()
        collector.server_close()


def attributes(span: Any) -> dict[str, Any]:
    """What is said of a span."""
    return {one.key: one.value.string_value or one.value.int_value for one in span.attributes}


def test_boot_requests_and_publications_are_traced(
    studio_process: Studio, at_head: str, shelf: Shelf
) -> None:
    """The boot with its steps in order inside, a request in its client's trace by its route's name, an attempt to publish."""
    process = dataclasses.replace(studio_process, database=at_head)
    with collecting() as collector:
        environment = {ENDPOINT: collector.url, "OTEL_BSP_SCHEDULE_DELAY": "50"}
        with process.serving(LOCKSTEP_ENV="test", GIT_COMMIT="abc", **environment) as url:
            parent = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
            httpx.get(f"{url}/api/content/7?secret=1", headers=parent)
            content = shelf.add()
            until(lambda: shelf.row(content)["status"] == "published", what="the publication")
        (boot,) = collector.named("boot")
        steps = [span for span in collector.spans if span.name.startswith("step ")]
        steps.sort(key=lambda span: span.end_time_unix_nano)
        assert [span.name for span in steps] == [
            "step preflight", "step connect", "step lock", "step migrate", "step seed",
            "step unlock", "step services", "step HTTP",
        ]  # fmt: skip
        assert {span.parent_span_id for span in steps} == {boot.span_id}
        (request,) = collector.named("GET /api/content/{content_id}")
        assert request.trace_id.hex() == TRACE
        assert attributes(request)["http.response.status_code"] == 401
        assert "secret" not in str(request)
        (publication,) = collector.named("publish")
        assert attributes(publication)["studio.content.id"] == content
        assert collector.resources[0]["service.name"] == "studio"
        assert collector.resources[0]["service.version"] == "abc"


@pytest.mark.long
def test_a_boot_that_fails_is_sent_before_the_process_ends(
    studio_process: Studio, at_head: str, shelf: Shelf
) -> None:
    """The step that failed says why; a collector that hangs keeps the process from ending no longer than it may."""
    process = dataclasses.replace(studio_process, database=at_head)
    shelf.run("alter table content drop column lease_until cascade")
    # Drift would be refused first.
    environment = {"LOCKSTEP_ENV": "test", "LOCKSTEP_DRIFT": "report"}
    with collecting() as collector:
        finished = process.run(**environment, **{ENDPOINT: collector.url})
        assert finished.status == 79
        (step,) = collector.named("step services")
        (boot,) = collector.named("boot")
        assert step.status.code == boot.status.code == 2
        assert step.status.message
    with collecting(hangs=True) as collector:
        assert process.run(**environment, **{ENDPOINT: collector.url}).status == 79
        assert collector.asked.is_set()


def test_nothing_is_traced_that_nobody_asked_for() -> None:
    """Without an endpoint there is nothing that traces."""
    assert tracing({}) is None
    assert tracing({ENDPOINT: " "}) is None


@pytest.mark.long
def test_what_is_not_asked_for_is_not_imported(studio_process: Studio) -> None:
    """Importing the studio loads nothing that makes or sends spans (FastAPI looks whether their API is there)."""
    code = (
        "import sys, studio.assembly;"
        "sys.exit(any(m.startswith(('opentelemetry.sdk', 'opentelemetry.exporter')) for m in sys.modules))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=studio_process.root)
