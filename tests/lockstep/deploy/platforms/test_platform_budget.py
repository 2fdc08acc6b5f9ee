"""The sums behind every number in a platform's files."""

from __future__ import annotations

from pathlib import Path

import pytest

from lockstep.deploy.platforms.budget import PROBE_PERIOD, Budget, budget
from lockstep.settings import resolve


def of(boots: list[float] | None = None, **settings: str) -> Budget:
    """The budget of settings that are the defaults but for *settings*."""
    environ = {f"LOCKSTEP_{name.upper()}": value for name, value in settings.items()}
    found = resolve(flags={}, environ=environ, root=Path("/nowhere"), offline=True)
    return budget(found, boots)


def test_a_boot_may_take_what_all_its_deadlines_add_up_to() -> None:
    """Connecting, the lock, files and services: each wait may come after the other."""
    found = of(connect_wait="1s", lock_wait="2s", start_timeout="4.5s")
    assert found.boot == 1 + 2 + 60 + 5  # the half is rounded up
    assert (found.probe_failures - 1) * PROBE_PERIOD < found.boot <= found.probe_failures * PROBE_PERIOD  # fmt: skip


def test_a_stop_may_take_drain_and_stop_and_a_little() -> None:
    """Kubernetes counts the wait before SIGTERM, too."""
    found = of(drain_timeout="30s", stop_timeout="12s")
    assert (found.leave, found.termination) == (47, 52)


@pytest.mark.parametrize(
    ("boots", "files", "measured"),
    [
        (None, 60.0, False),
        ([], 60.0, False),
        ([3.0, 29.0], 60.0, False),
        ([3.0, 200.0, 31.0], 400.0, True),
    ],
)
def test_files_get_twice_what_the_slowest_boot_spent_on_them(
    boots: list[float] | None, files: float, measured: bool
) -> None:
    """But never less than where nothing is known."""
    found = of(boots)
    assert (found.files, found.measured) == (files, measured)


def test_a_window_is_never_shorter_than_the_platform_s_own() -> None:
    """A health check that looks every 30 s gets 30 s more than the boot."""
    assert of(lock_wait="1s").window == 300
    assert of().window == 30 + 240 + 60 + 60 + 30
