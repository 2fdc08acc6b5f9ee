"""A database that holds a history so far: files are applied to it, tried a second time, and killed on the way."""

from __future__ import annotations

from lockstep.postgres.sending import Experiment
from lockstep.postgres.session import ServerError
from lockstep.prove import observe
from lockstep.prove.ground import Ground
from lockstep.prove.observe import Change, State, Touched, changes, look
from lockstep.prove.online import Watch
from lockstep.prove.subjects import Mode, Subject
from lockstep.prove.trial import Failure, failed, run, run_steps
from lockstep.values import dataclass

# What says that the file was never meant for one transaction.
_NOT_IN_A_TRANSACTION = {"25001", "2D000", "55P04", "55006"}
_TOO_LONG = "57014"
_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ"


@dataclass(frozen=True, slots=True)
class Again:
    """What came of a second run: an error, or what it changed, and the first statement after which that is there."""

    failure: Failure | None = None
    change: Change | None = None
    number: int = 0

    @property
    def good(self) -> bool:
        """True if it did nothing, without complaint."""
        return self.failure is None and not self.change


class Lane:
    """One database with the history so far."""

    def __init__(self, ground: Ground, url: str, *, schema: bool = True) -> None:
        self._ground = ground
        self._schema = schema
        self.url = url

    def apply(
        self, subject: Subject, mode: Mode | None = None, watch: Watch | None = None
    ) -> tuple[Failure | None, Mode, str]:
        """Run a file on the history; one that fails leaves nothing behind.

        Return its failure, how it was run, and the database before it, if that was kept: as the file was written it runs on a
        copy. The caller drops what was kept. *watch* looks on if it runs in a transaction.
        """
        failure: Failure | None = None
        if mode != "as-written" and subject.transaction:
            failure = self._apply_in_transaction(subject, watch)
            if failure is not None and watch is not None and watch.stumbled:
                # What the file has set for its session (a timeout, a role) let us fail, not the file.
                failure = self._apply_in_transaction(subject, None)
            if failure is None or mode is not None or failure.sqlstate == _TOO_LONG:
                return failure, "transaction", ""
        ground = self._ground
        copy = ground.create(self.url)
        with ground.session(copy) as session:
            second = run(session, subject, "as-written")
        if second is not None:
            ground.drop(copy)
            return failure or second, "as-written", ""
        before, self.url = self.url, copy
        return None, "as-written", before

    def again(self, subject: Subject, mode: Mode) -> Again:
        """Run a file that has just been applied a second time, and say what that does; it leaves nothing behind."""
        if mode == "transaction":
            found = self._again_in_transaction(subject)
            if found.failure is None or found.failure.sqlstate not in _NOT_IN_A_TRANSACTION:
                return found
        return self._again_as_written(subject)

    def look(self, *, schema: bool = True, rows: bool = True) -> State:
        """Return the state of the database."""
        return look_at(self._ground, self.url, schema=schema, rows=rows)

    def _apply_in_transaction(self, subject: Subject, watch: Watch | None) -> Failure | None:
        with self._ground.session(self.url) as session:
            if watch is not None:
                watch.begin(session)  # before BEGIN: SET TRANSACTION must be the first to speak
            session.script("BEGIN")
            if watch is not None:
                failure = run_steps(session, subject, subject.steps, watch.after)
            else:
                failure = run_steps(session, subject, subject.steps)
            if failure is None and subject.steps:
                try:
                    session.script("COMMIT")
                except ServerError as error:
                    failure = failed(subject, subject.steps[-1], error)
        return failure

    def _again_in_transaction(self, subject: Subject) -> Again:
        with self._ground.session(self.url) as session:
            failure = run(session, subject, "transaction")
            if failure is not None:
                return Again(failure)
            change = self._changed_by(session)
        number = self._culprit(subject, change) if change else 0
        return Again(None, change, number)

    def _changed_by(self, session: Experiment) -> Change:
        """Return what the open transaction has changed, and end it; no more is looked at than what it has written."""
        done = observe.touched(session)
        if not done.written or not (done.catalogs or done.tables):
            return Change()
        whole = bool(done.catalogs) and self._catalogs_differ(session, done)
        after = look(session, schema=self._schema) if whole else _rows(session, done)
        session.rollback()  # what it locks, nobody else can look at
        with self._ground.session(self.url) as other:
            other.script(_BEGIN)
            other.script(observe.QUERIES["settle"])
            before = look(other, schema=self._schema) if whole else _rows(other, done)
        return changes(before, after)

    def _catalogs_differ(self, session: Experiment, done: Touched) -> bool:
        """True unless all that was written to the catalogs is what stood there: then no more of the schema need be looked at."""
        with self._ground.session(self.url) as other:
            return observe.rewritten(session, other, done.catalogs)

    def _again_as_written(self, subject: Subject) -> Again:
        before = self.look()
        with self._ground.copy(self.url) as copy:
            with self._ground.session(copy) as session:
                failure = run(session, subject, "as-written")
            if failure is not None:
                return Again(failure)
            change = changes(before, look_at(self._ground, copy))
        return Again(None, change)

    def _culprit(self, subject: Subject, change: Change) -> int:
        """Return the number of the first statement after which some of *change* is there, by halving."""
        low, high = 1, len(subject.steps)
        while low < high:
            middle = (low + high) // 2
            if self._shows(subject, middle, change):
                high = middle
            else:
                low = middle + 1
        return low

    def _shows(self, subject: Subject, count: int, change: Change) -> bool:
        with self._ground.session(self.url) as session:
            session.script("BEGIN")
            if run_steps(session, subject, subject.steps[:count]) is not None:
                return True
            found = self._changed_by(session)
        tables = {one.table for one in change.rows}
        return bool(change.keys & found.keys or tables & {one.table for one in found.rows})


def _rows(session: Experiment, done: Touched) -> State:
    tables = observe.tables_of(session)
    names = [tables[oid].name for oid in done.tables if oid in tables]
    return State(None, observe.rows_of(session, names))


def look_at(ground: Ground, url: str, *, schema: bool = True, rows: bool = True) -> State:
    """Return the state of a database that nobody changes."""
    with ground.session(url) as session:
        session.script(_BEGIN)
        return look(session, schema=schema, rows=rows)
