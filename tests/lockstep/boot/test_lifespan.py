"""An application's own lifespan around its serving, as if `on` whatever it does."""

from __future__ import annotations

import asyncio
import socket
import sys
from typing import Any

import pytest
from tests.lockstep.boot.conftest import LOCAL, answer, get, run, serving

from lockstep.application import AsgiApp, Receive, Scope, Send
from lockstep.boot import calls
from lockstep.boot.http import HttpServer
from lockstep.boot.sockets import reserve
from lockstep.errors import HttpFailed, PortInUse


class Living:
    """An application with a lifespan; the messages of `answers` are what it says, in order."""

    def __init__(self, *answers: str, error: str = "") -> None:
        self.log: list[str] = []
        self.answers = list(answers)
        self.error = error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Speak as told, or greet with what the lifespan left."""
        if scope["type"] == "http":
            await answer(send, scope["state"]["greeting"].encode())
            return
        scope["state"]["greeting"] = "from the lifespan"
        for said in self.answers:
            self.log.append((await receive())["type"])
            await send({"type": said, "message": "no cache" if said.endswith("failed") else ""})
        if self.error:
            raise RuntimeError(self.error)


def test_an_application_s_lifespan_frames_its_serving() -> None:
    """Its start-up comes before the first request, its shutdown after the last; its state reaches requests."""

    async def story() -> None:
        app = Living("lifespan.startup.complete", "lifespan.shutdown.complete")
        async with serving(app, lifespan=True) as (server, reserved):
            assert app.log == ["lifespan.startup"]
            assert (await get(reserved)).text == "from the lifespan"
            assert await server.stop() == ()
            assert app.log == ["lifespan.startup", "lifespan.shutdown"]

    run(story())


async def not_opened(app: AsgiApp, **settings: Any) -> HttpFailed:
    """Return the failure to open HTTP; the sockets never listened, and are given back."""
    reserved = reserve(LOCAL, 0)
    server = HttpServer(app, reserved, lifespan=True, drain_timeout=30, **settings)
    with pytest.raises(HttpFailed) as caught:
        await server.start()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(LOCAL, reserved.port)
    assert [bound.fileno() for bound in reserved.sockets] == [-1]
    return caught.value


def test_a_lifespan_that_raises_is_a_failed_boot() -> None:
    """The default of every server tested is to serve such an application; here it is exit 70 with the cause."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("no licence")

    async def story() -> None:
        error = await not_opened(app)
        assert isinstance(error.__cause__, RuntimeError)
        assert error.why == "RuntimeError: no licence"
        assert error.place is not None
        assert error.place.file == __file__
        assert error.exit_status == 70

    run(story())


def test_a_lifespan_that_says_failed_is_a_failed_boot() -> None:
    """Its own words are the reason."""

    async def story() -> None:
        assert (await not_opened(Living("lifespan.startup.failed"))).why == "no cache"
        error = await not_opened(Living("lifespan.startup.failed", error="redis is away"))
        assert error.why == "RuntimeError: redis is away"

    run(story())


def test_a_lifespan_without_an_answer_is_a_failed_boot() -> None:
    """Who does not know the protocol says so by `lifespan=False`; silence does not pass for success."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await answer(send)

    async def story() -> None:
        error = await not_opened(app)
        assert "without an answer" in error.why
        assert "lifespan=False" in error.next_step

    run(story())


def test_a_lifespan_that_hangs_is_bounded() -> None:
    """The failure names the line where it waits."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await asyncio.Event().wait()

    async def story() -> None:
        error = await not_opened(app, start_timeout=0.02)
        assert "not done after 0.02 s; it waited at" in error.why
        assert error.place is not None
        assert error.place.file == __file__

    run(story())


def test_sys_exit_in_a_lifespan_is_a_failed_boot() -> None:
    """Neither the application nor uvicorn ends the process."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        sys.exit(0)

    async def story() -> None:
        assert "SystemExit" in (await not_opened(app)).why

    run(story())


@pytest.mark.parametrize(
    ("app", "told"),
    [
        (Living("lifespan.startup.complete", "lifespan.shutdown.failed"), "no cache"),
        (Living("lifespan.startup.complete", error="late"), "RuntimeError: late"),
        (Living("lifespan.startup.complete", "lifespan.startup.complete"), "was not asked for"),
    ],
)
def test_what_goes_wrong_in_the_lifespan_s_shutdown_is_told(app: AsgiApp, told: str) -> None:
    """HTTP is closed by then; the stop goes on and reports it."""

    async def story() -> None:
        async with serving(app, lifespan=True) as (server, _):
            (problem,) = await server.stop()
            assert told in problem.what

    run(story())


def test_a_lifespan_that_hangs_at_shutdown_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process ends all the same."""
    monkeypatch.setattr(calls, "CANCEL_GRACE", 0.02)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await asyncio.Event().wait()

    async def story() -> None:
        async with serving(app, lifespan=True, drain_timeout=0.02) as (server, _):
            (problem,) = await server.stop()
            assert "not done after 0.02 s" in problem.what

    run(story())


def test_a_start_can_be_cancelled() -> None:
    """SIGTERM while the application's lifespan starts: it is cancelled, and the port given back."""
    entered = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        entered.set()
        await asyncio.Event().wait()

    async def story() -> None:
        reserved = reserve(LOCAL, 0)
        server = HttpServer(app, reserved, lifespan=True, drain_timeout=30)
        boot = asyncio.create_task(server.start())
        await entered.wait()
        boot.cancel()
        with pytest.raises(asyncio.CancelledError):
            await boot
        assert [bound.fileno() for bound in reserved.sockets] == [-1]

    run(story())


def test_a_port_lost_at_the_last_moment_is_still_a_port_in_use() -> None:
    """Whatever way another process came to listen there, the refusal says so; the lifespan is shut down again."""

    async def story() -> None:
        app = Living("lifespan.startup.complete", "lifespan.shutdown.complete")
        first = reserve(LOCAL, 0)
        (bound,) = first.sockets
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with socket.socket() as second:
            second.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            second.bind((LOCAL, first.port))
            second.listen()
            server = HttpServer(app, first, lifespan=True, drain_timeout=30)
            with pytest.raises(PortInUse):
                await server.start()
        assert app.log == ["lifespan.startup", "lifespan.shutdown"]

    run(story())
