"""What the files for a platform say of a service: one value, found once from a folder and its settings."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from lockstep.deploy.budget import Budget
from lockstep.settings import Settings
from lockstep.values import dataclass

_UNNAMED = "default"
_LONGEST_NAME = 50
_LOCKS = ("requirements.lock", "requirements.txt")


@dataclass(frozen=True, slots=True)
class Service:
    """A service as platforms see it.

    ``name`` is fit for a host's name. ``command`` boots it. ``requirements`` pins what it needs (empty: nothing does), with hashes
    if ``hashed``. ``installable``: the folder is a project that pip can install. ``shipped`` is what commands find at run time in
    the working directory of an installed one.
    """

    app: str
    name: str
    application: str
    command: tuple[str, ...]
    python: str
    port: int
    postgresql: int
    requirements: str
    hashed: bool
    installable: bool
    shipped: tuple[str, ...]
    migrations: str
    seeds: str
    budget: Budget

    @property
    def becomes_another(self) -> bool:
        """True if the process is handed over, to a program which may never tell when it is ready."""
        return self.command[:2] == ("lockstep", "run")


def find_service(
    settings: Settings,
    budget: Budget,
    *,
    command: tuple[str, ...],
    python: str | None,
    requirements: str | None,
) -> Service:
    """Return the service in the folder of *settings*; what is not given is found there, or is this interpreter's version."""
    root = settings.root
    app = root.resolve().name if settings.app == _UNNAMED else settings.app
    pins = _first(root, _LOCKS) if requirements is None else requirements
    migrations, seeds, lock = (
        _relative(path, root)
        for path in (settings.migrations, settings.seeds, settings.schema_lock)
    )
    shipped = (_first(root, ("lockstep.toml", "pyproject.toml")), migrations, seeds, lock)
    return Service(
        app=app,
        name=host_name(app),
        application=settings.application,
        command=command,
        python=python or f"{sys.version_info.major}.{sys.version_info.minor}",
        port=settings.port,
        postgresql=settings.server_version,
        requirements=pins,
        hashed=bool(pins) and "--hash=" in _text(root / pins),
        installable="[build-system]" in _text(root / "pyproject.toml"),
        shipped=tuple(
            name
            for name in shipped
            if name and not Path(name).is_absolute() and (root / name).exists()
        ),
        migrations=migrations,
        seeds=seeds,
        budget=budget,
    )


def host_name(app: str) -> str:
    """Return *app* as a label of the domain name system: small letters, digits and dashes, beginning with a letter."""
    name = re.sub(r"[^a-z0-9]+", "-", app.lower()).strip("-")[:_LONGEST_NAME].strip("-")
    return name if name[:1].isalpha() else f"app-{name}".strip("-")


def _first(root: Path, names: tuple[str, ...]) -> str:
    return next((name for name in names if (root / name).is_file()), "")


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
