"""What a database is: every object as one line, read in one round trip.

Nothing here waits: what others lock is not opened, and what could not be read is said. The catalog is read in one snapshot
(``REPEATABLE READ``), so that no half of somebody's transaction is seen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cached_property

from lockstep.catalog.canonical import canonical
from lockstep.catalog.fact import Fact, read_line
from lockstep.catalog.shorthand import QUERIES, UNREAD, statement
from lockstep.postgres.session import Session

_PARTS = tuple(name for name in QUERIES if name not in {"settings", "token"})
_BEGIN = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
LOCK_TIMEOUT = 2.0
STATEMENT_TIMEOUT = 120.0


class Snapshot:
    """The lines of a database, or of a lock file; in no order that means anything but that columns keep theirs."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = tuple(lines)

    @cached_property
    def fingerprint(self) -> str:
        """The SHA-256 of the sorted lines, in hexadecimal."""
        return hashlib.sha256("\n".join(sorted(self.lines)).encode()).hexdigest()

    @cached_property
    def unread(self) -> tuple[Fact, ...]:
        """What could not be read because somebody locks it: the texts in it are not known."""
        return tuple(read_line(line) for line in self.lines if UNREAD in line)

    def facts(self) -> list[Fact]:
        """Return every line as a fact."""
        return [read_line(line) for line in self.lines]


def read_snapshot(session: Session) -> Snapshot:
    """Read the database of *session*, in one message and one transaction that can neither write nor wait.

    Raises ``ServerError``: 55P03 if a lock that was free when it was looked at was taken a moment later.
    """
    texts = session.texts(message(session.server_version))
    lines = (line for text in texts[1:] if text for line in text.split("\n"))
    return Snapshot(canonical(lines, session.server_version // 10000))


def message(server_version: int) -> str:
    """Return all that is sent to a server of this version (as ``server_version_num`` has it)."""
    major = server_version // 10000
    settings = (
        QUERIES["settings"]
        .replace("%(lock_timeout)s", f"'{LOCK_TIMEOUT * 1000:.0f}ms'")
        .replace("%(statement_timeout)s", f"'{STATEMENT_TIMEOUT * 1000:.0f}ms'")
    )
    reads = [
        f"SELECT string_agg(line, E'\\n') FROM ({statement(part, major)}) AS lines"
        for part in _PARTS
    ]
    return ";\n".join([_BEGIN, settings, *reads, "COMMIT"])
