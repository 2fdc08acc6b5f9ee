"""Run a no-transaction file statement by statement, so that a restart knows what is left to do.

A statement that may share a transaction with its journal row does, and needs no more. One that may not (CREATE INDEX
CONCURRENTLY and its kin) is journaled before and after; an intent without an outcome means that a boot was killed there,
and the catalog is asked what it left.
"""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Iterator

from lockstep.errors import EndStateWrong, MigrationFailed, Place
from lockstep.events import Listener, StatementDone
from lockstep.migrate import failures, ledger, probes
from lockstep.migrate.bites import in_bites, in_one_go
from lockstep.migrate.ledger import QUERIES, Boot
from lockstep.migrate.script import Script
from lockstep.position import place_at
from lockstep.postgres.blockers import BlockerWatch
from lockstep.postgres.session import ServerError, Session
from lockstep.sql.parser import Statement
from lockstep.sql.transactions import (
    concurrent_index,
    may_commit,
    must_run_alone,
    sets_session,
    validates_only,
)

_NOT_IN_A_TRANSACTION = "25001"
# The file may have taken another role, which its next statements are to run as.
_AS_OURSELVES = "SET LOCAL ROLE NONE;"


def apply_statements(
    session: Session,
    watch: BlockerWatch,
    boot: Boot,
    script: Script,
    lock_timeout: float,
    report: Listener,
) -> None:
    """Run what is left of *script*, then record the file and clear its journal in one transaction.

    Raises what ``apply.Runner.run`` raises, and ``EndStateWrong`` if an index that was built is not valid.
    """
    begun = time.monotonic()
    run = _StatementRun(session, watch, boot, script, lock_timeout)
    try:
        states = run.read_journal()
        total = len(script.statements)
        for number, statement in enumerate(script.statements, start=1):
            outcome = run.run(number, statement, states)
            report(StatementDone(script.file.name, number, total, outcome))
    except ServerError as error:
        session.rollback()
        raise failures.of_session(error, session) from error
    run.finish(time.monotonic() - begun)


class _StatementRun:
    """The statements of one file against one journal."""

    def __init__(
        self, session: Session, watch: BlockerWatch, boot: Boot, script: Script, lock_timeout: float
    ) -> None:
        self.session = session
        self.watch = watch
        self.boot = boot
        self.script = script
        self.lock_timeout = lock_timeout
        self.key = {"app": boot.app, "kind": script.file.kind, "name": script.file.name}

    def read_journal(self) -> dict[int, str]:
        """Return the state of the leading statements that are still what the journal knows.

        The file may be corrected between two tries: from the first statement whose text differs on, all run again.
        """
        states: dict[int, str] = {}
        rows = self.session.fetch(QUERIES["read_journal"], **self.key)
        known = {row["statement"]: row for row in rows}
        for number, statement in enumerate(self.script.statements, start=1):
            row = known.get(number)
            if row is not None and row["fingerprint"] != _fingerprint(statement):
                break
            if row is not None:
                states[number] = row["state"]
        return states

    def run(self, number: int, statement: Statement, states: dict[int, str]) -> str:
        """Run one statement unless the journal or the catalog says that it is done; return the outcome in words."""
        if sets_session(statement):
            self._send(statement, statement.text)
            return "done"
        if states.get(number) == "done":
            return "found done"
        if must_run_alone(statement) or may_commit(statement) or not statement.kind:
            return self._run_alone(number, statement, interrupted=states.get(number) == "intent")
        after = f"\n;{_AS_OURSELVES}{self._note(number, statement, 'done')};COMMIT"
        try:
            self._send_in_bites(statement, after)
        except MigrationFailed as error:
            # Some can be told only by the server: REINDEX of a table that turns out to be partitioned.
            if error.sqlstate != _NOT_IN_A_TRANSACTION:
                raise
            return self._run_alone(number, statement, interrupted=states.get(number) == "intent")
        return "done"

    def finish(self, seconds: float) -> None:
        """Record the file and forget its journal, in one transaction."""
        begun = f"pg_catalog.make_interval(secs => {seconds:.6f})"
        record = ledger.record_statement(
            self.session, self.boot, self.script.file, f"(pg_catalog.clock_timestamp() - {begun})"
        )
        clear = self.session.literal(QUERIES["clear_journal"], **self.key)
        try:
            self.session.script(f"BEGIN;{failures.RECORDING}{record};{clear};COMMIT")
        except ServerError as error:
            self.session.rollback()
            raise failures.of_session(error, self.session) from error

    def _run_alone(self, number: int, statement: Statement, *, interrupted: bool) -> str:
        finding = probes.probe(self.session, statement, interrupted=interrupted)
        if not interrupted:
            self._keep(self._note(number, statement, "intent"))
        self.session.script(
            f"SET lock_timeout = {_milliseconds(in_one_go(self.script, self._timeout(statement)))}"
        )
        try:
            for cleanup in finding.cleanup:
                self._send(statement, cleanup)
            if not finding.done:
                self._send(statement, statement.text)
        except MigrationFailed:
            # The server has answered: an intent that stays would let the next start take it for interrupted, perhaps done.
            with contextlib.suppress(ServerError):
                self._keep(
                    self.session.literal(QUERIES["forget_intent"], statement=number, **self.key)
                )
            raise
        self._check_index(statement)
        self._keep(self._note(number, statement, "done"))
        if finding.cleanup:
            return "rebuilt"
        return "found done" if finding.done else "done"

    def _check_index(self, statement: Statement) -> None:
        index = concurrent_index(statement)
        if index is None or probes.is_valid(self.session, index):
            return
        raise EndStateWrong(
            f"index {index.name} is not valid after it was built",
            place=self._place(statement),
            why="It is there under that name, but on another table or broken; queries do not use it.",
            next_step=f"Look at it with \\d {index.table}; drop it by hand if it is not wanted, then start again.",
        )

    def _timeout(self, statement: Statement) -> float:
        """Seconds; builds and validation block nobody while they wait, so they may wait."""
        if self.script.header.lock_timeout is None and (
            must_run_alone(statement) or validates_only(statement)
        ):
            return 0.0
        return self.lock_timeout

    def _keep(self, statements: str) -> None:
        """Run statements of ours, in a transaction."""
        self.session.script(f"BEGIN;{_AS_OURSELVES}{statements};COMMIT")

    def _note(self, number: int, statement: Statement, state: str) -> str:
        return self.session.literal(
            QUERIES["note"],
            statement=number,
            fingerprint=_fingerprint(statement),
            state=state,
            **self.key,
        )

    def _send_in_bites(self, statement: Statement, after: str) -> None:
        """Run a statement that may share a transaction with *after*, its journal row, and with COMMIT."""

        def send(wait: float) -> None:
            before = f"BEGIN;SET LOCAL lock_timeout = {_milliseconds(wait)};"
            self._script(statement, f"{before}{statement.text}{after}", before)

        timeout = self._timeout(statement)
        with self._failing():
            in_bites(timeout, in_one_go(self.script, timeout), send, self.session.interrupt.sleep)

    def _send(self, statement: Statement, message: str) -> None:
        with self._failing():
            self._script(statement, message, "")

    def _script(self, statement: Statement, message: str, before: str) -> None:
        try:
            self.session.script(message)
        except ServerError as error:
            self.session.rollback()
            inside = error.position - len(before)
            error.position = inside + statement.offset if 0 < inside <= len(statement.text) else 0
            error.completed = self.script.statements.index(statement)
            raise

    @contextlib.contextmanager
    def _failing(self) -> Iterator[None]:
        """Watch who blocks; turn what the server says into the file's failure."""
        try:
            with self.watch.watching(self.script.file.name):
                yield
        except ServerError as error:
            raise failures.of_statement(
                self.script, error, self.watch.blockers, self.session, self.watch.trouble
            ) from error

    def _place(self, statement: Statement) -> Place:
        return place_at(self.script.file.shown, self.script.text, statement.offset)


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def _fingerprint(statement: Statement) -> str:
    return hashlib.sha256(statement.text.encode()).hexdigest()[:16]
