"""From what was shown to what is said: checks of one file. Nothing here touches a database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lockstep.errors import DatabaseUnreachable
from lockstep.postgres.session import ServerError
from lockstep.prove.lane import Again
from lockstep.prove.online import Effect, spelled, too_strong
from lockstep.prove.subjects import Mode, Subject
from lockstep.prove.trial import Failure, shown
from lockstep.prove.verdicts import CHECKS, Check, FileVerdict, failing, skipped


def does_not_apply(subject: Subject, mode: Mode, failure: Failure) -> FileVerdict:
    """Return the verdict on a file that failed on the plain history."""
    checks = {name: skipped("it cannot be applied") for name in CHECKS}
    checks["applies"] = failing("fails", failure, plain=f"fails: {failure.reason}")
    return FileVerdict(subject, mode, checks)


def breaks_off(
    subject: Subject, error: ServerError | DatabaseUnreachable, *, applied: bool
) -> FileVerdict:
    """Return the verdict on a file that could be run, but after which its database, or the whole server, cannot be used."""
    told = error.message if isinstance(error, ServerError) else error.why or error.what
    reason = f"nothing more can be tried where it ran: {told or 'the connection is lost'}"
    checks = {name: skipped("it left nothing to try it on") for name in CHECKS}
    if applied:
        checks["applies"] = Check("ok", plain="ok")
        checks["twice"] = Check("unsafe", reason, plain=f"fails: {told}")
    else:
        checks["applies"] = Check("fails", reason, plain=f"fails: {told}")
    return FileVerdict(subject, "as-written", checks)


def judge_twice(subject: Subject, plain: Again, rows: Again | None) -> Check:
    """Return what the second runs say: the one on the plain history first, then the one where there are rows."""
    told: dict[str, Any] = {"plain": _told(plain), "rows": _told(rows) if rows else ""}
    worst = plain if not plain.good or rows is None or _is_ours(rows) else rows
    if worst.good:
        return Check("ok", **told)
    how = "run again" if worst is plain else "run again where there are rows"
    if worst.failure is not None:
        return failing("unsafe", worst.failure, f"{how}: ", **told)
    step = subject.steps[worst.number - 1] if worst.number else None
    return Check(
        "unsafe",
        f"{how}: {worst.change}",
        shown(step) if step else "",
        subject.line_of(step.offset) if step else None,
        change=worst.change,
        **told,
    )


def judge_online(effects: Sequence[Effect], most: str) -> Check:
    """Return the locks and the work; something is wrong with them only if a lock is stronger than *most*, where that is named."""
    wrong = too_strong(effects, most) if most else None
    if wrong is None:
        return Check("ok", effects=tuple(effects))
    return Check(
        "unsafe",
        f"takes {spelled(wrong.lock)} on {wrong.table}; no more than {spelled(most)} is allowed",
        wrong.statement,
        wrong.line,
        effects=tuple(effects),
    )


def _is_ours(rows: Again) -> bool:
    """True if a second run failed on rows of our own making for a reason that says nothing of the file: they are no real ones."""
    return rows.failure is not None and not rows.failure.sqlstate.startswith("23")


def _told(found: Again) -> str:
    if found.good:
        return "ok"
    if found.failure is not None:
        return f"fails: {found.failure.reason}"
    return f"changes: {found.change}"
