"""Does the platform leave a release the time that its boot and its end may take? Railway's service variables tell.

Railway's defaults are a window of 300 s, no overlap, and SIGKILL together with SIGTERM (its documents: deployments, reference, draining).
``railway variable list --json`` prints every variable of the service, secrets among them: three are read, and nothing is kept of the rest.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

from lockstep.deploy.budget import OVERLAP, Budget, budget
from lockstep.deploy.checks import Check, judged, skipped
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
        service = ("--service", self.service) if self.service else ()
        return ("railway", "variable", "list", "--environment", self.environment, *service, "--json")  # fmt: skip


def railway_of(environment: str, settings: Settings) -> Railway | None:
    """Return what to ask of Railway about *environment*; None where it is on another platform."""
    if settings.platform != "railway":
        return None
    return Railway(settings.railway_service, environment, budget(settings))


def look(railway: Railway) -> Check:
    """Ask Railway's CLI, and judge; skipped where there is no CLI or it does not tell."""
    if shutil.which("railway") is None:
        return skipped("platform", "Railway's CLI is not installed", _WANTED, "npm install -g @railway/cli")  # fmt: skip
    shown = " ".join(railway.command)
    try:
        done = subprocess.run(  # noqa: S603
            railway.command, capture_output=True, text=True, timeout=_TIMEOUT, check=False
        )
        variables = _variables(done.stdout)
    except subprocess.TimeoutExpired:
        return skipped("platform", f"Railway's CLI did not answer within {_TIMEOUT:.0f} s", _WANTED, f"See that this works: {shown}")  # fmt: skip
    except ValueError:
        said = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        return skipped("platform", f"Railway's CLI does not tell: {said}", _WANTED, f"See that this works: {shown}")  # fmt: skip
    return judge(variables, railway)


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
    service = f" --service {railway.service}" if railway.service else ""
    settings = " ".join(f"{name}={least[name]}" for name in short)
    return judged(
        "platform",
        holds=not short,
        saw=saw,
        wanted=", ".join(f"{name.removeprefix('RAILWAY_')} >= {seconds}" for name, seconds in least.items()),
        todo=f"railway variable set --environment {railway.environment}{service} {settings}",
    )  # fmt: skip


def _variables(output: str) -> dict[str, str]:
    """Read the object in what the CLI printed, perhaps after words of its own; raises ``ValueError`` if there is none."""
    begin = output.find("{")
    found: Any = json.JSONDecoder().raw_decode(output[begin:] if begin >= 0 else "")[0]
    return {name: str(found[name]) for name in _DEFAULTS if name in found}


def _seconds(text: str, default: float) -> float:
    try:
        return float(text) if text else default
    except ValueError:
        return 0.0
