"""Lockstep boots a PostgreSQL-backed service in lockstep with its schema.

These names are the public API; everything else may change. They are imported when first used, because the command line
must start fast.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lockstep.application import Application, Service, ServiceHealth
    from lockstep.catalog.needs import Needs
    from lockstep.errors import LockstepError, NeedsUnmet, SchemaNotReady
    from lockstep.events import Event, Listener
    from lockstep.postgres.gate import Database

__version__ = "0.1.0"
__all__ = [
    "Application",
    "Database",
    "Event",
    "Listener",
    "LockstepError",
    "Needs",
    "NeedsUnmet",
    "SchemaNotReady",
    "Service",
    "ServiceHealth",
    "__version__",
]
_HOMES = {
    "Application": "lockstep.application",
    "Database": "lockstep.postgres.gate",
    "Event": "lockstep.events",
    "Listener": "lockstep.events",
    "LockstepError": "lockstep.errors",
    "Needs": "lockstep.catalog.needs",
    "NeedsUnmet": "lockstep.errors",
    "SchemaNotReady": "lockstep.errors",
    "Service": "lockstep.application",
    "ServiceHealth": "lockstep.application",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'lockstep' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
