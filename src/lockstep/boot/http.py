"""Step 7: open HTTP last, and close it first. uvicorn serves; the process, its signals and its end stay with the engine."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Generator, Iterator
from socket import socket
from typing import Any

import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from lockstep.application import AsgiApp
from lockstep.boot.calls import CANCEL_GRACE, Call, Raised, Returned
from lockstep.boot.lifespan import Lifespan
from lockstep.boot.places import describe
from lockstep.boot.sockets import Reserved, refusal
from lockstep.errors import HttpFailed, Problem

_POLL = 0.02
_TURNS_TO_CONNECT = 3
_LINGER = 10.0


class _WebSocket(WebSocketsSansIOProtocol):
    """uvicorn's, but a peer that reads nothing cannot keep its connection when the application is done with it."""

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        super().on_task_complete(task)
        if not self.disconnected:
            # Closing waits until all that was written is taken, if need be for ever.
            self.loop.call_later(_LINGER, self.transport.abort)


class _Server(uvicorn.Server):
    """uvicorn's server without its signal handlers, without its polling, and with a drain that says what it cut off."""

    def __init__(self, config: uvicorn.Config, state: dict[str, Any], drain_timeout: float) -> None:
        super().__init__(config)
        self.servers: list[asyncio.base_events.Server] = []
        self.listening = asyncio.get_running_loop().create_future()
        self.cut_off = 0
        self._stop_wanted = asyncio.Event()
        self._state = state
        self._drain_timeout = drain_timeout

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def startup(self, sockets: list[socket] | None = None) -> None:
        self.lifespan.state = self._state
        await super().startup(sockets)
        self.listening.set_result(None)

    async def main_loop(self) -> None:
        # Once a second for the date header (ten of uvicorn's ticks); a stop is noticed at once.
        counter = 0
        while not await self.on_tick(counter):
            counter += 10
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop_wanted.wait(), 1.0)

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        try:
            async with asyncio.timeout(self._drain_timeout):
                await self._close_listeners(sockets or [])
                await self._drained()
        except TimeoutError:
            self.cut_off = len(self.server_state.tasks)
            self.abort()

    async def _close_listeners(self, listeners: list[socket]) -> None:
        """Stop accepting, and lose nobody whom the kernel has already let in."""
        loop = asyncio.get_running_loop()
        for listener in listeners:
            loop.remove_reader(listener)
        # asyncio accepts in one turn of its loop and connects in the next; that fails, and leaves the client hanging, if the
        # server was closed in between.
        for _ in range(_TURNS_TO_CONNECT):
            await asyncio.sleep(0)
        clients = [client for listener in listeners for client in _accept_queued(listener)]
        self._close_servers()
        for client in clients:
            await loop.connect_accepted_socket(self._protocol, client)

    def _protocol(self) -> asyncio.Protocol:
        make: Any = self.config.http_protocol_class
        protocol: asyncio.Protocol = make(
            config=self.config, server_state=self.server_state, app_state=self._state
        )
        return protocol

    async def _drained(self) -> None:
        told: set[Any] = set()
        while True:
            # Nothing tells when a connection has written its last byte. The pause comes first: it lets requests in that
            # are on their way over connections which will be closed.
            await asyncio.sleep(_POLL)
            if not self.server_state.tasks and not self.server_state.connections:
                return
            for connection in self.server_state.connections - told:
                told.add(connection)
                try:
                    connection.shutdown()
                except Exception:  # a peer that broke the protocol is owed no orderly end
                    connection.transport.abort()

    def want_stop(self) -> None:
        self.should_exit = True
        self._stop_wanted.set()

    def abort(self) -> None:
        """Cut every connection and cancel what answers on it."""
        self._close_servers()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        for task in list(self.server_state.tasks):
            task.cancel()

    def _close_servers(self) -> None:
        for server in self.servers:
            server.close()


def _accept_queued(listener: socket) -> Iterator[socket]:
    with contextlib.suppress(OSError):  # nobody waits any more, or the socket is closed
        while True:
            client, _ = listener.accept()
            client.setblocking(False)
            yield client


class HttpServer:
    """Serves an ASGI application on reserved sockets.

    ``failed`` is done, with the error, if serving ends although nobody stopped it.
    """

    def __init__(
        self,
        app: AsgiApp,
        reserved: Reserved,
        *,
        lifespan: bool,
        drain_timeout: float,
        start_timeout: float | None = None,
    ) -> None:
        self._app = app
        self._reserved = reserved
        self._drain_timeout = drain_timeout
        self._start_timeout = start_timeout
        self._lifespan = Lifespan(app) if lifespan else None
        self._server: _Server | None = None
        self._serving: Call[None] | None = None
        self.failed: asyncio.Future[HttpFailed] = asyncio.get_running_loop().create_future()

    async def start(self) -> None:
        """Return when the sockets listen; the application's lifespan has then completed its start-up.

        Raises ``HttpFailed`` with the cause (the sockets never listened), or ``PortInUse``.
        """
        try:
            if self._lifespan is not None:
                await self._lifespan.start(self._start_timeout)
            await self._listen()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> tuple[Problem, ...]:
        """Accept nothing more, drain what is in flight, shut the application's lifespan down; return what went wrong.

        WebSockets are closed with 1012 (service restart). What is not done after ``drain_timeout`` is cut off.
        """
        problems = await self._stop_serving()
        self._reserved.close()
        if self._lifespan is not None:
            problems += await self._lifespan.stop(self._drain_timeout)
        return problems

    def force_stop(self) -> None:
        """Cut every connection now; ``stop`` then returns soon."""
        if self._server is not None:
            self._server.want_stop()
            self._server.abort()

    async def _listen(self) -> None:
        state = self._lifespan.state if self._lifespan is not None else {}
        self._server = server = _Server(self._config(), state, self._drain_timeout)
        self._reserved.prepare_to_listen()
        self._serving = call = Call(lambda: server.serve(sockets=list(self._reserved.sockets)))
        await asyncio.wait({call.task, server.listening}, return_when=asyncio.FIRST_COMPLETED)
        if call.task.done():
            raise self._not_listening(await call.outcome(0.0))
        call.task.add_done_callback(lambda _: self._ended())

    def _config(self) -> uvicorn.Config:
        return uvicorn.Config(
            self._app,
            interface="asgi3",
            lifespan="off",  # never by uvicorn: see lifespan.py
            ws=_WebSocket,
            ws_per_message_deflate=False,  # its windows would add some 43 kB a connection
            log_config=None,
            access_log=False,
            # Whom to believe is said by whoever runs us, or is the application's to know: uvicorn would believe 127.0.0.1.
            proxy_headers="FORWARDED_ALLOW_IPS" in os.environ,
            server_header=False,
            date_header=True,
        )

    def _not_listening(self, outcome: object) -> Exception:
        cause = outcome.error if isinstance(outcome, Raised) else None
        if isinstance(cause, OSError) and cause.errno is not None:
            return refusal(cause, self._reserved.host, self._reserved.port)
        error = HttpFailed(
            "HTTP could not be opened",
            why=describe(cause) if cause else "The server ended at once.",
            next_step="Run again with --verbose for the traceback.",
        )
        error.__cause__ = cause
        return error

    def _ended(self) -> None:
        if self._server is None or self._server.should_exit or self.failed.done():
            return
        assert self._serving is not None
        task = self._serving.task
        cause = None if task.cancelled() else task.exception()
        error = HttpFailed(
            "HTTP ended although nobody stopped it",
            why=describe(cause) if cause else "The server's task is done.",
            next_step="Start again; with --verbose the traceback is shown.",
        )
        error.__cause__ = cause
        self.failed.set_result(error)

    async def _stop_serving(self) -> tuple[Problem, ...]:
        server, call = self._server, self._serving
        if server is None or call is None:
            return ()
        self._serving = None
        server.want_stop()
        outcome = await call.outcome(self._drain_timeout + CANCEL_GRACE)
        server.abort()
        if server.server_state.tasks:
            await asyncio.wait(server.server_state.tasks, timeout=CANCEL_GRACE)
        return tuple(self._what_went_wrong(server, outcome))

    def _what_went_wrong(self, server: _Server, outcome: object) -> Iterator[Problem]:
        if not isinstance(outcome, Returned):
            yield Problem(f"closing HTTP: {outcome}")
        if server.cut_off:
            yield Problem(
                f"requests in flight that were cut off after {self._drain_timeout:g} s: {server.cut_off}"
            )
        if server.server_state.tasks:
            yield Problem(f"requests that ignore being cancelled: {len(server.server_state.tasks)}")
