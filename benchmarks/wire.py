"""Count what goes over the wire: a proxy in front of the server that reads along.

A round trip is a ReadyForQuery of the server's (the one that ends the connecting included); a statement is a Query or Parse
message of the client's, however many statements of SQL it holds.
"""

from __future__ import annotations

import socket
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Self

_LENGTH = 4


@dataclass(slots=True)
class Counts:
    """What went by since the proxy was opened."""

    connections: int = 0
    statements: int = 0
    round_trips: int = 0


class Proxy:
    """Listens on 127.0.0.1 and passes everything on to *port*; for clients with ``sslmode=disable``."""

    def __init__(self, port: int) -> None:
        self.counts = Counts()
        self._server_port = port
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._server_port))
            with self._lock:
                self.counts.connections += 1
            for source, sink, kinds, untyped in (
                (client, server, b"QP", True),
                (server, client, b"Z", False),
            ):
                thread = threading.Thread(
                    target=self._pass_on, args=(source, sink, kinds, untyped), daemon=True
                )
                thread.start()
                self._threads.append(thread)

    def _pass_on(
        self, source: socket.socket, sink: socket.socket, kinds: bytes, untyped: bool
    ) -> None:
        """Copy from *source* to *sink*, counting messages of *kinds*; the client's first message has no type."""
        pending = b""
        while True:
            try:
                piece = source.recv(65536)
                if not piece:
                    break
                sink.sendall(piece)
            except OSError:
                break
            pending += piece
            while True:
                head = 0 if untyped else 1
                if len(pending) < head + _LENGTH:
                    break
                size = head + int.from_bytes(pending[head : head + _LENGTH])
                if len(pending) < size:
                    break
                if not untyped and pending[0] in kinds:
                    self._count(kinds)
                pending, untyped = pending[size:], False
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                end.close()

    def _count(self, kinds: bytes) -> None:
        with self._lock:
            if kinds == b"Z":
                self.counts.round_trips += 1
            else:
                self.counts.statements += 1
