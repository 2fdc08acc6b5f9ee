"""A small platform on one machine: a bare remote whose hook checks a branch out and replaces the service that runs from it."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from lockstep.testing import Databases, Finished, Project

APPLICATION = """
import lockstep

async def web(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"open"})

class Clerk:
    name, needs, after, critical = "clerk", lockstep.Needs({"items": ("id",)}), (), True
    async def start(self, database): pass
    async def stop(self): pass
    def health(self): return lockstep.ServiceHealth(ok=True)

application = lockstep.Application(name="shop", services=(Clerk(),), http=lambda: web, lifespan=False)
"""
# Each branch is a folder beside the remote, with its port and its database in a file beside that.
HOOK = """#!/bin/sh
while read old new reference; do
    home={root}/${{reference#refs/heads/}}
    [ -f "$home.env" ] || continue
    . "$home.env"
    rm -rf "$home"; mkdir "$home"
    git archive "$new" | tar -x -C "$home"
    echo "replacing the service on port $PORT"
    if [ -f "$home.pid" ]; then
        kill "$(cat "$home.pid")" 2>/dev/null
        while kill -0 "$(cat "$home.pid")" 2>/dev/null; do sleep 0.05; done
    fi
    cd "$home" || exit 1
    unset GIT_DIR
    export PORT LOCKSTEP_DATABASE_URL LOCKSTEP_RELEASE="$new"
    setsid {python} -m lockstep serve clerk:application >>"$home.log" 2>&1 </dev/null &
    echo $! >"$home.pid"
    cd {remote} && [ -x then ] && ./then "$new"
done
exit 0
"""
CONFIGURATION = """app = "shop"
[environments.dev]
remote = "origin"
branch = "dev"
url = "http://127.0.0.1:{dev}"
[environments.production]
remote = "origin"
branch = "main"
url = "http://127.0.0.1:{main}"
"""
# The page of the service has no headers; the scheduler that is not there would be looked for a second each time.
QUICK = ("--without", "headers", "--without", "scheduler", "--steady", "200ms", "--wait", "40s")


class Platform:
    """A project with a remote that deploys its branches ``dev`` and ``main``, each on a port and a database of its own."""

    def __init__(self, root: Path, databases: dict[str, str]) -> None:
        self.root = root
        self.remote = root / "remote.git"
        self.ports = {branch: _free_port() for branch in ("dev", "main")}
        person = {
            f"GIT_{who}_{what}": value
            for who in ("AUTHOR", "COMMITTER")
            for what, value in (("NAME", "A"), ("EMAIL", "a@example.com"))
        }
        stages = {"dev": "DEV", "main": "PRODUCTION"}
        named = {f"{stages[branch]}_DATABASE_URL": dsn for branch, dsn in databases.items()}
        environment = {**person, **named, "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(root)}
        self.project = Project(root / "shop", "dbname=nobody", environment)
        self._make(databases)

    def _make(self, databases: dict[str, str]) -> None:
        self.root.mkdir(exist_ok=True)
        self.git("init", "--quiet", "--bare", str(self.remote), folder=self.root)
        self.git("init", "--quiet", "-b", "work", str(self.project.root), folder=self.root)
        self.git("remote", "add", "origin", str(self.remote))
        for branch, dsn in databases.items():
            told = f"PORT={self.ports[branch]}\nLOCKSTEP_DATABASE_URL={shlex.quote(dsn)}\n"
            (self.root / f"{branch}.env").write_text(told)
        paths = {"root": self.root, "remote": self.remote, "python": sys.executable}
        self.hook("post-receive", HOOK.format(**{k: shlex.quote(str(v)) for k, v in paths.items()}))
        self.project.migration("0001_items.sql", "create table if not exists items (id bigint);")
        self.write("clerk.py", APPLICATION)
        self.write("lockstep.toml", CONFIGURATION.format(**self.ports))
        self.commit("First")

    def write(self, name: str, text: str) -> None:
        """Write a file of the project."""
        (self.project.root / name).write_text(text)

    def hook(self, name: str, text: str) -> None:
        """Write a hook of the remote."""
        _executable(self.remote / "hooks" / name, text)

    def then(self, text: str) -> None:
        """Let the remote do something after it has replaced a service; ``$1`` is the commit."""
        _executable(self.remote / "then", f"#!/bin/sh\n{text}\n")

    def commit(self, message: str) -> str:
        """Commit what is there, and return the commit."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.head

    @property
    def head(self) -> str:
        """What is checked out."""
        return self.git("rev-parse", "HEAD")

    def at(self, branch: str) -> str:
        """Return what a branch of the remote is at; empty where there is none."""
        return self.git("for-each-ref", "--format=%(objectname)", f"refs/heads/{branch}", folder=self.remote)  # fmt: skip

    def deploy(self, *arguments: str, **environment: str) -> Finished:
        """Run ``lockstep deploy --yes``."""
        return self.project.run("deploy", "--yes", *QUICK, *arguments, **environment)

    def git(self, *words: str, folder: Path | None = None) -> str:
        """Run git and return what it prints."""
        done = subprocess.run(
            ["git", *words],
            cwd=folder or self.project.root,
            env={**os.environ, **self.project.environment},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def close(self) -> None:
        """End the services."""
        for file in self.root.glob("*.pid"):
            with suppress(ProcessLookupError, ValueError):
                os.kill(int(file.read_text()), signal.SIGKILL)


@pytest.fixture
def remote(tmp_path: Path) -> Platform:
    """A platform without databases: its remote takes what is pushed, and starts nothing."""
    return Platform(tmp_path / "platform", {})


@pytest.fixture
def platform(tmp_path: Path, databases: Databases) -> Iterator[Platform]:
    """A platform whose branches serve, each on a database of its own."""
    made = {branch: databases.create() for branch in ("dev", "main")}
    platform = Platform(tmp_path / "platform", made)
    yield platform
    platform.close()
    for conninfo in made.values():
        databases.drop(conninfo)


def _executable(file: Path, text: str) -> None:
    file.write_text(text)
    file.chmod(0o755)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
