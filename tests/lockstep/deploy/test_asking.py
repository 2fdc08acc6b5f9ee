"""Asking an address: what comes back of odd servers, and that nobody who does not answer keeps the one who asks."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from lockstep.deploy.asking import Answer, ask, ask_at_once
from lockstep.errors import Interrupted
from lockstep.interrupt import Interrupt

Serve = Callable[[socket.socket], None]


@pytest.fixture
def server() -> Iterator[tuple[str, list[Serve]]]:
    """A server that does with each connection what the test says; its address."""
    serves: list[Serve] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def accept() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                threading.Thread(target=serves[0], args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/", serves
        listening.shutdown(socket.SHUT_RDWR)


def test_an_answer_that_does_not_end_is_none(server: tuple[str, list[Serve]]) -> None:
    """Each byte comes in time, all of them never do."""
    url, serves = server

    def drip(connection: socket.socket) -> None:
        with connection:
            connection.recv(1000)
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            over = threading.Event()
            try:
                while not over.wait(0.02):
                    connection.sendall(b" ")
            except OSError:
                return

    serves.append(drip)
    found = ask(url, timeout=0.3)
    assert (found.status, found.error) == (0, "TimeoutError: the answer does not end")


def test_what_speaks_something_else_is_quoted_in_a_line(server: tuple[str, list[Serve]]) -> None:
    """Whatever it says."""
    url, serves = server

    def shell(connection: socket.socket) -> None:
        with connection:
            connection.recv(1000)
            connection.sendall(b"SSH-2.0-OpenSSH\r\n")

    serves.append(shell)
    assert ask(url).error == "BadStatusLine: SSH-2.0-OpenSSH"


def test_who_asks_a_mute_server_hears_a_signal(server: tuple[str, list[Serve]]) -> None:
    """A request to stop ends the waiting, not the patience with the server; the answers of others are all there, in order."""
    url, serves = server
    interrupt, done = Interrupt(), threading.Event()

    def mute(connection: socket.socket) -> None:
        with connection:
            interrupt.request(signal.SIGINT)
            done.wait()

    serves.append(mute)
    try:
        with pytest.raises(Interrupted):
            ask_at_once([url, url], interrupt)
    finally:
        done.set()

    def echo(connection: socket.socket) -> None:
        with connection:
            word = connection.recv(1000).split()[1]
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + word[:2])

    serves[0] = echo
    found: list[Answer] = ask_at_once([f"{url}{number}" for number in range(5)], Interrupt())
    assert [one.body.decode() for one in found] == [f"/{number}" for number in range(5)]
