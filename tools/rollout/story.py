"""One chain of deploys under one kind of boot: the platform, its clients, and what came of each release."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from rollout.chain import AGAIN, FIRST, Release
from rollout.edge import Edge
from rollout.hosting import Replica, State, end, free_port
from rollout.tally import Tally
from rollout.traffic import Traffic
from rollout.trouble import beside
from rollout.workbench import Deployed, Workbench

HERE = Path(__file__).parent
_AFTERWARDS = 1.5
_STOCK = """
insert into users (id, email) values ('archive', 'archive@example.com');
insert into content (user_id, title, platform)
    select 'archive', case n when 7 then repeat('Bread ', 20) else 'Bread ' || n end, 'instagram' from generate_series(1, 20000) as n;
insert into content_metrics (content_id, platform, views, likes, shares)
    select id, 'platform' || n, id % 1000, id % 100, id % 10
    from (select id from content where user_id = 'archive') as pieces, generate_series(1, 20) as n;
analyze
"""
_INVALID = "select count(*) from pg_index where not indisvalid"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a release. ``boots`` are the replicas that became healthy, ``steps`` the seconds of the first one's steps."""

    release: Release
    deployed: Deployed
    seconds: float
    tally: Tally
    boots: Sequence[Replica]
    steps: dict[str, float]
    live: bool
    """Whether all replicas are of this release."""
    untouched: bool
    """Whether all replicas are those that were there before."""
    invalid_indexes: int

    @property
    def as_wanted(self) -> bool:
        """A good one is live, a bad one is not and the deploy says so; and no client saw an error."""
        went = (
            self.live and self.deployed.well
            if self.release.good
            else self.untouched and not self.deployed.well
        )
        return went and not self.tally.errors and not self.invalid_indexes  # fmt: skip


def tell(
    boot: str, chain: Sequence[Release], folder: Path, database: str, scratch: str, python_path: str
) -> Iterator[Outcome]:  # fmt: skip
    """Deploy the releases of *chain* one after another, booted by *boot*; yields what came of each, the first boot included.

    *database* is the URL of an empty one, *scratch* that of a server for scratch databases.
    """
    with ExitStack() as stack:
        platform = stack.enter_context(_platform(folder, boot, database, python_path))
        url = f"http://127.0.0.1:{State.read(platform).port}"
        bench = Workbench(folder / "work", folder / "remote.git", url, database, scratch, by_lockstep=boot == "lockstep")  # fmt: skip
        traffic = Traffic(url)
        yield (first := _begin(FIRST, bench, platform, database))
        if not first.live:
            state = State.read(platform)
            state.at_once = False
            state.write(platform)
            yield _begin(AGAIN, bench, platform, database)
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute(_STOCK.encode())
        traffic.start()
        stack.callback(traffic.stop)
        for release in chain:
            yield _deploy(release, bench, traffic, platform, database)


def _begin(release: Release, bench: Workbench, platform: Path, database: str) -> Outcome:
    """Deploy where nothing runs, and so to nobody's harm."""
    begun = time.monotonic()
    bench.commit(release)
    deployed = bench.deploy()
    return _outcome(
        release, deployed, time.monotonic() - begun, Tally(begun), platform, (), database
    )


def _deploy(
    release: Release, bench: Workbench, traffic: Traffic, platform: Path, database: str
) -> Outcome:
    before = [one.pid for one in State.read(platform).replicas]
    tally = traffic.begin()
    with beside(release.trouble, database, platform):
        bench.commit(release)
        begun = time.monotonic()
        deployed = bench.deploy()
        seconds = time.monotonic() - begun
    time.sleep(_AFTERWARDS)
    traffic.settle(tally)
    return _outcome(release, deployed, seconds, tally, platform, before, database)


def _outcome(
    release: Release, deployed: Deployed, seconds: float, tally: Tally, platform: Path, before: Sequence[int], database: str
) -> Outcome:  # fmt: skip
    state = State.read(platform)
    commit = state.replicas[0].release if state.replicas else ""
    new = [one for one in state.replicas if one.pid not in before]
    with psycopg.connect(database) as connection:
        invalid = connection.execute(_INVALID).fetchone()
    return Outcome(
        release,
        deployed,
        seconds,
        tally,
        state.booted,
        steps_of(Path(state.booted[0].log)) if state.booted else {},
        live=len(new) == len(state.replicas) == 3 and all(one.release == commit for one in new),
        untouched=[one.pid for one in state.replicas] == list(before),
        invalid_indexes=invalid[0] if invalid else 0,
    )


def steps_of(log: Path) -> dict[str, float]:
    """Return the seconds of each step of a boot, from the events that it wrote; empty where it wrote none."""
    steps: dict[str, float] = {}
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith('{"event": "StepDone"'):
            event = json.loads(line)
            steps[event["step"]] = event["seconds"]
    return steps


@contextmanager
def _platform(folder: Path, boot: str, database: str, python_path: str) -> Iterator[Path]:
    """Have nginx, a bare remote with its hook, and no replica yet; yields the file with the platform's state."""
    path = folder / "platform.json"
    folder.mkdir()
    (folder / "releases").mkdir()
    state = State(str(folder), free_port(), boot, _environment(boot, database, python_path))
    state.write(path)
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", str(folder / "remote.git")], check=True)  # fmt: skip
    hook = folder / "remote.git" / "hooks" / "post-receive"
    command = shlex.join(["env", f"PYTHONPATH={HERE.parent}", sys.executable, "-m", "rollout.receive", str(folder)])  # fmt: skip
    hook.write_text(f"#!/bin/sh\nexec {command}\n", encoding="utf-8")
    hook.chmod(0o755)
    edge = Edge(folder / "edge", state.port)
    edge.start()
    try:
        yield path
    finally:
        edge.stop()
        for replica in State.read(path).replicas:
            end(replica.pid, 10)


def _environment(boot: str, database: str, python_path: str) -> dict[str, str]:
    """Return what replicas are told, beside their port and their release."""
    said = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": python_path,
        "LOCKSTEP_ENV": "production",
        "HOST": "127.0.0.1",
        "DATABASE_URL": database,
        "STUDIO_TRUSTED_PROXIES": "127.0.0.1",
    }
    return said | ({"HANDWRITTEN_LOCK": "yes"} if boot == "alembic-locked" else {})
