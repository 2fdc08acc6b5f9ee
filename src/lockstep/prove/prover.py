"""The walk through a history: each file is applied, run again, killed on the way, and in the end everything runs once more.

Two databases hold the history: one as its files leave it, one with rows in every table. The first gives the verdict that a plain script
would give; the second shows what is lost or doubled where there is something to lose. A file that cannot be applied is left out of both.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import field, replace

from lockstep.errors import DatabaseUnreachable
from lockstep.postgres.session import ServerError
from lockstep.prove.filling.filler import Filler
from lockstep.prove.ground import Ground
from lockstep.prove.judging import breaks_off, does_not_apply, judge_online, judge_twice
from lockstep.prove.lane import Lane
from lockstep.prove.observe import State, changes
from lockstep.prove.online import Watch
from lockstep.prove.probes import Probes
from lockstep.prove.race import race
from lockstep.prove.release_needs import ReleaseNeeds
from lockstep.prove.releases import Release
from lockstep.prove.replay import replay
from lockstep.prove.subjects import Mode, Subject
from lockstep.prove.upgrades import upgrade
from lockstep.prove.verdicts import Check, FileVerdict, Proof, skipped
from lockstep.prove.watching import watch_as_written
from lockstep.prove.with_rows import Filled, WithRows
from lockstep.values import dataclass

Progress = Callable[[int, int, FileVerdict], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for: SQL to run ``before`` everything, a ``fixture`` of rows, the strongest lock that is welcome, and so on.

    ``first`` is the place of the first file to judge: those before it are only applied.
    """

    before: str = ""
    fixture: str = ""
    max_lock: str = ""
    race: bool = False
    probes: Probes = Probes(())
    needs: ReleaseNeeds = ReleaseNeeds()
    first: int = 0
    releases: Sequence[Release] = field(default_factory=tuple)


class Prover:
    """Proves one history on one ground."""

    def __init__(
        self,
        ground: Ground,
        subjects: Sequence[Subject],
        wanted: Wanted = Wanted(),  # noqa: B008  # a frozen value
        progress: Progress = lambda *_: None,
    ) -> None:
        self._ground = ground
        self._subjects = subjects
        self._wanted = wanted
        self._progress = progress
        self._filler = Filler(wanted.fixture)
        self._applied: list[Subject] = []
        self._prepare()

    def _prepare(self) -> None:
        """Make the databases, as the files applied so far leave them."""
        ground = self._ground
        self._start = ground.create()
        if self._wanted.before:
            with ground.session(self._start) as session:
                session.send(self._wanted.before.encode())
        self._plain = Lane(ground, ground.create(self._start))
        for subject in self._applied:
            _, _, before = self._plain.apply(subject)
            if before:
                ground.drop(before)
        url = ground.create(self._start)
        self._filled = Filled(ground, url, self._filler, self._wanted.probes)
        if self._applied:
            self._filled.begin_anew(self._plain.url)

    def prove(self) -> Proof:
        """Prove every file, in order, then the history as a whole."""
        begun = time.monotonic()
        verdicts, earlier = [], []
        with ThreadPoolExecutor(2, "lockstep-prove") as workers:
            for number, subject in enumerate(self._subjects, start=1):
                if number <= self._wanted.first:
                    earlier.append(self._pass_by(subject))
                    continue
                if number == self._wanted.first + 1 and earlier:
                    self._filled.begin_anew(self._plain.url)
                verdict = self._survived(subject, workers)
                verdicts.append(verdict)
                self._progress(number, len(self._subjects), verdict)
        shown = self._replayed(earlier, verdicts)
        verdicts, history = shown[0], {**shown[1], **self._as_a_whole()}
        if self._wanted.race:
            verdicts = self._raced(verdicts)
        version = self._ground.server_version
        return Proof(
            verdicts,
            history,
            dict(self._filler.unfilled),
            f"{version // 10000}.{version % 10000}",
            time.monotonic() - begun,
        )

    def _pass_by(self, subject: Subject) -> FileVerdict:
        """Apply a file that nobody asks about."""
        failure, mode, before = self._plain.apply(subject)
        if before:
            self._ground.drop(before)
        if failure is not None:
            return does_not_apply(subject, mode, failure)
        self._applied.append(subject)
        return FileVerdict(subject, mode, {"applies": Check("ok"), "twice": skipped("untouched")})

    def _survived(self, subject: Subject, workers: ThreadPoolExecutor) -> FileVerdict:
        """Prove a file; one after which nothing works any more is left out, and the rest goes on without it."""
        known = list(self._applied)
        try:
            return self._held(subject, workers)
        except (ServerError, DatabaseUnreachable) as error:
            verdict = breaks_off(subject, error, applied=len(self._applied) > len(known))
        self._applied = known
        self._ground.renew()
        self._prepare()
        return verdict

    def _held(self, subject: Subject, workers: ThreadPoolExecutor) -> FileVerdict:
        """Prove a file, and hold it against what the release before needs."""
        needs, ground = self._wanted.needs, self._ground
        if not needs.needed:
            return self._prove(subject, workers)
        before = needs.lacking(ground, self._plain.url)
        with ground.copy(self._plain.url) as copy:
            verdict = self._prove(subject, workers)
            if verdict.verdict == "fails":
                return verdict
            after = needs.lacking(ground, self._plain.url)
            release = needs.judge(ground, subject, before, copy, after)
        probed = verdict.checks.get("release", release)
        checks = {**verdict.checks, "release": release if probed.good else probed}
        return replace(verdict, checks=checks)

    def _prove(self, subject: Subject, workers: ThreadPoolExecutor) -> FileVerdict:
        roles = self._ground.roles()
        watch = Watch()
        failure, mode, before = self._plain.apply(subject, watch=watch)
        if failure is not None:
            return does_not_apply(subject, mode, failure)
        self._applied.append(subject)
        own_roles = self._changes_roles(subject, roles)
        again = workers.submit(self._plain.again, subject, mode)
        with_rows = workers.submit(
            self._with_rows, subject, mode, before, watch, own_roles=own_roles
        )
        wait((again,))
        wait((with_rows,))  # what one of them meets must not end the other's database
        second, rows = again.result(), with_rows.result()
        if before:
            self._ground.drop(before)
        if rows.again is None:
            rows = self._filled.catch_up(subject, mode, rows, self._plain.url, useful=second.good)
        checks = {
            "applies": Check("ok", plain="ok", rows=rows.applies),
            "twice": judge_twice(subject, second, rows.again),
            "crash": rows.crash,
            "replay": skipped("not reached"),
            "online": judge_online(watch.effects, self._wanted.max_lock),
        }
        if self._wanted.probes.queries:
            checks["release"] = rows.release
        return FileVerdict(subject, mode, checks)

    def _changes_roles(self, subject: Subject, before: frozenset[tuple[str, str]]) -> bool:
        after = self._ground.roles()
        new = {name for name, _ in after} - {name for name, _ in before}
        # On a server that others use too, theirs appear and go as well.
        self._ground.made_roles |= {name for name in new if name in subject.text}
        return after != before

    def _with_rows(
        self, subject: Subject, mode: Mode, before: str, watch: Watch, *, own_roles: bool
    ) -> WithRows:
        if mode == "as-written" and not own_roles:
            watch_as_written(self._ground, before, subject, watch)
        if own_roles:
            return WithRows.without("it changes roles, which all databases of a server share")
        return self._filled.prove(subject, mode, before, self._plain)

    def _replayed(
        self, earlier: list[FileVerdict], verdicts: list[FileVerdict]
    ) -> tuple[list[FileVerdict], dict[str, Check]]:
        """Run all again; what that shows of a file that nobody asked about is said of the history."""
        every = replay(self._ground, self._filled.url, self._plain.url, [*earlier, *verdicts])
        untouched = every[: len(earlier)]
        told = next((one for one in untouched if not one.checks.get("replay", _GOOD).good), None)
        history = {}
        if told is not None:
            check = told.checks["replay"]
            history["replay"] = replace(check, reason=f"{told.subject.name}: {check.reason}")
        return every[len(earlier) :], history

    def _as_a_whole(self) -> dict[str, Check]:
        head = self._plain.look(rows=False)
        change = changes(State(head.schema, {}), self._filled.look())
        fresh = Check("ok")
        if change:
            fresh = Check("unsafe", f"with rows the head is another: {change}", change=change)
        found = {"fresh = upgraded": fresh}
        return found | dict(
            upgrade(self._ground, self._start, head, self._applied, self._wanted.releases)
        )

    def _raced(self, verdicts: list[FileVerdict]) -> list[FileVerdict]:
        ran = iter(race(self._ground, self._start, self._applied))
        known = {(one.kind, one.name): check for one, check in zip(self._applied, ran, strict=True)}
        return [
            replace(
                one,
                checks={**one.checks, "race": known[one.subject.kind, one.subject.name]},
            )
            if (one.subject.kind, one.subject.name) in known
            else one
            for one in verdicts
        ]


_GOOD = Check("ok")
