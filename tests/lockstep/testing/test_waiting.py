"""Waiting ends with what is waited for, or with a sentence."""

from __future__ import annotations

import pytest

from lockstep.testing import until


def test_the_result_is_returned() -> None:
    """The first true value of the predicate is the answer."""
    answers = iter([None, "", "ready"])
    assert until(lambda: next(answers), sleep=lambda _: None) == "ready"


def test_the_deadline_is_kept_and_named() -> None:
    """After the time has passed the error says what was waited for and what was seen."""
    times = iter([0.0, 1.0, 2.1])
    with pytest.raises(TimeoutError, match=r"2 s in vain for the moon; last seen: 0"):
        until(lambda: 0, 2, what="the moon", clock=lambda: next(times), sleep=lambda _: None)
