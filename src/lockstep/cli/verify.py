"""``lockstep verify``: is it this release that serves, and does it serve as it should?"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from lockstep.boot.signals import StopSignals
from lockstep.cli.colour import palette_for
from lockstep.cli.invocation import FLAGS
from lockstep.deploy.allowed import railway_of
from lockstep.deploy.asking import address_of
from lockstep.deploy.checks import verified
from lockstep.deploy.formats import data, junit, text
from lockstep.deploy.secrets import concealed
from lockstep.deploy.verify import CHECKS, Target
from lockstep.deploy.verify import verify as look
from lockstep.errors import ConfigurationWrong, Interrupted
from lockstep.interrupt import Interrupt
from lockstep.settings import Settings, resolve

NOT_VERIFIED = 1
LOCAL = "development"


def verify(options: argparse.Namespace) -> int:
    """Look, print, and exit with 1 unless all holds."""
    target = _target(options)
    interrupt = Interrupt()
    with StopSignals(interrupt):
        try:
            found = look(target, interrupt, wait=options.wait, report=_tell)
        except Interrupted as stop:
            stop.why, stop.next_step = "It was still looking; nothing was changed.", "Run it again."
            raise
    shown = (
        data.render(found, target.url)
        if options.json
        else text.render(found, target.url, palette_for(sys.stdout))
    )
    sys.stdout.write(shown)
    if options.junit:
        _write(Path(options.junit), junit.render(found, target.url))
    return 0 if verified(found) else NOT_VERIFIED


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationWrong(
            f"{path} cannot be written: {error.strerror}",
            next_step="Name a file in a folder that is there: --junit FILE",
        ) from None


def _target(options: argparse.Namespace) -> Target:
    environment = options.environment or ("" if options.url else LOCAL)
    settings = _settings(options, environment or "production")
    url = options.url or settings.url or _here(environment, settings)
    local = environment == LOCAL
    return Target(
        url=_address(url, environment),
        settings=settings if local or settings.database is not None else None,
        release=options.release if options.release is not None else _commit(local=local),
        page=options.page,
        websocket=options.websocket or settings.websocket,
        headers=_headers(options.header),
        steady=options.steady,
        rate=options.rate,
        without=names_of_checks(options.without),
        railway=None if local else railway_of(environment or "production", settings),
    )


def _address(url: str, environment: str) -> str:
    try:
        return address_of(url)
    except ValueError as error:
        what = f"{concealed(url)!r} is not the address of a service: {error}"
        raise ConfigurationWrong(
            what if url else f"no address is known for {environment}",
            next_step=f'Name it, or write it into lockstep.toml: [environments.{environment or "production"}] url = "https://..."',
        ) from None


def _settings(options: argparse.Namespace, environment: str) -> Settings:
    """Find the settings of *environment*; elsewhere than here, its database is only what the command line names."""
    environ = {**os.environ, "LOCKSTEP_ENV": environment}
    if environment != LOCAL:
        for name in [name for name in environ if name.endswith("DATABASE_URL")]:
            del environ[name]
        environ.pop("DATABASE_UNPOOLED_URL", None)
    flags = {name: getattr(options, name, None) for name in FLAGS}
    return resolve(flags=flags, environ=environ, root=Path.cwd(), offline=True)


def _here(environment: str, settings: Settings) -> str:
    return f"http://127.0.0.1:{settings.port}" if environment == LOCAL else ""


def _commit(*, local: bool) -> str:
    """Return the commit that is checked out; empty where there is none, or where what runs need not be one."""
    if local:
        return ""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "HEAD"],  # noqa: S607
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


def _headers(given: Iterable[str]) -> dict[str, str]:
    split = [header.partition(":") for header in given]
    if nameless := [name for name, colon, _ in split if not colon or not name.strip()]:
        raise ConfigurationWrong(
            f"{concealed(nameless[0])!r} is not a header",
            next_step="Write its name, a colon and its value: --header 'Cookie: session=...'",
        )
    return {name.strip(): value.strip() for name, _, value in split}


def names_of_checks(given: Iterable[str]) -> frozenset[str]:
    """Return the names of checks that are left out; raises ``ConfigurationWrong`` for others."""
    unknown = sorted(set(given) - set(CHECKS))
    if unknown:
        raise ConfigurationWrong(
            f"there is no check named {', '.join(unknown)}",
            next_step=f"There are: {', '.join(CHECKS)}.",
        )
    return frozenset(given)


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
