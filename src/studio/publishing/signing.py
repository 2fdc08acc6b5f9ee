"""Signs what a webhook sends, as Standard Webhooks has it: the receiver can tell that it is ours, whole, and not old.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

_PREFIX = "whsec_"


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the header ``webhook-signature``; raise ``ValueError`` for a secret that is none."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.new(_key(secret), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def _key(secret: str) -> bytes:
    """Return the key: of ``whsec_…`` what is in base64 behind it, of any other text its bytes."""
    encoded = secret.removeprefix(_PREFIX)
    if encoded == secret:
        key = secret.encode()
    else:
        try:
            key = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            raise ValueError("the signing secret is not base64 after whsec_") from None
    if not key:
        raise ValueError("the signing secret is empty")
    return key
