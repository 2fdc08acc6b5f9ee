"""The page at ``/`` and its files. It holds no values: it reads ``/api/boot``, which the engine answers."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

HERE = Path(__file__).parent


def page_routes() -> list[BaseRoute]:
    """Return the routes of the web page."""
    return [
        Route("/", _page, name="page"),
        Mount("/assets", StaticFiles(directory=HERE / "assets"), name="assets"),
    ]


async def _page(_request: Request) -> FileResponse:
    return FileResponse(HERE / "page.html")
