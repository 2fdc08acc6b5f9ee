"""Processes that use a development PostgreSQL, to be stopped, killed and replaced; and directories for it, in memory."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lockstep.embedded import start
from lockstep.testing import until

PROGRAM = """
import json, os, sys
from pathlib import Path
from lockstep.embedded import account, start
if state := os.environ.get("TEST_STATE_DIRECTORY"):
    account.STATE_DIRECTORY = Path(state)
with start(Path(sys.argv[1]), durable=False, discard="TEST_DISCARD" in os.environ) as cluster:
    pid = int((cluster.directory / "data" / "postmaster.pid").read_text().split()[0])
    told = {"conninfo": cluster.conninfo(), "created": cluster.created, "joined": cluster.joined, "postmaster": pid}
    print(json.dumps(told | {"sockets": cluster.socket_directory, "directory": str(cluster.directory)}), flush=True)
    if sys.argv[2:]:
        cluster.keep_across_exec()
        os.execvp(sys.argv[2], sys.argv[2:])
    sys.stdin.read()
"""


@dataclass(frozen=True, slots=True)
class User:
    """A process that uses the cluster until its standard input ends, and what it told about it."""

    process: subprocess.Popen[str]

    def told(self) -> dict[str, Any]:
        """Wait until the process has the server, and return what it says."""
        line = self.process.stdout.readline()
        assert line, f"the process ended with {self.process.wait()}"
        return json.loads(line)

    def leave(self) -> None:
        """Let it leave in an orderly way, and wait for its end."""
        self.process.stdin.close()
        assert self.process.wait() == 0


@pytest.fixture
def user() -> Iterator[Callable[..., User]]:
    """Start a process that uses the cluster in a directory: ``user(root, "cat")`` execs cat as soon as it has it."""
    processes = []

    def begin(root: Path, *replacement: str, **how: Any) -> User:
        environment = os.environ | how.pop("environment", {})
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(root), *replacement],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            **how,
        )
        processes.append(process)
        return User(process)

    yield begin
    for process in processes:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


@pytest.fixture
def directory() -> Iterator[Path]:
    """A short and empty directory, in memory where possible."""
    memory = Path("/dev/shm")
    parent = memory if os.access(memory, os.W_OK) else None
    path = Path(tempfile.mkdtemp(prefix="lockstep-test-", dir=parent))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root whose data directory is made and whose server is stopped: copy it, never use it."""
    root = tmp_path_factory.mktemp("made")
    start(root, durable=False).stop()
    return root


@pytest.fixture
def root(directory: Path, made: Path) -> Path:
    """A root of its own in which no initdb is needed any more."""
    return Path(shutil.copytree(made, directory / "root"))


@pytest.fixture
def gone() -> Callable[[int], None]:
    """Wait until a process is gone."""

    def wait(pid: int) -> None:
        until(lambda: not _lives(pid), what=f"end of process {pid}")

    return wait


def _lives(pid: int) -> bool:
    """Return whether the process is there and not merely waiting to be reaped by a slow init."""
    try:
        os.kill(pid, 0)
        stat = Path(f"/proc/{pid}/stat")
        return not stat.exists() or ") Z " not in stat.read_text()
    except (ProcessLookupError, FileNotFoundError):
        return False
    except PermissionError:
        return True
