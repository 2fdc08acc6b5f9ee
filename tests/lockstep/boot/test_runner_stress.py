"""Services that fail, hang and die as chance has it: what always holds of the walk, again and again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Literal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lockstep.application import ServiceHealth, ServiceState
from lockstep.boot.runner import Runner
from lockstep.catalog.needs.declaration import Needs
from lockstep.errors import ServiceFailed
from lockstep.events import Event, ServiceStarted, ServiceStopped
from lockstep.postgres.gate import Database

Way = Literal["well", "raises", "dies", "cancelled"]


@dataclass
class Chancy:
    """A service whose start goes the way that was drawn; `running` counts what holds resources."""

    name: str
    after: tuple[str, ...]
    critical: bool
    start_way: Way
    stop_raises: bool
    running: set[str]
    needs: Needs = field(default_factory=Needs)
    task: asyncio.Task[None] | None = None

    async def start(self, _database: Database) -> asyncio.Task[None] | None:
        """Start well, raise, return a task that dies at once, or have the boot cancelled meanwhile."""
        await asyncio.sleep(0)
        if self.start_way == "raises":
            raise OSError(self.name)
        if self.start_way == "cancelled":
            boot = next(task for task in asyncio.all_tasks() if task.get_name() == "boot")
            boot.cancel()
            await asyncio.Event().wait()
        self.running.add(self.name)
        self.task = asyncio.create_task(self._work())
        return self.task

    async def stop(self) -> None:
        """Let go, and raise if that was drawn."""
        assert self.name in self.running, "stopped without having been started"
        self.running.discard(self.name)
        if self.task is not None:
            self.task.cancel()
        if self.stop_raises:
            raise OSError(f"stop {self.name}")

    def health(self) -> ServiceHealth:
        """Be well."""
        return ServiceHealth(ok=True)

    async def _work(self) -> None:
        if self.start_way == "dies":
            raise OSError(f"died {self.name}")
        await asyncio.Event().wait()


@st.composite
def chancy_services(draw: st.DrawFn) -> list[Chancy]:
    """Up to six services, each after some of those before it."""
    running: set[str] = set()
    ways: st.SearchStrategy[Way] = st.sampled_from(["well", "well", "raises", "dies", "cancelled"])
    count = draw(st.integers(0, 6))
    return [
        Chancy(
            name=f"s{number}",
            after=tuple(f"s{n}" for n in range(number) if draw(st.booleans())),
            critical=draw(st.booleans()),
            start_way=draw(ways),
            stop_raises=draw(st.booleans()),
            running=running,
        )
        for number in range(count)
    ]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(chancy_services())
def test_however_a_walk_ends_nothing_is_left(services: list[Chancy]) -> None:
    """After the walk back no service runs, each started one was stopped once in reverse, and no task is left."""
    asyncio.run(walk(services))


async def walk(services: list[Chancy]) -> None:
    """Start, stop, and check."""
    events: list[Event] = []
    runner = Runner(services, Database(), events.append, start_timeout=30, stop_timeout=30)
    boot = asyncio.create_task(runner.start(), name="boot")
    try:
        await boot
    except (ServiceFailed, asyncio.CancelledError):
        assert not services[0].running
    else:
        serving = {ServiceState.READY, ServiceState.DEGRADED, ServiceState.FAILED}
        assert set(runner.states().values()) <= serving
        assert all(s.start_way in {"well", "dies"} for s in services if s.critical)
    problems = await runner.stop()
    started = [event.name for event in events if isinstance(event, ServiceStarted)]
    stopped = [event for event in events if isinstance(event, ServiceStopped)]
    assert [event.name for event in stopped] == started[::-1]
    raising = {service.name for service in services if service.stop_raises}
    assert {event.name for event in stopped if event.error} == raising.intersection(started)
    assert len(problems) <= len(raising)
    assert not any(service.running for service in services)
    assert asyncio.all_tasks() == {asyncio.current_task()}


def test_fifty_cycles_leave_nothing_behind() -> None:
    """Start and stop over and over, in one process and one event loop."""

    async def story() -> None:
        for cycle in range(50):
            running: set[str] = set()
            services = [
                Chancy(f"s{n}", (f"s{n - 1}",) if n else (), True, "well", False, running)
                for n in range(cycle % 7)
            ]
            runner = Runner(services, Database(), lambda _: None, start_timeout=30, stop_timeout=30)
            await runner.start()
            assert len(running) == len(services)
            assert await runner.stop() == ()
            assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(story())
