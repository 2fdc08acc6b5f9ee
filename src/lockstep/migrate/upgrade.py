"""Steps 2 to 5 on one session: lock (or see that none is needed), migrate, seed, unlock.

The plan is made twice: once without the lock, to leave at once when nothing is pending, and again under it, because what was
read before may be out of date. Through a transaction pooler there is no session to hold a lock; there one transaction holds
lock, files and ledger together.

Most boots find nothing to do: what parses, locks and applies is imported only by those that have something to do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from lockstep.errors import EndStateWrong, HistoryDiverged, PoolerUnsafe, Problem
from lockstep.events import Listener, LockObtained, LockReleased, Planned, PoolerFound
from lockstep.migrate import failures, ledger
from lockstep.migrate.files import File, Shipped
from lockstep.migrate.ledger import Boot
from lockstep.migrate.plan import Applied, Plan, make_plan
from lockstep.postgres.opening import Opened
from lockstep.postgres.session import QUERIES as SESSION_QUERIES
from lockstep.settings import Settings

if TYPE_CHECKING:
    from lockstep.migrate.lawful import Examined
    from lockstep.migrate.script import Script
    from lockstep.migrate.verification import Verification


class Upgrade:
    """One boot's way from the schema as it is to the schema as shipped.

    Call ``begin``, ``migrate``, ``seed`` and ``finish`` in this order. Each raises as ``apply.Runner.run`` does; ``begin``
    also refuses diverged histories, unfit files and a lock that is not obtained in time.
    """

    def __init__(
        self,
        opened: Opened,
        boot: Boot,
        shipped: Shipped,
        settings: Settings,
        report: Listener,
    ) -> None:
        self._session = opened.session
        self._facts = opened.facts
        self._parameters = opened.parameters
        self._pooled = opened.pooling == "transaction"
        self._boot = boot
        self._shipped = shipped
        self._settings = settings
        self._report = report
        self._scripts: dict[tuple[str, str], Script] = {}
        self._examined: Examined
        self._has_ledger = opened.facts.has_ledger
        self._sees_needs = opened.facts.may_see_needs
        self._sees_verdicts = opened.facts.may_see_verdicts
        self._outcome_at_head: str | None = None
        self._repaired = 0
        self.plan = Plan()
        self.recorded = False
        """True if the boot's record already says that it is complete."""
        self.locked = False
        self.waited = 0.0

    def begin(self, outcome_at_head: Literal["completed"] | None) -> None:
        """Step 2: make sure that nobody else changes the schema, or that nothing needs to change."""
        always = self._settings.lock == "always"
        self._outcome_at_head = outcome_at_head
        # With a schema to verify the boot is not yet complete when the ledger is at head.
        complete = None if always or self._shipped.schema else outcome_at_head
        self.plan = self._read_plan(complete, begin_boot=True)
        if self.plan.at_head and not always and (self._has_ledger or not self._shipped.files):
            if self.plan.ahead:
                self._report_plan()
            return
        self._examine(self.plan.files)
        if self._shipped.schema:
            self._shipped.schema.refuse_unreadable()
        if not self._lock(give_way=self._at_head_now):
            return
        if not self._has_ledger:
            with failures.bookkeeping(self._session):
                ledger.create(self._session, self._boot.app, self._settings.lock_key)
            self._has_ledger = self._sees_needs = self._sees_verdicts = True
        history_lost = self.plan.history_lost
        self.plan = replace(
            self._read_plan(None, begin_boot=not self._pooled), history_lost=history_lost
        )
        if any((file.kind, file.name) not in self._scripts for file in self.plan.files):
            self._examine(self.plan.files)
        self._report_plan()
        self._protect_what_runs()
        if self._examined.warnings:
            self._report(self._examined.event())

    @property
    def lock_note(self) -> str:
        """What step 2 found, in a few words."""
        if self.locked:
            return f"key {self._settings.lock_key}"
        return "not needed: the schema is at head"

    def migrate(self) -> int:
        """Step 3: apply the pending migrations, and see that the schema is what it should be; return how many ran."""
        count = self._run(self.plan.migrations)
        if not (self._pooled and self.locked):  # what has not been committed is not looked at
            self._verify(count)
        return count + self._repaired

    def seed(self) -> int:
        """Step 4: apply the pending seeds, then see that everything shipped is applied; return how many."""
        count = self._run(self.plan.seeds)
        if self.locked:
            self._assert_end_state()
        return count

    def finish(self) -> None:
        """Step 5: give the lock back (or commit the one transaction that held it)."""
        if not self.locked:
            return
        self._unlock()
        if self._pooled:
            self._verify(len(self.plan.migrations))

    def _unlock(self) -> None:
        from lockstep.postgres.lock import unlock

        with failures.bookkeeping(self._session):
            if self._pooled:
                self._session.script(SESSION_QUERIES["commit_transaction"])
            else:
                ledger.forget_old_boots(self._session, self._boot.app)
                unlock(self._session, self._settings.lock_key)
        self.locked = False
        self._report(LockReleased())

    def _lock(self, give_way: Callable[[], bool]) -> bool:
        """Take the lock; False if *give_way* found that it is no longer needed."""
        waited = self._wait_for_lock(give_way)
        if waited is not None:
            self.waited, self.locked = waited, True
            self._report(LockObtained(waited))
        return self.locked

    def _wait_for_lock(self, give_way: Callable[[], bool]) -> float | None:
        from lockstep.postgres.lock import (
            name_session,
            try_lock,
            try_transaction_lock,
            wait_for_lock,
        )

        with failures.bookkeeping(self._session):
            if not self._pooled:
                name_session(self._session, f"lockstep:{self._boot.app}:lock")
            return wait_for_lock(
                self._session,
                self._settings.lock_key,
                attempt=try_transaction_lock if self._pooled else try_lock,
                give_way=give_way,
                wait=self._settings.lock_wait,
                report=self._report,
            )

    def _at_head_now(self) -> bool:
        """Between two polls: has the holder done our work? Then nobody needs the lock after it."""
        if self._settings.lock == "always":
            return False
        if not self._has_ledger:
            return self._ledger_appeared() and self._at_head_now()
        self.plan = self._read_plan(None, begin_boot=False)
        return self.plan.at_head

    def _ledger_appeared(self) -> bool:
        from lockstep.postgres.doctor import examine

        facts = examine(self._session)
        self._has_ledger, self._sees_verdicts = facts.has_ledger, facts.may_see_verdicts
        return self._has_ledger

    def _read_plan(self, outcome_at_head: str | None, *, begin_boot: bool) -> Plan:
        rows: Sequence[Applied] | None = None
        with failures.bookkeeping(self._session):
            if self._has_ledger and begin_boot:
                at_head, self.recorded = ledger.compare_and_begin_boot(
                    self._session, self._boot, self._shipped.digest(), outcome_at_head
                )
                if at_head:
                    return Plan()
            if self._has_ledger:
                rows = ledger.read(self._session, self._boot.app)
        return make_plan(
            self._shipped, rows, user_tables=self._facts.user_tables, missing=self._settings.missing
        )

    def _examine(self, files: Sequence[File]) -> None:
        from lockstep.migrate.lawful import examine_pending

        self._examined = examined = examine_pending(
            self._shipped, files, self._facts, self._settings.lint
        )
        self._scripts |= {
            (script.file.kind, script.file.name): script for script in examined.scripts
        }
        if self._pooled:
            self._refuse_unless_transactional(examined.scripts)

    def _protect_what_runs(self) -> None:
        """Refuse files that would take away what a release that still runs needs."""
        with failures.bookkeeping(self._session):
            if self._sees_needs is None:
                self._sees_needs = self._sees_verdicts = ledger.add_new_tables(
                    self._session, self._boot.app, self._settings.lock_key
                )
            if self._sees_needs and self.plan.files:
                from lockstep.migrate.protection import refuse_what_is_needed

                scripts = [self._scripts[file.kind, file.name] for file in self.plan.files]
                refuse_what_is_needed(self._session, scripts, self._facts.major)

    def _verify(self, applied: int) -> None:
        """See that the live schema is what ``schema.lock`` says; a shipped repair gets its chance."""
        if self._shipped.schema is None:
            return
        from lockstep.migrate.verification import Verification

        verification = Verification(
            self._session,
            self._boot,
            self._shipped.schema,
            self._settings,
            self._report,
            role=self._facts.role,
            keeps=bool(self._sees_verdicts),
        )
        outcome = None if self.locked else self._outcome_at_head
        if not applied and verification.recognised(outcome):
            self.recorded = verification.recorded
            return
        if self._has_ledger and self._sees_verdicts is None:
            verification.keeps = self._make_place_for_verdicts()
        verification.hold(
            ahead=lambda: self.plan.newer,
            applied=applied,
            repair=lambda: self._repair(verification),
        )

    def _repair(self, verification: Verification) -> bool:
        """Run the repair files that did not run in this boot; False if there are none."""
        run = {file.name for file in self.plan.migrations}
        files = [
            file for file in self._shipped.migrations if file.name not in run and file.header.repair
        ]
        if not files:
            return False
        self._examine(files)
        if not self.locked:
            if not self._lock(give_way=verification.settled):
                return True
            self.plan = self._read_plan(None, begin_boot=False)
            # Whoever had the lock before may have repaired it, or be a newer release.
            if not self.plan.at_head or self.plan.newer:
                return True
            if not self._pooled and not verification.short():
                return True
        self._repaired = self._run(files)
        if self._pooled:
            self._unlock()
        return True

    def _make_place_for_verdicts(self) -> bool:
        """Add the tables of this version to older bookkeeping, if the lock is free: nobody waits for that."""
        if self._pooled or self.locked:
            return False
        from lockstep.postgres.lock import try_lock, unlock

        key = self._settings.lock_key
        with failures.bookkeeping(self._session):
            if not try_lock(self._session, key):
                return False
            self._sees_verdicts = ledger.add_new_tables(self._session, self._boot.app, key)
            unlock(self._session, key)
        return bool(self._sees_verdicts)

    def _refuse_unless_transactional(self, scripts: Sequence[Script]) -> None:
        alone = [script.file for script in scripts if not script.header.transaction]
        if alone:
            raise PoolerUnsafe(
                f"a transaction pooler answers at {self._session.address}, and {len(alone)} pending "
                f"file{'s need' if len(alone) > 1 else ' needs'} a session of its own",
                problems=[Problem(f"{file.shown} is no-transaction") for file in alone],
                why="Behind a transaction pooler a session lock is held by whichever server process happened to answer: "
                "two boots would both believe to hold it.",
                next_step="Give the boot a direct connection: set DATABASE_UNPOOLED_URL (or LOCKSTEP_DATABASE_URL).",
            )
        self._report(
            PoolerFound(
                "no session can hold a lock here: all files run in one transaction that holds it"
            )
        )

    def _report_plan(self) -> None:
        plan = self.plan
        self._report(
            Planned(
                migrations=tuple(file.name for file in plan.migrations),
                seeds=tuple(file.name for file in plan.seeds),
                late=plan.late,
                ahead=plan.ahead,
                history_lost=plan.history_lost,
            )
        )

    def _run(self, files: Sequence[File]) -> int:
        if not self.locked or not files:
            return 0
        from lockstep.migrate.apply import Runner
        from lockstep.postgres.blockers import BlockerWatch

        name = "" if self._pooled else "lockstep:watch"  # a pooler would show it on others
        with BlockerWatch(self._parameters, self._working_pid(), self._report, name) as watch:
            runner = Runner(
                session=self._session,
                watch=watch,
                boot=self._boot,
                key=self._settings.lock_key,
                lock_timeout=self._settings.lock_timeout,
                report=self._report,
                own_transaction=not self._pooled,
            )
            runner.run([self._scripts[file.kind, file.name] for file in files])
        return len(files)

    def _working_pid(self) -> int:
        """Which server process runs the files: behind a transaction pooler, the one that has our transaction."""
        if not self._pooled:
            return self._facts.backend_pid
        with failures.bookkeeping(self._session):
            (row,) = self._session.fetch(SESSION_QUERIES["backend_pid"])
        return int(row["backend_pid"])

    def _assert_end_state(self) -> None:
        try:
            left = self._read_plan(None, begin_boot=False)
        except HistoryDiverged as error:
            problems: Sequence[Problem] = error.problems
        else:
            problems = [Problem(f"{file.shown} is not recorded") for file in left.files]
        if not problems:
            return
        raise EndStateWrong(
            f"all files ran, and of {len(problems)} the ledger does not say so",
            problems=problems,
            why="A file changed the ledger (schema lockstep), or somebody else did while the lock was held.",
            next_step="Take statements on schema lockstep out of the files, then start again.",
        )
