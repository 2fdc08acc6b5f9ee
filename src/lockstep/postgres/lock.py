"""The one boot lock: polled, never waited for, and always the same connection's.

A session blocked in ``pg_advisory_lock`` holds a snapshot, and ``CREATE INDEX CONCURRENTLY`` of the holder waits for that
snapshot: both hang, or one dies. So we ask with ``pg_try_advisory_lock``, and between two questions the session is idle.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

from lockstep.durations import format_duration
from lockstep.errors import LockLost, LockNotObtained
from lockstep.events import Listener, LockWaiting
from lockstep.postgres.queries import load_queries
from lockstep.postgres.session import Session
from lockstep.redaction import redact
from lockstep.values import dataclass

QUERIES = load_queries(Path(__file__).with_name("lock.sql"))
_FIRST_PAUSE, _LONGEST_PAUSE, _GROWTH = 0.1, 1.0, 1.5
_REPORT_EVERY = 5.0


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the lock, as the server sees it; ages in seconds."""

    pid: int
    application_name: str
    role: str
    client: str
    age: float
    state: str
    query_age: float
    query: str

    def __str__(self) -> str:
        query = " ".join(redact(self.query).split())[:120]
        doing = f"{self.state} for {format_duration(self.query_age)}" + (
            f": {query}" if query else ""
        )
        return (
            f"pid {self.pid} ({self.application_name or 'no application name'}, role {self.role}, "
            f"client {self.client}, connected {format_duration(self.age)} ago), {doing}"
        )


def try_lock(session: Session, key: int) -> bool:
    """Take the session-level lock if it is free."""
    return bool(session.fetch(QUERIES["try_lock"], key=key)[0]["locked"])


def name_session(session: Session, name: str) -> None:
    """Show *name* as the session's application; not through a pooler, where it would stay for others."""
    session.fetch(QUERIES["name_session"], name=name[:63])


def try_transaction_lock(session: Session, key: int) -> bool:
    """Begin a transaction and take the lock until its end; where it is not free, no transaction stays open."""
    # Read committed, whatever the role's default: what is read under the lock must not be older than the lock.
    session.script("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
    if session.fetch(QUERIES["try_transaction_lock"], key=key)[0]["locked"]:
        return True
    session.rollback()
    return False


def holder_of(session: Session, key: int) -> Holder | None:
    """Return who holds the lock now, or None if nobody does any more."""
    rows = session.fetch(QUERIES["holder"], key=key)
    return Holder(**rows[0]) if rows else None


def wait_for_lock(
    session: Session,
    key: int,
    *,
    attempt: Callable[[Session, int], bool],
    give_way: Callable[[], bool],
    wait: float,
    report: Listener,
) -> float | None:
    """Take the lock by polling *attempt*; return the seconds waited, or None if *give_way* found it no longer needed.

    Raises ``LockNotObtained`` naming the holder when *wait* seconds are over. *give_way* runs between polls, before the
    lock is asked for again: when the holder is done, all who waited leave together.
    """
    begun = time.monotonic()
    pause, reported = _FIRST_PAUSE, -_REPORT_EVERY
    while not attempt(session, key):
        waited = time.monotonic() - begun
        if waited >= wait:
            raise _not_obtained(key, holder_of(session, key), waited)
        if waited - reported >= _REPORT_EVERY and (holder := holder_of(session, key)):
            report(LockWaiting(str(holder), waited))
            reported = waited
        session.interrupt.sleep(min(pause * random.uniform(0.75, 1.25), max(wait - waited, 0.01)))
        pause = min(pause * _GROWTH, _LONGEST_PAUSE)
        if give_way():
            return None
    return time.monotonic() - begun


def unlock(session: Session, key: int) -> None:
    """Give the lock back; raise ``LockLost`` if the server says that it was not ours."""
    if not session.fetch(QUERIES["unlock"], key=key)[0]["unlocked"]:
        raise lock_lost(session)


def lock_lost(session: Session) -> LockLost:
    """Return the error that stops everything: somebody else may already be at work."""
    return LockLost(
        f"the boot lock at {session.address} is no longer held by this session",
        why="A file released it (pg_advisory_unlock_all, DISCARD ALL), or a proxy moved the session to another server process.",
        next_step="Take such statements out of the files, and give the boot a direct connection (DATABASE_UNPOOLED_URL).",
    )


def _not_obtained(key: int, holder: Holder | None, waited: float) -> LockNotObtained:
    who = f"held by {holder}" if holder else "held by a session that ended in this moment"
    return LockNotObtained(
        f"the boot lock ({key}) was not free within {format_duration(waited)}",
        why=f"It is {who}.",
        next_step="Wait for that boot to end and start again (LOCKSTEP_LOCK_WAIT sets how long to wait)"
        + (f"; if it hangs: SELECT pg_terminate_backend({holder.pid});" if holder else "."),
    )
