"""The API's description: FastAPI's, plus what every route answers because of what stands before it.

A route documents its own problems (``problems.documented``). Those that come from signing in, from the proof that a write is
meant, from reading a body, and from the database being away are added here, so that no route can forget them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from studio.http_api.problems import MEDIA_TYPE, ProblemAnswer, documented

_REF = "#/components/schemas/{model}"
_WRITES = frozenset({"post", "put", "patch", "delete"})
TAGS = [
    {"name": "accounts", "description": "Registering, signing in and out, and one's own profile."},
    {"name": "projects", "description": "What gathers the content of one undertaking."},
    {"name": "social accounts", "description": "Where the studio may publish; tokens are sealed."},
    {"name": "content", "description": "What is written: pieces, their versions and history."},
    {"name": "schedule", "description": "When it goes out, and the calendar of it."},
    {"name": "metrics", "description": "How it was received."},
    {"name": "planner", "description": "Calendars for projects, and drafts that fill them."},
    {"name": "feeds", "description": "What public projects have published, for everybody."},
    {"name": "notifications", "description": "What happened while nobody looked."},
    {"name": "operations", "description": "For the studio's operators."},
]


def operation_id(route: APIRoute) -> str:
    """Return the name of the route's function: stable, and unique (a test sees to it)."""
    return route.name


def describe(app: FastAPI) -> None:
    """Make *app* describe itself in this way."""
    written: Callable[[], dict[str, Any]] = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(written())
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way


def _completed(document: dict[str, Any]) -> dict[str, Any]:
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    problem = ProblemAnswer.model_json_schema(ref_template=_REF)
    schemas |= problem.pop("$defs", {}) | {"ProblemAnswer": problem}
    # Nothing answers in FastAPI's own form.
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    for method, operation in _operations(document):
        _complete(method, operation)
    return document


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for operations in document["paths"].values():
        yield from operations.items()


def _complete(method: str, operation: dict[str, Any]) -> None:
    """Add to an operation what stands before its route."""
    writes = method in _WRITES
    # A body is looked at before anybody knows whether one is taken.
    statuses = {503} | ({403, 413, 422} if writes else set())
    if operation.get("security"):
        # Both together, not one or the other; reading needs no token.
        operation["security"] = [{"session": [], "csrf": []} if writes else {"session": []}]
        statuses.add(401)
    if "requestBody" in operation:
        statuses.add(400)
    if "parameters" in operation:
        statuses.add(422)
    for status, response in documented(*sorted(statuses)).items():
        said = operation["responses"].get(str(status), {})
        if MEDIA_TYPE not in said.get("content", {}):
            operation["responses"][str(status)] = response
