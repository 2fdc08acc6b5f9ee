"""The scheduler's pace: back-off within bounds, sleeps that never spin and never last too long."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from studio.scheduler.policy import Policy

chances = st.floats(0, 1)
policies = st.builds(
    Policy,
    poll=st.floats(0.1, 60),
    lease=st.floats(1, 3600),
    attempts=st.integers(1, 100),
    first_pause=st.floats(0.1, 3600),
)


@given(policies, st.integers(1, 200), chances)
def test_a_retry_waits_within_bounds_until_the_last(
    policy: Policy, attempt: int, chance: float
) -> None:
    """Each wait is between half of the doubled pause and the whole, capped; after the last attempt there is none."""
    wait = policy.retry_in(attempt, chance)
    if attempt >= policy.attempts:
        assert wait is None
        return
    pause = min(policy.first_pause * 2.0 ** (attempt - 1), policy.longest_pause)
    assert wait is not None
    assert pause / 2 <= wait <= pause


@given(policies, st.integers(1, 98), chances)
def test_waits_never_shrink(policy: Policy, attempt: int, chance: float) -> None:
    """With the same luck a later attempt waits at least as long."""
    waits = [policy.retry_in(n, chance) for n in (attempt, attempt + 1)]
    if waits[0] is not None and waits[1] is not None:
        assert waits[0] <= waits[1]


def test_the_wait_doubles() -> None:
    """Five, ten, twenty: then it stays at the longest."""
    policy = Policy(first_pause=5, longest_pause=30, attempts=6)
    assert [policy.retry_in(n, 1.0) for n in range(1, 7)] == [5, 10, 20, 30, 30, None]


@given(policies, st.none() | st.floats(allow_nan=False))
def test_a_sleep_ends_with_the_poll_and_never_spins(
    policy: Policy, until_next: float | None
) -> None:
    """However far or long past the next time is, a sleep is between a fiftieth of a second and the poll."""
    assert 0.02 <= policy.sleep(until_next) <= policy.poll


def test_a_sleep_ends_when_something_is_due() -> None:
    """Between those bounds the sleep is as long as the wait for what is next."""
    assert Policy(poll=5).sleep(1.25) == 1.25


@given(policies, st.integers(1, 10_000), chances)
def test_reconnecting_is_tried_at_least_once_a_poll(
    policy: Policy, failures: int, chance: float
) -> None:
    """However often it failed, the next try is not later than a poll, and not at once."""
    assert 0.04 < policy.reconnect_in(failures, chance) <= policy.poll


@given(policies)
def test_a_publisher_has_given_up_before_its_lease_ends(policy: Policy) -> None:
    """Nobody takes over while the publisher may still succeed; and working so long is no silence."""
    assert policy.publish_timeout < policy.lease
    assert policy.silence > max(policy.poll, policy.publish_timeout)
