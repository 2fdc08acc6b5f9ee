"""Which locks a file really takes, and which work it does under them, on tables that were there before: in the server's own words.

After each statement of the open transaction the server's table of locks is read, and where the rows of each table lie (a rewrite
puts them elsewhere). What is scanned and built the server says itself, to whom asks for DEBUG1. A transaction that holds
thousands of locks is looked into after some statements only, since the server counts all locks each time: what is new is then
told of the statement at which it was seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from lockstep.postgres.queries import load_queries
from lockstep.postgres.sending import Experiment
from lockstep.postgres.session import Row, ServerError
from lockstep.prove.steps import Step
from lockstep.prove.subjects import Subject
from lockstep.prove.trial import shown
from lockstep.values import dataclass

QUERIES = load_queries(Path(__file__).with_name("online.sql"))
MODES = (
    "AccessShareLock", "RowShareLock", "RowExclusiveLock", "ShareUpdateExclusiveLock",
    "ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock",
)  # fmt: skip
"""The modes of a table's lock, the weakest first (manual, 13.3.1)."""
_BLOCKS = {
    "ShareUpdateExclusiveLock": "other schema changes and VACUUM",
    "ShareLock": "writes",
    "ShareRowExclusiveLock": "writes",
    "ExclusiveLock": "writes",
    "AccessExclusiveLock": "reads and writes",
}
_SAYS = {
    "rewriting table": "rewrite",
    "verifying table": "scan",
    "validating foreign key constraint": "scan",
    "building index": "index build",
}
_WORDS = re.compile(rf"({'|'.join(_SAYS)}) \"([^\"]+)\"(?: on table \"([^\"]+)\")?")
_NAME = re.compile(r"[\s_-]+")
_LOCKS_A_STATEMENT = 400
"""How many locks may be looked at for each statement, so that the cost stays linear in the statements."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What a statement did to a table that was there before: the strongest lock by then, the work under it, and who had to wait."""

    statement: str
    line: int
    table: str
    lock: str
    work: tuple[str, ...]

    @property
    def blocks(self) -> str:
        """Whom the lock keeps waiting, empty if nobody who reads or writes rows, or changes the schema."""
        return _BLOCKS.get(self.lock, "")

    def as_dict(self) -> dict[str, object]:
        """Return it as JSON-ready values."""
        return {
            "statement": self.statement,
            "line": self.line,
            "table": self.table,
            "lock": spelled(self.lock),
            "work": list(self.work),
            "blocks": self.blocks,
        }


class Watch:
    """Watches one run of a file in a transaction, statement by statement."""

    def __init__(self) -> None:
        self.effects: list[Effect] = []
        self.stumbled = False
        """True once a look has failed, and with it the transaction that it was to look into."""
        self._existing: dict[int, Row] = {}
        self._by_name: dict[str, int] = {}
        self._held: dict[int, set[str]] = {}
        self._unseen = 0
        self._said: list[str] = []

    def begin(self, session: Experiment) -> None:
        """Take note of what there is before the file's first statement, and let the server talk."""
        self._existing = {row["oid"]: row for row in session.fetch(QUERIES["existing"])}
        self._by_name = {row["bare"]: oid for oid, row in self._existing.items()}
        if not self._existing:
            return
        session.on_notice = lambda _severity, _state, message: self._said.append(message)
        session.script("SET client_min_messages = debug1")

    def after(self, session: Experiment, subject: Subject, step: Step) -> None:
        """Look at what a statement has left: locks last until the end of the transaction."""
        if not self._existing:
            return
        if self._unseen and step is not subject.steps[-1]:
            self._unseen -= 1
            return
        try:
            rows = session.fetch(QUERIES["held"], pid=session.libpq_pid)
        except ServerError:
            self.stumbled = True
            self._existing = {}  # the file has ended its transaction, or may not look: nothing more can be told
            return
        self._unseen = len(rows) // _LOCKS_A_STATEMENT
        self.see(subject, step, rows)

    def forget_locks(self) -> None:
        """The transaction has ended, and with it its locks."""
        self._held.clear()
        self._unseen = 0

    def see(self, subject: Subject, step: Step, rows: Iterable[Row]) -> None:
        """Take note of the locks that a statement holds."""
        new: set[int] = set()
        work: dict[int, dict[str, None]] = {}
        for row in rows:
            known = self._existing.get(row["oid"])
            if known is None or row["mode"] not in MODES:
                continue
            if row["filenode"] not in (0, known["filenode"]):
                work.setdefault(row["oid"], {})["rewrite"] = None
                self._existing[row["oid"]] = {**known, "filenode": row["filenode"]}
            if row["mode"] not in self._held.setdefault(row["oid"], set()):
                self._held[row["oid"]].add(row["mode"])
                new.add(row["oid"])
        for oid, words in self._work_said().items():
            work.setdefault(oid, {}).update(dict.fromkeys(words))
        for oid in sorted({*new, *work}):
            lock = self._strongest(oid)
            if lock in _BLOCKS or oid in work:
                name = self._existing[oid]["name"]
                done = tuple(work.get(oid, ()))
                line = subject.line_of(step.offset)
                self.effects.append(Effect(shown(step), line, name, lock, done))

    def _strongest(self, oid: int) -> str:
        return max(self._held.get(oid, ()), key=MODES.index, default="")

    def _work_said(self) -> Mapping[int, list[str]]:
        found: dict[int, list[str]] = {}
        for message in self._said:
            match = _WORDS.match(message)
            oid = self._by_name.get(match[3] or match[2]) if match else None
            if match and oid is not None:
                found.setdefault(oid, []).append(_SAYS[match[1]])
        self._said.clear()
        return found


def mode_named(text: str) -> str:
    """Return the mode that *text* names: ``SHARE UPDATE EXCLUSIVE``, ``share-update-exclusive``, ``ShareUpdateExclusiveLock``.

    Raises ``ValueError`` if there is none.
    """
    wanted = _NAME.sub("", text).lower().removesuffix("lock")
    for mode in MODES:
        if mode.lower().removesuffix("lock") == wanted:
            return mode
    raise ValueError(f"{text!r} is not a lock; there are {', '.join(map(spelled, MODES))}")


def spelled(mode: str) -> str:
    """Return a mode as LOCK TABLE names it: ``SHARE UPDATE EXCLUSIVE``."""
    return " ".join(re.findall(r"[A-Z][a-z]+", mode.removesuffix("Lock"))).upper()


def too_strong(effects: Iterable[Effect], most: str) -> Effect | None:
    """Return the first effect whose lock is stronger than *most*."""
    limit = MODES.index(most)
    return next((one for one in effects if one.lock and MODES.index(one.lock) > limit), None)
