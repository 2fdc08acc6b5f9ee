"""Histories become findings: prepared, analysed, ignores applied, rules chosen."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Sequence
from itertools import accumulate
from typing import NamedTuple

from lockstep.lint import halves
from lockstep.lint.sources import File, History
from lockstep.migrate.header import parse_header
from lockstep.sql.analysis import analyse
from lockstep.sql.encodings import syntax
from lockstep.sql.finding import Finding, Source
from lockstep.sql.ignores import apply_ignores, holds_ignores
from lockstep.sql.parser import NotParsed, parse
from lockstep.sql.prepass import Prepared, prepare
from lockstep.values import dataclass


class Linted(NamedTuple):
    """A file with its text as it was read, and what was found in it, in the order of the text."""

    file: File
    prepared: Prepared
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """Which findings are wanted: those of ``select`` (empty: all) without those of ``exclude``.

    What keeps a file from running is found whatever is selected, for without it nothing else can be: only ``exclude`` hides it.
    """

    select: frozenset[str] = frozenset()
    exclude: frozenset[str] = frozenset()

    def wants(self, finding: Finding) -> bool:
        """True if a finding is to be reported."""
        broken = finding.kind == "syntax" and finding.severity == "error"
        return finding.rule not in self.exclude and (
            not self.select or finding.rule in self.select or broken
        )


@dataclass(frozen=True, slots=True)
class Linter:
    """What all files of a run are judged by: the server's major version, the rules that exist, and the choice among them."""

    server: int
    rules: Collection[str]
    choice: Choice = Choice()

    def lint(self, histories: Sequence[History]) -> list[Linted]:
        """Return the files that are to be reported, with their findings, in the order of the histories."""
        return [linted for history in histories for linted in self._history(history)]

    def _history(self, history: History) -> list[Linted]:
        prepared = [prepare(file.raw, forward_only=True) for file in history]
        both = list(zip(history, prepared, strict=True))
        sizes = [len(ready.text) if file.reported else 0 for file, ready in both]
        found = halves.judged(sizes, functools.partial(self._part, both))
        return [
            Linted(file, ready, findings)
            for (file, ready), findings in zip(both, found, strict=True)
            if file.reported
        ]

    def _part(
        self, files: Sequence[tuple[File, Prepared]], start: int, end: int
    ) -> list[tuple[Finding, ...]]:
        """Return the findings of the files from *start* to before *end*, none of those that are not to be reported."""
        sources = [Source(file.name, ready.text) for file, ready in files[:end]]
        judged = [number >= start and file.reported for number, (file, _) in enumerate(files[:end])]
        found = analyse(sources, server=self.server, judged=judged)
        return [
            self._judged(file, ready, one.findings) if file.reported else ()
            for (file, ready), one in zip(files[start:end], found[start:], strict=True)
        ]

    def _judged(
        self, file: File, ready: Prepared, analysed: tuple[Finding, ...]
    ) -> tuple[Finding, ...]:
        if guessed := _guessed_names(ready):
            analysed = tuple(_without_guesses(finding, guessed) for finding in analysed)
        found = [*ready.findings, *analysed, *_directives(file.name, ready.text)]
        if holds_ignores(ready.text):
            found = _heeding_ignores(ready.text, found, self.rules)
        found = [finding for finding in found if self.choice.wants(finding)]
        if len(found) > 1:
            found.sort(key=lambda finding: (finding.start, finding.end))
        return tuple(found)


def _guessed_names(ready: Prepared) -> list[re.Pattern[str]]:
    """Return what finds the words that templates were filled with, in the names that the analyser writes."""
    filled = [ready.text[f.start : f.end].strip() for f in ready.findings if f.rule == "template"]
    names = [found for found in filled if found]
    return [
        re.compile(rf"\b{re.escape(name[1:-1])}\b")
        if name[0] in "\"'"
        # PostgreSQL folds and cuts names, and others may stand right beside: the beginning must do.
        else re.compile(re.escape(name[:20]), re.IGNORECASE)
        for name in names
    ]


def _without_guesses(finding: Finding, guessed: Collection[re.Pattern[str]]) -> Finding:
    """Return a finding without edits that name something of which only a tool knows what it is called."""
    if not any(name.search(edit.text) for edit in finding.edits for name in guessed):
        return finding
    return finding._replace(edits=(), unfixable="it would have to name what a template renders to")


def _heeding_ignores(text: str, found: list[Finding], rules: Collection[str]) -> list[Finding]:
    try:
        statements = parse(text)
    except NotParsed:
        return found
    return apply_ignores(text, statements, found, rules)


def _directives(name: str, text: str) -> list[Finding]:
    """Return what is wrong with a file's own directives: a boot refuses a misspelt one, and so it is found here."""
    # Whether a file is a migration or a seed is the boot's to know; every directive may stand in a seed.
    _, problems = parse_header(name, text, "seed")
    if not problems:
        return []
    starts = list(accumulate((len(line) + 1 for line in text.split("\n")), initial=0))
    findings = []
    for problem in problems:
        if problem.place is not None:
            start = starts[problem.place.line - 1] + problem.place.column - 1
            line = text[start : starts[problem.place.line] - 1].rstrip()
            end = start + len(line)
            findings.append(syntax("directive", problem.what, problem.next_step, start, end))
    return findings
