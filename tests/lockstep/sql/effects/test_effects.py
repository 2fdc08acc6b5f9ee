"""Locks and work as the analyser declares them, against what a real server does: every case of the ``.sql`` files here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lockstep.sql.analysis import Analyser
from lockstep.sql.effect import Context, strongest
from lockstep.sql.effects import effects_of
from lockstep.sql.parser import parse

SINCE = re.compile(r" \(since (\d+)\)")
FAILS = re.compile(r" \(fails (\w+)\)")
BEHIND = re.compile(r" \(behind ([A-Z ]+)\)")
HARMLESS = {"AccessShareLock", "RowExclusiveLock"}


@dataclass(frozen=True)
class Trial:
    """A statement to try, what is there before it, since when servers know it, how it fails, and what holds it up."""

    setup: str
    statement: str
    since: int
    fails: str
    behind: str


def trials() -> Iterator[object]:
    """Yield the cases of all files: what precedes the first is there before each of its file."""
    for file in sorted(Path(__file__).parent.glob("*.sql")):
        common, *rest = re.split(
            r"^-- case: ", file.read_text(encoding="utf-8"), flags=re.MULTILINE
        )
        for text in rest:
            title, body = text.split("\n", 1)
            setup, _, statement = body.rpartition("-- run\n")
            since, fails, behind = (pattern.search(title) for pattern in (SINCE, FAILS, BEHIND))
            trial = Trial(
                common + setup,
                statement,
                int(since[1]) if since else 0,
                fails[1] if fails else "",
                behind[1] if behind else "",
            )
            yield pytest.param(trial, id=f"{file.stem}: {title}")


@pytest.mark.parametrize("trial", list(trials()))
def test_the_server_does_what_is_declared(trial: Trial, shadow: Any) -> None:
    """Each relation's strongest lock, and the work on it, are what the server shows."""
    measured = shadow.measure(trial.setup, trial.statement, trial.behind)
    if trial.since > shadow.server:
        assert measured.sqlstate
        return
    assert measured.sqlstate == trial.fails
    if not trial.fails:
        expected = declared(trial, shadow.server)
        seen = measured.effects
        if trial.behind:  # it waits for its first lock: the others are not seen
            expected = {name: effect for name, effect in expected.items() if name in seen}
        assert without_reads(seen, expected) == expected


def without_reads(
    seen: Mapping[str, tuple[str, str]], expected: Mapping[str, object]
) -> dict[str, tuple[str, str]]:
    """Return what was seen but for relations that are read, and sequences that count, unless that was declared."""
    return {n: e for n, e in seen.items() if e[0] not in HARMLESS or n in expected}


def declared(trial: Trial, server: int) -> dict[str, tuple[str, str]]:
    """Return what the analyser says, by the relation's name."""
    analyser = Analyser(server)
    analyser.learn(parse(trial.setup))
    (statement,) = parse(trial.statement)
    effects = strongest(effects_of(statement, Context(analyser.state)))
    return {key[-1]: effect for key, effect in effects.items()}
