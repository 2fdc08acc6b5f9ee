"""For every check folders of good and bad files: each verdict, where it points, and the counter-example."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from tests.lockstep.prove.conftest import Prove

from lockstep.prove.verdicts import Check, Proof


class Bad(NamedTuple):
    """What is wrong with a file: which check says so, of which line, and what its reason holds."""

    file: str
    verdict: str
    check: str
    line: int
    reason: str


EXPECTED: dict[str, list[Bad]] = {
    "proven": [],
    "needs_a_later_table": [
        Bad("0001_alter.sql", "fails", "applies", 3, 'relation "later" does not exist (42P01)'),
    ],
    "keyless_insert": [
        Bad("0002_insert.sql", "unsafe", "twice", 2, "run again: rows of public.tags: 1 -> 2"),
        Bad("0003_copy.sql", "unsafe", "twice", 2, "there are rows: rows of public.old_tags: 4 -> 6"),
    ],
    "counts_up": [
        Bad("0002_count.sql", "unsafe", "twice", 1, "rows of public.counters: 2, but others"),
    ],
    "unnamed_constraint": [
        Bad("0002_check.sql", "unsafe", "twice", 1, "+ constraint public.prices.prices_amount_check1"),
        Bad("0003_index.sql", "unsafe", "twice", 1, "+ index public.prices_amount_idx1"),
    ],
    "lost_primary_key": [
        Bad("0002_another_key.sql", "unsafe", "twice", 2, "rows of public.identities: 4, but others"),
    ],
    "lost_rows": [
        Bad("0002_create_anew.sql", "unsafe", "twice", 1, "rows of public.drafts: 2 -> 0"),
    ],
    "rebuild": [
        Bad("0002_rebuild.sql", "unsafe", "crash", 4, "killed after statement 4 (line 5), then run again"),
        Bad("0004_own_transactions.sql", "unsafe", "crash", 4, "killed after statement 6 (line 6)"),
    ],
    "invalid_index": [
        Bad("0002_without_directive.sql", "unsafe", "crash", 1, "events_at_idx invalid: nothing -> true"),
    ],
    "renamed_and_made_again": [
        Bad("0001_create.sql", "unsafe", "replay", 2, "+ table public.clients"),
    ],
    "dropped_column": [
        Bad("0002_index.sql", "unsafe", "replay", 2, 'column "weight" does not exist (42703)'),
    ],
    "foreign": [
        Bad("0001_copy.sql", "unsafe", "twice", 4, "copied_pkey"),
        Bad("0005_template.sql", "fails", "applies", 1, 'syntax error at or near "{"'),
        Bad("0006_broken.sql", "fails", "applies", 2, 'syntax error at or near "TABEL"'),
    ],
}  # fmt: skip


@pytest.mark.sampled(4)
@pytest.mark.parametrize("example", EXPECTED)
def test_each_file_of_an_example_gets_its_verdict(prove: Prove, example: str) -> None:
    """What is wrong is found where it is and for the reason it has; all else is proven, in every check that was made."""
    proof = prove(example)
    wrong = {bad.file: bad for bad in EXPECTED[example]}
    for one in proof.files:
        bad = wrong.pop(one.subject.name, None)
        if bad is None:
            assert one.verdict == "proven", (one.subject.name, one.decisive)
            continue
        check = one.decisive
        assert check is one.checks[bad.check]
        assert (one.verdict, check.line) == (bad.verdict, bad.line)
        assert bad.reason in check.reason
    assert not wrong
    assert proof.unfilled == {}


def test_the_rows_that_are_gone_are_shown(prove: Prove) -> None:
    """A counter-example holds how many rows there were, how many there are, and some that only one side has."""
    change = _check(prove("lost_rows"), "0002_create_anew.sql", "twice").as_dict()["difference"]
    assert change["rows"] == [
        {
            "table": "public.drafts",
            "before": 2,
            "after": 0,
            "gone": ["(1000001,lockstep-1)", "(1000002,lockstep-2)"],
            "new": [],
        }
    ]


def test_what_fails_on_rows_alone_is_said_and_does_not_count(prove: Prove) -> None:
    """A plain script applies the file: so it is applied, and what came of it on rows stands beside."""
    applies = _check(prove("lost_rows"), "0003_fails_on_rows.sql", "applies")
    assert (applies.result, applies.plain) == ("ok", "ok")
    assert applies.rows.startswith(
        'fails: line 1: column "author" of relation "notes" contains null'
    )


def test_a_proven_history_shows_every_check(prove: Prove) -> None:
    """Nothing is passed over where all is well: applied and run again with rows too, killed in places, replayed."""
    proof = prove("proven")
    assert proof.proven
    for one in proof.files:
        shown = {name: check.result for name, check in one.checks.items()}
        expected = ("applies", "twice", "crash", "replay", "online")
        assert shown == dict.fromkeys(expected, "ok"), one.subject.name
        assert one.checks["twice"].rows == "ok"
        assert one.checks["crash"].points
    assert {name: check.result for name, check in proof.history.items()} == {
        "fresh = upgraded": "ok"
    }


def _check(proof: Proof, file: str, check: str) -> Check:
    return next(one.checks[check] for one in proof.files if one.subject.name == file)
