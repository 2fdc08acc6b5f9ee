"""What a deploy does, in order: a pure function from what is known to the steps, with the very commands.

A plan is data. Steps that are done already are in it too, and say so: that is all there is to resuming.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from lockstep.deploy.budget import judge
from lockstep.deploy.checks import Check, judged
from lockstep.deploy.railway import on_service
from lockstep.deploy.secrets import concealed
from lockstep.deploy.stages import Stage
from lockstep.values import dataclass

Kind = Literal[
    "lint", "snapshot", "prove", "tests", "budget", "commit", "push", "command", "railway", "verify"
]
Relation = Literal["absent", "same", "behind", "ahead", "apart", "unknown"]
PREFLIGHT: frozenset[Kind] = frozenset({"lint", "snapshot", "prove", "tests", "budget"})
CHANGES: frozenset[Kind] = frozenset({"commit", "push", "command"})
_TREE_SHOWN = 3
_COMMITTED = "HEAD"


@dataclass(frozen=True, slots=True)
class Tip:
    """What a stage's branch is at, and how that stands to the commit checked out here.

    ``behind``: this commit follows it. ``ahead``: it follows this commit. ``apart``: neither. ``unknown``: it is not in this
    repository, so this commit cannot follow it.
    """

    commit: str
    relation: Relation


@dataclass(frozen=True, slots=True)
class Facts:
    """What a plan is made from; ``done`` are the keys of steps that were done for ``head``, with when."""

    head: str
    changes: Sequence[str]
    unfinished: str
    tips: Mapping[str, Tip]
    done: Mapping[str, str]
    has_lock_file: bool = True


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for; ``flags`` go to the commands of the preflight, ``scratch`` to those that need a server."""

    message: str = ""
    prove: bool = False
    tests: str = ""
    wait: str = "10m"
    steady: str = "10s"
    without: Sequence[str] = ()
    page: str = "/"
    flags: Sequence[str] = ()
    scratch: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do. ``shown`` is its command as a shell takes it, without secrets; ``done`` says why nothing is to be done."""

    kind: Kind
    stage: str
    command: Sequence[str]
    shown: str
    done: str = ""

    @property
    def name(self) -> str:
        """What it is called: ``lint``, ``push dev``."""
        return f"{self.kind} {self.stage}" if self.stage else self.kind

    @property
    def key(self) -> str:
        """What it is remembered by: a check of the preflight by its command, because another command is another check."""
        return self.shown if self.kind in PREFLIGHT else self.name

    def as_dict(self) -> dict[str, Any]:
        """Return it as one JSON-ready object."""
        return {"name": self.name, "stage": self.stage, "command": self.shown, "done": self.done}


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done, and what was found already; nothing is done where a finding fails."""

    commit: str
    stages: Sequence[Stage]
    findings: Sequence[Check]
    steps: Sequence[Step]

    @property
    def possible(self) -> bool:
        """True if nothing that is known by now is in the way."""
        return all(check.result != "fails" for check in self.findings)


def make_plan(stages: Sequence[Stage], facts: Facts, wanted: Wanted) -> Plan:
    """Decide what to do for *stages*, which end where the deploy is to end."""
    commits = bool(facts.changes and wanted.message)
    findings = (
        _tree(facts, wanted),
        *(_branch(stage, facts) for stage in stages if stage.branch),
        *(judge(stage.name, stage.budget, stage.window) for stage in stages),
    )
    steps = [*_preflight(stages[0], facts, wanted, commits=commits), *_commit(facts, wanted)]
    for number, stage in enumerate(stages):
        if number:
            steps.append(_budget(stage))
        steps += _of_stage(stage, facts, wanted, commits=commits)
    return Plan(_COMMITTED if commits else facts.head, tuple(stages), findings, tuple(steps))


def _tree(facts: Facts, wanted: Wanted) -> Check:
    few = ", ".join(facts.changes[:_TREE_SHOWN])
    more = (
        f" and {len(facts.changes) - _TREE_SHOWN} more" if len(facts.changes) > _TREE_SHOWN else ""
    )
    if facts.unfinished:
        return judged("tree", holds=False, saw=f"a {facts.unfinished} is under way", wanted="a tree at rest", todo=f"Finish it, or git {facts.unfinished} --abort.")  # fmt: skip
    saw = f"not committed: {few}{more}" if facts.changes else "clean"
    holds = not facts.changes or bool(wanted.message)
    return judged("tree", holds=holds, saw=saw, wanted="everything is committed", todo="Commit it, or let it be committed with -m MESSAGE.")  # fmt: skip


def _branch(stage: Stage, facts: Facts) -> Check:
    tip = facts.tips[stage.name]
    where, at = concealed(stage.where), tip.commit[:7]
    saw = {
        "absent": f"{where} is not there yet",
        "same": f"{where} is at this commit",
        "behind": f"{where} is at {at}, which this commit follows",
        "ahead": f"{where} is at {at}, which is newer than this commit",
        "apart": f"{where} is at {at}, which this commit does not follow",
        "unknown": f"{where} is at {at}, which is not in this repository",
    }[tip.relation]
    fetched = concealed(shlex.join(["git", "fetch", stage.remote, stage.branch]))
    todo = f"{fetched} && git merge FETCH_HEAD, then deploy the result; nothing is ever forced."
    if tip.relation == "ahead":
        todo = f"Deploy the newer one: {fetched} && git merge --ff-only FETCH_HEAD."
    holds = tip.relation in {"absent", "same", "behind"}
    return judged(f"branch {stage.name}", holds=holds, saw=saw, wanted="it can be moved forward to this commit", todo=todo)  # fmt: skip


def _preflight(first: Stage, facts: Facts, wanted: Wanted, *, commits: bool) -> Iterator[Step]:
    def checked(kind: Kind, command: Sequence[str], shown: str = "") -> Step:
        step = Step(kind, "", command, shown or concealed(shlex.join(command)))
        known = "" if commits else facts.done.get(step.key, "")
        return _with(step, f"held for this commit, {known}") if known else step

    yield checked("lint", ("lockstep", "lint", *wanted.flags))
    snapshot = ("lockstep", "snapshot", "--check", *wanted.flags, *wanted.scratch)
    step = checked("snapshot", snapshot)
    yield step if facts.has_lock_file else _with(step, "there is no schema.lock")
    if wanted.prove:
        yield checked("prove", ("lockstep", "prove", *wanted.flags, *wanted.scratch))
    if wanted.tests:
        yield checked("tests", ("sh", "-c", wanted.tests), concealed(wanted.tests))
    yield _budget(first)


def _commit(facts: Facts, wanted: Wanted) -> Iterator[Step]:
    if wanted.message:
        shown = f"git add --all && {shlex.join(['git', 'commit', '-m', wanted.message])}"
        step = _plain("commit", "", concealed(shown))
        yield step if facts.changes else _with(step, "there is nothing to commit")


def _of_stage(stage: Stage, facts: Facts, wanted: Wanted, *, commits: bool) -> Iterator[Step]:
    commit = _COMMITTED if commits else facts.head
    there = not commits
    if stage.branch:
        command = push_command(stage, commit)
        there = there and facts.tips[stage.name].relation == "same"
        step = Step("push", stage.name, command, concealed(shlex.join(command)))
        yield _with(step, f"{concealed(stage.where)} is at this commit") if there else step
    if stage.command:
        yield _known(Step("command", stage.name, ("sh", "-c", stage.command), concealed(stage.command)), facts, there=there)  # fmt: skip
    if stage.platform == "railway":
        yield _known(_plain("railway", stage.name, shlex.join(railway_command(stage)), railway_command(stage)), facts, there=there)  # fmt: skip
    shown = concealed(verify_command(stage, commit, wanted))
    yield _known(_plain("verify", stage.name, shown), facts, there=there)


def push_command(stage: Stage, commit: str) -> tuple[str, ...]:
    """Return what moves the stage's branch to *commit*; git refuses it unless it moves forward."""
    return ("git", "push", "--porcelain", stage.remote, f"{commit}:refs/heads/{stage.branch}")


def railway_command(stage: Stage) -> tuple[str, ...]:
    """Return what tells how the deployments of a stage went."""
    asked = ("railway", "deployment", "list", "--environment", stage.name)
    return (*asked, *on_service(stage.service), "--limit", "10", "--json")


def verify_command(stage: Stage, commit: str, wanted: Wanted) -> str:
    """Return the command that verifies a stage as its step does."""
    release = '"$(git rev-parse HEAD)"' if commit == _COMMITTED else commit
    words = ["lockstep", "verify", "--environment", stage.name]
    words += ["--wait", wanted.wait, "--steady", wanted.steady, *wanted.flags]
    if wanted.page != "/":
        words += ["--page", wanted.page]
    without = [*wanted.without]
    if not stage.has_database and "database" not in without:
        without.append("database")
    words += [word for name in without for word in ("--without", name)]
    database = f' --database "${stage.database_variable}"' if stage.has_database else ""
    return f"{shlex.join(words)} --release {release}{database}"


def _budget(stage: Stage) -> Step:
    shown = f"a boot with what is pending in {stage.name} < {stage.window:g} s"
    return _plain("budget", stage.name, shown)


def _plain(kind: Kind, stage: str, shown: str, command: Sequence[str] = ()) -> Step:
    return Step(kind, stage, command, shown)


def _known(step: Step, facts: Facts, *, there: bool) -> Step:
    """Return *step*, done if it is remembered for the commit and that is still there."""
    when = facts.done.get(step.key, "") if there else ""
    return _with(step, f"done for this commit, {when}") if when else step


def _with(step: Step, done: str) -> Step:
    return Step(step.kind, step.stage, step.command, step.shown, done)
