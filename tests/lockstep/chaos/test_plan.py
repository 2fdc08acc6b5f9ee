"""From a seed to what is done: always the same, and of every kind."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lockstep.chaos.plan import plan

SEEDS = st.integers(0, 10**9)


@given(seed=SEEDS, number=st.integers(1, 20), copies=st.integers(1, 9), files=st.integers(0, 50))
def test_a_plan_is_fit_to_be_done(seed: int, number: int, copies: int, files: int) -> None:
    """The same each time it is asked for; copies that exist, times within the window, files that are not the last."""
    made = plan(seed, number, copies, files)

    assert made == plan(seed, number, copies, files)
    assert copies <= len(made) <= 2 * copies
    for one in made:
        assert one.copy in (range(1, copies + 1) if one.kind.startswith("SIG") else (0,))
        assert 0 <= one.at <= 1
        assert one.files == 0 or (one.at == 0 and 1 <= one.files < files)
        assert one.lasts == 0 or one.kind == "SIGSTOP"


@given(seed=SEEDS)
def test_rounds_and_seeds_differ(seed: int) -> None:
    """Another round is another plan, and so is another seed."""
    first = plan(seed, 1, 9, 9)

    assert first != plan(seed, 2, 9, 9)
    assert first != plan(seed + 1, 1, 9, 9)


def test_every_kind_comes_up() -> None:
    """In some rounds of one seed there is everything: at a time, and after a file."""
    made = [one for number in range(1, 21) for one in plan(1, number, 4, 9)]

    kinds = {"SIGKILL", "SIGTERM", "SIGSTOP", "backend", "power cut"}
    assert {one.kind for one in made if one.files} == kinds
    assert {one.kind for one in made if not one.files} == kinds


def test_a_round_is_a_seed_of_its_own() -> None:
    """What round 3 does is known to the letter: a plan that changes with a release could not be replayed."""
    told = [one.told(10.0) for one in plan(7, 3, 6, 9)]

    assert told == [
        "power cut at 6.22 s",
        "SIGKILL of copy 2 at 7.83 s",
        "SIGKILL of copy 5 at 9.89 s",
        "SIGTERM of copy 5 after file 3",
        "SIGTERM of copy 6 after file 4",
        "SIGKILL of copy 2 after file 5",
        "power cut after file 6",
        "SIGKILL of copy 4 after file 8",
    ]
