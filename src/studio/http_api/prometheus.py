"""``/metrics``: what Prometheus scrapes; open as Prometheus expects, unless a token is set."""

from __future__ import annotations

import hmac

from fastapi import APIRouter, Request, Response

from studio.http_api.parts import PartsHere
from studio.http_api.problems import Refused
from studio.operations.metrics import CONTENT_TYPE

router = APIRouter(include_in_schema=False)


@router.get("/metrics")
async def metrics(request: Request, parts: PartsHere) -> Response:
    """Return this instance's figures."""
    token = request.app.state.doors.metrics_token
    shown = request.headers.get("authorization", "")
    if token and not hmac.compare_digest(shown.encode(), f"Bearer {token}".encode()):
        raise Refused(
            401, "token", "Show the bearer token.", headers={"WWW-Authenticate": "Bearer"}
        )
    return Response(parts.watch.metrics.render(), media_type=CONTENT_TYPE)
