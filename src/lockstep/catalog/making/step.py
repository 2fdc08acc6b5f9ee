"""One thing to do to a database, and the question whether it is still to be done."""

from __future__ import annotations

from lockstep.catalog.fact import Fact
from lockstep.values import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """One statement about one object.

    ``action`` has no semicolon and names everything with its schema. ``guard`` is a condition that is true while the action is
    needed; both are read with ``pg_catalog`` alone as search path. ``transactional`` false: it must stand alone. ``loses``
    says what a DROP or a change of type may lose; it is empty for what only adds. A ``phase`` is run when those before it are
    done for all objects: -1 makes room for others, 1 is what must wait for objects that themselves wait for this one, 2 what would
    watch the others. ``late``: it is about something that may only be made beside a table that is in use.
    """

    fact: Fact
    action: str
    guard: str
    transactional: bool = True
    loses: str = ""
    phase: int = 0
    late: bool = False


@dataclass(frozen=True, slots=True)
class Unchangeable:
    """PostgreSQL has no way from the one to the other."""

    reason: str
