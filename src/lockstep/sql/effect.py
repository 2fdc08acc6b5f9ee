"""What a statement asks of the relations it touches: the lock, and the work that is done while it is held.

Names and strength of the locks are PostgreSQL's (manual, 13.3.1). Effects are declared from the statement and the history
alone; tests compare them with ``pg_locks``, the files and the messages of a real server.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Literal, NamedTuple

from lockstep.sql.objects import Key
from lockstep.sql.state import State

Lock = Literal[
    "AccessShareLock",
    "RowShareLock",
    "RowExclusiveLock",
    "ShareUpdateExclusiveLock",
    "ShareLock",
    "ShareRowExclusiveLock",
    "ExclusiveLock",
    "AccessExclusiveLock",
]
Work = Literal["none", "scan", "build", "rewrite"]

STRENGTH: tuple[Lock, ...] = (
    "AccessShareLock",
    "RowShareLock",
    "RowExclusiveLock",
    "ShareUpdateExclusiveLock",
    "ShareLock",
    "ShareRowExclusiveLock",
    "ExclusiveLock",
    "AccessExclusiveLock",
)
"""The lock modes, each stronger than those before it."""
_RANK = {lock: number for number, lock in enumerate(STRENGTH)}
WEIGHT: tuple[Work, ...] = ("none", "scan", "build", "rewrite")
"""What is done to the whole of a relation, each heavier than what stands before it."""


class Effect(NamedTuple):
    """A lock that a statement takes on one relation, and its work there.

    ``hazard`` names the rule that finds this dangerous where the relation is in use; ``detail`` are words for its message.
    ``subject`` is what is dropped or renamed: nothing breaks if the file makes it anew. ``part`` is the number of the command in an ALTER TABLE, ``line`` that of the line in a DO block.
    """

    relation: Key
    lock: Lock
    work: Work = "none"
    hazard: str = ""
    detail: str = ""
    subject: Key = ()
    part: int = 0
    line: int = 0


class Context(NamedTuple):
    """What is so when a statement begins.

    ``made`` are the relations of this same file: nobody else uses them yet. ``held`` are the locks that earlier statements of
    the same transaction took on the others, ``unproven`` the constraints that it added without proof; both are empty outside of
    a transaction. ``utc``: the session's time zone was set to UTC.
    """

    state: State
    made: Collection[Key] = ()
    transaction: bool = True
    held: Mapping[Key, Lock] | None = None
    unproven: Collection[Key] = ()
    utc: bool = False

    @property
    def server(self) -> int:
        """The oldest PostgreSQL major that the file is to run on."""
        return self.state.server


def blocks(lock: Lock) -> str:
    """Return in words what others cannot do meanwhile."""
    if lock == "AccessExclusiveLock":
        return "reads and writes"
    return "writes" if _RANK[lock] >= _RANK["ShareLock"] else "schema changes"


def stronger(one: Lock, other: Lock | None) -> Lock:
    """Return the stronger of two locks."""
    return one if other is None or _RANK[one] > _RANK[other] else other


def heavier(*works: Work) -> Work:
    """Return the heaviest of *works*."""
    return max(works, key=WEIGHT.index)


def strongest(effects: Iterable[Effect]) -> dict[Key, tuple[Lock, Work]]:
    """Return the strongest lock and the heaviest work on each relation."""
    found: dict[Key, tuple[Lock, Work]] = {}
    for effect in effects:
        known = found.get(effect.relation)
        if known is None:
            found[effect.relation] = (effect.lock, effect.work)
        else:
            lock, work = known
            found[effect.relation] = (stronger(effect.lock, lock), heavier(effect.work, work))
    return found
