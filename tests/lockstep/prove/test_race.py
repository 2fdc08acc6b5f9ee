"""Eight boots at once: files that bear it, and files that let go of what keeps boots apart."""

from __future__ import annotations

import re

import pytest
from tests.lockstep.prove.conftest import Prove

pytestmark = pytest.mark.long

BAD = {
    "race_kicks_everyone_out": (
        "0001_kick.sql",
        "7 of 8 runners at once did not succeed: ",
        "terminating connection due to administrator command",
    ),
    "race_lets_the_lock_go": (
        "0001_unlock.sql",
        " of 8 runners at once did not succeed: ",
        # Who comes to its end first, sees one or the other.
        'violates unique constraint "ledger_key"|the boot lock .* is no longer held by this session',
    ),
}


def test_a_good_history_bears_eight_boots_at_once(prove: Prove) -> None:
    """Each file is applied by one of eight, also a concurrent index build that waits for what others hold open."""
    proof = prove("race_good", race=True)
    assert [one.checks["race"].as_dict() for one in proof.files] == [
        {"result": "ok", "points": 8},
        {"result": "ok", "points": 8},
    ]
    assert proof.proven


@pytest.mark.parametrize("example", BAD)
def test_a_file_that_harms_other_boots_is_told(prove: Prove, example: str) -> None:
    """It is good in every other check; what comes after it is not raced, for no state is there to begin from."""
    name, how_many, why = BAD[example]
    first, *after = prove(example, race=True).files
    check = first.checks["race"]
    assert (first.subject.name, first.verdict) == (name, "unsafe")
    assert first.decisive is check
    assert how_many in check.reason
    assert re.search(why, check.reason)
    skipped = f"{name} was not applied once by all together"
    assert [one.checks["race"].reason for one in after] == [skipped] * len(after)
