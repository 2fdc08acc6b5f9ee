"""The sums behind every number in a platform's files, and behind what a deploy judges: they are the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from lockstep.deploy.budget import (
    PROBE_PERIOD,
    Budget,
    FileKey,
    Measured,
    Work,
    any_boot,
    budget,
    judge,
    this_boot,
)
from lockstep.settings import resolve

NOTHING = Measured({}, ())


def of(work: Work | None = None, **settings: str) -> Budget:
    """The budget of settings that are the defaults but for *settings*."""
    environ = {f"LOCKSTEP_{name.upper()}": value for name, value in settings.items()}
    found = resolve(flags={}, environ=environ, root=Path("/nowhere"), offline=True)
    return budget(found, work)


def file(name: str) -> FileKey:
    """A migration."""
    return ("migration", name, "sum")


def test_a_boot_may_take_what_all_its_deadlines_add_up_to() -> None:
    """Connecting, the lock, files and services: each wait may come after the other."""
    found = of(connect_wait="1s", lock_wait="2s", start_timeout="4.5s")
    assert found.boot == 1 + 2 + 60 + 5  # the half is rounded up
    assert (found.probe_failures - 1) * PROBE_PERIOD < found.boot <= found.probe_failures * PROBE_PERIOD  # fmt: skip
    assert found.told == "a boot may take 68 s: connect 1 s + lock 2 s + files 60 s (assumed) + services 4.5 s"  # fmt: skip


def test_a_stop_may_take_drain_and_stop_and_a_little() -> None:
    """Kubernetes counts the wait before SIGTERM, too."""
    found = of(drain_timeout="30s", stop_timeout="12s")
    assert (found.leave, found.termination) == (47, 52)


@pytest.mark.parametrize(
    ("boots", "files", "told"),
    [
        ([], 60.0, "the least; no boot there so far"),
        ([3.0, 29.0], 60.0, "the least; 29 s in the slowest boot there"),
        ([3.0, 200.0, 31.0], 400.0, "twice 200 s in the slowest boot there"),
    ],
)
def test_files_get_twice_what_the_slowest_boot_spent_on_them(
    boots: list[float], files: float, told: str
) -> None:
    """But never less than where nothing is known."""
    found = of(any_boot(Measured({}, boots)))
    assert (found.files, found.files_from, found.measured) == (files, told, files > 60)


def test_a_window_is_never_shorter_than_the_platform_s_own() -> None:
    """A health check that looks every 30 s gets 30 s more than the boot."""
    assert of(lock_wait="1s").window == 300
    assert of().window == 30 + 240 + 60 + 60 + 30


def test_what_was_measured_in_the_stage_before_counts() -> None:
    """Files of the same text, and only those that are pending."""
    before = Measured({file("1"): 500.0, file("2"): 10.0, file("3"): 30.5}, (540.5,))
    work = this_boot((file("2"), file("3")), Measured({file("1"): 0.1}, (0.1,)), before, "dev")
    assert work == Work(40.5, "40.5 s measured on dev for 2 pending")
    assert of(work).boot == 30 + 240 + 81 + 60


def test_what_ran_nowhere_is_as_slow_as_the_slowest_boot_and_that_is_said() -> None:
    """All of it together, in whichever of the two databases; another text is another file. A first boot has nothing to go by."""
    pending = (file("2"), ("migration", "3", "another sum"))
    before = Measured({file("2"): 1.0, file("3"): 2.0}, (3.0,))
    work = this_boot(pending, Measured({file("1"): 31.0}, (31.0,)), before, "dev")
    assert work.seconds == 32.0
    assert work.told == "1 s measured on dev for 1 pending + 31 s in the slowest boot so far, for 3 measured nowhere"  # fmt: skip
    many = [file(str(number)) for number in range(300)]
    first = this_boot(many, NOTHING, None, "")
    assert first == Work(0.0, "no boot so far, for 0, 1, 2 ... measured nowhere")
    assert of(first).boot == of().boot


def test_nothing_pending_asks_for_no_more_than_is_assumed() -> None:
    """However slow a boot was once: that one is over."""
    work = this_boot((), Measured({file("1"): 900.0}, (900.0,)), None, "")
    assert of(work).told.endswith("files 60 s (the least; nothing pending) + services 60 s")
    assert of(work).boot == of().boot


def test_a_boot_must_fit_into_the_platform_s_patience() -> None:
    """At the window's very length it is too late; what to tell the platform is said. Where the ledger is not known, that is said, too."""
    whole = of()
    assert judge("dev", whole, 390.5).result == "holds"
    late = judge("dev", whole, 390.0)
    assert late.result == "fails"
    assert late.saw == f"{whole.told}; the platform waits 390 s"
    assert '[environments.dev] health_window = "420s"' in late.todo
    unknown = judge("dev", whole, 390.5, unknown="DEV_DATABASE_URL is not set")
    assert (unknown.result, unknown.saw.endswith("; DEV_DATABASE_URL is not set")) == ("skipped", True)  # fmt: skip
    assert judge("dev", whole, 390.0, unknown="x").result == "fails"
