"""What is live now, asked anew: what each stage's branch is at, and which releases answer there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lockstep.deploy.answers import same_release
from lockstep.deploy.asking import ask
from lockstep.deploy.git import Git
from lockstep.deploy.plan import Step, Wanted, verify_command
from lockstep.deploy.reports import Live
from lockstep.deploy.secrets import concealed
from lockstep.deploy.stages import Stage
from lockstep.deploy.stopping import StepFailed
from lockstep.errors import Interrupted

_SAMPLES = 3
_PATIENCE = 5.0
_SHORT = 7


def look(stage: Stage, git: Git, commit: str) -> Live:
    """Ask the remote and the service; never fails, but says what did not answer. After a second request to stop nothing is asked."""
    at, trouble = "", ""
    if stage.branch:
        try:
            at = git.remote_commit(stage)
        except StepFailed as failed:
            trouble = failed.saw
        except Interrupted:
            pass
    if git.processes.interrupt.requested:
        return Live(stage.name, "not asked, for a second signal came", at, ())
    releases, answered = _releases(stage)
    told = f"{_pushed(stage, at, trouble, commit)}{_serving(releases, answered, commit)}"
    return Live(stage.name, told, at, releases)


def _releases(stage: Stage) -> tuple[tuple[str, ...], str]:
    """Return the releases that answer, and what the last answer was where none tells its release."""
    answers = [ask(f"{stage.url}/api/boot", timeout=_PATIENCE)]
    if answers[0].status:
        answers += [ask(answers[0].url, timeout=_PATIENCE) for _ in range(_SAMPLES - 1)]
    bodies = [one.json for one in answers if isinstance(one.json, dict)]
    found = {str(body["release"]) for body in bodies if body.get("release")}
    last = answers[-1]
    return tuple(sorted(found)), str(last.status) if last.status else last.error


def _pushed(stage: Stage, at: str, trouble: str, commit: str) -> str:
    where = concealed(stage.where)
    if not stage.branch:
        return ""
    if trouble:
        return f"{where} could not be asked ({trouble}); "
    if not at:
        return f"untouched: {where} is not there; "
    if commit and at == commit:
        return f"{at[:_SHORT]} is pushed to {where}; "
    return f"untouched: {where} is at {at[:_SHORT]}; "


def _serving(releases: Sequence[str], answered: str, commit: str) -> str:
    if not releases:
        if answered == "200":
            return "it answers without telling its release"
        return f"nothing tells its release there ({answered})"
    names = " and ".join(name[:_SHORT] if len(name) >= 40 else name for name in releases)
    if len(releases) == 1 and commit and same_release(releases[0], commit):
        return f"it serves {names}"
    return f"it serves {names}" if len(releases) > 1 else f"it still serves {names}"


def todo_of(
    step: Step,
    stage: Stage | None,
    commit: str,
    before: Mapping[str, str],
    wanted: Wanted,
    again: str,
) -> list[str]:
    """Return what to run after *step* failed or was cut short, in order; *again* is the command that goes on."""
    if stage is None or step.kind not in {"verify", "railway", "command"}:
        return [f"{again}   # once that is mended"]
    where = f"{stage.name} is well"
    lines = [
        f"{concealed(verify_command(stage, commit, wanted))}   # looks again",
        f"{again}   # goes on from here once {where}; mended by a new commit, it begins with that",
    ]
    if stage.branch:
        lines.append(f"git commit --allow-empty -m 'Deploy again' && {again}   # where the platform missed the push: it hears of a commit once")  # fmt: skip
    if earlier := before.get(stage.name, ""):
        lines.append(f"git revert --no-edit {earlier[:_SHORT]}..{commit[:_SHORT]} && {again}   # takes it back by a new commit; migrations stay applied")  # fmt: skip
    return lines
