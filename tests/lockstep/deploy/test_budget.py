"""The budget of a boot: lock wait and pending files against the platform's patience."""

from __future__ import annotations

from lockstep.deploy.budget import FileKey, Ledger, judge
from lockstep.deploy.stages import Stage

STAGE = Stage("production", "https://x", branch="main", lock_wait=60.0, window=90.0)


def file(name: str) -> FileKey:
    """A migration."""
    return ("migration", name, "sum")


def test_what_was_measured_in_the_stage_before_counts() -> None:
    """Files of the same text, and only those that are pending; at the window's very length it is too late."""
    before = Ledger((), {file("1"): 500.0, file("2"): 10.0, file("3"): 19.9})
    own = Ledger((file("2"), file("3")), {file("1"): 0.1})
    check = judge(STAGE, own, before, "dev")
    assert check.result == "holds"
    assert "29.90 s for 2 measured on dev = 89.90 s of 90.00 s" in check.saw
    late = judge(STAGE, Ledger((file("2"), file("3")), {}), Ledger((), {file("2"): 10.0, file("3"): 20.0}), "dev")  # fmt: skip
    assert late.result == "fails"
    assert "[environments.production] health_window" in late.todo


def test_what_ran_nowhere_is_as_slow_as_the_slowest_and_that_is_said() -> None:
    """Another text is another file; without any measurement it is a second."""
    other = ("migration", "2", "another sum")
    check = judge(STAGE, Ledger((other,), {file("1"): 31.0}), Ledger((), {file("2"): 1.0}), "dev")
    assert check.result == "fails"
    assert "31.00 s estimated for 2 (measured nowhere" in check.saw
    first = judge(STAGE, Ledger((file("1"), file("2")), {}), None, "")
    assert "2.00 s estimated for 1, 2" in first.saw


def test_nothing_pending_leaves_the_lock_wait() -> None:
    """And where the ledger cannot be read, that is all there is to say."""
    assert "nothing pending = 60.00 s" in judge(STAGE, Ledger((), {}), None, "").saw
    unknown = judge(STAGE, None, None, "dev")
    assert unknown.result == "skipped"
    assert "PRODUCTION_DATABASE_URL is not set" in unknown.saw
    assert judge(Stage("x", "y", lock_wait=90.0, window=90.0), None, None, "").result == "fails"
