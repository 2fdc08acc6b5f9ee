"""Tell a service manager how far the boot is: sd_notify(3), the protocol of systemd's ``Type=notify``.

One datagram of ``NAME=value`` lines to the socket that ``NOTIFY_SOCKET`` names. While a boot goes on, the manager is told every
few seconds that it may take longer: a migration has no place in ``TimeoutStartSec=``, the boot's own deadlines bound it.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Mapping

from lockstep.events import (
    BootBegun,
    BootCompleted,
    BootFailed,
    Event,
    FileBegun,
    Listener,
    LockWaiting,
    StatementBlocked,
    StepBegun,
    Stopping,
)

EXTENSION = 30.0
"""By how many seconds the manager's patience is extended each time, so long as the boot goes on."""
_EVERY = EXTENSION / 3
_LONGEST_STATUS = 400


def assignments(event: Event) -> dict[str, str]:
    """Return what a service manager is told of *event*; empty where it is told nothing.

    ``lockstep run`` hands the process over to its command, which is who knows when it is ready.
    """
    match event:
        case BootBegun():
            return {"STATUS": "lockstep: boot begun"}
        case StepBegun(step):
            return {"STATUS": f"lockstep: step {int(step)} of 7, {step.label}"}
        case FileBegun(kind, name, position, total):
            return {"STATUS": f"lockstep: {kind} {name} ({position} of {total})"}
        case LockWaiting():
            return {"STATUS": f"lockstep: waiting for the boot lock, held by {event.holder}"}
        case StatementBlocked(name, blockers, _):
            return {"STATUS": f"lockstep: {name} waits for {blockers}"}
        case BootCompleted(command, seconds):
            status = {"STATUS": f"lockstep: booted in {seconds:.2f} s"}
            return status if command == "run" else {"READY": "1", **status}
        case BootFailed(error):
            return {"STATUS": f"lockstep: {error}"}
        case Stopping():
            return {"STOPPING": "1", "STATUS": "lockstep: stopping"}
    return {}


class ServiceManager:
    """A listener that passes a boot's events on to the manager at *address*."""

    def __init__(self, address: str, *, every: float = _EVERY) -> None:
        """Send to *address* (a path, or ``@`` and an abstract name); ask for more time *every* so many seconds."""
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._every = every
        self._over = threading.Event()

    def __call__(self, event: Event) -> None:
        """Tell what there is to tell of *event*."""
        if isinstance(event, BootBegun):
            threading.Thread(target=self._ask_for_time, name="sd_notify", daemon=True).start()
        if isinstance(event, BootCompleted | BootFailed | Stopping):
            self._over.set()
        told = assignments(event)
        if told:
            self.tell(**told)

    def tell(self, **values: str) -> None:
        """Send one message; a manager that is not there is no reason to fail."""
        lines = [f"{name}={_one_line(value)}" for name, value in values.items()]
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender,
        ):
            # A full queue must not hold up the boot.
            sender.setblocking(False)
            sender.sendto("\n".join(lines).encode("utf-8", "replace"), self._address)

    def _ask_for_time(self) -> None:
        while True:
            self.tell(EXTEND_TIMEOUT_USEC=str(int(EXTENSION * 1_000_000)))
            if self._over.wait(self._every):
                return


def also_telling(listener: Listener, environ: Mapping[str, str]) -> Listener:
    """Return *listener*, and the service manager beside it if the environment names one that can be reached."""
    address = environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return listener
    manager = ServiceManager(address)

    def both(event: Event) -> None:
        listener(event)
        manager(event)

    return both


def _one_line(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _LONGEST_STATUS else words[: _LONGEST_STATUS - 1] + "…"
