"""Somebody visits a page: who they are, whether they may, whether a form is meant, and what they see when it breaks.

Every page is a function from a ``Visit`` to an answer; ``page`` makes a route's endpoint of it. Nothing that goes wrong leaves
as JSON: people get a page that says what happened and what to do.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from enum import Enum
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from studio.accounts.model import Session, User
from studio.content.planning import OrderRefused
from studio.ending import soon
from studio.http_api.parts import Parts, parts_here
from studio.http_api.problems import RETRY_SECONDS, Refused, problem
from studio.http_api.values import LARGEST_ID
from studio.http_api.who import SAFE, insist_on_token, session_beside, session_of
from studio.storage import ConstraintViolated, Outdated, SchemaChanged, StoreUnavailable
from studio.web_page.clock import Clock, clock_of
from studio.web_page.rendering import render

_LOG = logging.getLogger(__name__)
_KNOWN_WITHIN = 0.5


class Access(Enum):
    """Whom a page is for."""

    ANYBODY = "anybody"
    USERS = "users"
    ADMINS = "admins"


@dataclass(frozen=True, slots=True)
class Visit:
    """A request for a page."""

    request: Request
    parts: Parts
    session: Session | None = None
    unread: int = 0
    form: FormData = field(default_factory=FormData)

    @property
    def user(self) -> User:
        """Who visits: on pages that are not for anybody."""
        assert self.session is not None
        return self.session.user

    @property
    def clock(self) -> Clock:
        """Their clock."""
        return clock_of(self.request)

    @property
    def wants_json(self) -> bool:
        """Whether it is a script of ours that asks."""
        return "application/json" in self.request.headers.get("accept", "")

    def number(self, name: str) -> int:
        """Return a number of the address, whose route lets digits pass only; one that no row has is refused."""
        number = int(self.request.path_params[name])
        if not 0 < number <= LARGEST_ID:
            raise Refused(404, "not_found", "There is no such thing, or it is not yours.")
        return number

    def asked(self, name: str, default: str = "") -> str:
        """Return a parameter of the address."""
        return self.request.query_params.get(name, default)

    def text(self, name: str) -> str:
        """Return what stands in a field of the form, with the line ends that were typed."""
        value = self.form.get(name)
        return value.replace("\r\n", "\n") if isinstance(value, str) else ""

    def show(self, template: str, status: int = 200, **values: Any) -> Response:
        """Return a page."""
        text = render(
            template,
            visit=self,
            user=self.session.user if self.session else None,
            csrf=self.session.csrf_token if self.session else "",
            unread=self.unread,
            clock=self.clock,
            path=self.request.url.path,
            done=self.asked("done"),
            **values,
        )
        return HTMLResponse(text, status, {"Cache-Control": "private, no-cache"})


Show = Callable[[Visit], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


class _SignInFirst(Exception):
    """The page is for users, and nobody has signed in."""


def page(show: Show, access: Access = Access.USERS) -> Endpoint:
    """Return the endpoint of a page."""

    async def answer(request: Request) -> Response:
        visit = Visit(request, parts_here(request))
        try:
            visit = await _with_session(visit, access)
            await _admit(visit, access)
            if request.method not in SAFE:
                visit = replace(visit, form=await request.form())
            return await show(visit)
        except _SignInFirst:
            return _to_sign_in(visit)
        except Exception as error:  # whatever it is, a person waits for a page
            return trouble(visit, error)
        finally:
            await request.close()

    return answer


def back_to(address: str) -> Response:
    """Return the answer to a form that was carried out: go and look."""
    return RedirectResponse(address, 303)


def local(address: str, otherwise: str = "/") -> str:
    """Return *address* if it is one of ours, on this site."""
    ours = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if ours and address.isprintable() else otherwise


def trouble(visit: Visit, error: Exception) -> Response:
    """Return what a person sees, or a script of ours gets, of an error."""
    status, code, detail = _meaning(visit.request, error)
    headers = dict(getattr(error, "headers", None) or {})
    if status == 503:
        headers.setdefault("Retry-After", str(RETRY_SECONDS))
    if visit.wants_json:
        return problem(visit.request, status, code, detail, headers=headers)
    answer = visit.show(
        "error.html",
        status,
        number=status,
        title=_TITLES.get(status, HTTPStatus(status).phrase),
        detail=detail,
        request_id=visit.request.scope.get("request_id"),
    )
    answer.headers.update(headers)
    return answer


_TITLES = {
    401: "You are signed out",
    403: "This is not for you",
    404: "There is nothing here",
    409: "That cannot be done now",
    412: "Somebody was faster",
    500: "Something broke on our side",
    503: "The studio cannot answer now",
}


def _meaning(request: Request, error: Exception) -> tuple[int, str, str]:
    if isinstance(error, Refused):
        return error.status_code, error.code, error.detail
    if isinstance(error, HTTPException):
        return error.status_code, "refused", error.detail
    if isinstance(error, OrderRefused):
        return (404 if error.code == "not_found" else 409), error.code, str(error)
    if isinstance(error, Outdated):
        return (
            412,
            "outdated",
            "It was changed since you looked; nothing was overwritten. Look again, then decide.",
        )
    if isinstance(error, ConstraintViolated):
        return (
            409,
            "conflict",
            "This cannot be kept beside what is already there; nothing was changed.",
        )
    if isinstance(error, StoreUnavailable | SchemaChanged):
        _LOG.warning("%s %s: %s", request.method, request.url.path, error)
        return (
            503,
            "unavailable",
            "The database does not answer at the moment; nothing was changed. Try again.",
        )
    _LOG.error("%s %s broke", request.method, request.url.path, exc_info=error)
    return 500, "broken", "The log tells more under the request's id."


async def _with_session(visit: Visit, access: Access) -> Visit:
    if access is Access.ADMINS:
        session = await session_beside(visit.request, visit.parts, _KNOWN_WITHIN)
    else:
        session = await session_of(visit.request, visit.parts)
    if session is None:
        return visit
    reading = visit.request.method in SAFE and not visit.wants_json
    unread = await _unread(visit.parts, session.user, access) if reading else 0
    return replace(visit, session=session, unread=unread)


async def _unread(parts: Parts, user: User, access: Access) -> int:
    """Count what the user has not read; an operator sees their page also while that cannot be known."""
    if access is not Access.ADMINS:
        return await parts.notifications.count_unread(user.id)
    try:
        return await soon(parts.notifications.count_unread(user.id), _KNOWN_WITHIN)
    except (StoreUnavailable, SchemaChanged, TimeoutError):
        return 0


async def _admit(visit: Visit, access: Access) -> None:
    session, reads = visit.session, visit.request.method in SAFE
    if session is None:
        if access is Access.ANYBODY:
            return
        if reads and not visit.wants_json:
            raise _SignInFirst
        raise Refused(401, "not_signed_in", "Your session is over. Sign in in another tab, then come back here and send it again: nothing that you have typed is lost.")  # fmt: skip
    if access is Access.ADMINS and not session.user.is_admin:
        raise Refused(403, "admins_only", "This is for the studio's operators.")
    if not reads:
        await insist_on_token(visit.request, session)


def _to_sign_in(visit: Visit) -> Response:
    wanted = visit.request.url.path
    if visit.request.url.query:
        wanted += f"?{visit.request.url.query}"
    return back_to(f"/?next={quote(wanted)}")
