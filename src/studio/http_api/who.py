"""Who asks. A route that takes a ``CurrentUser`` is for people who have signed in; a write must prove that it is meant.

The proof is the session's CSRF token: in the header ``X-CSRF-Token``, or in the field ``csrf_token`` of a form. That the
request comes from our own pages was seen before (``origin.py``).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, APIKeyHeader
from starlette.requests import HTTPConnection
from structlog.contextvars import bind_contextvars

from studio.accounts.model import Session, User, csrf_fits
from studio.http_api.cookies import SESSION, sid_of
from studio.http_api.parts import Parts, PartsHere
from studio.http_api.problems import Refused

CSRF_HEADER, CSRF_FIELD = "X-CSRF-Token", "csrf_token"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_KNOWN_WITHIN = 0.25
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
SESSION_COOKIE = APIKeyCookie(
    name=SESSION,
    scheme_name="session",
    description="Set by signing in; behind TLS its name begins with `__Host-`.",
    auto_error=False,
)
_TOKEN = APIKeyHeader(
    name=CSRF_HEADER,
    scheme_name="csrf",
    description="With every write: the `csrf_token` that signing in answers (also in the cookie `studio_csrf`).",
    auto_error=False,
)


async def session_of(connection: HTTPConnection, parts: Parts) -> Session | None:
    """Return the session of whoever asks, over HTTP or a WebSocket; None: nobody who has signed in."""
    sid = sid_of(connection)
    return None if sid is None else await parts.sessions.find(sid)


async def current_session(
    request: Request,
    parts: PartsHere,
    _cookie: Annotated[str | None, Security(SESSION_COOKIE)],
    _token: Annotated[str | None, Security(_TOKEN)],
) -> AsyncIterator[Session]:
    """Give the session; refuse with 401 who has none, and with 403 a write that may not be meant."""
    session = await session_of(request, parts)
    if session is None:
        raise not_signed_in()
    note_user(request, session.user)
    try:
        if request.method not in SAFE:
            await insist_on_token(request, session)
        yield session
    finally:
        await request.close()  # files of a form that was read for its token


def not_signed_in() -> Refused:
    """Return the refusal of somebody who has not signed in."""
    return Refused(401, "not_signed_in", "Sign in first.", headers={"WWW-Authenticate": "Cookie"})


def note_user(connection: HTTPConnection, user: User) -> None:
    """Let the log name who asks."""
    connection.scope["user_id"] = user.id
    bind_contextvars(user_id=user.id)


async def insist_on_token(request: Request, session: Session) -> None:
    """Refuse with 403 a write that does not bring its session's CSRF token."""
    if not csrf_fits(session.sid, await _brought(request)):
        raise Refused(
            403, "csrf", f"Send the session's CSRF token with every write, as {CSRF_HEADER}."
        )


async def _brought(request: Request) -> str:
    token = request.headers.get(CSRF_HEADER)
    if token is None and request.headers.get("content-type", "").startswith(_FORMS):
        field = (await request.form()).get(CSRF_FIELD)
        token = field if isinstance(field, str) else None
    return token or ""


CurrentSession = Annotated[Session, Depends(current_session)]


async def session_beside(connection: HTTPConnection, parts: Parts, within: float) -> Session | None:
    """Return the same as ``session_of`` without a connection of the pool, for what operators see while it is exhausted.

    Raises ``StoreUnavailable`` if it is not known *within* so many seconds; an operator's is, from a moment ago.
    """
    sid = sid_of(connection)
    user = None if sid is None else await parts.watch.operators.find(sid, within)
    return None if sid is None or user is None else Session(user, sid)


async def operator(
    request: Request, parts: PartsHere, _cookie: Annotated[str | None, Security(SESSION_COOKIE)]
) -> User:
    """Return the operator who asks, without a connection of the pool; refuse everybody else."""
    session = await session_beside(request, parts, _KNOWN_WITHIN)
    if session is None:
        raise not_signed_in()
    note_user(request, session.user)
    return insist_on_admin(session.user)


Operator = Annotated[User, Depends(operator)]


async def current_user(session: CurrentSession) -> User:
    """Return who asks."""
    return session.user


CurrentUser = Annotated[User, Depends(current_user)]


async def admin_user(user: CurrentUser) -> User:
    """Return the operator who asks; refuse everybody else with 403."""
    return insist_on_admin(user)


def insist_on_admin(user: User) -> User:
    """Return *user*, an operator; refuse everybody else with 403."""
    if not user.is_admin:
        raise Refused(403, "admins_only", "This is for the studio's operators.")
    return user


AdminUser = Annotated[User, Depends(admin_user)]
