"""Traces over OTLP, where the extra ``telemetry`` is installed and ``OTEL_EXPORTER_OTLP_ENDPOINT`` is set; else nothing is imported.

A boot is a span with one for each step in it, made when the boot has ended, from the times at which things were reported.
Whatever sending costs, a process that has failed does not wait for it longer than two seconds.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from lockstep import Event
from studio.content.model import Claim, Receipt
from studio.publishing.publishers import Publisher

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
_LAST_WORDS = 2.0
_SCOPE = "studio"


def tracing(environ: Mapping[str, str] = os.environ) -> Tracing | None:
    """Return what traces this process; None if that was not asked for, or cannot be."""
    endpoint = environ.get(ENDPOINT, "").strip()
    return _tracing(endpoint) if endpoint else None


@lru_cache(maxsize=1)
def _tracing(_endpoint: str) -> Tracing | None:
    try:
        found = find_spec("opentelemetry.exporter.otlp.proto.http")
    except ModuleNotFoundError:
        found = None
    return Tracing() if found else None


class Tracing:
    """Makes spans and has them sent in the background; a listener of the engine's, too."""

    def __init__(self) -> None:
        """Read where to and how from the ``OTEL_*`` variables, as OpenTelemetry's own parts do."""
        self._lock = threading.Lock()
        self._provider: TracerProvider | None = None
        self._boot: _Boot | None = None

    def __call__(self, event: Event) -> None:
        """Take an event of the boot; what ends it is sent on the spot."""
        told, now = event.as_dict(), time.time_ns()
        with self._lock:
            match told["event"]:
                case "BootBegun":
                    self._boot = _Boot(told, now)
                case "BootCompleted" | "BootFailed" if self._boot is not None:
                    boot, self._boot = self._boot, None
                    boot.end(self._tracer(boot.attributes), told, now)
                case "Stopped":
                    self.flush()
                case _ if self._boot is not None:
                    self._boot.take(told, now)
            if told["event"] == "BootFailed":
                self.flush()

    @contextmanager
    def request(self, method: str, headers: Mapping[str, str]) -> Iterator[Span]:
        """Trace a request during the block, as a part of the client's trace if it says so."""
        from opentelemetry.trace import SpanKind
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        context: Context = TraceContextTextMapPropagator().extract(headers)
        with self._tracer({}).start_as_current_span(
            method,
            context=context,
            kind=SpanKind.SERVER,
            attributes={"http.request.method": method},
        ) as span:
            yield span

    def publisher(self, inner: Publisher) -> Publisher:
        """Return *inner*, with a span around each attempt."""
        return _TracedPublisher(inner, self)

    @contextmanager
    def publication(self, claim: Claim) -> Iterator[Span]:
        """Trace an attempt to publish during the block; what it raises is in the span."""
        attributes = {
            "studio.content.id": claim.id,
            "studio.content.version": claim.version,
            "studio.platform": claim.platform,
            "studio.attempt": claim.attempt,
        }
        with self._tracer({}).start_as_current_span("publish", attributes=attributes) as span:
            yield span

    def flush(self) -> None:
        """Send what has not been sent, in two seconds at most."""
        provider = self._provider
        if provider is None:
            return
        # The exporter's own time-outs are longer: it is left behind when the time is up.
        sending = threading.Thread(
            target=provider.force_flush, args=(int(_LAST_WORDS * 1000),), daemon=True
        )
        sending.start()
        sending.join(_LAST_WORDS)

    def _tracer(self, attributes: Mapping[str, str]) -> Any:
        if self._provider is None:
            self._provider = _provider(attributes)
        return self._provider.get_tracer(_SCOPE)


class _TracedPublisher:
    def __init__(self, inner: Publisher, tracing: Tracing) -> None:
        self._inner = inner
        self._tracing = tracing

    async def publish(self, claim: Claim) -> Receipt:
        with self._tracing.publication(claim):
            return await self._inner.publish(claim)


class _Boot:
    """A boot while it lasts: who boots, and when which step began and ended."""

    def __init__(self, told: Mapping[str, Any], now: int) -> None:
        self._begun = now
        self._parts: list[tuple[str, int, int, dict[str, Any]]] = []
        self._open: tuple[str, int] | None = None
        self.attributes = {
            "service.version": told["release"],
            "deployment.environment.name": told["environment"],
            "lockstep.boot_id": told["boot_id"],
        }

    def take(self, told: Mapping[str, Any], now: int) -> None:
        """Note what was done, and how long it took."""
        match told["event"]:
            case "StepBegun":
                self._open = told["step"], now
            case "StepDone":
                self._open = None
                skipped = {"lockstep.skipped": told["skipped"], "lockstep.note": told["note"]}
                self._part(f"step {told['step']}", told["seconds"], now, skipped)
            case "FileApplied":
                self._part(f"{told['kind']} {told['name']}", told["seconds"], now, {})

    def end(self, tracer: Any, told: Mapping[str, Any], now: int) -> None:
        """Make the spans; a boot that failed says why, and in which step."""
        from opentelemetry.trace import Status, StatusCode, set_span_in_context

        whole = tracer.start_span("boot", start_time=self._begun, attributes=self.attributes)
        inside = set_span_in_context(whole)
        if self._open is not None:
            step, begun = self._open
            self._parts.append((f"step {step}", begun, now, {}))
        for name, begun, ended, attributes in self._parts:
            span = tracer.start_span(name, inside, start_time=begun, attributes=attributes)
            if told["event"] == "BootFailed" and self._open and name == f"step {self._open[0]}":
                span.set_status(Status(StatusCode.ERROR, told["error"]["what"]))
            span.end(ended)
        if told["event"] == "BootFailed":
            whole.set_status(Status(StatusCode.ERROR, told["error"]["what"]))
        whole.end(now)

    def _part(self, name: str, seconds: float, now: int, attributes: dict[str, Any]) -> None:
        self._parts.append((name, now - int(seconds * 1e9), now, attributes))


def _provider(attributes: Mapping[str, str]) -> TracerProvider:
    """Return what makes and sends spans; a collector that is away costs nobody anything."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    from studio.operations.boot import BOOT

    own = {
        "service.name": os.environ.get("OTEL_SERVICE_NAME") or "studio",
        "service.instance.id": BOOT.identity["replica"],
        **{name: value for name, value in attributes.items() if value},
    }
    provider = TracerProvider(resource=Resource.create(own), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider
