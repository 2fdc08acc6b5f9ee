"""Does the platform leave a release the time that its boot and its end may take? Railway's service variables tell.

Railway's defaults are a window of 300 s, no overlap, and SIGKILL together with SIGTERM (its documents: deployments, reference, draining).
``railway variable list --json`` prints every variable of the service, secrets among them: three are read, and nothing is kept of the rest.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from lockstep.deploy.budget import OVERLAP, Budget, budget
from lockstep.deploy.checks import Check, judged, skipped
from lockstep.deploy.processes import NO_SUCH_PROGRAM, Processes
from lockstep.deploy.railway import json_in, on_service
from lockstep.interrupt import Interrupt
from lockstep.settings import Settings
from lockstep.values import dataclass

WINDOW, OVERLAPPING, DRAINING = (
    "RAILWAY_HEALTHCHECK_TIMEOUT_SEC",
    "RAILWAY_DEPLOYMENT_OVERLAP_SECONDS",
    "RAILWAY_DEPLOYMENT_DRAINING_SECONDS",
)
_DEFAULTS = {WINDOW: 300.0, OVERLAPPING: 0.0, DRAINING: 0.0}
_TIMEOUT = 30.0
_WANTED = "the platform waits for a boot, overlaps releases, and lets them end"


@dataclass(frozen=True, slots=True)
class Railway:
    """A service of Railway's, empty: that of the linked folder; its environment; and what a boot and an end of it may take."""

    service: str
    environment: str
    budget: Budget

    @property
    def command(self) -> Sequence[str]:
        """What prints the service's variables."""
        asked = ("railway", "variable", "list", "--environment", self.environment)
        return (*asked, *on_service(self.service), "--json")


def railway_of(environment: str, settings: Settings) -> Railway | None:
    """Return what to ask of Railway about *environment*; None where it is on another platform."""
    if settings.platform != "railway":
        return None
    return Railway(settings.railway_service, environment, budget(settings))


def look(railway: Railway, interrupt: Interrupt) -> Check:
    """Ask Railway's CLI, and judge; skipped where there is no CLI or it does not tell. Raises ``Interrupted``."""
    asking = Processes(Path.cwd(), os.environ, interrupt)
    ended = asking.run(railway.command, timeout=_TIMEOUT)
    todo = f"See that this works: {' '.join(railway.command)}"
    if ended.status == NO_SUCH_PROGRAM:
        return skipped("platform", "Railway's CLI is not installed", _WANTED, "npm install -g @railway/cli")  # fmt: skip
    if ended.status < 0:
        saw = f"Railway's CLI did not answer within {_TIMEOUT:.0f} s"
        return skipped("platform", saw, _WANTED, todo)
    try:
        found = json_in(ended.text, "{")
    except ValueError:
        said = ended.lines[-1] if ended.lines else f"exit status {ended.status}"
        return skipped("platform", f"Railway's CLI does not tell: {said}", _WANTED, todo)
    return judge({name: str(found[name]) for name in _DEFAULTS if name in found}, railway)


def judge(variables: Mapping[str, str], railway: Railway) -> Check:
    """Judge what the variables say, and what Railway does where they say nothing."""
    least = {
        WINDOW: railway.budget.window,
        OVERLAPPING: OVERLAP,
        DRAINING: railway.budget.leave,
    }
    found = {name: _seconds(variables.get(name, ""), _DEFAULTS[name]) for name in least}
    short = [name for name, seconds in found.items() if seconds < least[name]]
    saw = ", ".join(
        f"{name.removeprefix('RAILWAY_')} {found[name]:g}" + ("" if variables.get(name) else " (the default)")
        for name in least
    )  # fmt: skip
    service = " ".join(("", *on_service(railway.service)))
    settings = " ".join(f"{name}={least[name]}" for name in short)
    return judged(
        "platform",
        holds=not short,
        saw=saw,
        wanted=", ".join(f"{name.removeprefix('RAILWAY_')} >= {seconds}" for name, seconds in least.items()),
        todo=f"railway variable set --environment {railway.environment}{service} {settings}",
    )  # fmt: skip


def _seconds(text: str, default: float) -> float:
    try:
        return float(text) if text else default
    except ValueError:
        return 0.0
