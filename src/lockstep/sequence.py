"""The sequence as it runs: which step we are in, how long it took, and what it found."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from lockstep.events import Listener, Step, StepBegun, StepDone
from lockstep.interrupt import Interrupt
from lockstep.values import dataclass


@dataclass(slots=True)
class StepNote:
    """What a step says of itself when it is done; ``skipped`` when there was nothing to do."""

    text: str = ""
    skipped: bool = False

    def say(self, text: str, *, skipped: bool = False) -> None:
        """Say what was found."""
        self.text, self.skipped = text, skipped

    def count(self, applied: int, *, of: int) -> None:
        """Say how many files were applied, of how many that are shipped."""
        self.say(f"{applied} applied, {of} in all", skipped=not applied)


class Sequence:
    """Walks the steps of one boot: times each, names it to the interrupt, and reports its begin and end."""

    def __init__(
        self, report: Listener, interrupt: Interrupt, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.report = report
        self.interrupt = interrupt
        self.current = Step.PREFLIGHT
        self._clock = clock
        self._begun = clock()

    def begin(self) -> None:
        """Start the clock: the boot begins now."""
        self._begun = self._clock()

    @property
    def seconds(self) -> float:
        """Seconds since the boot began."""
        return self._clock() - self._begun

    @contextmanager
    def step(self, step: Step) -> Iterator[StepNote]:
        """Enter *step*; it is reported as done only if the block ends without an exception."""
        self.interrupt.check()
        self.current = step
        self.interrupt.during = f"{int(step)} ({step.label})"
        self.report(StepBegun(step))
        begun = self._clock()
        note = StepNote()
        yield note
        self.report(StepDone(step, self._clock() - begun, note.text, note.skipped))
