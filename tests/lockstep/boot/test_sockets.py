"""The reserved port: real sockets, on this machine's own addresses."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from tests.lockstep.boot.conftest import LOCAL, quiet_port

from lockstep.boot.port_owner import find_owner
from lockstep.boot.sockets import Reserved, refusal, reserve
from lockstep.errors import ConfigurationWrong, LockstepError, PortInUse, PrivilegeMissing


def has_ipv6() -> bool:
    """Return whether this machine can bind an IPv6 address."""
    try:
        with closing(socket.socket(socket.AF_INET6)) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.fixture
def undo() -> Iterator[ExitStack]:
    """Close what a test opens."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def reserved(undo: ExitStack) -> Reserved:
    """A free port of 127.0.0.1; asked for by its number, which the kernel treats otherwise than one that it picks."""
    return keep(undo, reserve(LOCAL, quiet_port()))


def keep(undo: ExitStack, reserved: Reserved) -> Reserved:
    """Close *reserved* at the end."""
    undo.callback(reserved.close)
    return reserved


def listener(undo: ExitStack, host: str = LOCAL, port: int = 0) -> socket.socket:
    """Return a listening socket."""
    return undo.enter_context(closing(socket.create_server((host, port))))


def refused_with(kind: type[LockstepError], host: str | None, port: int) -> LockstepError:
    """Return the refusal to reserve."""
    with pytest.raises(kind) as caught:
        reserve(host, port)
    return caught.value


def test_a_bound_socket_that_does_not_listen_refuses_clients(reserved: Reserved) -> None:
    """Before step 7 clients get `connection refused`, which proxies and probes understand; afterwards an answer."""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((LOCAL, reserved.port))
    reserved.sockets[0].listen()
    socket.create_connection((LOCAL, reserved.port)).close()


def test_a_listener_is_found_and_named(undo: ExitStack) -> None:
    """The refusal names port, process and command, and what to set."""
    port = listener(undo).getsockname()[1]
    error = refused_with(PortInUse, LOCAL, port)
    assert f"port {port} of {LOCAL}" in error.what
    assert "LOCKSTEP_PORT" in error.next_step
    assert error.exit_status == 73
    if sys.platform == "linux":
        assert f"pid {os.getpid()} (" in error.what


def test_another_reservation_is_found(reserved: Reserved) -> None:
    """Two boots on one port: the second is refused although the first does not listen yet."""
    error = refused_with(PortInUse, LOCAL, reserved.port)
    assert "without listening yet" in error.why or sys.platform != "linux"


def test_nobody_can_bind_beside_a_reservation(undo: ExitStack, reserved: Reserved) -> None:
    """Not even a server that sets SO_REUSEADDR, as most do."""
    with pytest.raises(OSError, match="in use") as caught:
        listener(undo, port=reserved.port)
    assert caught.value.errno == errno.EADDRINUSE


def test_all_addresses_are_taken_on_one_port(undo: ExitStack) -> None:
    """Without a host, IPv4 and IPv6 both are served, on the same port, also on a port that the system picks."""
    reserved = keep(undo, reserve(None, 0))
    assert {bound.getsockname()[1] for bound in reserved.sockets} == {reserved.port}
    for bound in reserved.sockets:
        bound.listen()
    socket.create_connection((LOCAL, reserved.port)).close()
    assert len(reserved.sockets) == 1 + has_ipv6()
    if has_ipv6():
        socket.create_connection(("::1", reserved.port)).close()


def test_a_port_taken_for_ipv6_alone_is_taken(undo: ExitStack) -> None:
    """All addresses means all: half of them would be a surprise later."""
    if not has_ipv6():
        pytest.skip("this machine has no IPv6")
    taken = keep(undo, reserve("::1", quiet_port()))
    refused_with(PortInUse, None, taken.port)


@pytest.mark.parametrize("host", ["::", "[::]", "*"])
def test_the_ways_to_say_all_addresses(undo: ExitStack, host: str) -> None:
    """`::` means IPv4 too, as platforms that ask for it expect."""
    first = keep(undo, reserve(host, 0)).sockets[0]
    assert first.family == socket.AF_INET


@pytest.mark.parametrize(
    ("host", "shown"),
    [(LOCAL, LOCAL), ("localhost", LOCAL), (None, LOCAL), ("0.0.0.0", LOCAL), ("::1", "[::1]")],
)
def test_the_url_can_be_opened_on_this_machine(
    undo: ExitStack, host: str | None, shown: str
) -> None:
    """What is printed is an address, not a wildcard."""
    if host == "::1" and not has_ipv6():
        pytest.skip("this machine has no IPv6")
    reserved = keep(undo, reserve(host, 0))
    assert reserved.url == f"http://{shown}:{reserved.port}"


def test_a_restart_right_after_serving_gets_the_port_back(undo: ExitStack) -> None:
    """Connections that the last process closed linger in TIME_WAIT; they are nobody's, so they do not count."""
    port = serve_once(undo, quiet_port())
    # Once more on the same port: what the second process leaves behind must not stop a third.
    assert serve_once(undo, port) == port
    keep(undo, reserve(LOCAL, port))


def serve_once(undo: ExitStack, port: int) -> int:
    """Serve one connection, closing it from the server's side, and return the port."""
    reserved = keep(undo, reserve(LOCAL, port))
    reserved.prepare_to_listen()
    (bound,) = reserved.sockets
    bound.setblocking(True)
    bound.listen()
    with socket.create_connection((LOCAL, reserved.port)) as client:
        accepted, _ = bound.accept()
        accepted.close()
        assert client.recv(1) == b""
    reserved.close()
    return reserved.port


def test_a_listener_among_leftovers_is_still_found(undo: ExitStack) -> None:
    """Passing over TIME_WAIT must not mean passing over a server that runs."""
    port = serve_once(undo, quiet_port())
    listener(undo, port=port)
    refused_with(PortInUse, LOCAL, port)


def test_a_reservation_among_leftovers_is_exclusive_too(undo: ExitStack) -> None:
    """Two boots right after a stop: one of them gets the port."""
    port = serve_once(undo, quiet_port())
    keep(undo, reserve(LOCAL, port))
    refused_with(PortInUse, LOCAL, port)


def test_a_host_that_cannot_be_resolved_is_a_wrong_setting() -> None:
    """The refusal names the host and the setting."""
    error = refused_with(ConfigurationWrong, "no-such-host.invalid", 0)
    assert "no-such-host.invalid" in error.what
    assert "HOST" in error.next_step


def test_an_address_of_another_machine_is_a_wrong_setting() -> None:
    """Only this machine's own addresses can be bound; 192.0.2.0/24 is nobody's."""
    error = refused_with(ConfigurationWrong, "192.0.2.1", 0)
    assert "192.0.2.1" in error.what


def test_a_low_port_without_the_privilege_is_said_so() -> None:
    """The kernel's refusal becomes exit 77, with both ways out."""
    error = refusal(PermissionError(errno.EACCES, "Permission denied"), None, 80)
    assert isinstance(error, PrivilegeMissing)
    assert error.exit_status == 77
    assert "CAP_NET_BIND_SERVICE" in error.next_step


def test_nothing_is_left_open_after_a_refusal(undo: ExitStack) -> None:
    """When the second address fails, the first is given back."""
    if not has_ipv6():
        pytest.skip("this machine has no IPv6")
    taken = keep(undo, reserve("::1", quiet_port()))
    refused_with(PortInUse, None, taken.port)
    keep(undo, reserve("0.0.0.0", taken.port))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows who listens")
def test_the_owner_is_another_process() -> None:
    """Its pid and its command are found through the kernel's tables."""
    program = (
        "import socket; s = socket.create_server(('127.0.0.1', 0));"
        "print(s.getsockname()[1], flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, "password=hunter2"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        owner = find_owner(port)
        error = refused_with(PortInUse, LOCAL, port)
        process.communicate("\n")
    assert owner is not None
    assert owner.pid == process.pid
    assert "hunter2" not in error.what


def test_where_the_kernel_shows_nothing_no_owner_is_invented(tmp_path: Path) -> None:
    """Other systems have no /proc; the refusal then goes without a name."""
    assert find_owner(80, proc=tmp_path) is None
