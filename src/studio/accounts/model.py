"""A user, a session, and the tokens of one. A session's id is known to its browser alone: the database holds its hash.

The CSRF token is made from the session's id, so that it is bound to the session and nobody needs to keep it; the id cannot be
had from it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class User:
    """Somebody with an account that is active."""

    id: str
    email: str
    first_name: str | None
    last_name: str | None
    profile_image_url: str | None
    role: str
    created_at: datetime
    updated_at: datetime

    @property
    def is_admin(self) -> bool:
        """Whether the operator's addresses are open to them."""
        return self.role == "admin"


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser: who it is, and the secret that it showed."""

    user: User
    sid: str

    @property
    def csrf_token(self) -> str:
        """What a write must bring besides the cookie."""
        return csrf_token(self.sid)


@dataclass(frozen=True, slots=True)
class SessionSeen:
    """A session as its owner sees it in a list; ``id`` opens nothing."""

    id: str
    created_at: datetime
    expire: datetime
    address: str | None
    user_agent: str | None


def new_sid() -> str:
    """Return the id of a new session: 256 random bits."""
    return secrets.token_urlsafe(32)


def hashed(sid: str) -> str:
    """Return how the database knows the session."""
    return hashlib.sha256(sid.encode("utf-8", "surrogatepass")).hexdigest()


def csrf_token(sid: str) -> str:
    """Return the token that belongs to the session."""
    digest = hmac.digest(sid.encode("utf-8", "surrogatepass"), b"studio csrf token", "sha256")
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def csrf_fits(sid: str, token: str) -> bool:
    """Tell, in the same time for every wrong one, whether *token* belongs to the session."""
    return hmac.compare_digest(csrf_token(sid).encode(), token.encode("utf-8", "surrogatepass"))
