"""Templates and a service make files: their paths and texts. Pure but for reading the templates.

A template is the file itself, with ``$name`` for what differs (``string.Template``; a dollar that stays is written twice).
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from string import Template

from lockstep.deploy.budget import OVERLAP, PRE_STOP, PROBE_PERIOD
from lockstep.deploy.platforms.service import Service
from lockstep.values import dataclass

_TEMPLATES = Path(__file__).with_name("templates")
_IMAGE = {"Dockerfile": "Dockerfile", ".dockerignore": "dockerignore"}
PLATFORMS: Mapping[str, Mapping[str, str]] = {
    "docker": {**_IMAGE, "compose.yaml": "compose.yaml"},
    "github": {".github/workflows/lockstep.yml": "workflow.yml"},
    "kubernetes": {**_IMAGE, "deploy/kubernetes.yaml": "kubernetes.yaml"},
    "procfile": {"Procfile": "Procfile"},
    "railway": {**_IMAGE, ".railway/railway.ts": "railway.ts"},
    "systemd": {"deploy/{name}.service": "unit.service"},
}
"""The files of each platform, with their templates. Kubernetes and Railway run the image that the Dockerfile makes."""
_START = {
    "lockstep.toml": "lockstep.toml",
    "{migrations}/README.md": "migrations.md",
    "{seeds}/README.md": "seeds.md",
}
_HEROKU = 30
_NOTIFY = """\
# The boot tells how far it is, and READY=1 when HTTP is open (NotifyAccess: only the main process may say so).
Type=notify
NotifyAccess=main
# Not the time that migrations take: until it is ready the boot asks for 30 s more every 10 s (EXTEND_TIMEOUT_USEC), and its own
# deadlines bound it. This is the time to the first such message.
TimeoutStartSec=60"""
_HANDED_OVER = """\
# `lockstep run` becomes another program. If that one sends READY=1, write Type=notify, NotifyAccess=main and TimeoutStartSec=60.
Type=exec"""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A file: where it belongs, below the project's folder, and what it says."""

    path: str
    text: str


def render(service: Service, platforms: Iterable[str]) -> tuple[Rendered, ...]:
    """Return the files of *platforms*, each once; without any, those that a new project begins with."""
    chosen: dict[str, str] = {}
    for platform in platforms:
        chosen.update(PLATFORMS[platform])
    values = _values(service)
    return tuple(
        _rendered(path.format(**values), template, values)
        for path, template in (chosen or _START).items()
    )


def _rendered(path: str, template: str, values: Mapping[str, str]) -> Rendered:
    text = (_TEMPLATES / template).read_text(encoding="utf-8")
    return Rendered(path, Template(text).substitute(values, path=path))


def _values(service: Service) -> dict[str, str]:
    budget = service.budget
    seconds = {
        name: f"{value:g}" for name, value in budget.as_dict().items() if not isinstance(value, str)
    }
    return {
        **seconds,
        "pre_stop": str(PRE_STOP),
        "overlap": str(OVERLAP),
        "probe_period": str(PROBE_PERIOD),
        "progress": str(budget.boot + budget.termination + 60),
        "files_from": "from a ledger" if budget.measured else "assumed",
        "app": service.app,
        "name": service.name,
        "python": service.python,
        "port": str(service.port),
        "postgresql": str(service.postgresql),
        "pgdata": _pgdata(service.postgresql),
        "migrations": service.migrations,
        "seeds": service.seeds,
        "app_toml": _toml(service.app),
        "application_toml": _application(service.application),
        "cmd": _exec_form(*service.command),
        "exec": shlex.join(service.command),
        "unit_exec": _unit_command(service),
        "type": _HANDED_OVER if service.becomes_another else _NOTIFY,
        "install": "\n".join(_image_install(service)),
        "copies": "\n".join(_copies(service)),
        "ci_install": "\n".join(f"          {line}" for line in _ci_install(service)),
        "too_long": "" if budget.leave <= _HEROKU else ", which is too long for it",
    }


def _pgdata(version: int) -> str:
    """From 18 on the image keeps its data in a folder named for the version, and wants the one above for a volume."""
    return "/var/lib/postgresql" if version >= 18 else "/var/lib/postgresql/data"


def _application(target: str) -> str:
    return f"application = {_toml(target)}" if target else '# application = "module:attribute"'


def _toml(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _exec_form(*words: str) -> str:
    return json.dumps(list(words))


def _unit_command(service: Service) -> str:
    """A unit's command has its program's whole path; a percent sign or a dollar would be taken for something else."""
    words = shlex.join(service.command).replace("%", "%%").replace("$", "$$")
    return f"/opt/{service.name}/venv/bin/{words}"


def _pip(service: Service) -> list[list[str]]:
    """Return the arguments with which pip installs the service."""
    steps = []
    if service.requirements:
        hashes = ["--require-hashes"] if service.hashed else []
        steps.append([*hashes, "-r", service.requirements])
    if service.installable:
        steps.append([*(["--no-deps"] if service.requirements else []), "."])
    return steps or [["pg-lockstep[serve]"]]


def _image_install(service: Service) -> list[str]:
    lines = []
    for step in _pip(service):
        run = _exec_form(
            "/opt/venv/bin/python", "-m", "pip", "install", "--no-cache-dir",
            "--disable-pip-version-check", *step,
        )  # fmt: skip
        if "-r" in step:
            said = (
                "Every file is held against its hash."
                if service.hashed
                else "Without hashes: pip-compile --generate-hashes (or uv pip compile) makes a requirements.lock, which would be checked."
            )
            lines += [
                f"# Before the code, so that this layer is kept while only code changes. {said}",
                f"COPY {_exec_form(service.requirements, './' + service.requirements)}",
            ]
        elif step[-1] == ".":
            lines += [
                "# The service itself. What builds it (pyproject.toml: build-system) is fetched into a place of its own, and left behind.",
                "COPY . .",
            ]
        lines.append(f"RUN {run}")
    return lines


def _copies(service: Service) -> list[str]:
    """An installed service needs only what commands look for beside it; another one is run from where it lies."""
    if not service.installable:
        return ["COPY . ."]
    return [f"COPY {_exec_form(name, './' + name)}" for name in service.shipped]


def _ci_install(service: Service) -> list[str]:
    return [f"python -m pip install {shlex.join(step)}" for step in _pip(service)]
