"""What logs, metrics and traces want to know of the boot, taken from the engine's events."""

from __future__ import annotations

import os
import socket
import threading
from typing import Any

from lockstep import Event


class BootWatch:
    """A listener that remembers who boots, and how long each step took; may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._identity = {"replica": f"{socket.gethostname()}:{os.getpid()}"}
        self._steps: dict[str, float] = {}
        self._seconds: float | None = None

    def __call__(self, event: Event) -> None:
        """Take an event; what is not for here passes."""
        told = event.as_dict()
        with self._lock:
            self._take(told)

    @property
    def identity(self) -> dict[str, str]:
        """What each line of the log begins with: ``replica``, and once a boot has begun ``boot_id`` and ``release``."""
        with self._lock:
            return dict(self._identity)

    @property
    def steps(self) -> dict[str, float]:
        """The seconds of each step that is done, by its label."""
        with self._lock:
            return dict(self._steps)

    @property
    def seconds(self) -> float | None:
        """How long the boot took, once it is complete."""
        return self._seconds

    def _take(self, told: dict[str, Any]) -> None:
        match told["event"]:
            case "BootBegun":
                self._identity |= {
                    name: told[name] for name in ("boot_id", "release") if told[name]
                }
            case "StepDone":
                self._steps[str(told["step"])] = told["seconds"]
            case "BootCompleted":
                self._seconds = told["seconds"]


BOOT = BootWatch()
"""This process's: a process boots once."""
