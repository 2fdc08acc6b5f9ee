"""One round: copies that are started together, disturbed as planned, started again, and stopped when all are ready."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from lockstep.chaos.answers import answers_request, too_early
from lockstep.chaos.arena import Stage
from lockstep.chaos.ends import shown_status, wrong_end
from lockstep.chaos.launch import Launch
from lockstep.chaos.plan import Disturbance
from lockstep.chaos.prober import Prober
from lockstep.chaos.values import Claim, Expected, Happening, Played, Report, Violation, Wanted
from lockstep.durations import format_duration
from lockstep.interrupt import Interrupt

_TICK = 0.01
_SETTLING = 1.0
"""Seconds after the last disturbance from which on an answer counts: evidence of a database may be that old."""
_QUIET = 0.5
"""Seconds for which an undisturbed boot must let the ledger alone before it counts as done."""


class Copy:
    """One of the copies: its launches, one after the other."""

    def __init__(self, number: int, start: Callable[[int, int], tuple[Launch, Prober]]) -> None:
        self.number = number
        self.launches = 0
        self.awake_at = 0.0
        self._start = start
        self.start()

    def start(self) -> None:
        """Start it, for the first time or again."""
        self.launches += 1
        self.launch, self.prober = self._start(self.number, self.launches)

    def close(self) -> None:
        """End whatever there is of it."""
        self.launch.destroy()
        self.prober.close()


class Play:
    """A round on a database. Use ``run`` once; whatever happens, nothing of the copies is left."""

    def __init__(
        self,
        number: int,
        stage: Stage,
        wanted: Wanted,
        report: Report,
        interrupt: Interrupt,
        *,
        plan: Sequence[Disturbance] = (),
        window: float = 0.0,
        expected: Expected | None = None,
    ) -> None:
        """Prepare round *number*; without *expected* it is a single copy's undisturbed boot."""
        self._number, self._stage, self._wanted = number, stage, wanted
        self._plan, self._window, self._expected = tuple(plan), window, expected
        self._report, self._interrupt = report, interrupt
        self._environment = stage.environment(wanted.environment)
        self._pending = list(plan)
        self._copies: list[Copy] = []
        self._ends: Counter[str] = Counter()
        self._violations: list[Violation] = []
        self._begun = self._last = time.monotonic()
        self._known: frozenset[object] = frozenset()
        self._known_since = self._begun
        self._ready_after = 0.0

    def run(self) -> Played:
        """Play it, to the end or to the first thing that is wrong."""
        seconds = 0.0
        answers: dict[str, int] = {}
        try:
            for number in range(1, (self._wanted.copies if self._expected else 1) + 1):
                self._copies.append(Copy(number, self._start))
                self._tell(number, f"started on port {self._copies[-1].launch.port}")
            self._until(self._all_ready, self._not_ready)
            seconds = self._ready_after or self._elapsed
            if not self._violations:
                answers = dict(self._copies[0].prober.answers.latest)
                self._tell(0, "all are ready")
                self._stop()
        finally:
            for copy in self._copies:
                copy.close()
        return Played(
            self._number,
            self._plan,
            seconds,
            sum(copy.launches for copy in self._copies),
            dict(self._ends),
            tuple(self._violations),
            answers,
        )

    @property
    def _elapsed(self) -> float:
        return time.monotonic() - self._begun

    def _start(self, number: int, times: int) -> tuple[Launch, Prober]:
        mark = f"{os.getpid()} {self._wanted.logs} {self._number} {number} {times}"
        log = self._wanted.logs / f"round-{self._number}-copy-{number}-start-{times}.log"
        launch = Launch(self._wanted.command, self._environment, mark, Path(log))
        total = len(self._expected.files) if self._expected else 0

        def found(what: str) -> None:
            self._violated("early", what, number, launch)

        def applied() -> int:
            return len(self._stage.witness.files())

        return launch, Prober(launch, self._wanted.paths, applied, total, found)

    def _until(self, reached: Callable[[], bool], late: Callable[[], None]) -> None:
        """Let things happen until it is reached, or something is wrong; *late* says what is, when time is over."""
        self._last = time.monotonic()
        while not self._violations and not reached():
            self._interrupt.sleep(_TICK)
            for copy in self._copies:
                self._look_after(copy)
            self._disturb()
            if time.monotonic() - self._last > self._wanted.timeout:
                late()

    def _look_after(self, copy: Copy) -> None:
        if copy.launch.halted and self._elapsed > copy.awake_at:
            copy.launch.resume()
            self._last = time.monotonic()
            self._tell(copy.number, "SIGCONT")
        if copy.launch.status is not None:
            self._ended(copy)
            if not self._violations:
                copy.start()
                self._last = time.monotonic()
                self._tell(copy.number, f"started again on port {copy.launch.port}")

    def _ended(self, copy: Copy) -> None:
        """Judge the end of a copy's process, and what it has left."""
        launch, status = copy.launch, copy.launch.status
        assert status is not None
        copy.prober.close()
        self._ends[shown_status(status)] += 1
        self._tell(copy.number, f"ended: {shown_status(status)}")
        left = launch.left()
        wrong = wrong_end(
            status,
            signals=launch.signals,
            shaken=launch.shaken,
            own=self._wanted.own_statuses,
        )
        if wrong:
            self._violated("exit", wrong, copy.number, launch)
        if left:
            what = f"it ended ({shown_status(status)}), but left {', '.join(left)}"
            self._violated("left", what, copy.number, launch)

    def _disturb(self) -> None:
        if not self._pending or self._violations:
            return
        applied = 0
        if any(one.files for one in self._pending):
            applied = len(self._stage.witness.files())
        for one in list(self._pending):
            due = applied >= one.files if one.files else self._elapsed >= one.at * self._window
            if due and self._done(one):
                self._pending.remove(one)
                self._last = time.monotonic()

    def _done(self, one: Disturbance) -> bool:
        """Do it; return False if there is nobody yet to do it to."""
        when = f" (after file {one.files})" if one.files else ""
        if one.kind == "backend":
            return self._end_session(one, when)
        chosen = [copy for copy in self._copies if one.copy in (0, copy.number)]
        for copy in chosen:
            launch = copy.launch
            if one.kind == "SIGTERM":
                launch.terminate()
            elif one.kind == "SIGSTOP":
                launch.halt()
                copy.awake_at = self._elapsed + one.lasts * self._window
            else:
                launch.kill()
            self._tell(copy.number, one.kind + when)
        return True

    def _end_session(self, one: Disturbance, when: str) -> bool:
        if self._stage.witness.sessions():
            # Whose session it is the server does not say, nor does a pooler: all of them may feel it.
            for copy in self._copies:
                copy.launch.shaken = True
            whose = self._stage.witness.terminate(one.pick)
            self._tell(0, f"session ended: {whose or 'it was gone'}{when}")
            return True
        gone = all(copy.prober.answers.ready for copy in self._copies)
        if gone:
            self._tell(0, "no session to end")
        return gone

    def _all_ready(self) -> bool:
        if self._expected is None:
            return self._settled()
        if self._pending or time.monotonic() - self._last < _SETTLING:
            return False
        return all(self._answers_as_expected(copy) for copy in self._copies)

    def _answers_as_expected(self, copy: Copy) -> bool:
        assert self._expected is not None
        if copy.launch.halted or copy.launch.signals:
            return False
        latest = dict(copy.prober.answers.latest)
        return all(latest.get(path) == status for path, status in self._expected.answers.items())

    def _settled(self) -> bool:
        """An undisturbed boot: ready, something is applied, and for a while neither the ledger nor the lock has moved."""
        (copy,) = self._copies
        files = self._stage.witness.files()
        if files != self._known or not files or self._stage.witness.boot_lock_held():
            self._known, self._known_since = files, time.monotonic()
        if not copy.prober.answers.ready:
            return False
        if not self._ready_after:
            self._ready_after, self._known_since = self._elapsed, time.monotonic()
        if time.monotonic() - self._known_since < _QUIET:
            return False
        if wrong := too_early(copy.prober.answers, len(files)):
            self._violated("early", wrong, copy.number, copy.launch)
        return True

    def _not_ready(self) -> None:
        waited = format_duration(self._wanted.timeout)
        for copy in self._copies:
            answers = dict(copy.prober.answers.latest)
            if self._expected is None and copy.prober.answers.ready:
                what = f"it is ready, but after {waited} the ledger {'still changes' if self._known else 'is empty: does Lockstep boot it?'}"
                self._violated("once", what, copy.number, copy.launch)
            elif self._expected is None or not self._answers_as_expected(copy):
                self._violated(
                    "ready", self._why_not(copy, answers, waited), copy.number, copy.launch
                )

    def _why_not(self, copy: Copy, answers: dict[str, int], waited: str) -> str:
        if copy.launch.signals:
            return (
                f"it did not end within {waited} of {signal.Signals(max(copy.launch.signals)).name}"
            )
        ready = self._wanted.ready
        if not answers:
            return f"it was not ready within {waited}: nothing answers GET {ready}"
        if not answers_request(answers.get(ready, 0)):
            what = f"it was not ready within {waited}: GET {ready} is answered with {answers.get(ready)}"
            return what + (
                "; --ready PATH names another address" if answers.get(ready) == 404 else ""
            )
        assert self._expected is not None
        others = {p: s for p, s in self._expected.answers.items() if answers.get(p) != s}
        told = (f"GET {p} with {answers.get(p)}, not {s}" for p, s in others.items())
        return f"within {waited} it did not answer as an undisturbed copy does: {', '.join(told)}"

    def _stop(self) -> None:
        """Ask all to end, and wait until they have."""
        for copy in self._copies:
            copy.prober.close()
            copy.launch.terminate()
        running = list(self._copies)
        deadline = time.monotonic() + self._wanted.timeout
        while running and not self._violations:
            self._interrupt.sleep(_TICK)
            for copy in [copy for copy in running if copy.launch.status is not None]:
                running.remove(copy)
                self._ended(copy)
            if time.monotonic() > deadline:
                for copy in running:
                    waited = format_duration(self._wanted.timeout)
                    self._violated(
                        "exit",
                        f"it did not end within {waited} of SIGTERM",
                        copy.number,
                        copy.launch,
                    )

    def _violated(self, claim: Claim, what: str, number: int, launch: Launch) -> None:
        self._violations.append(Violation(claim, what, number, self._elapsed, launch.last_lines()))
        self._tell(number, what)

    def _tell(self, copy: int, what: str) -> None:
        self._report(Happening(self._number, self._elapsed, copy, what))
