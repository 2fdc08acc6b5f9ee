"""What a database is: every object as one line, read in one round trip.

Nothing here waits: what others lock is not opened, and what could not be read is said. All lines come from one statement, and
so from one snapshot: no half of somebody's transaction is seen. But the server writes texts (of views, of expressions) from
what it finds at that moment; where somebody dropped it in the meantime, all is read once more.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Iterable
from functools import cached_property, lru_cache
from pathlib import Path

from lockstep.catalog.canonical import canonical
from lockstep.catalog.fact import TOLD_SINCE, Fact, read_line, undotted
from lockstep.catalog.fact import Path as Names
from lockstep.catalog.shorthand import TORN, UNREAD, expand
from lockstep.errors import SchemaNotReady
from lockstep.postgres.queries import load_queries
from lockstep.postgres.session import ServerError, Session

QUERIES = load_queries(Path(__file__).with_name("snapshot.sql"))
_NOTE = "~ "
_NEWER = tuple(f"{kind} " for kind in TOLD_SINCE)
_APART = {"settings", "all", "part", "shared", "absent"}
_BEGIN = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
LOCK_TIMEOUT = 0.2
"""Seconds. Only a lock taken between our look and our use is ever waited for."""
STATEMENT_TIMEOUT = 120.0
PATIENCE = 15.0
"""Seconds for which a schema that changes while it is read is read again."""
_LONGEST_PAUSE = 0.1
_CHANGED_MEANWHILE = {"XX000", "55P03", "42P01", "42703", "42704", "42883", "3F000", "40P01"}
"""What the server says when what it was about to write was dropped, or locked, a moment ago."""
_DROPPED_TYPE = ': "???'


class Snapshot:
    """The lines of a database, or of a lock file; in no order that means anything but that columns keep theirs.

    Who owns what is no part of it, because that is another role in every place; but a database knows it. *major* is the version
    of the server that was read; nobody knows by which one a lock file was made.
    """

    def __init__(self, lines: Iterable[str], major: int | None = None) -> None:
        every = tuple(lines)
        self.major = major
        self._owners = tuple(line for line in every if line.startswith(_NOTE))
        self.lines = (
            tuple(line for line in every if not line.startswith(_NOTE)) if self._owners else every
        )

    def with_lines(self, lines: Iterable[str]) -> Snapshot:
        """Return a snapshot of other lines, in which everything has the owner that it has here."""
        return Snapshot((*self._owners, *lines), self.major)

    @cached_property
    def fingerprint(self) -> str:
        """The SHA-256 of the sorted lines, in hexadecimal; of those that every server would have."""
        lines = (line for line in self.lines if not line.startswith(_NEWER))
        return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()

    def tells(self, kind: str) -> bool:
        """Return whether it would have a line of an object of *kind*, if there were one; a lock file shows by having some."""
        if kind not in TOLD_SINCE:
            return True
        if self.major is not None:
            return self.major >= TOLD_SINCE[kind]
        return any(line.startswith(f"{kind} ") for line in self.lines)

    @cached_property
    def unread(self) -> tuple[Fact, ...]:
        """What could not be read because somebody locks it: the texts in it are not known."""
        return tuple(read_line(line) for line in self.lines if UNREAD in line)

    def owner_of(self, kind: str, path: Names) -> str | None:
        """Return who owns what ``grant`` facts call *kind* and *path*; None in a lock file."""
        return self._owner.get((kind, *path), self._owner.get(("",)))

    @cached_property
    def _owner(self) -> dict[Names, str]:
        notes = [undotted(line.removeprefix(_NOTE)) for line in self._owners]
        return {note[:-1]: note[-1] for note in notes}

    def facts(self) -> list[Fact]:
        """Return every line as a fact."""
        return [read_line(line) for line in self.lines]


def read_snapshot(session: Session, *, patience: float = PATIENCE) -> Snapshot:
    """Read the database of *session*, in one message and one transaction that can neither write nor wait.

    What others drop or lock while it is read makes it read once more. Raises ``SchemaNotReady`` if that does not end within
    *patience* seconds.
    """
    question = message(session.server_version)
    begun = time.monotonic()
    while True:
        text = _attempt(session, question)
        enough = time.monotonic() - begun > patience
        if TORN not in text and (enough or _DROPPED_TYPE not in text):
            return _made(session, text)
        if enough:
            raise _changing(
                session, f"For {patience:g} s somebody dropped or locked again and again"
            )
        session.interrupt.sleep(random.uniform(0, _LONGEST_PAUSE))


def _attempt(session: Session, question: str) -> str:
    """Return what the server says, or a torn text if it stumbled over what others do."""
    try:
        return session.texts(question)[-1] or ""
    except ServerError as error:
        session.rollback()
        if error.sqlstate not in _CHANGED_MEANWHILE or error.connection_lost:
            raise
        return TORN


def read_within(session: Session) -> Snapshot:
    """Read the database as the open transaction of *session* sees it; its settings change until the transaction's end.

    Read once only, because what fails has failed the transaction: raises ``ServerError``. Nobody's ownership is read, and no part
    that is sure to be empty: on a session that reads once, to plan them all takes longer than to run them.
    """
    (row,) = session.fetch(QUERIES["absent"])
    without = frozenset({"owners", *row["names"].split()})
    question = message(session.server_version, own_transaction=False, without=without)
    text = session.texts(question)[-1] or ""
    if TORN in text:
        raise _changing(session, "Somebody dropped or locked")
    return _made(session, text)


def _made(session: Session, text: str) -> Snapshot:
    major = session.server_version // 10000
    return Snapshot(canonical(text, major), major)


@lru_cache(maxsize=16)
def message(
    server_version: int, *, own_transaction: bool = True, without: frozenset[str] = frozenset()
) -> str:
    """Return all that is sent to a server of this version (as ``server_version_num`` has it), but for the parts *without*."""
    major = server_version // 10000
    settings = (
        QUERIES["settings"]
        .replace("%(lock_timeout)s", f"'{LOCK_TIMEOUT * 1000:.0f}ms'")
        .replace("%(statement_timeout)s", f"'{STATEMENT_TIMEOUT * 1000:.0f}ms'")
    )
    parts = [
        QUERIES["part"].replace("{part}", text)
        for name, text in QUERIES.items()
        if name not in _APART and name not in without
    ]
    every = "\nUNION ALL\n".join(parts)
    reading = QUERIES["all"].replace("{shared}", QUERIES["shared"]).replace("{every}", every)
    within = [settings, expand(reading, major)]
    return ";\n".join([_BEGIN, *within, "COMMIT"] if own_transaction else within)


def _changing(session: Session, who: str) -> SchemaNotReady:
    return SchemaNotReady(
        f"the schema of {session.address} could not be read: it changes all the time",
        why=f"{who} what was being read.",
        next_step="Wait until whoever runs DDL there has done, then try again.",
    )
