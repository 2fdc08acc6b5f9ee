"""The prover on trial: from files that are proven each guard is taken out, one at a time, and it must see every loss."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from tests.lockstep.prove.conftest import EXAMPLES, Prove

pytestmark = pytest.mark.long

_GUARD = re.compile(
    r" IF NOT EXISTS| OR REPLACE| IF EXISTS| ON CONFLICT \(id\) DO NOTHING"
    r"| WHERE NOT EXISTS \(SELECT FROM shop\.items WHERE id = 2\)|IF (?P<condition>to_regtype\('shop.size'\) IS NULL) THEN"
    r"|-- lockstep: no-transaction\n"
)
_FILES = sorted((EXAMPLES / "guarded").iterdir())


def _mutants() -> Iterator[tuple[str, dict[str, str]]]:
    """Yield, for each guard, where it stood, and the files without it."""
    texts = {file.name: file.read_text() for file in _FILES}
    for name, text in texts.items():
        for guard in _GUARD.finditer(text):
            without = "IF true THEN" if guard["condition"] else ""
            mutated = text[: guard.start()] + without + text[guard.end() :]
            line = text.count("\n", 0, guard.start()) + 1
            yield f"{name}:{line}", {**texts, name: mutated}


_MUTANTS = dict(_mutants())


def test_the_files_are_proven_as_they_are(prove: Prove) -> None:
    """With all guards in place nothing is wrong: so what is found below is found for the lack of one."""
    assert prove("guarded").proven


@pytest.mark.parametrize("place", _MUTANTS)
def test_the_loss_of_a_guard_is_seen(prove: Prove, place: str) -> None:
    """Without any one of its guards the file is not proven."""
    proof = prove(files=_MUTANTS[place])
    verdicts = {one.subject.name: one.verdict for one in proof.files}
    assert verdicts[place.partition(":")[0]] != "proven"
