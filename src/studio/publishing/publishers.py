"""The seam to the outside: what publishes a piece of content on its platform.

A publisher may be asked again for something that is already out: an instance can die between the platform's answer and our
note of it. ``Claim.key`` is the same each time, for platforms that take an idempotency key.
"""

from __future__ import annotations

import logging
from typing import Protocol

from studio.content.model import Claim, Receipt

_LOG = logging.getLogger(__name__)


class Rejected(Exception):
    """It will never be taken: another attempt would only fail again."""


class TryLater(Exception):
    """It was not taken this time; where the platform says how many seconds to wait at least, that is ``after``."""

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.after = after


class Publisher(Protocol):
    """Hands content to a platform."""

    async def publish(self, claim: Claim) -> Receipt:
        """Return once the platform has the content.

        Any exception is a failed attempt, and its text the reason; after ``Rejected`` there is no further one.
        """


class LogPublisher:
    """Publishes to the log: everything works without an account anywhere."""

    async def publish(self, claim: Claim) -> Receipt:
        """Write one line, and give the content's key as the id that the platform made."""
        _LOG.info(
            "content %d is out on %s (version %d, attempt %d, %.3f s late): %r",
            claim.id,
            claim.platform,
            claim.version,
            claim.attempt,
            claim.late,
            claim.title,
        )
        return Receipt(external_id=claim.key)


class NowherePublisher:
    """Rejects what no account is connected for: in production nothing may count as published that nobody can see."""

    async def publish(self, claim: Claim) -> Receipt:
        """Raise ``Rejected``."""
        raise Rejected(f"no account for {claim.platform} is connected that publishes")
