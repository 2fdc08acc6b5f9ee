"""What a service manager hears of a boot over NOTIFY_SOCKET, as systemd's Type=notify does."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from lockstep.boot.sd_notify import ServiceManager
from lockstep.events import BootBegun, BootCompleted
from lockstep.testing import Project, finish

WEB = """
from lockstep import Application

async def web(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})

application = Application(name="default", http=lambda: web)
"""


class Heard:
    """A manager's end of the socket: the messages so far, in order."""

    def __init__(self, socket_: socket.socket) -> None:
        self._socket = socket_
        self.messages: list[str] = []

    def until(self, wanted: str) -> str:
        """Wait for a message that begins with *wanted*; return it."""
        while True:
            message = self._socket.recv(65536).decode()
            self.messages.append(message)
            if message.startswith(wanted):
                return message


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[tuple[str, Heard]]:
    """A socket as a service manager opens it: its address, and what is heard."""
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(path)
        receiver.settimeout(30)
        yield path, Heard(receiver)


def test_serve_says_how_far_it_is_then_ready_then_stopping(
    project: Project, manager: tuple[str, Heard]
) -> None:
    """Steps and files come as STATUS, READY=1 after the last step, STOPPING=1 at SIGTERM; more time is asked for before."""
    address, heard = manager
    project.migration("0001_items.sql", "create table if not exists items (id bigint);")
    (project.root / "shop_web.py").write_text(WEB)
    process = project.start("serve", "shop_web:application", "--port", "0", NOTIFY_SOCKET=address)
    try:
        ready = heard.until("READY=1")
        process.send_signal(signal.SIGTERM)
        heard.until("STOPPING=1")
    finally:
        finished = finish(process)
    assert finished.status == 0
    assert ready.splitlines()[1].startswith("STATUS=lockstep: booted in ")
    assert "STATUS=lockstep: migration 0001_items.sql (1 of 1)" in heard.messages
    assert "EXTEND_TIMEOUT_USEC=30000000" in heard.messages
    steps = [m.rpartition(" ")[2] for m in heard.messages if "step " in m]
    assert steps == [
        "preflight",
        "connect",
        "lock",
        "migrate",
        "seed",
        "unlock",
        "services",
        "HTTP",
    ]


def test_a_failed_boot_says_why_and_never_ready(
    project: Project, manager: tuple[str, Heard]
) -> None:
    """The last STATUS is the error in one line."""
    address, heard = manager
    project.migration("0001_wrong.sql", "select\n  nothing_of_the_kind;")
    finished = project.run("up", NOTIFY_SOCKET=address)
    assert finished.status == 70
    said = heard.until("STATUS=lockstep: 0001_wrong.sql")
    assert "nothing_of_the_kind" in said
    assert "\n" not in said
    assert not [m for m in heard.messages if "READY" in m]


def test_run_leaves_ready_to_its_command(project: Project, manager: tuple[str, Heard]) -> None:
    """The command is who knows when it is ready: it finds the socket in its environment."""
    address, heard = manager
    finished = project.run("run", "--", "printenv", "NOTIFY_SOCKET", NOTIFY_SOCKET=address)
    assert finished.stdout.strip() == address
    assert heard.until("STATUS=lockstep: booted in ")
    assert not [m for m in heard.messages if "READY" in m]


@pytest.mark.parametrize("address", ["/nowhere/at/all", "vsock:2:1234", "relative"])
def test_a_manager_that_is_not_there_stops_nothing(project: Project, address: str) -> None:
    """An address that leads nowhere, or is of a kind that we do not speak, is passed over."""
    assert project.run("up", NOTIFY_SOCKET=address).status == 0


def test_an_abstract_address_is_reached_and_asked_again_until_the_boot_is_over() -> None:
    """An address that begins with @ is an abstract one; time is asked for again and again, and no more after the end."""
    name = f"lockstep-test-{id(object())}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind("\0" + name)
        receiver.settimeout(10)
        heard, told = Heard(receiver), ServiceManager(f"@{name}", every=0.01)
        told(BootBegun("b", "app", "serve", "", "test"))
        for _ in range(3):
            heard.until("EXTEND_TIMEOUT_USEC=")
        told(BootCompleted("serve", 1.0))
        heard.until("READY=1")
