"""The history with rows in every table: what a file does where there is something to lose, and where it is killed."""

from __future__ import annotations

from dataclasses import replace

from lockstep.prove.crash import crash_as_written, crash_in_transaction
from lockstep.prove.engine import crash_of_engine
from lockstep.prove.filling.filler import Filler
from lockstep.prove.ground import Ground
from lockstep.prove.lane import Again, Lane
from lockstep.prove.observe import State
from lockstep.prove.places import together
from lockstep.prove.probes import Probes
from lockstep.prove.subjects import Mode, Subject
from lockstep.prove.verdicts import OK, Check, skipped
from lockstep.values import dataclass


@dataclass(frozen=True, slots=True)
class WithRows:
    """What was shown of a file; ``again`` is None where it could not be applied to these rows."""

    applies: str
    again: Again | None
    crash: Check
    release: Check = OK

    @staticmethod
    def without(why: str) -> WithRows:
        """Return what is said of a file that is not tried here."""
        return WithRows(f"skipped: {why}", None, skipped(why), skipped(why))


class Filled:
    """The database with rows."""

    def __init__(self, ground: Ground, url: str, filler: Filler, probes: Probes) -> None:
        self._ground = ground
        self._lane = Lane(ground, url, schema=False)
        self._filler = filler
        self._probes = probes

    @property
    def url(self) -> str:
        """Where the database is."""
        return self._lane.url

    def look(self) -> State:
        """Return its schema."""
        return replace(self._lane.look(rows=False), rows={})

    def begin_anew(self, template: str) -> None:
        """Leave the database for a copy of *template*, and fill that."""
        self._ground.drop(self._lane.url)
        self._lane = Lane(self._ground, self._ground.create(template), schema=False)
        self._filler.begin_anew()
        self._fill()

    def prove(self, subject: Subject, mode: Mode, before: str, plain: Lane) -> WithRows:
        """Kill the file on the way, apply it, run it again; *before* is the plain database before it, if that was kept."""
        lane, ground = self._lane, self._ground
        unanswered = self._unanswered()
        crash = OK
        if mode == "transaction":
            crash = crash_in_transaction(ground, lane.url, subject)
        failure, _, kept = lane.apply(subject, mode)
        try:
            if mode == "as-written":
                crash = self._crash(subject, kept or before, lane if kept else plain)
        finally:
            if kept:
                ground.drop(kept)
        if failure is not None:
            where = f"line {failure.line}: " if failure.line else ""
            release = skipped("it fails where there are rows")
            return WithRows(f"fails: {where}{failure.reason}", None, crash, release)
        release = self._probes.judge(subject, unanswered, self._unanswered())
        self._fill()
        return WithRows("ok", lane.again(subject, mode), crash, release)

    def catch_up(
        self, subject: Subject, mode: Mode, shown: WithRows, template: str, *, useful: bool
    ) -> WithRows:
        """Where a file could not be applied to rows, begin anew from what it leaves without them; run it again if that is *useful*."""
        self.begin_anew(template)
        return replace(shown, again=self._lane.again(subject, mode)) if useful else shown

    def _crash(self, subject: Subject, before: str, after: Lane) -> Check:
        ground = self._ground
        end = after.look()
        script = subject.script(ground.server_version // 10000)
        if script is None or script.header.transaction:
            return crash_as_written(ground, before, subject, end, middle=True)
        # The journal knows what was broken off; the statements before and after are to bear its loss too.
        found = crash_of_engine(ground, before, subject, script, end)
        if not found.good:
            return found
        without = crash_as_written(ground, before, subject, end, middle=False)
        return together(found, without) if without.good else without

    def _unanswered(self) -> dict[str, str]:
        if not self._probes.queries:
            return {}
        return self._probes.answered(self._ground, self._lane.url)

    def _fill(self) -> None:
        with self._ground.session(self._lane.url) as session:
            self._filler.fill(session)
