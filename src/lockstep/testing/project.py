"""A folder with migrations and seeds, and the command line run on it as a process: what a deploy does, in a test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_FOREIGN = ("LOCKSTEP_", "DATABASE_", "RAILWAY_", "PG")
_NAMES = {"PORT", "HOST", "DYNO", "RENDER", "FLY_APP_NAME", "KUBERNETES_SERVICE_HOST", "GIT_COMMIT"}


@dataclass(frozen=True, slots=True)
class Finished:
    """A command that ended: its exit status and what it wrote."""

    status: int
    stdout: str
    stderr: str

    @property
    def events(self) -> list[dict[str, Any]]:
        """The objects that it wrote to stdout, one a line (``--json``)."""
        return [json.loads(line) for line in self.stdout.splitlines() if line.startswith("{")]

    @property
    def error(self) -> dict[str, Any]:
        """The error that it reported as JSON; empty if none."""
        return next((event["error"] for event in reversed(self.events) if "error" in event), {})

    def names(self, event: str) -> list[str]:
        """Return the ``name`` of every event of that kind, in order."""
        return [found["name"] for found in self.events if found["event"] == event]


@dataclass(frozen=True, slots=True)
class Project:
    """A project in *root* that boots on *database*; ``environment`` is added to each command's.

    The caller's own settings (``DATABASE_URL``, ``LOCKSTEP_*``, a platform's) never reach the commands.
    """

    root: Path
    database: str
    environment: Mapping[str, str] = field(default_factory=dict)

    def migration(self, name: str, text: str) -> Path:
        """Write ``migrations/<name>`` and return its path."""
        return self._write("migrations", name, text)

    def seed(self, name: str, text: str) -> Path:
        """Write ``seeds/<name>`` and return its path."""
        return self._write("seeds", name, text)

    def run(self, *arguments: str, timeout: float = 60, **environment: str) -> Finished:
        """Run ``lockstep <arguments>`` to its end."""
        process = self.start(*arguments, **environment)
        try:
            stdout, stderr = process.communicate(timeout=timeout)
        except BaseException:
            process.kill()
            process.communicate()
            raise
        return Finished(process.returncode, stdout, stderr)

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start ``lockstep <arguments>`` and return the process; its end is the caller's to see to."""
        (self.root / "migrations").mkdir(parents=True, exist_ok=True)
        return subprocess.Popen(  # noqa: S603  # the program is this interpreter
            [sys.executable, "-m", "lockstep", *arguments],
            cwd=self.root,
            env={
                **_inherited(),
                "LOCKSTEP_DATABASE_URL": self.database,
                **self.environment,
                **environment,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def _write(self, folder: str, name: str, text: str) -> Path:
        path = self.root / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
        return path


def finish(process: subprocess.Popen[str], timeout: float = 60) -> Finished:
    """Wait for a started command and return what it left; it is killed when *timeout* seconds are over."""
    try:
        stdout, stderr = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return Finished(process.returncode, stdout, stderr)


def _inherited() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_FOREIGN) and name not in _NAMES
    }
