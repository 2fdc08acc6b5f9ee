"""The whole of it: a boot that nobody disturbs, then rounds until one shows that a claim does not hold."""

from __future__ import annotations

import os
from dataclasses import replace

from lockstep.chaos.aftermath import aftermath
from lockstep.chaos.arena import Arena, Stage
from lockstep.chaos.plan import plan
from lockstep.chaos.play import Play
from lockstep.chaos.values import Expected, Outcome, Played, Report, Wanted
from lockstep.interrupt import Interrupt

_LONGER = 1.5
"""Copies that are killed boot more than once: they are disturbed for longer than one boot takes."""


class Chaos:
    """Copies of a command in an arena. *report* hears what happens, in any thread; *interrupt* stops it."""

    def __init__(self, arena: Arena, wanted: Wanted, report: Report, interrupt: Interrupt) -> None:
        self._arena, self._wanted = arena, wanted
        self._report, self._interrupt = report, interrupt

    def run(self) -> Outcome:
        """Return what came of it; nothing is done after a round in which a claim did not hold."""
        with self._arena.stage() as stage:
            first, expected = self._undisturbed(stage)
        window, rounds = self._wanted.kill_after, list[Played]()
        if expected is not None:
            window = window or self._window(expected)
            for number in self._numbers():
                rounds.append(self._round(number, expected, window))
                if rounds[-1].violations:
                    break
        return Outcome(
            self._wanted,
            window,
            self._arena.pooled,
            self._arena.version,
            len(expected.files) if expected else 0,
            first,
            tuple(rounds),
        )

    def _numbers(self) -> range:
        only = self._wanted.only
        return range(only, only + 1) if only else range(1, self._wanted.rounds + 1)

    def _window(self, expected: Expected) -> float:
        share = max(1.0, self._wanted.copies / (os.cpu_count() or 1))
        return round(expected.seconds * share * _LONGER, 3)

    def _undisturbed(self, stage: Stage) -> tuple[Played, Expected | None]:
        """Boot one copy twice: what a second boot adds to, rows are no sign of a file that ran twice."""
        first = self._alone(stage)
        if first.violations:
            return first, None
        files, schema, counts = (
            stage.witness.files(),
            stage.witness.schema(),
            stage.witness.counts(),
        )
        second = self._alone(stage)
        if second.violations:
            return second, None
        after = stage.witness.counts()
        steady = {
            table: rows
            for table, rows in counts.items()
            if after.get(table) == rows and table not in self._wanted.growing
        }
        return first, Expected(files, schema, steady, first.answers, first.seconds)

    def _alone(self, stage: Stage) -> Played:
        played = Play(0, stage, self._wanted, self._report, self._interrupt).run()
        return self._with_aftermath(played, stage, None)

    def _round(self, number: int, expected: Expected, window: float) -> Played:
        done = plan(self._wanted.seed, number, self._wanted.copies, len(expected.files))
        with self._arena.stage() as stage:
            played = Play(
                number,
                stage,
                self._wanted,
                self._report,
                self._interrupt,
                plan=done,
                window=window,
                expected=expected,
            ).run()
            return self._with_aftermath(played, stage, expected)

    def _with_aftermath(self, played: Played, stage: Stage, expected: Expected | None) -> Played:
        if played.violations:
            return played
        found = aftermath(stage.witness, expected, pooled=self._arena.pooled)
        return replace(played, violations=tuple(found)) if found else played
