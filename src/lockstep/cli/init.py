"""``lockstep init``: the files that a project begins with, or that a platform wants; what is there and differs is never lost."""

from __future__ import annotations

import argparse
import json
import re
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from lockstep.deploy.budget import any_boot, budget
from lockstep.deploy.platforms.rendering import Rendered, render
from lockstep.deploy.platforms.service import Service, find_service
from lockstep.deploy.platforms.writing import State, compare, write
from lockstep.errors import ConfigurationWrong
from lockstep.settings import Settings, resolve

_RUNS = {"docker", "kubernetes", "procfile", "railway", "systemd"}
"""The platforms whose files say what is to run."""
_FLAGS = ("app", "application", "database", "migrations", "seeds", "port")


def init(options: argparse.Namespace) -> int:
    """Compare, write, and say what was done."""
    settings = _settings(options)
    service = _service(options, settings)
    compared = compare(settings.root, render(service, options.platform))
    if not options.dry_run:
        write(settings.root, compared, force=options.force)
    if options.json:
        print(json.dumps(_data(options, compared, service)))
    elif options.dry_run:
        sys.stdout.write("\n".join(_shown(file, state) for file, state in compared))
    else:
        for file, state in compared:
            print(f"{'unchanged' if state == 'unchanged' else 'written':<10}{file.path}")
        if options.platform:
            whole = service.budget
            print(f"{'budget':<10}{whole.told}; a platform is told to wait {whole.window} s")
    return 0


def _settings(options: argparse.Namespace) -> Settings:
    """Find what production is told. The environment has no part in it: the files are the same whoever writes them."""
    flags = {name: getattr(options, name) for name in _FLAGS}
    # Once for the name: a project without one is called as its folder.
    if flags["application"] and not flags["app"]:
        named = _resolved({**flags, "application": None})
        flags["app"] = Path.cwd().name if named.app == "default" else None
    return _resolved(flags)


def _resolved(flags: dict[str, str | None]) -> Settings:
    return resolve(
        flags=flags, environ={"LOCKSTEP_ENV": "production"}, root=Path.cwd(), offline=True
    )


def _service(options: argparse.Namespace, settings: Settings) -> Service:
    if options.requirements and not (settings.root / options.requirements).is_file():
        raise ConfigurationWrong(
            f"there is no file {options.requirements}",
            next_step="Name the file that pins what the service needs, below this folder.",
        )
    if options.python and not re.fullmatch(r"3\.\d+(\.\d+)?", options.python):
        raise ConfigurationWrong(
            f"{options.python!r} is not a version of Python", next_step="For example: --python 3.13"
        )
    work = None
    if settings.database is not None:
        from lockstep.deploy.measuring import measured

        work = any_boot(measured(settings))
    return find_service(
        settings,
        budget(settings, work),
        command=_command(options, settings),
        python=options.python,
        requirements=options.requirements,
    )


def _command(options: argparse.Namespace, settings: Settings) -> tuple[str, ...]:
    if options.command_line:
        try:
            return tuple(shlex.split(options.command_line))
        except ValueError as error:
            raise ConfigurationWrong(
                f"--run {options.command_line!r} cannot be read: {error}",
                next_step="Write it as for a shell; none will run it.",
            ) from None
    if not settings.application and _RUNS & set(options.platform):
        raise ConfigurationWrong(
            "it is not known what the service runs",
            next_step='Name it: --application module:attribute, or --run "lockstep run -- node server.js"; or set `application` in lockstep.toml.',
        )
    return ("lockstep", "serve", *([options.application] if options.application else []))


def _shown(file: Rendered, state: State) -> str:
    return f"==> {file.path} ({state})\n{file.text}"


def _data(
    options: argparse.Namespace, compared: Sequence[tuple[Rendered, State]], service: Service
) -> dict[str, object]:
    return {
        "written": not options.dry_run,
        "files": [{"path": file.path, "state": state} for file, state in compared],
        "budget": service.budget.as_dict(),
    }
