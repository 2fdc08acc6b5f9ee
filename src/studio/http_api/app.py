"""Makes the ASGI application: the pages, the API and its description at ``/docs``, and what every request passes.

From the outside in: headers on every answer, a line of the log, a name for the request and an answer whatever breaks, what trusted proxies say of
the client, where a write comes from, how large a body is; then the routes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import APIRouter, FastAPI
from starlette.routing import BaseRoute
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from lockstep import __version__
from studio.http_api import (
    auth,
    calendar,
    content,
    db_perf,
    db_schema,
    feeds,
    live,
    metrics,
    notifications,
    planner,
    projects,
    prometheus,
    schedule,
    social_accounts,
)
from studio.http_api.bodies import Bodies
from studio.http_api.headers import SafeHeaders
from studio.http_api.observing import Observed
from studio.http_api.openapi import TAGS, describe, operation_id
from studio.http_api.origin import OwnOrigin
from studio.http_api.parts import Parts
from studio.http_api.problems import answer_problems
from studio.http_api.requests import Requests

ROUTERS: tuple[APIRouter, ...] = (
    auth.router,
    projects.router,
    social_accounts.router,
    notifications.router,
    live.router,
    schedule.router,
    content.router,
    calendar.router,
    metrics.router,
    planner.router,
    feeds.router,
    db_perf.router,
    db_schema.router,
    prometheus.router,
)
"""The API; to add to it, write a module with a ``router`` and name it here."""


@dataclass(frozen=True, slots=True)
class Doors:
    """What is let in: bodies up to so many bytes, whose word on the client (address, TLS) counts, who may read the metrics."""

    body_bytes: int = 1_048_576
    trusted_proxies: tuple[str, ...] = ()
    metrics_token: str = dataclasses.field(default="", repr=False)


DEFAULT_DOORS = Doors()


def create_app(
    parts: Parts, pages: Sequence[BaseRoute] = (), *, doors: Doors = DEFAULT_DOORS
) -> FastAPI:
    """Return the application; it touches no database before it is asked something."""
    app = FastAPI(
        title="Studio",
        summary="A content platform that boots in lockstep with its schema.",
        version=__version__,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        generate_unique_id_function=operation_id,
        openapi_tags=TAGS,
        lifespan=_lifespan,
    )
    app.state.parts, app.state.doors = parts, doors
    for router in ROUTERS:
        app.include_router(router)
    app.router.routes.extend([live.SOCKET, *pages])
    answer_problems(app)
    describe(app)
    # The last one added is the outermost.
    app.add_middleware(Bodies, limit=doors.body_bytes)
    app.add_middleware(OwnOrigin)
    app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=list(doors.trusted_proxies))
    app.add_middleware(Requests)
    app.add_middleware(Observed, metrics=parts.watch.metrics, tracing=parts.watch.tracing)
    app.add_middleware(SafeHeaders)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    parts: Parts = app.state.parts
    await parts.watch.close()
