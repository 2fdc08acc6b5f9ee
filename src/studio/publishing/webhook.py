"""Publishes by a signed POST to an address that the account names; the answer's status says what came of it."""

from __future__ import annotations

import email.utils
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from studio.content.model import Claim, Receipt, storable
from studio.publishing.addresses import TargetRefused, read_target
from studio.publishing.delivery import Courier, Reply
from studio.publishing.publishers import Rejected, TryLater
from studio.publishing.signing import signature

_HOPELESS = frozenset({400, 401, 403, 404, 405, 409, 410, 411, 413, 414, 415, 422, 501, 505})
_LONGEST_WAIT = 86_400.0
_LONGEST_ID = 500


class WebhookPublisher:
    """Sends content to *url*, signed with *secret*."""

    def __init__(
        self, courier: Courier, url: str, secret: str, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._courier = courier
        self._url = url
        self._secret = secret
        self._clock = clock

    async def publish(self, claim: Claim) -> Receipt:
        """Return once the receiver has answered 2xx; raise ``Rejected``, ``TryLater`` or ``Undelivered``."""
        body = payload(claim)
        now = self._clock()
        try:
            signed = signature(self._secret, claim.key, int(now), body)
        except ValueError as error:
            raise Rejected(str(error)) from error
        try:
            reply = await self._courier.post(self._url, _headers(claim, int(now), signed), body)
        except TargetRefused as error:
            raise Rejected(f"nothing is sent to this address: {error}") from error
        return judge(reply, now)


def payload(claim: Claim) -> bytes:
    """Return what is sent: the same for every attempt at a version."""
    moment = claim.scheduled_at.astimezone(UTC).isoformat() if claim.scheduled_at else None
    data = {
        "id": claim.id,
        "version": claim.version,
        "platform": claim.platform,
        "content_type": claim.content_type,
        "title": claim.title,
        "description": claim.description,
        "script": claim.script,
        "thumbnail_url": claim.thumbnail_url,
        "video_url": claim.video_url,
        "tags": list(claim.tags),
        "scheduled_at": moment,
    }
    message = {"type": "content.publish", "timestamp": moment, "data": data}
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def _headers(claim: Claim, timestamp: int, signed: str) -> dict[str, str]:
    return {
        "content-type": "application/json",
        "accept": "application/json",
        "user-agent": "Studio-Webhook/1",
        "idempotency-key": claim.key,
        "webhook-id": claim.key,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signed,
    }


def judge(reply: Reply, now: float) -> Receipt:
    """Return the receipt of a reply that says yes; raise ``Rejected`` for a no that lasts, else ``TryLater``."""
    if 200 <= reply.status < 300:
        return _receipt(reply)
    if reply.status in _HOPELESS or 300 <= reply.status < 400:
        raise Rejected(f"the receiver answered {reply.status}{_excerpt(reply)}")
    after = retry_after(reply.headers.get("retry-after", ""), now)
    raise TryLater(f"the receiver answered {reply.status}{_excerpt(reply)}", after)


def retry_after(text: str, now: float) -> float | None:
    """Return how many seconds a ``Retry-After`` asks to wait, at most a day; None if it says nothing that makes sense."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:12]), _LONGEST_WAIT)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    wait = (moment - datetime.fromtimestamp(now, UTC)).total_seconds()
    return min(max(wait, 0.0), _LONGEST_WAIT)


def _receipt(reply: Reply) -> Receipt:
    """Take id and address from the answer if it is a JSON object that holds them; what is odd is left out."""
    try:
        said: Any = json.loads(reply.body) if reply.whole else None
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        return Receipt()
    inner = said.get("data")
    merged = {**inner, **said} if isinstance(inner, dict) else said
    return Receipt(
        _identifier(merged.get("external_id", merged.get("id"))),
        _address(merged.get("external_url", merged.get("url"))),
    )


def _identifier(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    if isinstance(value, int):
        return str(value) if abs(value) < 2**64 else None
    text = storable(value)
    return text if 0 < len(text) <= _LONGEST_ID else None


def _address(value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    try:
        read_target(value)
    except TargetRefused:
        return None
    return storable(value)


def _excerpt(reply: Reply) -> str:
    words = " ".join(reply.body[:400].decode("utf-8", "replace").split())
    return f": {words[:200]}" if words else ""
