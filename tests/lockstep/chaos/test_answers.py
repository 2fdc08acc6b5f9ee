"""Which answers are too early."""

from __future__ import annotations

import pytest

from lockstep.chaos.answers import Answers, too_early


def seen(*answers: tuple[str, int], undisturbed: bool = True) -> list[str]:
    """What is wrong with each of these answers of one copy, all of whose files are applied."""
    one = Answers("/readyz")
    return [one.saw(path, status, 2, undisturbed=undisturbed) for path, status in answers]


@pytest.mark.parametrize("status", [200, 204, 302])
def test_an_answer_before_it_says_that_it_is_ready(status: int) -> None:
    """Then it says itself that it was not."""
    (first, second) = seen(("/", status), ("/readyz", 503))

    assert first == ""
    assert (
        second
        == f"GET / was answered with {status}, and GET /readyz after it with 503: it was not ready"
    )


@pytest.mark.parametrize(
    "answers",
    [
        [("/", 503), ("/readyz", 503), ("/", 200), ("/readyz", 200)],
        [("/", 200), ("/readyz", 200), ("/", 200), ("/readyz", 503)],
        [("/", 404), ("/readyz", 503)],
        [("/", 200), ("/readyz", 404)],
    ],
)
def test_answers_in_order(answers: list[tuple[str, int]]) -> None:
    """Ready in between; ready once; not an answer; no word about readiness."""
    assert set(seen(*answers)) == {""}


def test_a_copy_that_is_stopped_may_turn_away() -> None:
    """It was ready between two questions, and is not any more."""
    assert seen(("/", 200), ("/readyz", 503), undisturbed=False) == ["", ""]


def test_silence_in_between_is_no_word() -> None:
    """A copy that was gone between the two answers has not contradicted itself."""
    one = Answers("/readyz")
    one.saw("/", 200, 2, undisturbed=True)
    one.silent()

    assert one.saw("/readyz", 503, 0, undisturbed=True) == ""
    assert one.latest == {"/readyz": 503}


def test_an_answer_before_all_files_were_applied() -> None:
    """Whatever it says of itself: the first answer counts, and what was applied right after it."""
    one = Answers("/readyz")
    one.saw("/", 503, 0, undisturbed=True)
    one.saw("/readyz", 200, 1, undisturbed=True)
    one.saw("/", 200, 2, undisturbed=True)

    assert too_early(one, 2) == "GET /readyz was answered when 1 of 2 files were applied"
    assert too_early(one, 1) == ""
    assert too_early(Answers("/readyz"), 2) == ""
