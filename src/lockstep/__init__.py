"""Lockstep boots a PostgreSQL-backed service in lockstep with its schema.

These names are the public API; everything else may change. They are imported when first used, because the command line
must start fast.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lockstep.application import Application, Service, ServiceHealth
    from lockstep.catalog.needs.check import check_needs
    from lockstep.catalog.needs.declaration import Needs
    from lockstep.catalog.needs.declared import ANY, Column, ForeignKey, Index
    from lockstep.cli.borrowing import run_on_schema
    from lockstep.cli.main import serve
    from lockstep.errors import (
        ConfigurationWrong,
        LockstepError,
        NeedsUnmet,
        Problem,
        SchemaNotReady,
    )
    from lockstep.events import Event, Listener
    from lockstep.migrate.plan import Applied
    from lockstep.postgres.gate import Database
    from lockstep.postgres.queries import load_queries
    from lockstep.schema_state import SchemaDifference, SchemaState, look_at_schema
    from lockstep.settings import environment_of

__version__ = "0.1.0"
__all__ = [
    "ANY",
    "Application",
    "Applied",
    "Column",
    "ConfigurationWrong",
    "Database",
    "Event",
    "ForeignKey",
    "Index",
    "Listener",
    "LockstepError",
    "Needs",
    "NeedsUnmet",
    "Problem",
    "SchemaDifference",
    "SchemaNotReady",
    "SchemaState",
    "Service",
    "ServiceHealth",
    "__version__",
    "check_needs",
    "environment_of",
    "load_queries",
    "look_at_schema",
    "run_on_schema",
    "serve",
]
_HOMES = {
    "ANY": "lockstep.catalog.needs.declared",
    "Application": "lockstep.application",
    "Applied": "lockstep.migrate.plan",
    "Column": "lockstep.catalog.needs.declared",
    "ConfigurationWrong": "lockstep.errors",
    "Database": "lockstep.postgres.gate",
    "Event": "lockstep.events",
    "ForeignKey": "lockstep.catalog.needs.declared",
    "Index": "lockstep.catalog.needs.declared",
    "Listener": "lockstep.events",
    "LockstepError": "lockstep.errors",
    "Needs": "lockstep.catalog.needs.declaration",
    "NeedsUnmet": "lockstep.errors",
    "Problem": "lockstep.errors",
    "SchemaDifference": "lockstep.schema_state",
    "SchemaNotReady": "lockstep.errors",
    "SchemaState": "lockstep.schema_state",
    "Service": "lockstep.application",
    "ServiceHealth": "lockstep.application",
    "check_needs": "lockstep.catalog.needs.check",
    "environment_of": "lockstep.settings",
    "load_queries": "lockstep.postgres.queries",
    "look_at_schema": "lockstep.schema_state",
    "run_on_schema": "lockstep.cli.borrowing",
    "serve": "lockstep.cli.main",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'lockstep' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
