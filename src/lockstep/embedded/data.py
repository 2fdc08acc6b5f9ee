"""Make a data directory, or look at the one that is there.

``initdb`` works in ``data.new``, which is renamed at the end: a directory called ``data`` is whole. It inherits the start
lock, so that nobody starts beside an ``initdb`` whose starter was killed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from lockstep.embedded.place import FREE_SOME_SPACE, Place, tells_of_a_full_disk
from lockstep.errors import ConfigurationWrong

# C.UTF-8 sorts by code point and knows the letters of all languages. From 17 on it is PostgreSQL's own and the same everywhere.
_BUILTIN_LOCALE = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
_SYSTEM_LOCALES = (("--locale=C.UTF-8",), ("--locale=C",))


def make_data_directory(place: Place, *, durable: bool, lock: int) -> bool:
    """Make the data directory where there is none; return whether that was so.

    *lock* is inherited by ``initdb``. Raises ``ConfigurationWrong`` when ``initdb`` fails or what is there is no data directory.
    """
    if place.data.exists():
        _refuse_broken(place)
        return False
    unfinished = place.home / "data.new"
    locales = (_BUILTIN_LOCALE,) if place.binaries.major >= 17 else _SYSTEM_LOCALES
    for options in locales:
        shutil.rmtree(unfinished, ignore_errors=True)
        result = _initdb(place, unfinished, options, durable=durable, lock=lock)
        if result.returncode == 0:
            unfinished.rename(place.data)
            return True
    shutil.rmtree(unfinished, ignore_errors=True)
    raise ConfigurationWrong(
        f"PostgreSQL's initdb failed in {place.home} (exit status {result.returncode})",
        why="\n".join(result.stdout.strip().splitlines()[-8:]),
        next_step=FREE_SOME_SPACE
        if tells_of_a_full_disk(result.stdout)
        else "Set LOCKSTEP_PG_BIN to another PostgreSQL, or DATABASE_URL to a server that runs.",
    )


def server_environment() -> dict[str, str]:
    """Return the environment for PostgreSQL's programs, without what would change their behaviour."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("PG", "LC_")) and key != "LANGUAGE"
    }
    return kept | {"LC_ALL": "C", "TZ": "UTC"}


def _initdb(
    place: Place, target: Path, locale: tuple[str, ...], *, durable: bool, lock: int
) -> subprocess.CompletedProcess[str]:
    options = ["-A", "trust", "-U", "postgres", "-E", "UTF8", *locale]
    if not durable:
        options.append("--no-sync")
    return subprocess.run(  # noqa: S603 - our own PostgreSQL
        place.account.command(place.binaries.initdb, *options, "-D", str(target)),
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=server_environment(),
        cwd="/",
        pass_fds=(lock,),
    )


def _refuse_broken(place: Place) -> None:
    try:
        found = (place.data / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        found = "no version"
    if found != str(place.binaries.major):
        raise ConfigurationWrong(
            f"{place.data} is not a data directory of PostgreSQL {place.binaries.major}",
            why=f"Its PG_VERSION says: {found}.",
            next_step=f"Move it away (mv '{place.data}' '{place.data}.broken'); the next start makes a new, empty one.",
        )
