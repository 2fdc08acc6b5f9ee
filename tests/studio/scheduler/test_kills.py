"""Instances are killed in the middle of their work: nothing is lost, and everything is published once in our tables."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from lockstep.testing import until

if TYPE_CHECKING:
    from tests.studio.conftest import Shelf

INSTANCE = """
import asyncio, sys
from lockstep import Database
from studio.content.model import Receipt
from studio.scheduler.policy import Policy
from studio.scheduler.service import ContentScheduler

class Slow:
    async def publish(self, claim):
        await asyncio.sleep(0.05)
        return Receipt(claim.key)

async def main():
    database = Database(max_size=4)
    await database.open(sys.argv[1], "instance")
    await (await ContentScheduler(Slow(), Policy(lease=1, at_once=10)).start(database))

asyncio.run(main())
"""
KILLS = 3


@contextmanager
def instance(conninfo: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a scheduler as a process of its own; in the end it is killed."""
    process = subprocess.Popen([sys.executable, "-c", INSTANCE, conninfo], stderr=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.long
def test_killed_instances_lose_nothing(at_head: str, shelf: Shelf) -> None:
    """Three are killed while they hold leases; the last one takes over what they had, and each piece is out once."""
    contents = [shelf.add() for _ in range(300)]
    orphans = 0
    for _ in range(KILLS):
        with instance(at_head) as victim:
            owner = f"%:{victim.pid}:%"
            held = (
                "select count(*) from content where status = 'publishing' and lease_owner like %s"
            )
            until(lambda held=held, owner=owner: shelf.run(held, owner) != [0], 30, what="leases")  # type: ignore[misc]
            victim.send_signal(signal.SIGSTOP)
            orphans += shelf.run(held, owner)[0]
    with instance(at_head):
        until(lambda: shelf.count("published") == len(contents), 60, what="all of them")
    successes = (
        "select count(*), count(distinct content_id) from publications where status = 'succeeded'"
    )
    assert shelf.run(successes) == [(300, 300)]
    assert orphans > 0
    assert shelf.run("select count(*) > 0 from publications where status = 'abandoned'") == [True]
    assert shelf.run("select count(*) from publications where status = 'started'") == [0]
