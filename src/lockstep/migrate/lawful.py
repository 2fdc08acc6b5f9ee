"""The law of the house, held before the first statement of any file: what runs may run twice.

A statement means what it means on what the files before it have made, so all that is shipped is gone through in its order.
Only what is pending is judged; applied files only teach, for they never change.
"""

from __future__ import annotations

import contextlib
import gc
import os
import shlex
from collections.abc import Iterator, Sequence
from typing import Literal

from lockstep.errors import Place, Problem
from lockstep.events import FilesWarned
from lockstep.migrate.files import File, Shipped, rejected
from lockstep.migrate.script import Script, examine
from lockstep.position import place_at
from lockstep.postgres.doctor import Facts
from lockstep.sql.analysis import Analyser, needs_no_judge
from lockstep.sql.finding import Finding
from lockstep.sql.ignores import apply_ignores, holds_ignores, ignores
from lockstep.sql.parser import GRAMMAR_VERSION, ROWS_ONLY, parse
from lockstep.values import dataclass

_SHOWN = 5
_LISTED = 10
_LAW = (
    " What has run may have to run again, after a restore or a lost ledger for one, and must end where it ended: "
    "what stays as it is says so beside the statement: -- lockstep: ignore <rule> because <reason>"
)


@dataclass(frozen=True, slots=True)
class Examined:
    """The scripts that may run, in order, and what is to be said of them all the same."""

    scripts: tuple[Script, ...]
    warnings: tuple[Problem, ...] = ()

    def event(self) -> FilesWarned:
        """Return the warnings as what a boot reports: a few of them, and how many there are."""
        shown = (f"{warning.place}: {warning.what}" for warning in self.warnings[:_SHOWN])
        return FilesWarned(len(self.warnings), tuple(shown))


def examine_pending(
    shipped: Shipped,
    pending: Sequence[File],
    facts: Facts,
    lint: Literal["refuse", "report"] = "refuse",
) -> Examined:
    """Examine the *pending* files of *shipped*, for the database of *facts*.

    Raises ``FilesRejected`` with every problem of every file: what cannot run at all and, unless *lint* is ``report``, what
    cannot run twice.
    """
    court = _Court(facts, refuses=lint == "refuse")
    left = {(file.kind, file.name) for file in pending}
    with _uncollected():
        for file in shipped.files:
            if not left:
                break
            if (file.kind, file.name) in left:
                left.remove((file.kind, file.name))
                court.judge(file)
            else:
                court.learn(file)
    if court.problems:
        raise rejected(court.problems, _LAW if court.unlawful else "")
    return Examined(tuple(court.scripts), tuple(court.warnings))


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the collector off the trees: there are no cycles among them, and looking is a fifth of the work."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class _Court:
    """What is known of the history so far, and of the files that were judged."""

    def __init__(self, facts: Facts, *, refuses: bool) -> None:
        self.scripts: list[Script] = []
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self.unlawful = False
        self._facts = facts
        self._refuses = refuses
        self._analyser = Analyser(facts.major)

    def learn(self, file: File) -> None:
        """Take note of an applied file."""
        # It has run: nothing about it keeps a boot from going on.
        with contextlib.suppress(Exception):
            self._analyser.learn(parse(file.text))

    def judge(self, file: File) -> None:
        """Examine a pending file: may it run once, and may it run twice?"""
        script, problems = examine(file, self._facts.major)
        self.problems += problems
        if script is None:
            return
        self.scripts.append(script.fit_to_keep())
        self.warnings += _beyond_judgement(script)
        try:
            found = _heeding_ignores(script, self._findings(script))
        except Exception as error:  # its own defect must not be a dead end: the setting leads on
            self._sort(_not_judged(file, error), refuses=True)
            return
        for finding in found[:_LISTED]:
            refuses = finding.severity == "error" and finding.kind != "hazard"
            self._sort(_problem(file, finding), refuses=refuses)
        rest = found[_LISTED:]
        if rest:
            self._sort(_more(file, len(rest)), refuses=rest[0].severity == "error")

    def _findings(self, script: Script) -> list[Finding]:
        """Return what the analyser says; in an empty database nothing is dangerous."""
        statements = [statement for statement in script.statements if statement.tree]
        if needs_no_judge(script.text):
            self._analyser.learn(statements)
            return []
        return self._analyser.judge(
            statements,
            transaction=script.header.transaction,
            repair=script.header.repair,
            hazards=self._facts.has_ledger or self._facts.user_tables > 0,
        )

    def _sort(self, problem: Problem, *, refuses: bool) -> None:
        if refuses and self._refuses:
            self.unlawful = True
            self.problems.append(problem)
        else:
            self.warnings.append(problem)


def _heeding_ignores(script: Script, findings: list[Finding]) -> list[Finding]:
    """Return the findings that nobody ignores, those that refuse first."""
    if holds_ignores(script.text):
        # A rule may be gone, or not yet there, in the version that boots: an ignore that does nothing is no reason to refuse.
        known = {ignore.rule for ignore in ignores(script.text, script.statements)}
        findings = apply_ignores(script.text, script.statements, findings, known)
    return sorted(findings, key=lambda finding: finding.severity != "error")


def _problem(file: File, finding: Finding) -> Problem:
    help_ = finding.help
    if finding.fixable:
        help_ += f"\n`lockstep lint --fix {_path(file)}` writes it."
    place = place_at(file.shown, file.text, finding.start)
    return Problem(f"{finding.rule}: {finding.message}", place, help_)


def _path(file: File) -> str:
    """Return where a file lies as one would type it here."""
    relative = os.path.relpath(file.folder / file.name)
    above = relative.startswith(os.pardir)
    return shlex.quote(str(file.folder / file.name) if above else relative)


def _beyond_judgement(script: Script) -> Iterator[Problem]:
    place = Place(script.file.shown)
    if any(not statement.kind for statement in script.statements):
        what = f"is newer than the grammar (PostgreSQL {GRAMMAR_VERSION}): whether it may run twice is not known"
        yield Problem(what, place)
    if any(statement.kind in ROWS_ONLY and not statement.tree for statement in script.statements):
        what = "is too large to judge at each boot what it does to rows: `lockstep lint` does it"
        yield Problem(what, place)


def _more(file: File, number: int) -> Problem:
    return Problem(f"has {number} more findings: `lockstep lint` lists them", Place(file.shown))


def _not_judged(file: File, error: Exception) -> Problem:
    return Problem(
        f"could not be judged, by a defect of Lockstep: {type(error).__name__}: {error}",
        Place(file.shown),
        "Please report it with the file's text. LOCKSTEP_LINT=report lets the file run meanwhile.",
    )
