"""``lockstep lint`` on a copy of a project, as its user would run it: what it finds, and what ``--fix`` makes of the files."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from corpus.projects import BEFORE, Project

LOCKSTEP = Path(sys.executable).with_name("lockstep")


@contextmanager
def copied(project: Project) -> Iterator[Path]:
    """Copy a project's files for the block, under its own name; what is not judged (``before.sql``) is left out."""
    with TemporaryDirectory(prefix="lockstep-corpus-") as scratch:
        folder = Path(scratch) / project.name
        ignored = shutil.ignore_patterns(BEFORE, ".*")
        shutil.copytree(project.folder, folder, ignore=ignored)
        yield folder


def lint(folder: Path, *options: str) -> dict[str, list[dict[str, Any]]]:
    """Return the findings in *folder* by file; raises ``SystemExit`` with what lint said if it could not lint."""
    command = [str(LOCKSTEP), "lint", "--format", "json", *options, "."]
    done = subprocess.run(  # noqa: S603  # our own program
        command, cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode not in {0, 1}:
        raise SystemExit(
            f"{folder.name}: lockstep lint exited with {done.returncode}\n{done.stderr}"
        )
    found: dict[str, list[dict[str, Any]]] = {}
    for finding in json.loads(done.stdout):
        found.setdefault(finding["file"], []).append(finding)
    return found
