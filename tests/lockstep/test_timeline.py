"""What a boot's timeline remembers."""

from __future__ import annotations

import json
import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest

from lockstep.errors import Interrupted, PortInUse
from lockstep.events import (
    BootBegun,
    BootCompleted,
    BootFailed,
    Event,
    FileApplied,
    LockObtained,
    ServiceDegraded,
    ServiceStarted,
    ServiceStarting,
    ServiceStopped,
    Step,
    StepBegun,
    StepDone,
    Stopping,
)
from lockstep.timeline import Timeline

BEGUN = datetime(2026, 11, 22, 9, 45, tzinfo=UTC)
BOOT = BootBegun("0192", "studio", "serve", "abc123", "production")


class Time:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def clock(self) -> float:
        """Return the monotonic time."""
        return self.seconds

    def now(self) -> datetime:
        """Return the time of day."""
        return BEGUN + timedelta(seconds=self.seconds)


@pytest.fixture
def time() -> Time:
    """A clock at the boot's begin."""
    return Time()


@pytest.fixture
def timeline(time: Time) -> Timeline:
    """A timeline on that clock."""
    return Timeline(host="box", now=time.now, clock=time.clock)


def tell(timeline: Timeline, *events: Event) -> None:
    """Report *events*."""
    for event in events:
        timeline(event)


def test_a_whole_boot_is_told_step_by_step(timeline: Timeline, time: Time) -> None:
    """This is the JSON of `/api/boot`, to the letter."""
    tell(timeline, BOOT, StepBegun(Step.MIGRATE))
    time.seconds = 1.5
    tell(
        timeline,
        FileApplied("migration", "0001_users.sql", 0.25),
        StepDone(Step.MIGRATE, 1.5, "1 applied, 1 in all"),
        StepBegun(Step.SERVICES),
        ServiceStarting("queue"),
        ServiceStarted("queue", 0.01),
        ServiceStarting("mail"),
        ServiceDegraded("mail", "OSError: no route"),
        StepDone(Step.SERVICES, 0.02),
        BootCompleted("serve", 1.52),
    )
    shown = timeline.as_dict()
    assert json.loads(json.dumps(shown)) == shown
    assert shown == {
        "boot_id": "0192",
        "app": "studio",
        "command": "serve",
        "release": "abc123",
        "host": "box",
        "environment": "production",
        "begun_at": "2026-11-22T09:45:00.000Z",
        "phase": "ready",
        "outcome": "completed",
        "seconds": 1.52,
        "steps": [
            {
                "number": 3,
                "step": "migrate",
                "begun": "2026-11-22T09:45:00.000Z",
                "seconds": 1.5,
                "note": "1 applied, 1 in all",
                "skipped": False,
            },
            {
                "number": 6,
                "step": "services",
                "begun": "2026-11-22T09:45:01.500Z",
                "seconds": 0.02,
                "note": "",
                "skipped": False,
            },
        ],
        "files": [{"kind": "migration", "name": "0001_users.sql", "seconds": 0.25}],
        "services": [
            {"name": "queue", "state": "ready", "seconds": 0.01, "reason": ""},
            {"name": "mail", "state": "degraded", "seconds": None, "reason": "OSError: no route"},
        ],
        "error": None,
    }


def test_the_phase_follows_the_boot(timeline: Timeline) -> None:
    """It is the current step, then ready, then stopping."""
    phases = [timeline.phase]
    for event in (
        *(BOOT, StepBegun(Step.CONNECT), LockObtained(0.0), StepBegun(Step.HTTP)),
        *(BootCompleted("serve", 1.0), Stopping("SIGTERM")),
    ):
        timeline(event)
        phases.append(timeline.phase)
    assert phases == ["preflight", "preflight", "connect", "connect", "HTTP", "ready", "stopping"]
    assert timeline.stopping
    assert timeline.outcome == "completed"


def test_a_running_boot_has_no_outcome(timeline: Timeline) -> None:
    """Neither the boot nor its current step has a length yet."""
    tell(timeline, BOOT, StepBegun(Step.LOCK))
    shown = timeline.as_dict()
    assert (shown["outcome"], shown["seconds"], shown["steps"][0]["seconds"]) == (None, None, None)
    assert not timeline.stopping


def test_a_failed_boot_keeps_its_error(timeline: Timeline, time: Time) -> None:
    """The step it failed in has the time it took, a service that was starting has failed; what follows is no stop."""
    error = PortInUse("port 80 is in use", next_step="choose another")
    tell(timeline, BOOT, StepBegun(Step.SERVICES), ServiceStarting("queue"))
    time.seconds = 3.0
    tell(timeline, BootFailed(error, Step.SERVICES, 3.0, "test"), Stopping("failure"))
    shown = timeline.as_dict()
    assert (shown["outcome"], shown["phase"]) == ("failed", "failed")
    assert shown["error"] == error.as_dict()
    assert shown["steps"][0]["seconds"] == 3.0
    assert shown["services"][0]["state"] == "failed"
    assert timeline.stopping


def test_an_interrupted_boot_is_not_a_failed_one(timeline: Timeline) -> None:
    """The record tells a deploy that was called off from one that broke."""
    tell(timeline, BOOT, ServiceStarting("queue"))
    timeline(BootFailed(Interrupted(15), Step.SERVICES, 1.0, "test"))
    assert timeline.outcome == "interrupted"
    assert timeline.as_dict()["services"][0]["state"] == "stopped"


def test_a_failure_outside_any_step_is_kept_too(timeline: Timeline) -> None:
    """A boot may fail before its first step is told."""
    timeline(BootFailed(PortInUse("taken"), Step.PREFLIGHT, 0.0, "test"))
    assert timeline.as_dict()["steps"] == []
    assert timeline.outcome == "failed"


def test_stopped_services_say_how(timeline: Timeline) -> None:
    """One that did not stop cleanly is shown with its error."""
    tell(timeline, ServiceStarting("a"), ServiceStarted("a", 0.1), ServiceStopped("a", 0.1))
    tell(timeline, ServiceStarting("b"), ServiceStarted("b", 0.1), ServiceStopped("b", 1.0, "hung"))
    states = {
        entry["name"]: (entry["state"], entry["reason"]) for entry in timeline.as_dict()["services"]
    }
    assert states == {"a": ("stopped", ""), "b": ("failed", "hung")}


def test_a_step_that_was_passed_is_shown_as_such(timeline: Timeline) -> None:
    """A step may be reported as done without having begun."""
    timeline(StepDone(Step.LOCK, 0.0, "already at head", skipped=True))
    (step,) = timeline.as_dict()["steps"]
    assert (step["step"], step["note"], step["skipped"]) == ("lock", "already at head", True)


def test_what_was_handed_out_does_not_change(timeline: Timeline) -> None:
    """A picture of the boot stays that picture."""
    tell(timeline, BOOT, StepBegun(Step.LOCK))
    before = timeline.as_dict()
    tell(timeline, StepDone(Step.LOCK, 1.0))
    assert before["steps"][0]["seconds"] is None


def test_uptime_counts_from_the_boot_s_begin(timeline: Timeline, time: Time) -> None:
    """What happened before the boot is not part of it."""
    time.seconds = 10.0
    timeline(BOOT)
    time.seconds = 12.5
    assert timeline.uptime == 2.5


def test_it_may_be_told_from_several_threads() -> None:
    """No event is lost, and reading meanwhile never meets a half-written timeline."""
    timeline = Timeline(host="box")
    together = threading.Barrier(5)

    def write(number: int) -> None:
        together.wait()
        for service in range(200):
            timeline(ServiceStarting(f"{number}-{service}"))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # as many changes of thread as can be had
    try:
        for thread in threads:
            thread.start()
        together.wait()
        while any(thread.is_alive() for thread in threads):
            json.dumps(timeline.as_dict())
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert len(timeline.as_dict()["services"]) == 800
