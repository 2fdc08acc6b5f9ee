"""The environments that a commit goes through, in order: where each is pushed to, and where it then answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from lockstep.deploy.asking import address_of
from lockstep.deploy.budget import Budget, budget
from lockstep.errors import ConfigurationWrong, Place, Problem
from lockstep.settings import Settings, resolve
from lockstep.values import dataclass

_OWN = (
    "url", "websocket", "platform", "remote", "branch", "deploy_command", "railway_service", "health_window",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stage:
    """One environment. ``branch`` is empty where ``command`` deploys; durations are in seconds.

    ``database_variable`` names the variable that may lead to its database, ``has_database`` says whether it does. ``budget`` is
    that of a boot of which no ledger is known.
    """

    name: str
    url: str
    budget: Budget
    platform: Literal["git", "railway", "command"] = "git"
    remote: str = "origin"
    branch: str = ""
    command: str = ""
    service: str = ""
    websocket: str = ""
    health_window: float = 0.0
    has_database: bool = False

    @property
    def database_variable(self) -> str:
        """The environment variable that holds its database's address."""
        return f"{self.name.upper().replace('-', '_')}_DATABASE_URL"

    @property
    def window(self) -> float:
        """How long its platform waits for a boot: what the file says, or what ``lockstep init`` tells a platform."""
        return self.health_window or self.budget.window

    @property
    def where(self) -> str:
        """What it deploys from, for people: ``origin/dev``."""
        return f"{self.remote}/{self.branch}" if self.branch else self.name


def settings_of_stages(
    names: Sequence[str],
    flags: Mapping[str, str | None],
    environ: Mapping[str, str],
    root: Path,
) -> dict[str, Settings]:
    """Find the settings of each environment; of the variables only its own leads to a database.

    What tells environments apart is read from the file alone: a variable would make them all the same.
    """
    found = {}
    for name in names:
        own = {
            key: value
            for key, value in environ.items()
            if not key.endswith("DATABASE_URL")
            and key not in {"DATABASE_UNPOOLED_URL", *(f"LOCKSTEP_{one.upper()}" for one in _OWN)}
        }
        variable = f"{name.upper().replace('-', '_')}_DATABASE_URL"
        if environ.get(variable):
            own["LOCKSTEP_DATABASE_URL"] = environ[variable]
        own["LOCKSTEP_ENV"] = name
        found[name] = resolve(flags=flags, environ=own, root=root, offline=True)
    return found


def stages_of(settings: Mapping[str, Settings]) -> tuple[Stage, ...]:
    """Return the stages, or raise ``ConfigurationWrong`` with all that is missing."""
    stages = tuple(_stage(name, found) for name, found in settings.items())
    problems = [problem for stage in stages for problem in _incomplete(stage)]
    problems += _twice(stages)
    if not stages:
        problems.append(Problem("there are no stages", next_step='stages = "dev, production"'))
    if problems:
        raise ConfigurationWrong(
            "it is not said where to deploy",
            problems=problems,
            next_step="Write it into lockstep.toml (docs/how-to/deploy.md); nothing was touched.",
        )
    return stages


def _stage(name: str, settings: Settings) -> Stage:
    by_command = settings.platform == "command"
    return Stage(
        name=name,
        url=settings.url.rstrip("/"),
        budget=budget(settings),
        platform=settings.platform,
        remote=settings.remote,
        branch="" if by_command else settings.branch.removeprefix("refs/heads/"),
        command=settings.deploy_command if by_command else "",
        service=settings.railway_service,
        websocket=settings.websocket,
        health_window=settings.health_window,
        has_database=settings.database is not None,
    )


def _incomplete(stage: Stage) -> list[Problem]:
    wanted = {"url": (stage.url, '"https://..."')}
    if stage.platform == "command":
        wanted["deploy_command"] = (stage.command, '"..."')
    else:
        wanted["branch"] = (stage.branch, f'"{stage.name}"')
    place = Place("lockstep.toml")
    line = f"[environments.{stage.name}]"
    problems = [
        Problem(f"{name} of {stage.name} is not set", place, f"{line} {name} = {example}")
        for name, (value, example) in wanted.items()
        if not value
    ]
    try:
        address_of(stage.url or "https://not.set")
    except ValueError as error:
        problems.append(Problem(f"url of {stage.name} is wrong: {error}", place, f'{line} url = "https://..."'))  # fmt: skip
    return problems


def _twice(stages: Sequence[Stage]) -> list[Problem]:
    seen: dict[tuple[str, str], str] = {}
    problems = []
    for stage in stages:
        other = (
            seen.setdefault((stage.remote, stage.branch), stage.name)
            if stage.branch
            else stage.name
        )
        if other != stage.name:
            next_step = "Give each its own branch."
            problems.append(Problem(f"{other} and {stage.name} both deploy from {stage.where}", next_step=next_step))  # fmt: skip
    return problems
