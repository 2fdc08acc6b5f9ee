"""Services that end although nobody stopped them, before, during and after the boot."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.lockstep.boot.conftest import Stage, hang, run

from lockstep.application import ServiceState
from lockstep.boot.runner import Runner
from lockstep.errors import ServiceFailed
from lockstep.events import Event, ServiceDegraded
from lockstep.postgres.gate import Database


def test_a_critical_service_that_ends_is_told_through_failed(stage: Stage) -> None:
    """The task that `start` returned is watched; its error is the cause."""
    die = asyncio.Event()

    async def work() -> None:
        await die.wait()
        raise OSError("disk full")

    async def begin() -> asyncio.Task[None]:
        return asyncio.create_task(work())

    async def story() -> None:
        runner = stage.runner(stage.part("a"), stage.part("b", on_start=begin))
        await runner.start()
        assert not runner.failed.done()
        die.set()
        error = await runner.failed
        assert error.what == "service 'b' ended while it was needed"
        assert error.why == "OSError: disk full"
        assert isinstance(error.__cause__, OSError)
        assert error.place is not None
        assert error.place.file == __file__
        assert runner.states()["b"] is ServiceState.FAILED
        assert await runner.stop() == ()

    run(story())
    assert stage.log[2:] == ["stop b", "stop a"]


def test_a_task_that_simply_returns_has_ended_too(stage: Stage) -> None:
    """A scheduler whose loop is over schedules nothing, with or without an exception."""

    leave = asyncio.Event()

    async def begin() -> asyncio.Task[Any]:
        return asyncio.create_task(leave.wait())

    async def story() -> None:
        runner = stage.runner(stage.part("a", on_start=begin))
        await runner.start()
        leave.set()
        error = await runner.failed
        assert "its task ended although nobody stopped it" in error.why
        await runner.stop()

    run(story())


def test_a_service_that_is_not_critical_degrades_when_it_ends(stage: Stage) -> None:
    """The process goes on, health says so, and it is stopped with the rest."""
    die, degraded = asyncio.Event(), asyncio.Event()

    async def begin() -> asyncio.Task[Any]:
        return asyncio.create_task(die.wait())

    def listen(event: Event) -> None:
        if isinstance(event, ServiceDegraded):
            degraded.set()

    async def story() -> None:
        runner = Runner(
            [stage.part("a", on_start=begin, critical=False)],
            Database(),
            listen,
            start_timeout=30,
            stop_timeout=30,
        )
        await runner.start()
        die.set()
        await degraded.wait()
        assert runner.states()["a"] is ServiceState.DEGRADED
        assert not runner.failed.done()
        await runner.stop()

    run(story())
    assert stage.log == ["start a", "stop a"]


def test_a_critical_service_that_ends_during_the_boot_ends_the_boot(stage: Stage) -> None:
    """The start that is under way is cut short; nobody waits for its deadline."""
    entered = asyncio.Event()

    async def begin() -> asyncio.Task[None]:
        async def work() -> None:
            await entered.wait()
            raise OSError("disk full")

        return asyncio.create_task(work())

    async def slow() -> None:
        entered.set()
        await hang()

    async def story() -> None:
        runner = stage.runner(stage.part("a", on_start=begin), stage.part("b", on_start=slow))
        with pytest.raises(ServiceFailed, match="service 'a' ended while it was needed"):
            await runner.start()
        assert runner.states()["b"] is ServiceState.STOPPED

    run(story())
    assert stage.log == ["start a", "start b", "stop a"]


def test_stop_returns_only_when_the_service_s_task_is_over(stage: Stage) -> None:
    """A task that `stop` forgot is cancelled and told; one that it cancelled may finish."""

    async def begin() -> asyncio.Task[None]:
        return asyncio.create_task(hang())

    tidy_task: list[asyncio.Task[None]] = []

    async def tidy_begin() -> asyncio.Task[None]:
        tidy_task.append(asyncio.create_task(hang()))
        return tidy_task[0]

    async def tidy_stop() -> None:
        tidy_task[0].cancel()

    async def story() -> None:
        runner = stage.runner(
            stage.part("forgetful", on_start=begin),
            stage.part("tidy", on_start=tidy_begin, on_stop=tidy_stop),
        )
        await runner.start()
        await runner.stop()

    run(story())
    assert stage.stopped() == {
        "tidy": "",
        "forgetful": "its task went on after stop() and was cancelled",
    }


def test_an_error_of_the_task_while_stopping_is_told(stage: Stage) -> None:
    """A loop that breaks on its way out has not stopped cleanly."""
    leave = asyncio.Event()

    async def work() -> None:
        await leave.wait()
        raise OSError("could not flush")

    async def begin() -> asyncio.Task[None]:
        return asyncio.create_task(work())

    async def stop() -> None:
        leave.set()
        await asyncio.sleep(0)

    async def story() -> None:
        runner = stage.runner(stage.part("a", on_start=begin, on_stop=stop))
        await runner.start()
        await runner.stop()

    run(story())
    assert stage.stopped() == {"a": "its task raised OSError: could not flush"}


def test_what_start_returns_must_be_a_task(stage: Stage) -> None:
    """A coroutine or a thread cannot be watched; that is said at once."""

    async def begin() -> object:
        return "a thread"

    async def story() -> None:
        with pytest.raises(ServiceFailed, match="ended while it was needed") as caught:
            await stage.runner(stage.part("a", on_start=begin)).start()
        assert "'a thread', neither a task nor None" in caught.value.why

    run(story())
