"""The locks of a file that runs as it is written: each is gone when its statement ends, so each statement is held open to be looked at."""

from __future__ import annotations

import threading

from lockstep.postgres.sending import Experiment
from lockstep.postgres.session import ServerError
from lockstep.prove.crash import holding, quietly
from lockstep.prove.ground import Ground
from lockstep.prove.online import QUERIES, Watch
from lockstep.prove.steps import Step
from lockstep.prove.subjects import Subject
from lockstep.prove.trial import run_steps
from lockstep.sql.transactions import may_commit, must_run_alone, transaction_control


def watch_as_written(ground: Ground, before: str, subject: Subject, watch: Watch) -> None:
    """Run a file on a copy of the database *before* it, and let *watch* see every statement's locks."""
    with ground.copy(before) as copy, ground.session(copy) as session:
        watch.begin(session)
        for step in subject.steps:
            if "CONCURRENTLY" in must_run_alone(step.statement):
                _watch_concurrent(ground, copy, session, subject, step, watch)
            elif not _run(session, subject, step, watch):
                return


def _run(session: Experiment, subject: Subject, step: Step, watch: Watch) -> bool:
    known = step.statement
    own = (
        session.in_transaction
        or transaction_control(known)
        or must_run_alone(known)
        or may_commit(known)
        or not known.kind
    )
    if own:
        if run_steps(session, subject, [step]) is not None:
            return False
        if session.in_transaction:
            watch.after(session, subject, step)
        else:
            watch.forget_locks()
        return True
    session.script("BEGIN")
    if run_steps(session, subject, [step]) is not None:
        return False
    watch.after(session, subject, step)
    try:
        session.script("COMMIT")
    except ServerError:
        return False
    watch.forget_locks()
    return True


def _watch_concurrent(
    ground: Ground, url: str, session: Experiment, subject: Subject, step: Step, watch: Watch
) -> None:
    """Look when the statement waits for a transaction that has looked at the tables before; then let it end."""
    with holding(ground, url):
        work = quietly(lambda: run_steps(session, subject, [step]))
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        rows = []
        if ground.until_waiting(session, thread.is_alive):
            with ground.session(url) as other:
                rows = other.fetch(QUERIES["held"], pid=session.libpq_pid)
    thread.join()
    watch.see(subject, step, rows)
    watch.forget_locks()
