"""Makes the ASGI application: the pages, the API's description at ``/docs``, and headers on every answer."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import FastAPI
from starlette.routing import BaseRoute

from lockstep import __version__
from studio.http_api.headers import SafeHeaders


def create_app(pages: Sequence[BaseRoute] = ()) -> FastAPI:
    """Return the application; it touches no database."""
    app = FastAPI(
        title="Studio",
        summary="A content platform that boots in lockstep with its schema.",
        version=__version__,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
    )
    app.router.routes.extend(pages)
    app.add_middleware(SafeHeaders)
    return app
