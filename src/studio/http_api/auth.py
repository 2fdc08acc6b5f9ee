"""Signing in and out, and what users may change of themselves.

Register and login are the only writes without a session; they are limited by account and by address, and a browser sends
them from our own pages only. Every sign-in begins a new session: one that was planted before is worth nothing.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import Field, StringConstraints

from studio.accounts.model import Session, User
from studio.accounts.passwords import LONGEST, SHORTEST, Overloaded
from studio.accounts.store import EmailTaken, PasswordWeak
from studio.http_api.cookies import drop_cookies, set_cookies, sid_of
from studio.http_api.parts import Parts, PartsHere
from studio.http_api.problems import NotFound, Refused, documented
from studio.http_api.values import Answer, Body, Storable, Url
from studio.http_api.who import CurrentSession, CurrentUser

router = APIRouter(prefix="/api/auth", tags=["accounts"])

Email = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=254, pattern=r"^[^@\s]+@[^@\s]+$"),
    Storable,
]
Given = Annotated[str, StringConstraints(min_length=1, max_length=1024), Storable]
Chosen = Annotated[str, StringConstraints(min_length=SHORTEST, max_length=LONGEST), Storable]
PersonName = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100), Storable]


class Login(Body):
    """Who signs in, and how we know."""

    email: Email = Field(examples=["dana@example.com"])
    password: Given = Field(examples=["a long and quiet evening"])


class Registration(Body):
    """A new account."""

    email: Email = Field(examples=["dana@example.com"])
    password: Chosen = Field(
        description="Length counts, composition does not; what everybody guesses first is refused.",
        examples=["a long and quiet evening"],
    )
    first_name: PersonName | None = Field(None, examples=["Dana"])
    last_name: PersonName | None = Field(None, examples=["Demo"])


class Profile(Body):
    """What to change; what is not named stays."""

    first_name: PersonName | None = Field(None, examples=["Dana"])
    last_name: PersonName | None = None
    profile_image_url: Url | None = None


class PasswordChange(Body):
    """The password that was, and the one that will be."""

    current: Given = Field(examples=["a long and quiet evening"])
    new: Chosen = Field(examples=["an evening of another kind"])


class Me(Answer):
    """Whoever has signed in."""

    id: str
    email: str = Field(examples=["dana@example.com"])
    first_name: str | None
    last_name: str | None
    profile_image_url: str | None
    role: str = Field(examples=["user"])
    created_at: datetime
    csrf_token: str = Field(description="Send it with every write as `X-CSRF-Token`.")


class SessionAnswer(Answer):
    """A browser that has signed in."""

    id: str
    created_at: datetime
    expire: datetime
    address: str | None
    user_agent: str | None


@router.post(
    "/register",
    status_code=201,
    summary="Make an account",
    responses=documented(403, 409, 422, 429, 503),
)
async def register(
    registration: Registration, request: Request, response: Response, parts: PartsHere
) -> Me:
    """Make an account and sign in to it."""
    _let_through(await parts.attempts.register(_address(request)))
    try:
        user = await parts.accounts.create(**registration.model_dump())
    except PasswordWeak as weak:
        raise Refused(422, "password_weak", str(weak)) from None
    except EmailTaken:
        raise Refused(409, "email_taken", "There is an account with this address.") from None
    except Overloaded:
        raise _overloaded() from None
    return await _begin(user, request, response, parts)


@router.post("/login", summary="Sign in", responses=documented(401, 403, 422, 429, 503))
async def login(login: Login, request: Request, response: Response, parts: PartsHere) -> Me:
    """Begin a session. Why it is refused is not told: neither the address, nor the password, nor the account's state."""
    _let_through(await parts.attempts.sign_in(login.email, _address(request)))
    try:
        user = await parts.accounts.verify(login.email, login.password)
    except Overloaded:
        raise _overloaded() from None
    if user is None:
        raise Refused(
            401,
            "wrong_credentials",
            "There is no account with this address and password.",
            headers={"WWW-Authenticate": "Cookie"},
        )
    await parts.attempts.succeeded(login.email)
    return await _begin(user, request, response, parts)


@router.post("/logout", status_code=204, summary="Sign out", responses=documented(401, 403, 503))
async def logout(
    session: CurrentSession, request: Request, response: Response, parts: PartsHere
) -> None:
    """End the session, here and everywhere."""
    await parts.sessions.end(session.sid)
    drop_cookies(request, response)


@router.get("/me", summary="Who am I?", responses=documented(401, 503))
async def me(session: CurrentSession) -> Me:
    """Return whoever has signed in, and the token for writes."""
    return _me(session)


@router.patch("/me", summary="Change my profile", responses=documented(401, 403, 422, 503))
async def change_me(change: Profile, session: CurrentSession, parts: PartsHere) -> Me:
    """Change names and picture."""
    user = await parts.accounts.update(session.user.id, change.given())
    if user is None:
        raise NotFound("account")
    return _me(Session(user, session.sid))


@router.post(
    "/password", summary="Change my password", responses=documented(401, 403, 422, 429, 503)
)
async def change_password(
    change: PasswordChange,
    session: CurrentSession,
    request: Request,
    response: Response,
    parts: PartsHere,
) -> Me:
    """Replace the password. Every session ends, on all devices; this browser gets a new one."""
    user = session.user
    _let_through(await parts.attempts.sign_in(user.email, _address(request)))
    try:
        changed = await parts.accounts.change_password(user, change.current, change.new)
    except PasswordWeak as weak:
        raise Refused(422, "password_weak", str(weak)) from None
    except Overloaded:
        raise _overloaded() from None
    if not changed:
        raise Refused(403, "wrong_credentials", "This is not your current password.")
    await parts.attempts.succeeded(user.email)
    return await _begin(user, request, response, parts)


@router.get("/sessions", summary="Where am I signed in?", responses=documented(401, 503))
async def list_sessions(user: CurrentUser, parts: PartsHere) -> list[SessionAnswer]:
    """Return my sessions, the newest first."""
    return [SessionAnswer.model_validate(seen) for seen in await parts.sessions.list(user.id)]


@router.delete(
    "/sessions/{session_id}",
    status_code=204,
    summary="Sign out elsewhere",
    responses=documented(401, 403, 404, 422, 503),
)
async def revoke_session(
    session_id: Annotated[str, Path(pattern="^[0-9a-f]{64}$")], user: CurrentUser, parts: PartsHere
) -> None:
    """End one of my sessions."""
    if not await parts.sessions.revoke(user.id, session_id):
        raise NotFound("session")


async def _begin(user: User, request: Request, response: Response, parts: Parts) -> Me:
    session = await parts.sessions.begin(
        user,
        before=sid_of(request),
        address=_address(request),
        user_agent=request.headers.get("user-agent"),
    )
    set_cookies(request, response, session, parts.sessions.lifetime.longest)
    response.headers["Cache-Control"] = "no-store"
    return _me(session)


def _me(session: Session) -> Me:
    user = session.user
    return Me(
        id=user.id,
        email=user.email,
        first_name=user.first_name,
        last_name=user.last_name,
        profile_image_url=user.profile_image_url,
        role=user.role,
        created_at=user.created_at,
        csrf_token=session.csrf_token,
    )


def _address(request: Request) -> str | None:
    return request.client.host if request.client else None


def _let_through(wait: int | None) -> None:
    if wait is not None:
        raise Refused(
            429, "too_many_attempts", "That was tried too often. Wait, then try again.",
            headers={"Retry-After": str(wait)},
        )  # fmt: skip


def _overloaded() -> Refused:
    return Refused(
        503, "overloaded", "Too many people sign in at this moment. Try again.",
        headers={"Retry-After": "2"},
    )  # fmt: skip
