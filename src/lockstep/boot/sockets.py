"""Hold the port from step 0 on, without listening: a taken port is found before any migration, and clients are refused.

A socket that is bound and does not listen answers connections with a reset, which proxies and probes understand; nobody
else can take the port meanwhile.
"""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Iterator
from dataclasses import dataclass

from lockstep.boot.port_owner import find_owner, is_listened_on
from lockstep.errors import ConfigurationWrong, LockstepError, PortInUse, PrivilegeMissing

_TRIES_FOR_A_COMMON_PORT = 20
_ANY_IPV4 = "0.0.0.0"  # noqa: S104 - only where the operator asks for all addresses
_ALL = dict.fromkeys((None, "*", "::", "[::]"), (_ANY_IPV4, "::"))
_SHOWN_AS = {_ANY_IPV4: "127.0.0.1", "::": "::1"}
_NO_IPV6 = {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT}
_NEXT_STEP = "Stop that process, or choose another port with LOCKSTEP_PORT (or PORT)."


@dataclass(frozen=True, slots=True)
class Reserved:
    """Bound sockets that do not listen yet; whoever has this closes it. ``url`` is where a browser on this machine goes."""

    host: str | None
    port: int
    url: str
    sockets: tuple[socket.socket, ...]

    def prepare_to_listen(self) -> None:
        """Let connections be made that will not keep the next start off the port.

        Linux lets a new socket pass over connections in TIME_WAIT only if both sides have SO_REUSEADDR. Until now it was
        off, because with it another process could bind the same port beside us.
        """
        for reserved in self.sockets:
            reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)

    def close(self) -> None:
        """Give the port back; may be called twice."""
        for reserved in self.sockets:
            reserved.close()


def reserve(host: str | None, port: int) -> Reserved:
    """Bind *port* on *host* without listening; 0 picks a free port.

    None (and ``::``) means all addresses, IPv4 and IPv6. Raises ``PortInUse``, ``PrivilegeMissing`` or
    ``ConfigurationWrong``.
    """
    addresses = _ALL.get(host) or _addresses_of(str(host))
    tries = _TRIES_FOR_A_COMMON_PORT if port == 0 and len(addresses) > 1 else 1
    while True:
        tries -= 1
        try:
            return _bind_all(host, addresses, port)
        except OSError as error:
            # A port that is free for IPv4 may be taken for IPv6: another pick helps.
            if tries == 0 or error.errno != errno.EADDRINUSE:
                raise refusal(error, host, port) from error


def refusal(error: OSError, host: str | None, port: int) -> LockstepError:
    """Return what to tell an operator about an *error* of bind or listen."""
    where = f"port {port} of {host}" if host else f"port {port}"
    if error.errno == errno.EADDRINUSE:
        return _port_in_use(where, port)
    if error.errno in {errno.EACCES, errno.EPERM}:
        return PrivilegeMissing(
            f"{where} may not be opened by this user",
            why=f"The system keeps low ports for privileged processes ({error.strerror}).",
            next_step="Choose a port from 1024 on with LOCKSTEP_PORT (or PORT), or grant CAP_NET_BIND_SERVICE.",
        )
    return ConfigurationWrong(
        f"{where} cannot be opened: {error.strerror or error}",
        why="HOST must be an address or a name of this machine.",
        next_step="Correct LOCKSTEP_HOST (or HOST); `*` means all addresses.",
    )


def _port_in_use(where: str, port: int) -> PortInUse:
    owner = find_owner(port)
    if owner is not None:
        return PortInUse(
            f"{where} is in use by {owner}",
            why="Another process listens there.",
            next_step=_NEXT_STEP,
        )
    why = (
        "Another process listens there; this user may not see which."
        if is_listened_on(port)
        else "Another process holds it without listening yet (another boot, perhaps), or uses it for a connection."
    )
    return PortInUse(f"{where} is in use", why=why, next_step=_NEXT_STEP)


def _addresses_of(host: str) -> tuple[str, ...]:
    try:
        found = socket.getaddrinfo(
            host.strip("[]"), None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (OSError, UnicodeError) as error:
        raise ConfigurationWrong(
            f"the host {host!r} cannot be resolved: {error}",
            next_step="Correct LOCKSTEP_HOST (or HOST); `*` means all addresses.",
        ) from error
    # IPv4 first, so that the address shown is the one that people know.
    by_family = sorted(found, key=lambda entry: entry[0] != socket.AF_INET)
    return tuple(dict.fromkeys(str(address[0]) for *_, address in by_family))


def _bind_all(host: str | None, addresses: tuple[str, ...], port: int) -> Reserved:
    with contextlib.ExitStack() as undo:
        sockets: list[socket.socket] = []
        for address in addresses:
            bound = _bind(address, port, needed=len(sockets) == 0)
            if bound is not None:
                undo.callback(bound.close)
                sockets.append(bound)
                port = bound.getsockname()[1]
        undo.pop_all()
    shown = _SHOWN_AS.get(addresses[0], addresses[0])
    url = f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"
    return Reserved(host, port, url, tuple(sockets))


def _bind(address: str, port: int, *, needed: bool) -> socket.socket | None:
    """Return a bound socket; None for an IPv6 address on a machine without IPv6, unless it is *needed*."""
    try:
        return _bind_plainly(address, port)
    except OSError as error:
        if error.errno in _NO_IPV6 and ":" in address and not needed:
            return None
        if error.errno != errno.EADDRINUSE:
            raise
    # Perhaps only connections that the last process left in TIME_WAIT: those alone SO_REUSEADDR passes over.
    return _bind_plainly(address, port, reuse=True)


def _bind_plainly(address: str, port: int, *, reuse: bool = False) -> socket.socket:
    with _closed_on_error(address) as bound:
        if bound.family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if reuse:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((address, port))
        if reuse:
            # From now on nobody else may use the same way in.
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        bound.setblocking(False)
    return bound


@contextlib.contextmanager
def _closed_on_error(address: str) -> Iterator[socket.socket]:
    bound = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    try:
        yield bound
    except BaseException:
        bound.close()
        raise
