"""Run a plan: one file, one transaction, one ledger row written in that transaction.

A transactional file travels as one message: BEGIN, its lock-timeout, its text untouched, its ledger row, COMMIT. Before each
file the session is reset and the lock is seen to be ours; that makes two round trips a file.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence

from lockstep.events import FileApplied, FileBegun, Listener, ServerNotice
from lockstep.migrate import failures, journal, ledger
from lockstep.migrate.bites import in_bites, in_one_go
from lockstep.migrate.ledger import Boot
from lockstep.migrate.script import Script
from lockstep.postgres.blockers import BlockerWatch
from lockstep.postgres.lock import lock_lost
from lockstep.postgres.session import QUERIES, ServerError, Session
from lockstep.redaction import redact
from lockstep.values import dataclass

_DOING = "{doing}"  # made into SQL once, it is the same for every file but for this
_ALL_ROLLED_BACK = (
    " So were the files before it: through a transaction pooler all run in one transaction, "
    "with a direct connection (DATABASE_UNPOOLED_URL) each in its own."
)


@dataclass(frozen=True, slots=True)
class Runner:
    """What applying needs to know: the session that holds the lock, who boots, and the default lock-timeout in seconds.

    ``own_transaction`` False is for a boot through a transaction pooler, where one outer transaction holds lock and all.
    """

    session: Session
    watch: BlockerWatch
    boot: Boot
    key: int
    lock_timeout: float
    report: Listener
    own_transaction: bool = True

    def run(self, scripts: Sequence[Script]) -> None:
        """Apply *scripts* in order; stop at the first that fails.

        Raises ``MigrationFailed`` (or ``MigrationBlocked``) naming file, line and statement, ``LockLost`` if the lock is
        gone, ``DatabaseUnreachable`` if the connection is.
        """
        query = QUERIES["restore_session"]
        restoring = self.session.literal(query, key=self.key, application_name=_DOING)
        for position, script in enumerate(scripts, start=1):
            self._restore_session(script, restoring)
            kind, name = script.file.kind, script.file.name
            self.report(FileBegun(kind, name, position, len(scripts)))
            begun = time.monotonic()
            with self._notices_of(name):
                self._apply(script)
            self.report(FileApplied(kind, name, time.monotonic() - begun))

    def _apply(self, script: Script) -> None:
        if script.header.transaction:
            self._apply_in_transaction(script)
        else:
            journal.apply_statements(
                self.session, self.watch, self.boot, script, self.timeout_of(script), self.report
            )

    def timeout_of(self, script: Script) -> float:
        """Return how long a statement of *script* may wait for a lock, in seconds; 0 is for ever."""
        if script.header.lock_timeout is not None:
            return script.header.lock_timeout
        return 0.0 if script.only_validates else self.lock_timeout

    def _apply_in_transaction(self, script: Script) -> None:
        timeout = self.timeout_of(script)
        at_once = in_one_go(script, timeout)
        trouble = ""

        def send(wait: float) -> None:
            nonlocal trouble
            try:
                self._send(script, wait)
            except ServerError:
                trouble = self.watch.trouble  # the roll-back may free what the watch waits for
                self._roll_back()
                raise

        try:
            with self.watch.watching(script.file.name):
                if self.own_transaction:
                    in_bites(timeout, at_once, send, self.session.interrupt.sleep)
                else:  # nothing of a transaction can be repeated that holds more than this file
                    send(at_once)
        except ServerError as error:
            failure = failures.of_statement(
                script, error, self.watch.blockers, self.session, trouble
            )
            if not self.own_transaction:
                failure.next_step += _ALL_ROLLED_BACK
            raise failure from error

    def _send(self, script: Script, wait: float) -> None:
        """Send a file as one message, to wait for locks for so many seconds."""
        before = f"SET LOCAL lock_timeout = {round(wait * 1000)};"
        begun = "pg_catalog.statement_timestamp()"
        record = ledger.record_statement(self.session, self.boot, script.file, begun)
        after = f"{failures.RECORDING}{record};"
        if self.own_transaction:
            before, after = "BEGIN;" + before, after + "COMMIT"
        try:
            # The newline ends a comment in the file's last line, the semicolon its last statement.
            self.session.script(f"{before}{script.text}\n;{after}")
        except ServerError as error:
            error.completed -= before.count(";")
            error.position -= len(before)
            raise

    def _roll_back(self) -> None:
        if self.own_transaction:
            self.session.rollback()
        elif not self.session.closed:
            with contextlib.suppress(ServerError):
                self.session.script(QUERIES["abandon_transaction"])

    def _restore_session(self, script: Script, restoring: str) -> None:
        doing = f"lockstep:{self.boot.app}:{script.file.kind}:{script.file.name}"
        if not self.own_transaction:
            with failures.bookkeeping(self.session):
                self.session.fetch(QUERIES["restore_transaction"], application_name=doing[:63])
            return
        name = self.session.literal("%(name)s", name=doing[:63])
        try:
            ours = self.session.is_true(restoring.replace(f"'{_DOING}'", name))
        except ServerError as error:
            raise failures.of_session(error, self.session) from error
        if not ours:
            raise lock_lost(self.session)

    @contextlib.contextmanager
    def _notices_of(self, name: str) -> Iterator[None]:
        self.session.on_notice = _notice_reporter(name, self.report)
        try:
            yield
        finally:
            self.session.on_notice = None


def _notice_reporter(name: str, report: Listener) -> Callable[[str, str, str], None]:
    def notice(severity: str, sqlstate: str, message: str) -> None:
        del sqlstate
        report(ServerNotice(name, severity, redact(message)))

    return notice
