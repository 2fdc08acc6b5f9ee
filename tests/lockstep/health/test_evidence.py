"""What is known of the database: probes that the test holds in its hand, and a real pool on a real server."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import psycopg
from psycopg import sql

from lockstep.health.evidence import DatabaseEvidence
from lockstep.postgres.gate import Database
from lockstep.testing import Server


class Time:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        """Return the monotonic time."""
        return self.seconds


class Probe:
    """A probe that counts its calls, and waits or raises as told."""

    def __init__(self) -> None:
        self.calls = 0
        self.entered = asyncio.Event()
        self.answer = asyncio.Event()
        self.answer.set()
        self.error: Exception | None = None

    async def __call__(self) -> None:
        """Answer, when it may."""
        self.calls += 1
        self.entered.set()
        await self.answer.wait()
        if self.error is not None:
            raise self.error


def run(story: Coroutine[Any, Any, None]) -> None:
    """Run a test's story."""
    asyncio.run(story)


def test_evidence_is_fresh_for_a_second() -> None:
    """Within it nobody asks the database again, after it somebody does."""

    async def story() -> None:
        probe, time = Probe(), Time()
        evidence = DatabaseEvidence(probe, clock=time)
        assert await evidence.word() == "ready"
        time.seconds += 0.99
        probe.error = OSError("gone")
        assert await evidence.word() == "ready"
        assert probe.calls == 1
        time.seconds += 0.01
        assert await evidence.word() == "unreachable"
        assert probe.calls == 2

    run(story())


def test_a_hundred_who_ask_at_once_share_one_probe() -> None:
    """Health must not become the load that it warns of."""

    async def story() -> None:
        probe, time = Probe(), Time()
        probe.answer.clear()
        evidence = DatabaseEvidence(probe, timeout=60, clock=time)
        asked = [asyncio.create_task(evidence.word()) for _ in range(50)]
        await probe.entered.wait()
        time.seconds += 1
        asked += [asyncio.create_task(evidence.word()) for _ in range(50)]
        await asyncio.sleep(0)
        probe.answer.set()
        assert set(await asyncio.gather(*asked)) == {"ready"}
        assert probe.calls == 1

    run(story())


def test_one_who_goes_away_does_not_take_the_probe_along() -> None:
    """A client that hangs up must not spoil the answer of the others."""

    async def story() -> None:
        probe = Probe()
        probe.answer.clear()
        evidence = DatabaseEvidence(probe, timeout=60, clock=Time())
        first, second = (asyncio.create_task(evidence.word()) for _ in range(2))
        await probe.entered.wait()
        first.cancel()
        await asyncio.wait({first})
        probe.answer.set()
        assert await second == "ready"
        assert probe.calls == 1

    run(story())


def test_a_late_probe_is_slow() -> None:
    """No answer within the bound is an answer: not `ready`."""

    async def story() -> None:
        probe, time = Probe(), Time()
        evidence = DatabaseEvidence(probe, timeout=0.01, clock=time)
        probe.answer.clear()
        assert await evidence.word() == "slow"
        probe.answer.set()
        assert await evidence.word() == "slow"
        time.seconds += 1
        assert await evidence.word() == "ready"

    run(story())


def test_silence_after_a_failure_is_still_a_failure() -> None:
    """A pool that has lost its server only hangs; the server has not become slow by that."""

    async def story() -> None:
        probe, time = Probe(), Time()
        evidence = DatabaseEvidence(probe, timeout=0.01, clock=time)
        probe.error = OSError("gone")
        assert await evidence.word() == "unreachable"
        probe.answer.clear()
        time.seconds += 1
        assert await evidence.word() == "unreachable"

    run(story())


def test_a_probe_that_ignores_cancellation_is_not_joined_by_another() -> None:
    """While it hangs in the driver every answer comes at once, and is not `ready`."""
    calls = 0
    release = asyncio.Event()

    async def stubborn() -> None:
        nonlocal calls
        calls += 1
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        raise OSError("what a cancelled probe says does not count")

    async def story() -> None:
        time = Time()
        evidence = DatabaseEvidence(stubborn, timeout=0.01, clock=time)
        for _ in range(3):
            time.seconds += 1
            assert await evidence.word() == "slow"
        release.set()
        await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))
        assert await evidence.word() == "slow"
        assert calls == 1

    run(story())


def test_a_real_pool_answers(database: str) -> None:
    """One round trip through the services' own pool."""

    async def story() -> None:
        pool = Database()
        evidence = DatabaseEvidence(pool.probe, timeout=60)
        assert await evidence.word() == "unreachable"
        await pool.open(database, "studio")
        time = Time()
        assert await DatabaseEvidence(pool.probe, timeout=60, clock=time).word() == "ready"
        await pool.close()

    run(story())


def test_a_pool_without_a_free_connection_is_slow(database: str) -> None:
    """All lent out: whoever waits for one waits longer than health may."""

    async def story() -> None:
        pool, time = Database(max_size=1), Time()
        await pool.open(database, "studio")
        evidence = DatabaseEvidence(pool.probe, timeout=0.05, clock=time)
        async with pool.connection():
            assert await evidence.word() == "slow"
        await pool.probe()
        time.seconds += 1
        patient = DatabaseEvidence(pool.probe, timeout=60, clock=time)
        assert await patient.word() == "ready"
        await pool.close()

    run(story())


def test_a_statement_that_hangs_in_the_server_is_slow(database: str) -> None:
    """Giving it up cancels it there, and what the driver says about that is no evidence."""

    async def story() -> None:
        pool, time = Database(max_size=1), Time()
        await pool.open(database, "studio")

        async def hang() -> None:
            async with pool.connection() as connection:
                await connection.execute("SELECT pg_sleep(60)")

        evidence = DatabaseEvidence(hang, timeout=0.05, clock=time)
        assert await evidence.word() == "slow"
        await pool.probe()
        assert await evidence.word() == "slow"
        await pool.close()

    run(story())


def test_a_server_that_went_away_is_unreachable_and_comes_back(
    cluster: Server, database: str
) -> None:
    """The truth follows the server both ways, without a restart."""
    name = sql.Identifier(psycopg.conninfo.conninfo_to_dict(database)["dbname"])  # type: ignore[arg-type]

    async def story() -> None:
        pool, time = Database(max_size=1), Time()
        await pool.open(database, "studio")
        evidence = DatabaseEvidence(pool.probe, timeout=1.0, clock=time)
        assert await evidence.word() == "ready"
        with psycopg.connect(cluster.conninfo(), autocommit=True) as admin:
            admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(name))
            admin.execute(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
                " WHERE application_name = 'studio' AND datname = %s",
                [name.as_string().strip('"')],
            )
            time.seconds += 1
            assert await evidence.word() == "unreachable"
            time.seconds += 1
            assert await evidence.word() == "unreachable"
            admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(name))
        while await evidence.word() != "ready":
            time.seconds += 1
        await pool.close()

    run(story())
