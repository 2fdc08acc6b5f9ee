"""What git runs when a branch was pushed: build the commit, and roll it out. What is printed, whoever pushed gets to see."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from io import BytesIO
from pathlib import Path

from rollout.hosting import COMMANDS, Host, NotHealthy


def receive(folder: Path, commit: str) -> int:
    """Build *commit* of the bare repository here, and roll it out on the platform in *folder*."""
    code = folder / "releases" / commit[:12]
    try:
        build(commit, code)
        Host(folder / "platform.json", COMMANDS).roll(commit, code)
    except NotHealthy as why:
        print(f"✗ not rolled out: {why}")
        return 1
    print(f"✓ rolled out {commit[:12]}")
    return 0


def build(commit: str, code: Path) -> None:
    """Put the commit's files into the folder *code*, as an image would hold them; a commit is built once."""
    if code.exists():
        return
    archive = subprocess.run(["git", "archive", commit], check=True, capture_output=True).stdout
    with tarfile.open(fileobj=BytesIO(archive)) as files:
        files.extractall(code, filter="data")
    subprocess.run(
        [sys.executable, "-m", "compileall", "-q", str(code / "src"), str(code)], check=True
    )


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    for line in sys.stdin.read().splitlines():
        _, new, reference = line.split()
        if reference == "refs/heads/main":
            sys.exit(receive(Path(sys.argv[1]), new))
