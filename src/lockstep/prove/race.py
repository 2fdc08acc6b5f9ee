"""Eight real boots at once on the state before a file: one of them applies it, all of them end well."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from lockstep.prove.ground import Ground
from lockstep.prove.subjects import Subject
from lockstep.prove.verdicts import Check, skipped

RUNNERS = 8
_PATIENCE = 120.0
_FOREIGN = ("LOCKSTEP_", "DATABASE_", "RAILWAY_", "PG")


class Race:
    """A database with its ledger, a folder that grows by one file after the other, and processes that boot on it at once."""

    def __init__(self, ground: Ground, start: str, folder: Path) -> None:
        self._ground = ground
        self._url = ground.create(start)
        self._folder = folder
        self._stopped = ""
        for kind in ("migrations", "seeds"):
            (folder / kind).mkdir()

    def run(self, subject: Subject) -> Check:
        """Let all boot with *subject* as the newest file; what comes of it is the state before the next one."""
        if self._stopped:
            return skipped(self._stopped)
        if "/" in subject.name or subject.script(self._ground.server_version // 10000) is None:
            self._stopped = f"the engine does not run {subject.name}"
            return skipped(self._stopped)
        (self._folder / f"{subject.kind}s" / subject.name).write_bytes(subject.raw)
        found = self._boot_together(subject)
        if not found.good:
            self._stopped = f"{subject.name} was not applied once by all together"
        return found

    def _boot_together(self, subject: Subject) -> Check:
        processes = [self._start() for _ in range(RUNNERS)]
        try:
            ended = [process.communicate(timeout=_PATIENCE) for process in processes]
        finally:
            for process in processes:
                process.kill()
        failed = [
            _error_of(stdout) or stderr.strip()[-300:]
            for process, (stdout, stderr) in zip(processes, ended, strict=True)
            if process.returncode
        ]
        if failed:
            told = f"{len(failed)} of {RUNNERS} runners at once did not succeed: {failed[0]}"
            return Check("unsafe", told)
        applied = sum(_applied(stdout, subject.name) for stdout, _ in ended)
        if applied != 1:
            return Check("unsafe", f"{RUNNERS} runners at once applied it {applied} times")
        return Check("ok", points=RUNNERS)

    def _start(self) -> subprocess.Popen[str]:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(_FOREIGN)}
        settings = {
            "LOCKSTEP_DATABASE_URL": self._url,
            "LOCKSTEP_ENV": "development",
            "LOCKSTEP_LINT": "report",
            "LOCKSTEP_DRIFT": "report",
        }
        return subprocess.Popen(  # the program is this interpreter
            [sys.executable, "-m", "lockstep", "up", "--json"],
            cwd=self._folder,
            env={**inherited, **settings},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )


def race(ground: Ground, start: str, subjects: Sequence[Subject]) -> list[Check]:
    """Return what came of every one of *subjects*, in order, from *start* on."""
    with tempfile.TemporaryDirectory(prefix="lockstep-race-") as folder:
        racing = Race(ground, start, Path(folder))
        return [racing.run(subject) for subject in subjects]


def _events(stdout: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in stdout.splitlines() if line.startswith("{")]


def _applied(stdout: str, name: str) -> int:
    return sum(
        event.get("event") == "FileApplied" and event.get("name") == name
        for event in _events(stdout)
    )


def _error_of(stdout: str) -> str:
    for event in reversed(_events(stdout)):
        error = event.get("error")
        if isinstance(error, dict):
            return str(error.get("what") or error.get("message") or error)
    return ""
