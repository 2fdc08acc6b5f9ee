"""Services walked forward and back: real ones, small, on a real event loop."""

from __future__ import annotations

import asyncio
import sys

import pytest
from tests.lockstep.boot.conftest import Stage, fail, hang, run

from lockstep.application import ServiceHealth, ServiceState
from lockstep.boot import calls
from lockstep.boot.runner import Runner
from lockstep.errors import SchemaNotReady, ServiceFailed
from lockstep.events import ServiceDegraded
from lockstep.postgres.gate import Database


def test_services_start_in_order_and_stop_in_reverse(stage: Stage) -> None:
    """The walk forward follows `after`; the walk back is its mirror."""

    async def story() -> None:
        runner = stage.runner(stage.part("web", "queue"), stage.part("queue"), stage.part("mail"))
        assert runner.order == ("queue", "web", "mail")
        await runner.start()
        assert set(runner.states().values()) == {ServiceState.READY}
        assert await runner.stop() == ()
        assert set(runner.states().values()) == {ServiceState.STOPPED}

    run(story())
    assert stage.log == [
        *("start queue", "start web", "start mail"),
        *("stop mail", "stop web", "stop queue"),
    ]
    assert stage.names() == [
        *("ServiceStarting queue", "ServiceStarted queue"),
        *("ServiceStarting web", "ServiceStarted web"),
        *("ServiceStarting mail", "ServiceStarted mail"),
        *("ServiceStopped mail", "ServiceStopped web", "ServiceStopped queue"),
    ]


def test_a_second_stop_finds_nothing_to_do(stage: Stage) -> None:
    """Whoever is unsure whether it was stopped may stop again."""

    async def story() -> None:
        runner = stage.runner(stage.part("a"))
        await runner.start()
        await runner.stop()
        await runner.stop()

    run(story())
    assert stage.log == ["start a", "stop a"]


def test_a_failing_critical_service_stops_exactly_those_started(stage: Stage) -> None:
    """Those before it are stopped in reverse; it and those after it are not."""

    async def story() -> None:
        parts = [stage.part("a"), stage.part("b"), stage.part("c", on_start=fail), stage.part("d")]
        runner = stage.runner(*parts)
        with pytest.raises(ServiceFailed) as caught:
            await runner.start()
        error = caught.value
        assert isinstance(error.__cause__, ValueError)
        assert error.what == "service 'c' did not start"
        assert error.why == "ValueError: no such queue"
        assert error.place is not None
        assert error.place.file == fail.__code__.co_filename
        assert error.exit_status == 70
        assert runner.states()["c"] is ServiceState.FAILED
        assert runner.states()["d"] is ServiceState.WAITING

    run(story())
    assert stage.log == ["start a", "start b", "start c", "stop b", "stop a"]


def test_errors_of_the_walk_back_are_in_the_failure(stage: Stage) -> None:
    """What goes wrong while stopping is told beside the reason for stopping."""

    async def story() -> None:
        runner = stage.runner(
            stage.part("a", on_stop=fail),
            stage.part("b", on_stop=fail),
            stage.part("c", on_start=fail),
        )
        with pytest.raises(ServiceFailed) as caught:
            await runner.start()
        told = [problem.what for problem in caught.value.problems]
        assert len(told) == 2
        assert told[0].startswith("stopping service 'b': ValueError: no such queue")
        assert told[1].startswith("stopping service 'a': ValueError: no such queue")

    run(story())
    assert stage.log[-2:] == ["stop b", "stop a"]


def test_a_late_start_names_the_line_where_it_waits(stage: Stage) -> None:
    """The deadline's error points into the service, not into asyncio."""

    async def connect() -> None:
        await hang()

    async def story() -> None:
        runner = stage.runner(stage.part("slow", on_start=connect), start_timeout=0.02)
        with pytest.raises(ServiceFailed) as caught:
            await runner.start()
        assert caught.value.what == "service 'slow' did not start"
        assert "not done after 0.02 s; it waited at" in caught.value.why
        assert caught.value.place is not None
        assert caught.value.place.file == hang.__code__.co_filename
        assert caught.value.place.line == hang.__code__.co_firstlineno + 2

    run(story())


def test_a_start_that_ignores_cancellation_is_left_behind_and_told(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that a service does can keep the boot from ending."""
    monkeypatch.setattr(calls, "CANCEL_GRACE", 0.02)
    release = asyncio.Event()

    async def stubborn() -> None:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    async def story() -> None:
        runner = stage.runner(stage.part("a", on_start=stubborn), start_timeout=0.02)
        with pytest.raises(ServiceFailed) as caught:
            await runner.start()
        assert "ignores being cancelled" in caught.value.why
        release.set()
        await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))

    run(story())


def test_a_service_that_is_not_critical_degrades(stage: Stage) -> None:
    """The boot goes on without it, says so, and does not stop what never started."""

    async def story() -> None:
        runner = stage.runner(
            stage.part("a"), stage.part("b", critical=False, on_start=fail), stage.part("c")
        )
        await runner.start()
        assert [state.value for state in runner.states().values()] == ["ready", "degraded", "ready"]
        health = runner.healths()["b"]
        assert (health.ok, health.word) == (False, "degraded")
        assert health.details == {"reason": "ValueError: no such queue"}
        await runner.stop()

    run(story())
    assert stage.log == ["start a", "start b", "start c", "stop c", "stop a"]
    assert ServiceDegraded("b", "ValueError: no such queue") in stage.events


def test_what_comes_after_a_degraded_service_degrades_too(stage: Stage) -> None:
    """It is not even started, and the reason names the dependency; so it goes down the line."""

    async def story() -> None:
        runner = stage.runner(
            stage.part("x", critical=False, on_start=fail),
            stage.part("y", "x", critical=False),
            stage.part("z", "y", critical=False),
        )
        await runner.start()
        assert set(runner.states().values()) == {ServiceState.DEGRADED}

    run(story())
    assert stage.log == ["start x"]
    assert stage.events[-2:] == [
        ServiceDegraded("y", "its dependency x is degraded"),
        ServiceDegraded("z", "its dependency y is degraded"),
    ]


def test_a_critical_service_after_a_degraded_one_fails(stage: Stage) -> None:
    """What must run cannot run without what it needs."""

    async def story() -> None:
        runner = stage.runner(
            stage.part("w"),
            stage.part("x", critical=False, on_start=fail),
            stage.part("y", "x"),
        )
        with pytest.raises(ServiceFailed) as caught:
            await runner.start()
        assert caught.value.what == "service 'y' did not start"
        assert caught.value.why == "its dependency x is degraded"

    run(story())
    assert stage.log == ["start w", "start x", "stop w"]


def test_a_hanging_stop_does_not_keep_the_others_running(stage: Stage) -> None:
    """It is cancelled at its share of the deadline and told; each other one gets its call."""

    async def story() -> None:
        runner = stage.runner(
            stage.part("a"), stage.part("b", on_stop=hang), stage.part("c"), stop_timeout=0.0
        )
        await runner.start()
        (problem,) = await runner.stop()
        assert problem.what.startswith("stopping service 'b': not done after 0.25 s; it waited at")
        assert problem.place is not None
        assert problem.place.file == hang.__code__.co_filename
        assert runner.states()["b"] is ServiceState.FAILED

    run(story())
    assert stage.log[3:] == ["stop c", "stop b", "stop a"]
    assert list(stage.stopped()) == ["c", "b", "a"]


def test_the_walk_back_has_a_deadline_of_its_own(stage: Stage) -> None:
    """However long the start took, the stop is not late from the beginning."""
    now = 0.0

    async def hours() -> None:
        nonlocal now
        now += 7200

    async def story() -> None:
        runner = Runner(
            [stage.part("a", on_stop=lambda: asyncio.sleep(0)), stage.part("b", on_start=hours)],
            Database(),
            stage.events.append,
            start_timeout=10,
            stop_timeout=10,
            clock=lambda: now,
        )
        await runner.start()
        assert await runner.stop() == ()

    run(story())


def test_a_cancelled_start_undoes_what_was_started(stage: Stage) -> None:
    """SIGTERM while a service starts: that start is cancelled, those before it are stopped."""
    entered = asyncio.Event()

    async def half() -> None:
        entered.set()
        try:
            await hang()
        finally:
            stage.log.append("undo b")

    async def story() -> None:
        runner = stage.runner(stage.part("a"), stage.part("b", on_start=half), stage.part("c"))
        boot = asyncio.create_task(runner.start())
        await entered.wait()
        boot.cancel()
        with pytest.raises(asyncio.CancelledError):
            await boot
        assert [state.value for state in runner.states().values()] == [
            *("stopped", "stopped", "waiting")
        ]

    run(story())
    assert stage.log == ["start a", "start b", "undo b", "stop a"]


def test_a_start_that_got_through_its_cancellation_is_stopped(stage: Stage) -> None:
    """A service that swallows the cancellation and returns is up, so it must be taken down."""
    entered = asyncio.Event()

    async def deaf() -> None:
        entered.set()
        try:
            await hang()
        except asyncio.CancelledError:
            return

    async def story() -> None:
        boot = asyncio.create_task(stage.runner(stage.part("a", on_start=deaf)).start())
        await entered.wait()
        boot.cancel()
        with pytest.raises(asyncio.CancelledError):
            await boot

    run(story())
    assert stage.log == ["start a", "stop a"]


def test_sys_exit_in_a_service_is_a_failure(stage: Stage) -> None:
    """Only the engine ends the process: `sys.exit(0)` must not make a failed boot look like success."""

    async def leave() -> None:
        sys.exit(0)

    async def story() -> None:
        runner = stage.runner(stage.part("a", on_stop=leave), stage.part("b", on_start=leave))
        with pytest.raises(ServiceFailed) as caught:
            await runner.start()
        assert "SystemExit" in caught.value.why
        assert "SystemExit" in caught.value.problems[0].what

    run(story())


def test_a_start_that_was_cancelled_from_inside_is_a_failure(stage: Stage) -> None:
    """A `CancelledError` that nobody of us caused must not pass for an orderly stop."""

    async def inside() -> None:
        raise asyncio.CancelledError

    async def story() -> None:
        with pytest.raises(ServiceFailed) as caught:
            await stage.runner(stage.part("a", on_start=inside)).start()
        assert "cancelled from inside" in caught.value.why

    run(story())


def test_the_next_step_of_an_engine_s_error_is_kept(stage: Stage) -> None:
    """A service that reached through a shut gate is told the gate's reason and remedy."""
    database = Database()

    async def reach() -> None:
        async with database.connection():
            pass

    async def story() -> None:
        with pytest.raises(ServiceFailed) as caught:
            await stage.runner(stage.part("a", on_start=reach)).start()
        assert isinstance(caught.value.__cause__, SchemaNotReady)
        assert "only after step 5" in caught.value.why
        assert caught.value.place is not None
        assert caught.value.place.file == __file__

    run(story())


def test_health_answers_whatever_a_service_does(stage: Stage) -> None:
    """A `health` that raises is an answer too."""

    def broken() -> ServiceHealth:
        raise KeyError("queue")

    async def story() -> None:
        runner = stage.runner(
            stage.part("a", on_health=broken),
            stage.part("b", on_health=lambda: ServiceHealth(ok=True, word="polling")),
        )
        assert runner.healths()["b"] == ServiceHealth(ok=False, word="waiting")
        await runner.start()
        assert runner.healths()["a"].details == {"reason": "KeyError: 'queue'"}
        assert runner.healths()["b"] == ServiceHealth(ok=True, word="polling")
        await runner.stop()

    run(story())
