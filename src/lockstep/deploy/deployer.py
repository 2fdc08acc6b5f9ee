"""Do what a plan says, step by step; at the first that fails, or a request to stop, say what is live and what to run."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable
from dataclasses import field
from pathlib import Path

from lockstep.deploy import live
from lockstep.deploy.doing import DOING, Doing, Done
from lockstep.deploy.git import Git
from lockstep.deploy.plan import CHANGES, Facts, Plan, Step, Wanted, make_plan
from lockstep.deploy.remembered import NOTHING, Remembered, moment, recall, remember
from lockstep.deploy.reports import Began, Ended, Finished, Live, Planned, Reporter, Result, Status
from lockstep.deploy.stages import Stage
from lockstep.deploy.stopping import StepFailed
from lockstep.errors import Interrupted, LockstepError
from lockstep.values import dataclass


@dataclass(frozen=True, slots=True)
class Job:
    """One deploy: for whom, with what, and whom it tells. ``quiet_git`` answers also after a request to stop."""

    root: Path
    stages: tuple[Stage, ...]
    wanted: Wanted
    doing: Doing
    quiet_git: Git
    report: Reporter
    confirm: Callable[[str], bool]
    again: str
    afresh: bool = False
    dry_run: bool = False


@dataclass(frozen=False, slots=True)
class _Progress:
    """How far it is."""

    known: Remembered
    asked: set[str] = field(default_factory=set)
    at: Step | None = None


def deploy(job: Job) -> Finished:
    """Plan, and do it; raises ``Interrupted`` only before anything was begun."""
    progress = _Progress(NOTHING)
    try:
        plan = _planned(job, progress)
    except StepFailed as failed:
        state = () if job.dry_run else _live(job, "")
        return _told(job, Finished("failed", "", "plan", failed.saw, state, (failed.todo, f"{_again(job)}   # then")))  # fmt: skip
    job.report(Planned(plan))
    if job.dry_run or not plan.possible:
        failing = [check for check in plan.findings if check.result == "fails"]
        todo = (*(check.todo for check in failing), *((f"{_again(job)}   # then",) if failing else ()))  # fmt: skip
        why = "; ".join(f"{check.name}: {check.saw}" for check in failing)
        state = () if job.dry_run else _live(job, "")
        return _told(job, Finished("failed" if failing else "planned", plan.commit, "plan", why, state, todo))  # fmt: skip
    try:
        for step in plan.steps:
            progress.at = step
            if not _confirmed(job, plan, step, progress):
                return _finished(job, progress, "declined", "not confirmed")
            _do(job, step, progress)
    except StepFailed as failed:
        return _finished(job, progress, "failed", failed.saw, failed.todo)
    except Interrupted as stop:
        return _finished(job, progress, "interrupted", stop.what)
    progress.at = None
    return _finished(job, progress, "deployed", "")


def _planned(job: Job, progress: _Progress) -> Plan:
    git, head = job.doing.git, job.doing.git.head()
    known, changes = recall(job.root), git.changes()
    commits = bool(changes and job.wanted.message)
    tips = {one.name: git.tip(one, head, commits=commits) for one in job.stages if one.branch}
    same = known.commit == head
    new = "" if commits else head
    before = {name: tip.commit for name, tip in tips.items() if tip.commit not in {"", new}}
    progress.known = Remembered(
        new,
        {} if commits or job.afresh or not same else dict(known.done),
        {**before, **(known.before if same and not commits else {})},
    )
    has_lock_file = job.doing.settings[job.stages[0].name].schema_lock.exists()
    facts = Facts(head, changes, git.unfinished(), tips, progress.known.done, has_lock_file)
    job.doing.commit = progress.known.commit
    return make_plan(job.stages, facts, job.wanted)


def _confirmed(job: Job, plan: Plan, step: Step, progress: _Progress) -> bool:
    """Ask before the first change, and before the first in each later stage."""
    first = plan.stages[0].name
    stage = step.stage or first
    if step.done or step.kind not in CHANGES or stage in progress.asked:
        return True
    progress.asked.add(stage)
    names = ", then ".join(one.name for one in plan.stages)
    what = job.doing.commit[:7] or "the commit that is to be made"
    question = f"Deploy {what} to {names}?" if stage == first else f"Go on to {stage}?"
    return job.confirm(question)


def _do(job: Job, step: Step, progress: _Progress) -> None:
    begun = time.monotonic()

    def ended(result: Result, done: Done, wanted: str = "", todo: str = "") -> None:
        seconds = time.monotonic() - begun
        job.report(Ended(step, result, seconds, done.saw, wanted, todo, done.checks))

    if step.done:
        ended("skipped", Done(step.done))
        return
    job.report(Began(step))
    try:
        done = DOING[step.kind](job.doing, step)
    except StepFailed as failed:
        ended("failed", Done(failed.saw, job.doing.checks), failed.wanted, failed.todo)
        raise
    except Interrupted as stop:
        ended("interrupted", Done(stop.what))
        raise
    except LockstepError as error:
        ended("failed", Done(error.what), "", error.next_step)
        raise StepFailed(error.what, "", error.next_step) from error
    _remember(job, step, progress)
    ended("done", done)


def _remember(job: Job, step: Step, progress: _Progress) -> None:
    known = progress.known
    done = {**known.done, step.key: moment()}
    progress.known = Remembered(job.doing.commit, done, known.before)
    if progress.known.commit and step.kind != "budget":
        remember(job.root, progress.known)


def _finished(job: Job, progress: _Progress, status: Status, why: str, first: str = "") -> Finished:
    commit, step = job.doing.commit, progress.at
    todo = [first] if first else []
    if step is not None:
        stage = next((one for one in job.stages if one.name == step.stage), None)
        if status == "failed":
            todo += live.todo_of(
                step, stage, commit, progress.known.before, job.wanted, _again(job)
            )
        else:
            todo.append(f"{_again(job)}   # goes on from here")
    state = _live(job, commit)
    at = step.name if step is not None else ""
    return _told(job, Finished(status, commit, at, why, state, tuple(todo)))


def _again(job: Job) -> str:
    """Return the command that goes on; what is committed need not be named again."""
    named = job.wanted.message and not job.doing.commit
    return f"{job.again} -m {shlex.quote(job.wanted.message)}" if named else job.again


def _live(job: Job, commit: str) -> tuple[Live, ...]:
    return tuple(live.look(stage, job.quiet_git, commit) for stage in job.stages)


def _told(job: Job, finished: Finished) -> Finished:
    job.report(finished)
    return finished
