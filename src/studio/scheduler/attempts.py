"""One attempt: ask the publisher, and decide what its answer means. Nothing is written here."""

from __future__ import annotations

import asyncio

from studio.content.model import Claim, Receipt, Settlement, describe_failure
from studio.publishing.publishers import Publisher, Rejected, TryLater
from studio.scheduler.policy import Policy


async def attempt(publisher: Publisher, claim: Claim, policy: Policy, chance: float) -> Settlement:
    """Publish *claim*, unless that is hopeless; whatever the publisher raises is a failed attempt, never an error of ours."""
    answer = await _answer(publisher, claim, policy)
    return settlement(claim, answer, policy, chance)


def settlement(
    claim: Claim, answer: Receipt | Exception, policy: Policy, chance: float
) -> Settlement:
    """Return what an answer means for *claim*: published, tried again after a pause, or failed for good."""
    if isinstance(answer, Receipt):
        return Settlement(claim, answer)
    retry_in = None if isinstance(answer, Rejected) else policy.retry_in(claim.attempt, chance)
    if retry_in is not None and isinstance(answer, TryLater) and answer.after is not None:
        retry_in = min(max(retry_in, answer.after), policy.longest_pause)
    return Settlement(claim, None, describe_failure(answer), retry_in)


def hopeless(claim: Claim, policy: Policy) -> str:
    """Say why nobody should be asked at all; empty if somebody should."""
    if claim.already_out:
        return f"version {claim.version} is already out on {claim.platform}"
    if claim.attempt > policy.attempts:
        return f"given up: {claim.attempt - 1} attempts ended, the last without an outcome"
    return ""


async def _answer(publisher: Publisher, claim: Claim, policy: Policy) -> Receipt | Exception:
    reason = hopeless(claim, policy)
    if reason:
        return Rejected(reason)
    bound = asyncio.timeout(policy.publish_timeout)
    try:
        async with bound:
            return await publisher.publish(claim)
    except Exception as error:
        late = f"no answer within {policy.publish_timeout:g} s"
        return TimeoutError(late) if bound.expired() else error
