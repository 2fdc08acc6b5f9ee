"""The health addresses in front of an application, over ASGI and over a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from lockstep.application import Message, Receive, Scope, Send, ServiceHealth, ServiceState
from lockstep.boot.http import HttpServer
from lockstep.boot.sockets import reserve
from lockstep.events import BootBegun, BootCompleted, Step, StepBegun, Stopping
from lockstep.health.app import HealthApp
from lockstep.health.view import View
from lockstep.timeline import Timeline

ADDRESSES = ["/api/health", "/livez", "/readyz", "/startupz", "/api/boot"]
MOMENT = datetime(2026, 11, 22, 9, 45, tzinfo=UTC)


async def inner(scope: Scope, receive: Receive, send: Send) -> None:
    """Tell what arrives."""
    await send(
        {
            "type": "http.response.start",
            "status": 418,
            "headers": [(b"x-path", scope["path"].encode())],
        }
    )
    await send({"type": "http.response.body", "body": b"the application"})


class Process:
    """What health looks at, in the hand of a test."""

    def __init__(self) -> None:
        self.probes = 0
        self.error: Exception | None = None
        self.timeline = Timeline(host="box", now=lambda: MOMENT, clock=lambda: 0.0)
        self.states = {"scheduler": ServiceState.READY}
        self.health = ServiceHealth(ok=True)
        self.timeline(BootBegun("0192", "studio", "serve", "", "test"))
        self.timeline(BootCompleted("serve", 1.0))

    async def probe(self) -> None:
        """Answer or raise as told."""
        self.probes += 1
        if self.error is not None:
            raise self.error

    def app(self) -> HealthApp:
        """Return the health app in front of `inner`."""
        view = View(
            timeline=self.timeline,
            states=lambda: self.states,
            healths=lambda: dict.fromkeys(self.states, self.health),
            probe_database=self.probe,
        )
        return HealthApp(inner, view, now=lambda: MOMENT, clock=lambda: 0.0)

    def client(self) -> httpx.AsyncClient:
        """Return a client of the app."""
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app()), base_url="http://test")


@pytest.fixture
def process() -> Process:
    """A process that is well."""
    return Process()


def run(story: Coroutine[Any, Any, None]) -> None:
    """Run a test's story."""
    asyncio.run(story)


def test_health_answers_to_the_letter(process: Process) -> None:
    """Platforms and people look for exactly this."""

    async def story() -> None:
        async with process.client() as client:
            response = await client.get("/api/health")
        assert response.status_code == 200
        assert response.json() == {
            "status": "ok",
            "timestamp": "2026-11-22T09:45:00.000Z",
            "uptime": 0.0,
            "database": "ready",
            "scheduler": "initialized",
        }
        assert response.headers["content-type"] == "application/json"
        assert response.headers["cache-control"] == "no-store"

    run(story())


def test_health_tells_the_truth(process: Process) -> None:
    """503 and the words that fit, when something is not as it should be."""

    async def story() -> None:
        process.error = OSError("gone")
        process.health = ServiceHealth(ok=False, word="stalled")
        async with process.client() as client:
            response = await client.get("/api/health")
        body = response.json()
        assert response.status_code == 503
        assert (body["status"], body["database"], body["scheduler"]) == (
            "error",
            "unreachable",
            "stalled",
        )

    run(story())


def test_stopping_turns_readiness_off_and_leaves_the_process_alive(process: Process) -> None:
    """From the event on; liveness stays, or the process would be killed while it drains."""

    async def story() -> None:
        async with process.client() as client:
            assert (await client.get("/readyz")).status_code == 200
            process.timeline(Stopping("SIGTERM"))
            told = {path: (await client.get(path)).status_code for path in ADDRESSES}
            assert (await client.get("/api/health")).json()["status"] == "stopping"
        assert told == {
            "/api/health": 503,
            "/livez": 200,
            "/readyz": 503,
            "/startupz": 200,
            "/api/boot": 200,
        }

    run(story())


def test_only_health_asks_the_database(process: Process) -> None:
    """The probes that restart or drain a process must not hang on a database that all replicas share."""

    async def story() -> None:
        process.error = OSError("gone")
        async with process.client() as client:
            for path in ("/livez", "/readyz", "/startupz", "/api/boot"):
                assert (await client.get(path)).status_code == 200
            assert process.probes == 0
            await client.get("/api/health")
        assert process.probes == 1

    run(story())


def test_readiness_names_the_services(process: Process) -> None:
    """Who is not ready says which part is not."""

    async def story() -> None:
        process.states = {"scheduler": ServiceState.STARTING}
        async with process.client() as client:
            response = await client.get("/readyz")
        assert response.status_code == 503
        assert response.json()["services"]["scheduler"]["state"] == "starting"

    run(story())


def test_start_up_shows_the_phase(process: Process) -> None:
    """A boot under way says where it is."""

    async def story() -> None:
        process.timeline(StepBegun(Step.SERVICES))
        async with process.client() as client:
            response = await client.get("/startupz")
        assert (response.status_code, response.json()) == (503, {"phase": "services"})

    run(story())


def test_the_boot_s_timeline_is_served(process: Process) -> None:
    """`/api/boot` is the timeline and nothing else."""

    async def story() -> None:
        async with process.client() as client:
            assert (await client.get("/api/boot")).json() == process.timeline.as_dict()

    run(story())


@pytest.mark.parametrize("path", ADDRESSES)
def test_every_address_takes_get_and_head_and_no_redirect(process: Process, path: str) -> None:
    """HEAD is GET without the body; a slash at the end is no other place; other methods are told which are allowed."""

    async def story() -> None:
        async with process.client() as client:
            full, head = await client.get(path), await client.head(path)
            assert (head.status_code, head.content) == (full.status_code, b"")
            assert head.headers["content-length"] == full.headers["content-length"]
            assert (await client.get(f"{path}/")).status_code == full.status_code
            refused = await client.post(path)
            assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")

    run(story())


@pytest.mark.parametrize("path", ["/", "/api", "/api/health/more", "/healthz", "/API/HEALTH"])
def test_all_else_is_the_application_s(process: Process, path: str) -> None:
    """Health takes its addresses and not one more."""

    async def story() -> None:
        async with process.client() as client:
            response = await client.post(path)
        assert (response.status_code, response.headers["x-path"]) == (418, path)

    run(story())


@pytest.mark.parametrize("kind", ["lifespan", "websocket"])
def test_what_is_not_http_is_passed_on(process: Process, kind: str) -> None:
    """The very scope and channels, untouched: also a WebSocket at a health address."""
    passed: list[object] = []

    async def other(scope: Scope, receive: Receive, send: Send) -> None:
        passed.extend((scope, receive, send))

    async def receive() -> Message:
        return {}

    async def send(_message: Message) -> None:
        pass

    scope = {"type": kind, "path": "/api/health"} if kind == "websocket" else {"type": kind}
    app = process.app()
    app._inner = other
    run(app(scope, receive, send))
    assert passed == [scope, receive, send]


def test_a_crowd_over_real_sockets_costs_one_probe(process: Process) -> None:
    """Fifty clients at once, as a load balancer with many nodes asks."""

    async def story() -> None:
        reserved = reserve("127.0.0.1", 0)
        server = HttpServer(process.app(), reserved, lifespan=False, drain_timeout=30)
        await server.start()
        async with httpx.AsyncClient(base_url=reserved.url) as client:
            answers = await asyncio.gather(*(client.get("/api/health") for _ in range(50)))
            assert (await client.head("/api/health")).status_code == 200
        await server.stop()
        assert {answer.status_code for answer in answers} == {200}

    run(story())
    assert process.probes == 1
