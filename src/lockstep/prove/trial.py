"""Run a file's steps on a database: in one transaction that is left open, or as they are written."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from lockstep.interrupt import Interrupt
from lockstep.postgres.connection import connect_as
from lockstep.postgres.sending import Experiment
from lockstep.postgres.session import ServerError
from lockstep.prove.client import Client
from lockstep.prove.steps import Step
from lockstep.prove.subjects import Mode, Subject
from lockstep.values import dataclass

PATIENCE = 120.0
"""How many seconds one statement may take on a scratch database."""
_LONGEST_RUN = 300.0
"""After how many seconds no further statement of a file is begun: all of its runs would take as long."""
_LONGEST_WAIT = 20.0
"""How many seconds it may wait for a lock there: nobody holds one for long, but what a file has left behind."""
_AT_COMMIT = "SET CONSTRAINTS ALL IMMEDIATE"


@dataclass(frozen=True, slots=True)
class Failure:
    """What the server said, and to which statement of the file: its number (from 1), text and line."""

    sqlstate: str
    message: str
    number: int
    statement: str
    line: int

    @property
    def reason(self) -> str:
        """The error in one line."""
        code = f" ({self.sqlstate})" if self.sqlstate else ""
        return f"{self.message}{code}"


@contextmanager
def session_on(url: str, interrupt: Interrupt) -> Iterator[Experiment]:
    """Open a new session on a scratch database for the block, as ``psql`` would; what is open at its end is rolled back."""
    session = open_experiment(url, interrupt)
    try:
        yield session
    finally:
        session.close()


def open_experiment(url: str, interrupt: Interrupt) -> Experiment:
    """Open a session; the caller closes it."""
    source, name = "the scratch database", "lockstep:prove"
    session = connect_as(Experiment, url, source, name, 5, interrupt, lambda _: None)
    session.patience = PATIENCE + 5
    session.script(
        f"SET statement_timeout = '{PATIENCE:.0f}s'; SET lock_timeout = '{_LONGEST_WAIT:.0f}s'"
    )
    return session


def run(session: Experiment, subject: Subject, mode: Mode) -> Failure | None:
    """Run all of a file.

    In a transaction, that is left open for the caller to look into and to end; what is deferred to its end is checked.
    """
    if mode == "as-written":
        return run_steps(session, subject, subject.steps)
    session.script("BEGIN")
    failure = run_steps(session, subject, subject.steps)
    if failure is None and subject.steps:
        try:
            session.script(_AT_COMMIT)
        except ServerError as error:
            failure = failed(subject, subject.steps[-1], error)
    return failure


def run_steps(
    session: Experiment,
    subject: Subject,
    steps: Sequence[Step],
    after: Callable[[Experiment, Subject, Step], None] = lambda *_: None,
) -> Failure | None:
    """Run some steps, each as a message of its own, and call *after* behind each; stop at the first that fails."""
    for step in steps:
        try:
            _hurry(session)
            _run_step(session, step)
        except ServerError as error:
            return failed(subject, step, error)
        after(session, subject, step)
    return None


def _hurry(session: Experiment) -> None:
    if time.monotonic() > _client_of(session).begun + _LONGEST_RUN:
        told = (
            f"the file is not done after {_LONGEST_RUN:.0f} seconds, which is too long to prove it"
        )
        raise ServerError("57014", told)


def failed(subject: Subject, step: Step, error: ServerError) -> Failure:
    """Return the failure of a step."""
    number = subject.steps.index(step) + 1
    message = " ".join(error.message.split())
    return Failure(error.sqlstate, message, number, shown(step), subject.line_of(step.offset))


def shown(step: Step) -> str:
    """Return the statement of a step in one line, fit to be shown."""
    text = " ".join(step.statement.text.split())
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= 200 else text[:197] + "..."


def _run_step(session: Experiment, step: Step) -> None:
    raw, client = step.raw, _client_of(session)
    if step.late:
        if step.command and not raw:
            client.obey(step.command, step.argument)
            return
        if not client.active:
            return
        raw = client.said(raw.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    if step.refused:
        raise ServerError("", step.refused)
    if step.command == "gset":
        client.take_row(step.argument, session.records(raw))
    elif step.executes:
        for cell in session.cells(raw):
            session.send(cell)
    else:
        session.send(raw, step.rows)


def _client_of(session: Experiment) -> Client:
    if not isinstance(session.client, Client):
        session.client = Client()
    return session.client
