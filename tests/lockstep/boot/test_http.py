"""HTTP as the outside meets it: real sockets, real uvicorn, real clients."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from typing import Any

import httpx
import pytest
from tests.lockstep.boot.conftest import LOCAL, answer, get, quiet_port, run, serving
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from lockstep.application import Receive, Scope, Send
from lockstep.boot.http import HttpServer
from lockstep.boot.sockets import Reserved, reserve


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    """Greet."""
    assert scope["type"] == "http"
    await answer(send)


class Slow:
    """An application whose answers wait until `go`; `entered` is set when a request is in flight."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()
        self.go = asyncio.Event()
        self.cancelled = False

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Wait, then answer."""
        self.entered.set()
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        await answer(send, b"done")


def test_clients_are_refused_until_the_server_listens() -> None:
    """`start` returns when an answer can be had, and `stop` when none can be had any more."""

    async def story() -> None:
        reserved = reserve(LOCAL, 0)
        server = HttpServer(hello, reserved, lifespan=False, drain_timeout=30)
        with pytest.raises(httpx.ConnectError):
            await get(reserved)
        await server.start()
        response = await get(reserved)
        assert (response.status_code, response.text) == (200, "hello")
        assert "date" in response.headers
        assert "server" not in response.headers
        assert await server.stop() == ()
        with pytest.raises(httpx.ConnectError):
            await get(reserved)
        assert not server.failed.done()

    run(story())


def test_all_addresses_are_served() -> None:
    """IPv4 and IPv6 clients reach the same application."""

    async def story() -> None:
        reserved = reserve(None, 0)
        server = HttpServer(hello, reserved, lifespan=False, drain_timeout=30)
        await server.start()
        for bound in reserved.sockets:
            address = "[::1]" if bound.family == socket.AF_INET6 else LOCAL
            async with httpx.AsyncClient() as client:
                assert (await client.get(f"http://{address}:{reserved.port}")).text == "hello"
        await server.stop()

    run(story())


def test_the_signals_stay_whose_they_are() -> None:
    """uvicorn takes no signal over: the engine owns the process."""

    async def story() -> None:
        before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
        async with serving(hello):
            assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before

    run(story())


def test_requests_in_flight_are_answered() -> None:
    """A stop refuses new clients at once, and lets those inside finish."""

    async def story() -> None:
        app = Slow()
        async with serving(app) as (server, reserved):
            inside = asyncio.create_task(get(reserved))
            await app.entered.wait()
            stopping = asyncio.create_task(server.stop())
            await refused(reserved)
            assert not stopping.done()
            app.go.set()
            assert (await inside).text == "done"
            assert await stopping == ()

    run(story())


async def refused(reserved: Reserved) -> None:
    """Return when a new client is refused."""
    with contextlib.suppress(ConnectionRefusedError):
        while True:
            _, writer = await asyncio.open_connection(LOCAL, reserved.port)
            writer.close()


def test_whoever_was_let_in_is_answered() -> None:
    """New clients all the time while the server stops: each is answered or refused, none is reset or left hanging."""
    answered, busy = 0, asyncio.Event()

    async def knock(reserved: Reserved) -> None:
        nonlocal answered
        with contextlib.suppress(ConnectionRefusedError):
            while True:
                reader, writer = await asyncio.open_connection(LOCAL, reserved.port)
                writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                assert (await reader.read()).startswith(b"HTTP/1.1 200")
                writer.close()
                answered += 1
                if answered == 50:
                    busy.set()

    async def story() -> None:
        async with serving(hello) as (server, reserved):
            clients = [asyncio.create_task(knock(reserved)) for _ in range(10)]
            await busy.wait()
            assert await server.stop() == ()
            await asyncio.gather(*clients)

    run(story())


def test_an_idle_connection_does_not_hold_up_the_stop() -> None:
    """A client that keeps its connection for later is told goodbye."""

    async def story() -> None:
        async with serving(hello) as (server, reserved), httpx.AsyncClient() as client:
            await client.get(reserved.url)
            assert await server.stop() == ()

    run(story())


def test_a_restart_right_after_serving_gets_the_port_back() -> None:
    """Connections that the stop has closed linger for a minute; the next process must not wait for them."""

    async def story() -> None:
        port = quiet_port()
        for _ in range(3):
            reserved = reserve(LOCAL, port)
            server = HttpServer(hello, reserved, lifespan=False, drain_timeout=30)
            await server.start()
            async with httpx.AsyncClient() as client:
                assert (await client.get(reserved.url)).text == "hello"
                await server.stop()

    run(story())


def test_what_is_not_done_by_the_deadline_is_cut_off_and_told() -> None:
    """The request is cancelled, its client sees the connection end, and the stop says how many there were."""

    async def story() -> None:
        app = Slow()
        async with serving(app, drain_timeout=0.05) as (server, reserved):
            inside = asyncio.create_task(get(reserved))
            await app.entered.wait()
            (problem,) = await server.stop()
            assert problem.what == "requests in flight that were cut off after 0.05 s: 1"
            assert app.cancelled
            with pytest.raises(httpx.HTTPError):
                await inside

    run(story())


def test_half_a_request_does_not_hold_up_the_stop() -> None:
    """A client that never finishes its sentence is not waited for."""

    async def story() -> None:
        async with serving(hello) as (server, reserved):
            reader, writer = await asyncio.open_connection(LOCAL, reserved.port)
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            await reader.readuntil(b"\r\n0\r\n\r\n")
            writer.write(b"GET /half")
            await writer.drain()
            assert await server.stop() == ()
            # Words that nobody read make the kernel reset the connection instead of closing it.
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""
            writer.close()

    run(story())


def test_a_forced_stop_does_not_wait() -> None:
    """The second signal cuts off what the first one let finish."""

    async def story() -> None:
        app = Slow()
        async with serving(app, drain_timeout=3600) as (server, reserved):
            inside = asyncio.create_task(get(reserved))
            await app.entered.wait()
            stopping = asyncio.create_task(server.stop())
            await refused(reserved)
            server.force_stop()
            await stopping
            with pytest.raises(httpx.HTTPError):
                await inside

    run(story())


def test_websockets_are_closed_with_1012() -> None:
    """`service restart` tells a client to come back; the application hears of it too."""
    heard: list[dict[str, Any]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": "hello"})
        heard.append(dict(await receive()))

    async def story() -> None:
        async with serving(app) as (server, reserved):
            async with connect(reserved.url.replace("http", "ws")) as client:
                assert await client.recv() == "hello"
                stopping = asyncio.create_task(server.stop())
                with pytest.raises(ConnectionClosed) as caught:
                    await client.recv()
                assert caught.value.rcvd is not None
                assert caught.value.rcvd.code == 1012
            assert await stopping == ()
        assert heard == [{"type": "websocket.disconnect", "code": 1012}]

    run(story())


def test_serving_that_breaks_is_told_through_failed() -> None:
    """If the server's own task ends, the process must not go on without HTTP."""

    async def story() -> None:
        async with serving(hello) as (server, _):
            assert server._serving is not None
            server._serving.task.cancel()
            error = await server.failed
            assert error.what == "HTTP ended although nobody stopped it"

    run(story())


@pytest.mark.long
def test_opening_and_closing_leaves_nothing_behind() -> None:
    """Twenty times, each time with a client served."""

    async def story() -> None:
        for _ in range(20):
            reserved = reserve(LOCAL, 0)
            server = HttpServer(hello, reserved, lifespan=False, drain_timeout=30)
            await server.start()
            assert (await get(reserved)).text == "hello"
            assert await server.stop() == ()
            assert asyncio.all_tasks() == {asyncio.current_task()}

    run(story())
