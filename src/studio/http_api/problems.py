"""What goes wrong is answered as ``application/problem+json`` (RFC 9457), with a code that a program can act on.

A route raises ``Refused``; what the lower layers raise (the database away, a constraint, a stale version) has one answer
here, so that no route needs to know it. An answer never repeats what was sent: it could not be told from what we say.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse

from studio.content.planning import OrderRefused
from studio.storage import (
    ConstraintViolated,
    Outdated,
    SchemaChanged,
    StoreUnavailable,
    ValueRefused,
)

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 2
_LOG = logging.getLogger(__name__)


class Refused(HTTPException):
    """The answer is no: *status*, a *code* for programs, *detail* for people; *more* are members of the problem."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(status, detail, headers)
        self.code = code
        self.more = more


class NotFound(Refused):
    """There is no such thing, or it is another's: the same answer for both."""

    def __init__(self, what: str) -> None:
        super().__init__(404, "not_found", f"There is no such {what}.")


class Flaw(BaseModel):
    """One thing that is wrong with a request."""

    where: str = Field(description="The place, from the outside in.", examples=["body.title"])
    what: str = Field(examples=["String should have at least 1 character"])


class ProblemAnswer(BaseModel):
    """Why a request was not carried out (RFC 9457)."""

    model_config = ConfigDict(extra="allow", title="Problem")

    type: str = Field(
        "about:blank", description="Always `about:blank`; `code` tells the cases apart."
    )
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["There is no such project."])
    code: str = Field(examples=["not_found"])
    request_id: str | None = Field(None, description="Names the request in our log.")
    problems: list[Flaw] | None = Field(
        None, description="Of code `invalid`: everything that is wrong."
    )


def problem(
    request: HTTPConnection,
    status: int,
    code: str,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> JSONResponse:
    """Return the answer."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": request.scope.get("request_id"),
        **more,
    }
    return JSONResponse(body, status, headers=headers, media_type=MEDIA_TYPE)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return how the OpenAPI document shows the problems that a route answers: ``responses=documented(404, 412)``."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemAnswer"}}},
        }
        for status in statuses
    }


def answer_problems(app: FastAPI) -> None:
    """Make *app* answer in this way whatever is raised in it; what nobody foresaw is ``requests.py``'s."""
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(StoreUnavailable, _unavailable)
    app.add_exception_handler(SchemaChanged, _unavailable)
    app.add_exception_handler(ConstraintViolated, _conflict)
    app.add_exception_handler(ValueRefused, _unstorable)
    app.add_exception_handler(Outdated, _outdated)
    app.add_exception_handler(OrderRefused, _order_refused)


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code = HTTPStatus(error.status_code).name.lower()
    more: dict[str, Any] = {}
    detail = str(error.detail)
    if isinstance(error, Refused):
        code, more = error.code, error.more
    elif error.status_code == 404:
        detail = "There is nothing at this address."
    elif error.status_code == 405:
        detail = "This address does not know that method."
    return problem(request, error.status_code, code, detail, headers=error.headers, **more)


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    return problem(
        request,
        422,
        "invalid",
        "The request is not what this address takes; `problems` says where and why.",
        problems=list(_flaws(error.errors())),
    )


def _flaws(errors: Iterable[Mapping[str, Any]]) -> Iterable[dict[str, str]]:
    for error in errors:
        # A key can be anything that was sent; it must neither be long nor break the answer's encoding.
        where = ".".join(str(part) for part in error["loc"])[:200]
        yield {"where": _shown(where), "what": _shown(str(error["msg"])[:300])}


def _shown(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


async def _unavailable(request: Request, error: Exception) -> JSONResponse:
    _LOG.warning("%s %s: %s", request.method, request.url.path, error)
    return problem(
        request,
        503,
        "unavailable",
        "The database does not answer at the moment; nothing was changed. Try again.",
        headers={"Retry-After": str(RETRY_SECONDS)},
    )


async def _conflict(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ConstraintViolated)
    _LOG.warning("%s %s: %s", request.method, request.url.path, error)
    return problem(
        request,
        409,
        "conflict",
        "This cannot be kept beside what is already there; nothing was changed.",
        constraint=error.constraint,
    )


async def _unstorable(request: Request, error: Exception) -> JSONResponse:
    # The model of the request should have refused it; the log says what to look for.
    _LOG.warning("%s %s: %s", request.method, request.url.path, error)
    return problem(
        request,
        422,
        "unstorable",
        "A value is too large, too long or of a kind that cannot be kept; nothing was changed.",
    )


async def _outdated(request: Request, _error: Exception) -> JSONResponse:
    return problem(
        request,
        412,
        "outdated",
        "It was changed since you read it; nothing was changed now. Read it again, then decide.",
    )


_ORDERS = {"not_found": 404, "in_the_past": 422, "series_ended": 422, "unknown_project": 422}


async def _order_refused(request: Request, error: Exception) -> JSONResponse:
    """Answer what cannot be done to content; where its state is in the way, say what can be done instead."""
    assert isinstance(error, OrderRefused)
    more: dict[str, Any] = {} if error.possible is None else {"possible": error.possible}
    return problem(request, _ORDERS.get(error.code, 409), error.code, str(error), **more)
