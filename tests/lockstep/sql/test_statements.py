"""Every kind of statement, on the real server: what its second run does, what is said of it, and what --fix makes of it.

The tables are in ``statements/``: one case is one statement as people write it. ``make matrix`` runs them on all versions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lockstep.sql.analysis import analyse
from lockstep.sql.finding import Finding, Source, edited

if TYPE_CHECKING:
    from tests.lockstep.sql.conftest import Bench, Case, Twice

TABLES = ("created", "altered", "dropped", "data")


def analysed(case: Case, sql: str, world: str, major: int) -> tuple[Finding, ...]:
    """Return what the analyser says of running *sql* twice after all that the database holds."""
    history = [Source("world.sql", world), Source("before.sql", case.before)]
    found = analyse([*history, Source("case.sql", sql)], server=major)[-1].findings
    return tuple(finding for finding in found if finding.kind == "idempotence")


def run(case: Case, sql: str, peopled: Bench) -> Twice:
    """Run *sql* twice as the case wants it."""
    if peopled.major < case.since:
        pytest.skip(f"the statement is known since PostgreSQL {case.since}")
    return peopled.twice(
        sql, before=case.before, meanwhile=case.meanwhile, alone=case.alone, after=case.after
    )


def major_of(case: Case, peopled: Bench) -> int:
    """Return the server that the analyser is to have in mind."""
    return max(peopled.major, case.since)


@pytest.mark.sampled(40)
def test_the_second_run_does_what_the_table_says(case: Case, peopled: Bench) -> None:
    """The server fails the second run with the SQLSTATE, or shows the change, that the case names, or neither."""
    twice = run(case, case.sql, peopled)
    expected = case.again_on(peopled.major)
    assert twice.first == case.first
    if expected[:1] in "+-~":
        assert twice.again == ""
        assert [line for line in twice.changes if line.startswith(expected)] or not expected
        assert twice.changes or not expected
        assert expected or not twice.changes
    else:
        assert twice.again == expected


def test_exactly_the_expected_rules_find_it(case: Case, world: str, peopled: Bench) -> None:
    """The analyser finds what the server shows, by the rules that the case names, and nothing else."""
    found = analysed(case, case.sql, world, major_of(case, peopled))
    assert [finding.rule for finding in found] == case.rules
    for finding in found:
        assert case.sql[finding.start : finding.end].strip()
        assert (finding.edits == ()) == bool(finding.unfixable)


@pytest.mark.sampled(60)
def test_the_fixed_form_runs_twice(case: Case, world: str, peopled: Bench) -> None:
    """What --fix makes runs twice on the server, does the first time what the original does, and is found no more."""
    before = analysed(case, case.sql, world, major_of(case, peopled))
    edits = [edit for finding in before for edit in finding.edits]
    fixed = edited(case.sql, edits)
    if case.why:
        reasons = [finding.unfixable for finding in before if not finding.fixable]
        assert reasons
        assert all(case.why in reason for reason in reasons)
        assert [f for f in analysed(case, fixed, world, major_of(case, peopled)) if f.unfixable]
        return
    assert (fixed != case.sql) == bool(case.rules)
    twice = run(case, fixed, peopled)
    assert (twice.first, twice.again, twice.changes) == ("", "", ())
    made, wanted = twice.made, run(case, case.sql, peopled).made
    assert made is not None
    assert wanted is not None
    assert (made.objects, made.rows) == (wanted.objects, wanted.rows)
    assert analysed(case, fixed, world, major_of(case, peopled)) == ()
