"""Break the engine itself off in a no-transaction file, after every message that it sends, and let it start again from its journal."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from lockstep.errors import LockstepError
from lockstep.migrate.files import File, Shipped
from lockstep.migrate.ledger import Boot
from lockstep.migrate.script import Script
from lockstep.migrate.upgrade import Upgrade
from lockstep.postgres.connection import session_parameters
from lockstep.postgres.opening import examined
from lockstep.postgres.sending import Experiment
from lockstep.postgres.session import ServerError
from lockstep.prove.crash import holding
from lockstep.prove.ground import Ground
from lockstep.prove.lane import look_at
from lockstep.prove.observe import State, changes
from lockstep.prove.places import most_places, spread
from lockstep.prove.subjects import Subject
from lockstep.prove.trial import open_experiment
from lockstep.prove.verdicts import Check
from lockstep.sql.transactions import must_run_alone

Hook = Callable[[Experiment, str], None]


def crash_of_engine(
    ground: Ground, before: str, subject: Subject, script: Script, end: State
) -> Check:
    """Boot on copies of *before*, end the backend after each message and inside of what is long, boot again; the end must be *end*.

    Of many such places some are tried.
    """
    messages = 0

    def count(session: Experiment, _: str) -> None:
        def counted() -> None:
            nonlocal messages
            messages += 1

        _after_commits(session, counted)

    found = _end_of(ground, before, subject, count, end, "run by the engine")
    if found is not None:
        return found
    attempts = _attempts(ground, subject, script, messages)
    middle = range(messages, len(attempts) + 1)
    places = spread(len(attempts), most_places(messages), middle)
    for place in places.chosen:
        told, hook = attempts[place - 1]
        found = _end_of(ground, before, subject, hook, end, told)
        if found is not None:
            return found
    return places.held()


def _attempts(
    ground: Ground, subject: Subject, script: Script, messages: int
) -> list[tuple[str, Hook]]:
    """Return the places at which a boot that sends so many messages can die, in words, and what makes it die there."""
    after = [
        (
            f"killed after message {number} of {messages} of the engine, then booted again",
            _dies_after(ground, number),
        )
        for number in range(1, messages)
    ]
    inside = [
        (
            f"killed in the middle of line {subject.line_of(one.offset)}, then booted again",
            _dies_inside(ground, one.text),
        )
        for one in script.statements
        if "CONCURRENTLY" in must_run_alone(one)
    ]
    return [*after, *inside]


def _end_of(
    ground: Ground, before: str, subject: Subject, hook: Hook, end: State, told: str
) -> Check | None:
    """Boot twice, the first time with *hook*, and return what is wrong in the end."""
    with ground.copy(before) as copy:
        boot(ground, copy, subject.file, hook)
        error = boot(ground, copy, subject.file)
        change = changes(end, look_at(ground, copy))
    if error is not None:
        line = error.place.line if error.place else None
        return Check("unsafe", f"{told}: {error.what}", line=line, change=change)
    if change:
        return Check("unsafe", f"{told}: {change}", change=change)
    return None


def boot(
    ground: Ground, url: str, file: File, hook: Hook = lambda *_: None
) -> LockstepError | None:
    """Let the engine apply one file, as if a release shipped nothing else; return how that failed."""
    settings = replace(ground.settings, database=url, lock="always", lint="report", drift="report")
    shipped = Shipped((file,)) if file.kind == "migration" else Shipped(seeds=(file,))
    session = open_experiment(url, ground.interrupt)
    try:
        parameters = session_parameters(url, "the scratch database", "lockstep:prove")
        who = Boot("prove", "prove", "", settings.environment)
        upgrade = Upgrade(examined(session, parameters), who, shipped, settings, lambda _: None)
        upgrade.begin(outcome_at_head=None)
        hook(session, url)
        upgrade.migrate()
        upgrade.seed()
        session.before_message = session.after_message = None
        upgrade.finish()
    except LockstepError as error:
        return error
    except ServerError as error:
        return LockstepError(f"{error.message} ({error.sqlstate})")
    finally:
        session.close()
    return None


def _dies_after(ground: Ground, number: int) -> Hook:
    def hook(session: Experiment, _: str) -> None:
        left = number

        def counted() -> None:
            nonlocal left
            left -= 1
            if left == 0:
                ground.kill(session)

        _after_commits(session, counted)

    return hook


def _after_commits(session: Experiment, call: Callable[[], None]) -> None:
    """Call after each message but those that only set something for the session: it is gone with it."""
    last = ""

    def before(message: str) -> None:
        nonlocal last
        last = message

    def after() -> None:
        if not last.startswith("SET "):
            call()

    session.before_message, session.after_message = before, after


def _dies_inside(ground: Ground, text: str) -> Hook:
    def hook(session: Experiment, url: str) -> None:
        def about_to(message: str) -> None:
            if message != text:
                return
            session.before_message = None
            ready = threading.Event()
            done = threading.Event()
            session.after_message = done.set

            def end_it() -> None:
                with holding(ground, url):
                    ready.set()
                    if ground.until_waiting(session, lambda: not (done.is_set() or session.closed)):
                        ground.kill(session)

            threading.Thread(target=end_it, daemon=True).start()
            ready.wait()

        session.before_message = about_to

    return hook
