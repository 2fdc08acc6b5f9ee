"""Which ends are in order, after what was done to the process."""

from __future__ import annotations

import signal

import pytest

from lockstep.chaos.ends import shown_status, wrong_end

TERM, KILL = frozenset({signal.SIGTERM}), frozenset({signal.SIGKILL})
NOTHING: frozenset[int] = frozenset()


@pytest.mark.parametrize(
    ("status", "signals", "shaken"),
    [
        (-signal.SIGKILL, KILL, False),
        (137, KILL, False),
        (69, KILL, False),
        (0, TERM, False),
        (143, TERM, False),
        (-signal.SIGTERM, TERM, False),
        (75, NOTHING, False),
        (69, NOTHING, True),
        (70, NOTHING, True),
        (75, NOTHING, True),
        (70, TERM, True),
    ],
)
def test_in_order(status: int, signals: frozenset[int], shaken: bool) -> None:
    """What the documentation promises for what was done."""
    assert wrong_end(status, signals=signals, shaken=shaken) == ""


@pytest.mark.parametrize(
    ("status", "signals", "shaken", "said"),
    [
        (0, NOTHING, False, "exit status 0, though nobody asked"),
        (0, NOTHING, True, "exit status 0, though nobody asked"),
        (69, NOTHING, False, "exit status 69, though nothing was done to it"),
        (1, NOTHING, False, "exit status 1, though nothing was done to it"),
        (1, NOTHING, True, "exit status 1 after it was disturbed"),
        (65, NOTHING, True, "exit status 65 after it was disturbed"),
        (79, TERM, True, "exit status 79 after SIGTERM"),
        (70, TERM, False, "exit status 70 after SIGTERM"),
        (-signal.SIGSEGV, TERM, True, "ended by SIGSEGV, which nobody sent"),
        (-signal.SIGKILL, TERM, False, "ended by SIGKILL, which nobody sent"),
    ],
)
def test_out_of_order(status: int, signals: frozenset[int], shaken: bool, said: str) -> None:
    """A status that nothing explains, and success that nobody asked for."""
    assert said in wrong_end(status, signals=signals, shaken=shaken)


def test_a_program_has_statuses_of_its_own() -> None:
    """They are in order where it was disturbed, and only there."""
    assert wrong_end(3, signals=NOTHING, shaken=True, own=[3]) == ""
    assert wrong_end(3, signals=TERM, shaken=False, own=[3]) == ""
    assert wrong_end(3, signals=NOTHING, shaken=False, own=[3]) != ""


def test_a_status_is_shown_as_operators_say_it() -> None:
    """Signals by name, if they have one."""
    assert shown_status(70) == "exit status 70"
    assert shown_status(-9) == "SIGKILL"
    assert shown_status(-123) == "signal 123"
