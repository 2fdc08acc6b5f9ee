"""The transition function keeps to the states that the domain draws."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.content.model import (
    LONGEST_REASON,
    Action,
    Status,
    TransitionRefused,
    advance,
    allowed,
    describe_failure,
    storable,
)

DRAWN = {
    ("draft", "scheduled"),
    ("scheduled", "publishing"),
    ("publishing", "published"),
    ("publishing", "failed"),
    ("scheduled", "paused"),
    ("paused", "scheduled"),
    ("scheduled", "cancelled"),
    ("failed", "scheduled"),
}
statuses = st.sampled_from(Status)
actions = st.sampled_from(Action)


def test_the_changes_are_those_of_the_domain() -> None:
    """Exactly the drawn changes are possible; a take-over, an edit and another time change nothing."""
    changes = {
        (status.value, advance(status, a).value) for status in Status for a in allowed(status)
    }
    assert {(before, after) for before, after in changes if before != after} == DRAWN
    assert advance(Status.PUBLISHING, Action.TAKE_OVER) is Status.PUBLISHING


@given(statuses, actions)
def test_what_is_not_allowed_is_refused_by_name(status: Status, action: Action) -> None:
    """An action leads somewhere if it is allowed; else the refusal names the state, the action and what is possible."""
    if action in allowed(status):
        assert advance(status, action) in Status
        return
    with pytest.raises(TransitionRefused) as caught:
        advance(status, action)
    assert f"cannot {action} content that is {status}" in str(caught.value)
    assert all(possible in str(caught.value) for possible in allowed(status))


@given(st.lists(actions, max_size=60))
def test_any_walk_keeps_the_promises(walk: list[Action]) -> None:
    """Whatever is tried in whatever order: it is out once at most, only after a claim, and nothing follows."""
    status, taken = Status.DRAFT, []
    for action in walk:
        before = status
        if action in allowed(status):
            status = advance(status, action)
            taken.append(action)
        assert status is before or before not in {Status.PUBLISHED, Status.CANCELLED}
        assert status is not Status.PAUSED or before in {Status.SCHEDULED, Status.PAUSED}
    assert taken.count(Action.PUBLISH) <= 1
    assert (status is Status.PUBLISHED) == (Action.PUBLISH in taken)
    if Action.PUBLISH in taken or Action.FAIL in taken:
        assert Action.CLAIM in taken


def test_only_what_is_on_its_way_out_cannot_be_edited() -> None:
    """In every state but `publishing` the text is its author's."""
    assert {s for s in Status if Action.EDIT not in allowed(s)} == {Status.PUBLISHING}


def test_an_end_is_reachable_from_everywhere() -> None:
    """No state is a trap: from each, content can still be published, or it is out or cancelled for good."""
    ends = {s for s in Status if all(advance(s, action) is s for action in allowed(s))}
    assert ends == {Status.PUBLISHED, Status.CANCELLED}
    reached = {Status.PUBLISHED}
    for _ in Status:
        reached |= {s for s in Status if any(advance(s, a) in reached for a in allowed(s))}
    assert reached == set(Status) - {Status.CANCELLED}


@given(st.text(st.characters(), max_size=3 * LONGEST_REASON))
def test_reasons_fit_the_database(text: str) -> None:
    """Whatever an exception says becomes text without NUL, encodable, and of a sane length."""
    clean = storable(text)
    assert "\0" not in clean
    assert len(clean) <= LONGEST_REASON
    assert clean.encode("utf-8").decode() == clean


def test_lone_surrogates_are_replaced() -> None:
    """A text that is no Unicode does not break the write that would explain it."""
    assert storable("a\ud800b\0") == "a?b"


def test_a_failure_is_one_line() -> None:
    """The exception's class and its words, or the class alone."""
    assert describe_failure(ValueError("no\n  token")) == "ValueError: no token"
    assert describe_failure(TimeoutError()) == "TimeoutError"
