"""The sequence: steps are timed, named and reported; done only when they are."""

from __future__ import annotations

import itertools

import pytest

from lockstep.errors import Interrupted
from lockstep.events import Step, StepBegun, StepDone
from lockstep.interrupt import Interrupt
from lockstep.sequence import Sequence
from lockstep.testing import Recorder


def test_a_step_is_reported_with_its_time_and_note(recorder: Recorder) -> None:
    """Its begin, then its end with what it found; the clock is the one that was passed in."""
    ticks = itertools.count(100.0, 2.0)
    sequence = Sequence(recorder, Interrupt(), clock=lambda: next(ticks))

    with sequence.step(Step.LOCK) as note:
        note.text, note.skipped = "not needed", True

    assert recorder.events == [
        StepBegun(Step.LOCK),
        StepDone(Step.LOCK, 2.0, "not needed", skipped=True),
    ]
    assert sequence.seconds == 6.0


def test_a_step_that_fails_is_not_reported_as_done(recorder: Recorder) -> None:
    """The sequence stays where it failed, for the error to name it."""
    sequence = Sequence(recorder, Interrupt())

    with pytest.raises(ZeroDivisionError), sequence.step(Step.MIGRATE):
        raise ZeroDivisionError

    assert recorder.names() == ["StepBegun"]
    assert sequence.current is Step.MIGRATE


def test_no_step_begins_after_a_stop_was_asked_for(recorder: Recorder) -> None:
    """The interrupt is asked at every step's begin, and knows during which step it came."""
    interrupt = Interrupt()
    sequence = Sequence(recorder, interrupt)
    with sequence.step(Step.SEED):
        interrupt.request(15)

    with pytest.raises(Interrupted) as caught, sequence.step(Step.UNLOCK):
        pytest.fail("the step began")

    assert caught.value.what == "SIGTERM received during step 4 (seed)"
    assert recorder.names() == ["StepBegun", "StepDone"]
