"""The steps of a deploy, each a function: it does its one thing and says what it saw, or raises ``StepFailed``."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import TypeVar

from lockstep.deploy import measuring, railway
from lockstep.deploy.allowed import railway_of
from lockstep.deploy.budget import Work, budget, judge, this_boot
from lockstep.deploy.checks import Check, verified
from lockstep.deploy.git import Git, rejection
from lockstep.deploy.plan import Kind, Step, Wanted, push_command
from lockstep.deploy.processes import NO_SUCH_PROGRAM, Ended, Processes
from lockstep.deploy.reports import Reporter, Said
from lockstep.deploy.stages import Stage
from lockstep.deploy.stopping import StepFailed
from lockstep.deploy.verify import Target, verify
from lockstep.durations import format_duration, parse_duration
from lockstep.errors import DatabaseUnreachable
from lockstep.settings import Settings
from lockstep.values import dataclass

_RAILWAY_PAUSE = 5.0
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Done:
    """What a step saw; ``checks`` are those of a verification."""

    saw: str
    checks: Sequence[Check] = ()


@dataclass(frozen=False, slots=True)
class Doing:
    """What the steps work with; ``commit`` is what is deployed, empty until it is made.

    ``pushing`` is git that only a second request to stop breaks off: what a push set going at the remote would be left half-done,
    and no second push of the same commit would set it going again. ``begun``: when each stage was told of the commit.
    """

    stages: tuple[Stage, ...]
    settings: Mapping[str, Settings]
    wanted: Wanted
    processes: Processes
    git: Git
    pushing: Git
    report: Reporter
    commit: str = ""
    checks: Sequence[Check] = ()
    begun: dict[str, float] = field(default_factory=dict)

    def stage(self, step: Step) -> Stage:
        """Return the stage of *step*."""
        return next(one for one in self.stages if one.name == step.stage)

    def before(self, stage: Stage) -> Stage | None:
        """Return the stage before *stage*."""
        at = self.stages.index(stage)
        return self.stages[at - 1] if at else None

    def heard(self, step: Step) -> Callable[[str], None]:
        """Return what passes on the lines of *step*."""
        return lambda line: self.report(Said(step, line))


def check_by_command(doing: Doing, step: Step) -> Done:
    """Run a check of the preflight; it holds if its command exits with 0."""
    command = tuple(step.command)
    if command[0] == "lockstep":
        command = (sys.executable, "-m", *command)
    ended = doing.processes.run(command, doing.heard(step))
    if ended.status:
        saw = f"exit status {ended.status}: {_last(ended)}"
        raise StepFailed(saw, "exit status 0", f"Mend what it says: {step.shown}")
    return Done(_last(ended) or "exit status 0")


def look_at_budget(doing: Doing, step: Step) -> Done:
    """Hold a boot with what is pending against the platform's patience."""
    stage = doing.stage(step)
    whole, unknown = stage.budget, f"what is pending is not known: {stage.database_variable} is not set"  # fmt: skip
    if stage.has_database:
        whole, unknown = budget(doing.settings[stage.name], _work(doing, stage)), ""
    check = judge(stage.name, whole, stage.window, unknown=unknown)
    if check.result == "fails":
        raise StepFailed(check.saw, check.wanted, check.todo)
    return Done(check.saw)


def _work(doing: Doing, stage: Stage) -> Work:
    earlier = doing.before(stage)
    pending, own = _asked(doing, stage, measuring.pending_and_measured)
    asks = earlier is not None and earlier.has_database and bool(pending)
    before = _asked(doing, earlier, measuring.measured) if earlier and asks else None
    return this_boot(pending, own, before, earlier.name if earlier else "")


def _asked(doing: Doing, stage: Stage, ask: Callable[[Settings], T]) -> T:
    try:
        return ask(doing.settings[stage.name])
    except DatabaseUnreachable as error:
        todo = f"Where it is not to be reached from here, deploy without it: unset {stage.database_variable}."
        raise StepFailed(error.what, f"the database of {stage.name} answers", todo) from error


def commit(doing: Doing, step: Step) -> Done:
    """Commit what is there, and see that it is what the preflight looked at."""
    ended, changed = doing.git.commit_all(doing.wanted.message, doing.heard(step))
    if ended.status:
        raise StepFailed(_last(ended), "git commits everything", "Read what git said above.")
    head = doing.commit = doing.git.head()
    if changed:
        raise StepFailed(
            f"{head[:7]} is committed, but a hook changed {', '.join(changed[:3])}",
            "what is committed is what the preflight looked at",
            "Look at it, and commit the rest if that is right.",
        )
    return Done(f"{head[:7]} {doing.wanted.message}")


def push(doing: Doing, step: Step) -> Done:
    """Move the stage's branch forward to the commit, if the stage before is still at it."""
    stage = doing.stage(step)
    _refuse_if_moved(doing, stage)
    doing.processes.interrupt.check()
    doing.begun[stage.name] = time.monotonic()
    ended = doing.pushing.push(push_command(stage, doing.commit), doing.heard(step))
    if ended.status:
        # At a terminal the signal reached git, too.
        doing.processes.interrupt.check()
        saw, todo = rejection(ended, stage)
        raise StepFailed(saw, f"{stage.where} moves forward to {doing.commit[:7]}", todo)
    return Done(f"{stage.where} is at {doing.commit[:7]}")


def deploy_by_command(doing: Doing, step: Step) -> Done:
    """Run the command that deploys; the commit is in ``LOCKSTEP_RELEASE``."""
    _refuse_if_moved(doing, doing.stage(step))
    doing.begun[step.stage] = time.monotonic()
    ended = doing.processes.run(
        step.command, doing.heard(step), terminal=True, LOCKSTEP_RELEASE=doing.commit
    )
    if ended.status:
        saw = f"exit status {ended.status}: {_last(ended)}"
        raise StepFailed(saw, "exit status 0", "Read what it wrote above.")
    return Done(_last(ended) or "exit status 0")


def wait_for_railway(doing: Doing, step: Step) -> Done:
    """Wait until Railway's CLI tells how the deployment of the commit ended; without the CLI the verification alone tells."""
    until = time.monotonic() + parse_duration(doing.wanted.wait)
    told = ""
    while True:
        ended = doing.processes.run(step.command, terminal=True)
        if ended.status == NO_SUCH_PROGRAM:
            return Done("Railway's CLI is not installed: only the verification tells")
        found = _deployment(ended, doing.commit, step)
        if found.told != told:
            told = found.told
            doing.report(Said(step, told))
        if found.word == "succeeded":
            return Done(told)
        if found.word == "failed" or time.monotonic() > until:
            todo = f"railway logs {found.id}".strip()
            raise StepFailed(told, "the deployment succeeds", f"See why: {todo}")
        doing.processes.interrupt.sleep(_RAILWAY_PAUSE)


def _deployment(ended: Ended, commit: str, step: Step) -> railway.Deployment:
    try:
        if ended.status == 0:
            return railway.deployment_of(ended.text, commit)
    except ValueError:
        pass
    raise StepFailed(f"exit status {ended.status}: {_last(ended)}", "a list of deployments", f"See that this works: {step.shown}")  # fmt: skip


def verify_stage(doing: Doing, step: Step) -> Done:
    """Look at where the stage serves until all holds, or the time is up."""
    stage, wanted = doing.stage(step), doing.wanted
    without = {*wanted.without} | (set() if stage.has_database else {"database"})
    target = Target(
        url=stage.url,
        settings=doing.settings[stage.name] if stage.has_database else None,
        release=doing.commit,
        page=wanted.page,
        websocket=stage.websocket,
        steady=parse_duration(wanted.steady),
        without=without,
        begun=doing.begun.get(stage.name, math.inf),
        railway=railway_of(stage.name, doing.settings[stage.name]),
    )
    begun = time.monotonic()
    interrupt = doing.processes.interrupt
    found = verify(target, interrupt, wait=parse_duration(wanted.wait), report=doing.heard(step))
    failing = [check for check in found if check.result == "fails"]
    doing.checks = found
    if not verified(found):
        told = [check for check in failing if check.cause] or failing
        todos = [check.todo for check in told]
        if not stage.has_database:
            todos.append(
                f"With {stage.database_variable} set, what the boot recorded there is told."
            )
        raise StepFailed("; ".join(f"{check.name}: {check.saw}" for check in told), "every check holds", " ".join(todos))  # fmt: skip
    seconds = format_duration(time.monotonic() - begun)
    return Done(f"{stage.url} serves {doing.commit[:7]} as it should, after {seconds}", found)


DOING: Mapping[Kind, Callable[[Doing, Step], Done]] = {
    "lint": check_by_command,
    "snapshot": check_by_command,
    "prove": check_by_command,
    "tests": check_by_command,
    "budget": look_at_budget,
    "commit": commit,
    "push": push,
    "command": deploy_by_command,
    "railway": wait_for_railway,
    "verify": verify_stage,
}


def _refuse_if_moved(doing: Doing, stage: Stage) -> None:
    """A later stage gets what the one before holds, and nothing else."""
    earlier = doing.before(stage)
    if earlier is None or not earlier.branch:
        return
    at = doing.git.remote_commit(earlier)
    if at != doing.commit:
        raise StepFailed(
            f"{earlier.where} has moved on to {at[:7] or 'nothing'} since {doing.commit[:7]} was verified there",
            f"{stage.name} gets exactly what {earlier.name} holds",
            f"Deploy that one: git fetch {earlier.remote} {earlier.branch} && git merge --ff-only FETCH_HEAD.",
        )


def _last(ended: Ended) -> str:
    lines = [line.strip() for line in ended.lines if line.strip()]
    return lines[-1] if lines else ""
