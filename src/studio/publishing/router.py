"""Hands each piece of content to the publisher that its destination names."""

from __future__ import annotations

from studio.content.model import Claim, Receipt
from studio.publishing.delivery import Courier
from studio.publishing.destinations import Destination, Destinations
from studio.publishing.publishers import LogPublisher, Publisher, Rejected
from studio.publishing.webhook import WebhookPublisher
from studio.secrets import Sealer, Unsealable, context_of_token

FEED = "feed"
"""Content for this platform goes to its project's feed without any account."""


class FeedPublisher:
    """Publishes to the feed of the content's project, which shows all that is published: there is nothing to send."""

    def __init__(self, destination: Destination) -> None:
        self._destination = destination

    async def publish(self, claim: Claim) -> Receipt:
        """Give the content's key as its id; raise ``Rejected`` where nobody could read it."""
        if self._destination.project_id is None:
            raise Rejected("a feed belongs to a project, and this content is in none")
        if not self._destination.is_public:
            raise Rejected("the content's project is not public, so its feed shows nothing")
        return Receipt(external_id=claim.key)


class Router:
    """The publisher of everything: looks up where a piece goes, and hands it on."""

    def __init__(
        self,
        destinations: Destinations,
        sealer: Sealer,
        courier: Courier,
        *,
        otherwise: Publisher | None = None,
    ) -> None:
        """Publish what has no account through *otherwise*: the log, unless something else is given."""
        self._destinations = destinations
        self._sealer = sealer
        self._courier = courier
        self._log = LogPublisher()
        self._otherwise = otherwise or self._log

    async def publish(self, claim: Claim) -> Receipt:
        """Publish where the content goes now; raise what that publisher raises."""
        destination = await self._destinations.of_content(claim.id)
        if destination is None:
            raise Rejected("the content is not there any more")
        return await self._publisher(claim.platform, destination).publish(claim)

    def _publisher(self, platform: str, destination: Destination) -> Publisher:
        named = destination.publisher
        if named == "webhook":
            return self._webhook(platform, destination)
        if named == "feed" or (named is None and platform == FEED):
            return FeedPublisher(destination)
        if named == "log":
            return self._log
        if named is None:
            return self._otherwise
        raise Rejected(
            f"the account's publisher is {str(named)[:50]!r}; there are 'webhook', 'feed' and 'log'"
        )

    def _webhook(self, platform: str, destination: Destination) -> Publisher:
        url, token = destination.metadata.get("url"), destination.access_token
        if not isinstance(url, str):
            raise Rejected("the account's metadata hold no url to send to")
        if not token:
            raise Rejected(
                "the account has no access token, which is what its webhook is signed with"
            )
        assert destination.account_id is not None
        context = context_of_token(
            destination.user_id, platform, destination.account_id, "access_token"
        )
        try:
            secret = self._sealer.open(token, context)
        except Unsealable as error:
            raise Rejected(f"the account's signing secret cannot be read: {error}") from error
        return WebhookPublisher(self._courier, url, secret)
