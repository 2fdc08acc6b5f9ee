"""The two cookies of a signed-in browser: the session's id, which scripts cannot read, and its CSRF token, which they must.

Behind TLS both carry ``Secure`` and the prefix ``__Host-``: no other host and no plain connection can set or read them.
"""

from __future__ import annotations

from starlette.requests import HTTPConnection
from starlette.responses import Response

from studio.accounts.model import Session

SESSION, CSRF = "studio_session", "studio_csrf"
_PREFIX = "__Host-"
_LONGEST_SID = 200


def is_secure(connection: HTTPConnection) -> bool:
    """Tell whether the browser came over TLS; ``requests.py`` has asked the proxies that we trust."""
    return connection.scope["scheme"] in {"https", "wss"}


def sid_of(connection: HTTPConnection) -> str | None:
    """Return the session's id that the browser showed."""
    sid = connection.cookies.get(_name(connection, SESSION))
    return sid if sid and len(sid) <= _LONGEST_SID else None


def set_cookies(
    connection: HTTPConnection, response: Response, session: Session, longest: float
) -> None:
    """Let the browser keep the session; the server decides when it is over, at *longest* seconds from now."""
    for name, value, hidden in (
        (SESSION, session.sid, True),
        (CSRF, session.csrf_token, False),
    ):
        response.set_cookie(
            _name(connection, name),
            value,
            max_age=int(longest),
            path="/",
            secure=is_secure(connection),
            httponly=hidden,
            samesite="lax",
        )


def drop_cookies(connection: HTTPConnection, response: Response) -> None:
    """Let the browser forget the session."""
    for name, hidden in ((SESSION, True), (CSRF, False)):
        response.delete_cookie(
            _name(connection, name),
            path="/",
            secure=is_secure(connection),
            httponly=hidden,
            samesite="lax",
        )


def _name(connection: HTTPConnection, name: str) -> str:
    return _PREFIX + name if is_secure(connection) else name
