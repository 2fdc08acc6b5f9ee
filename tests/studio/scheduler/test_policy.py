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


@given(policies, st.none() | st.floats(allow_nan=False), st.integers(0, 10_000))
def test_a_sleep_ends_with_the_poll_and_never_spins(
    policy: Policy, until_next: float | None, in_vain: int
) -> None:
    """However far or long past the next time is, a sleep is between a millisecond and the poll, and no longer than a lease."""
    assert 0.001 <= policy.sleep(until_next, in_vain) <= min(policy.poll, policy.lease)


def test_looking_in_vain_gets_rarer() -> None:
    """What is overdue but held by somebody is looked for after 20 ms, then after twice as long, up to a quarter of a second."""
    sleeps = [Policy().sleep(-1.0, in_vain) for in_vain in range(1, 7)]
    assert sleeps == [0.02, 0.04, 0.08, 0.16, 0.25, 0.25]


def test_a_sleep_ends_when_something_is_due() -> None:
    """Between those bounds the sleep is as long as the wait for what is next."""
    assert Policy().sleep(1.25) == 1.25


@given(policies, st.integers(1, 10_000), chances)
def test_reconnecting_is_tried_at_least_once_a_poll(
    policy: Policy, failures: int, chance: float
) -> None:
    """However often it failed, the next try is not later than a poll, and not at once."""
    assert 0.04 < policy.reconnect_in(failures, chance) <= policy.poll


@given(policies)
def test_a_lease_outlives_two_failed_renewals(policy: Policy) -> None:
    """There is time for more than one renewal in a lease; and working as long as a platform may is no silence."""
    assert policy.renewal * 3 < policy.lease
    assert policy.silence > max(policy.poll, policy.publish_timeout)


def test_a_dead_instance_is_replaced_in_under_five_seconds() -> None:
    """By default a lease that began just after a look is seen before it ends, and it ends in time."""
    policy = Policy()
    assert policy.longest_sleep <= policy.lease < 5
